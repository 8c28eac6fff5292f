"""Mean and standard deviation of a lot's NdFeB without drawing: what `draws.py` must agree with.

Given what items have in common, they are independent: means and variances add up, and the law of total variance puts
the common part on top. The shift of P(NdFeB) is summed over its grid, masses are lognormal, shares beta-distributed,
the odds (1 − f) ÷ f of such a share f beta prime. Interval ends are those of a lognormal distribution with the same
two moments, so that they never fall below zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.balance.commons import SHIFTS, KindCommons, commons_of, odds_to_p
from neosort_inference.balance.evidence import Evidence
from neosort_inference.balance.items import Decided

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
    second = np.einsum("s,sa,sb->ab", own.shift_p, ones, ones) + e2 * np.einsum(
        "s,sa,sb->ab", own.shift_p, grams, grams
    )
    mixed = np.einsum("s,sa,sb->ab", own.shift_p, grams, ones)
    second -= e1 * (mixed + mixed.T)
    square = e2 * grown_twice - 2.0 * e1 * grown + 1.0  # E g² of each item, if it bears
    twice = own.shift_p @ p**2 * (e2 * grown**2 - 2.0 * e1 * grown + 1.0)  # E (p·E[g | common])²
    share, share_twice = _shares(known.hit.beta, known.carried.beta, known.found.beta)
    means, variances = share @ mean, np.empty(2)
    for which in range(2):
        common = float((share_twice[which] * second).sum()) - means[which] ** 2
        alone = (own.shift_p @ p) * square
        taken, taken_twice = groups[:, :2] @ share[which, :2], groups[:, :2] @ np.diag(share_twice[which])[:2]
        variances[which] = (
            common + float((taken * alone - taken_twice * twice).sum()) + share[which, 2] * float(alone.sum())
        )
    return means, variances


def _shares(
    hit: tuple[float, float], carried: tuple[float, float], found: tuple[float, float]
) -> tuple[ArrayF64, ArrayF64]:
    """Of ejected, passed, and never decided on (to each bearing item that was): means (2, 3) of the shares that product
    and rest take, and means of their products two by two (2, 3, 3)."""
    h, hh = _beta(*hit)
    c, cc = _beta(*carried)
    a, b = found
    odds = b / (a - 1.0)
    odds_odds = b * (b + 1.0) / ((a - 1.0) * (a - 2.0))
    share = np.array([[h, c, c * odds], [1.0 - h, 1.0 - c, (1.0 - c) * odds]])
    left, left_left = 1.0 - c, 1.0 - 2.0 * c + cc
    product = [[hh, h * c, h * c * odds], [h * c, cc, cc * odds], [h * c * odds, cc * odds, cc * odds_odds]]
    u, uu = 1.0 - h, 1.0 - 2.0 * h + hh
    rest = [
        [uu, u * left, u * left * odds],
        [u * left, left_left, left_left * odds],
        [u * left * odds, left_left * odds, left_left * odds_odds],
    ]
    return share, np.array([product, rest])


def _beta(a: float, b: float) -> tuple[float, float]:
    """Mean of a beta-distributed share, and of its square."""
    mean = a / (a + b)
    return mean, mean * (a + 1.0) / (a + b + 1.0)
