"""What a lot's items of one kind have in common and nobody knows exactly, as distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayF64, ArrayI64
from neosort_inference.balance.evidence import Counted, Evidence, KindEvidence
from neosort_inference.balance.items import Decided
from neosort_inference.balance.makes import flattening, makes_of

SHIFTS = np.linspace(-8.0, 8.0, 161)  # log-odds
_STEP = 0.1
_BINS = 200
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCommons:
    """``rows``: which items. ``shift_p`` (shifts,): how likely P(NdFeB) is off by each of `SHIFTS`. ``make`` (items,):
    which of ``makes`` each row is taken to be of; ``flat``: how much less is said of an item than of its make, see
    `makes`."""

    kind: str
    rows: ArrayI64
    shift_p: ArrayF64
    make: ArrayI64
    makes: int
    flat: float
    evidence: KindEvidence


def odds_to_p(log_odds: ArrayF64) -> ArrayF64:
    """Probabilities of log-odds."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)))


def commons_of(decided: Decided, evidence: Evidence) -> list[KindCommons]:
    """By kind said, in the order of ``decided.kinds``; kinds that were not said are left out."""
    found = []
    for number, kind in enumerate(decided.kinds):
        rows = np.flatnonzero(decided.kind == number)
        if len(rows):
            own = evidence.kinds[kind]
            makes = min(len(rows), max(1, round(evidence.makes)))
            found.append(
                KindCommons(
                    kind=kind,
                    rows=rows,
                    shift_p=shift_distribution(decided.log_odds[rows], own.bears, evidence.shift_sd),
                    make=makes_of(decided.log_odds[rows], makes),
                    makes=makes,
                    flat=flattening(evidence.make_sd),
                    evidence=own,
                )
            )
    return found


def shift_distribution(log_odds: ArrayF64, bears: Counted, shift_sd: float) -> ArrayF64:
    """(shifts,) How far the truth lies from P(NdFeB), in log-odds common to the items of a kind.

    Before: normal with ``shift_sd``, such that the share expected is that of P(NdFeB). The counts: binomial, with the
    share that the lot's own items would have at each shift. Bayes' rule on a grid.
    """
    share = shares(log_odds)
    log_p = np.log(centred(share, shift_sd)) + log_likelihood(share, bears)
    weight = np.exp(log_p - log_p.max())
    return np.asarray(weight / weight.sum())


def shares(log_odds: ArrayF64) -> ArrayF64:
    """(shifts,) Share of bearing items at each shift. Of many items, the log-odds are counted into a histogram."""
    counts, edges = np.histogram(log_odds, bins=_BINS)
    middle = 0.5 * (edges[:-1] + edges[1:])
    full = counts > 0
    share = odds_to_p(middle[full] + SHIFTS[:, None]) @ (counts[full] / counts.sum())
    return np.asarray(np.clip(share, _LEAST, 1.0 - _LEAST))


def log_likelihood(share: ArrayF64, bears: Counted) -> ArrayF64:
    """(shifts,) Binomial, up to a constant."""
    return np.asarray(bears.hits * np.log(share) + (bears.of - bears.hits) * np.log1p(-share))


def centred(share: ArrayF64, shift_sd: float) -> ArrayF64:
    """(shifts,) A normal distribution of shifts whose mean share is that at no shift at all.

    About zero it would not be: of what is unlikely, equal steps in log-odds add more than they take away.
    """
    sd, wanted = max(shift_sd, _STEP), share[len(SHIFTS) // 2]
    low, high = -0.5 * sd**2 - _STEP, 0.5 * sd**2 + _STEP
    for _ in range(40):
        middle = 0.5 * (low + high)
        weight = np.exp(-0.5 * ((SHIFTS - middle) / sd) ** 2)
        weight /= weight.sum()
        low, high = (middle, high) if weight @ share < wanted else (low, middle)
    return np.maximum(weight, 1e-300)
