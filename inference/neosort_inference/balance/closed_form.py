"""Mean and standard deviation of a lot's NdFeB without drawing: what `draws.py` must agree with.

Given what items have in common, they are independent: means and variances add up, and the law of total variance puts
the common part on top. The shift of P(NdFeB) is summed over its grid, the effects of makes over equal parts of their
distribution, masses are lognormal, shares beta-distributed, the odds (1 − f) ÷ f of such a share f beta prime. Interval
ends are those of a lognormal distribution with the same two moments, so that they never fall below zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.balance.commons import SHIFTS, KindCommons, commons_of, odds_to_p
from neosort_inference.balance.evidence import Evidence, KindEvidence
from neosort_inference.balance.items import Decided
from neosort_inference.balance.makes import effects

Z_90 = 1.6448536  # half of a normal distribution's 90 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Mean and standard deviation, grams."""

    mean_g: float
    sd_g: float

    @property
    def interval_90_g(self) -> tuple[float, float]:
        """Ends of the 90 % interval of a lognormal distribution with these moments."""
        if self.mean_g <= 0:
            return 0.0, 0.0
        variance_log = math.log1p((self.sd_g / self.mean_g) ** 2)
        middle, half = math.log(self.mean_g) - 0.5 * variance_log, Z_90 * math.sqrt(variance_log)
        return math.exp(middle - half), math.exp(middle + half)


def closed_form(decided: Decided, evidence: Evidence) -> tuple[Moments, Moments]:
    """NdFeB in the product and in the rest."""
    parts = [_of_kind(decided, own, evidence.sigma_scale) for own in commons_of(decided, evidence)]
    mean, variance = np.sum([m for m, _ in parts], axis=0), np.sum([v for _, v in parts], axis=0)
    if not parts:
        mean, variance = np.zeros(2), np.zeros(2)
    product, rest = (Moments(mean_g=float(m), sd_g=math.sqrt(v)) for m, v in zip(mean, variance, strict=True))
    return product, rest


def _of_kind(decided: Decided, own: KindCommons, sigma_scale: float) -> tuple[ArrayF64, ArrayF64]:
    """Means and variances, (2,) each: product and rest.

    Mass at hand is a vector: bearing items that were ejected, that were passed, and all of them, to which those never
    decided on are in proportion. Each of product and rest takes a share of every element.
    """
    known, rows = own.evidence, own.rows
    p = odds_to_p(decided.log_odds[rows] + SHIFTS[:, None])  # (shifts, items)
    sigma = sigma_scale * decided.log_sigma[rows]
    ejected = decided.ejected[rows]
    groups = np.stack([ejected, ~ejected, np.ones_like(ejected)], axis=1).astype(np.float64)  # (items, 3)
    grown = np.exp(decided.log1p_g[rows] - known.bias_log + 0.5 * sigma**2)  # mean of 1 + grams at no common error
    grown_twice = np.exp(2.0 * (decided.log1p_g[rows] - known.bias_log + sigma**2))
    e1, e2 = math.exp(0.5 * known.systematic_log**2), math.exp(2.0 * known.systematic_log**2)
    ones, grams = p @ groups, (p * grown) @ groups  # Σp and Σp·(1 + g): (shifts, 3)
    mean = own.shift_p @ (e1 * grams - ones)
    sums = np.concatenate([ones, grams], axis=1)
    alike, p_twice = _of_makes(decided.log_odds[rows], own, np.concatenate([groups, grown[:, None] * groups], axis=1))
    products = np.einsum("s,sa,sb->ab", own.shift_p, sums, sums) + alike
    mixed = products[3:, :3]
    second = products[:3, :3] + e2 * products[3:, 3:] - e1 * (mixed + mixed.T)
    square = e2 * grown_twice - 2.0 * e1 * grown + 1.0  # E g² of each item, if it bears
    twice = p_twice * (e2 * grown**2 - 2.0 * e1 * grown + 1.0)  # E (p·E[g | common])²
    share, share_twice = _shares(known)
    means, variances = share @ mean, np.empty(2)
    for which in range(2):
        common = float((share_twice[which] * second).sum()) - means[which] ** 2
        alone = (own.shift_p @ p) * square
        taken, taken_twice = groups[:, :2] @ share[which, :2], groups[:, :2] @ np.diag(share_twice[which])[:2]
        variances[which] = (
            common + float((taken * alone - taken_twice * twice).sum()) + share[which, 2] * float(alone.sum())
        )
    return means, variances


def _of_makes(log_odds: ArrayF64, own: KindCommons, columns: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
    """What the effects of makes add to products of sums, and the mean square of each item's P.

    ``columns`` (items, sums): what is summed over bearing items; returns (sums, sums), (items,).
    """
    of_make = (own.make[:, None] == np.arange(own.makes))[:, :, None] * columns[:, None, :]
    mean = np.zeros((len(SHIFTS), own.makes, columns.shape[1]))
    products, p_twice = np.zeros((columns.shape[1], columns.shape[1])), np.zeros(len(log_odds))
    for own_effect, weight in zip(*effects(own.flat), strict=True):
        p = odds_to_p((log_odds + SHIFTS[:, None]) / own.flat + own_effect)  # (shifts, items)
        sums = np.tensordot(p, of_make, axes=1)  # (shifts, makes, sums)
        mean += weight * sums
        products += weight * np.einsum("s,sma,smb->ab", own.shift_p, sums, sums)
        p_twice += weight * (own.shift_p @ p**2)
    return products - np.einsum("s,sma,smb->ab", own.shift_p, mean, mean), p_twice


def _shares(known: KindEvidence) -> tuple[ArrayF64, ArrayF64]:
    """Of ejected, passed, and never decided on (to each bearing item that was): means (2, 3) of the shares that product
    and rest take, and means of their products two by two (2, 3, 3)."""
    h, hh = _beta(*known.hit.beta)
    c, cc = _beta(*known.carried.beta)
    m, mm = _beta(*known.missed_carried.beta)
    a, b = known.found.beta
    odds = b / (a - 1.0)
    odds_odds = b * (b + 1.0) / ((a - 1.0) * (a - 2.0))
    share = np.array([[h, c, m * odds], [1.0 - h, 1.0 - c, (1.0 - m) * odds]])
    # Of what is independent the mean of a product is the product of the means.
    product, rest = np.einsum("pa,pb->pab", share, share)
    product[np.diag_indices(3)] = hh, cc, mm * odds_odds
    rest[np.diag_indices(3)] = 1.0 - 2.0 * h + hh, 1.0 - 2.0 * c + cc, (1.0 - 2.0 * m + mm) * odds_odds
    return share, np.array([product, rest])


def _beta(a: float, b: float) -> tuple[float, float]:
    """Mean of a beta-distributed share, and of its square."""
    mean = a / (a + b)
    return mean, mean * (a + 1.0) / (a + b + 1.0)
