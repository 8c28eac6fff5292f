"""Kind by kind, and item model by item model: who is found, who is picked, who is taken for what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64
from neosort_inference.resampling import Interval, interval_95, shares
from neosort_inference.score import NOT_SEEN
from neosort_training.measures import by_window
from neosort_training.outcomes import ArrayStr, Outcomes
from neosort_training.redraws import least_of_all

HARD_NEGATIVES = ("hdd35_stripped", "speaker_ferrite", "motor_ferrite", "ferrite_part", "alnico", "steel")
"""Kinds without NdFeB that look like, or read like, those that bear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """Items of one kind, or of one item model, at one threshold.

    ``found`` and ``kind_right``: shares of all. ``picked``: share of all whose P(NdFeB) reaches the threshold: recovery
    of what bears, false alarms among the rest; ``picked_ci95`` its interval. ``missed_g``: grams of NdFeB not picked.
    ``magnet_mass_median_relative_error``: of those found; None where nothing bears or none is found.
    """

    name: str
    kind: str
    bears_ndfeb: bool
    hard_negative: bool
    n: int
    found: float
    kind_right: float
    picked: float
    picked_ci95: Interval | None
    picked_n: int
    missed_g: float
    magnet_mass_median_relative_error: float | None


def kind_rows(outcomes: Outcomes, p_ndfeb: float, weights: ArrayF64) -> list[GroupRow]:
    """A row a kind: bearing kinds, then hard negatives, then the rest, each by name."""
    rows = list(_rows(outcomes, outcomes.kind, p_ndfeb, weights))
    return sorted(rows, key=lambda row: (not row.bears_ndfeb, not row.hard_negative, row.name))


def model_rows(outcomes: Outcomes, p_ndfeb: float, weights: ArrayF64) -> list[GroupRow]:
    """A row an item model, those first that lose most: grams of NdFeB missed, then share of false alarms."""
    rows = list(_rows(outcomes, outcomes.model, p_ndfeb, weights))
    return sorted(rows, key=lambda row: (-row.missed_g, -row.picked if not row.bears_ndfeb else 0.0, row.name))


def _rows(outcomes: Outcomes, group: ArrayStr, p_ndfeb: float, weights: ArrayF64) -> Iterator[GroupRow]:
    picked = np.asarray((outcomes.p >= p_ndfeb) & (outcomes.p > 0))
    for name in np.unique(group):
        mine = np.asarray(group == name)
        bears, kind = bool(outcomes.bears[mine].any()), str(outcomes.kind[mine][0])
        yield GroupRow(
            name=str(name),
            kind=kind,
            bears_ndfeb=bears,
            hard_negative=kind in HARD_NEGATIVES,
            n=int(mine.sum()),
            found=float(outcomes.found[mine].mean()),
            kind_right=float((outcomes.said == outcomes.kind)[mine].mean()),
            picked=float(picked[mine].mean()),
            picked_ci95=_share_interval(outcomes, mine, picked, weights),
            picked_n=int(picked[mine].sum()),
            missed_g=float(outcomes.magnet_g[mine & outcomes.bears & ~picked].sum()),
            magnet_mass_median_relative_error=_mass_error(outcomes, mine),
        )


def _share_interval(outcomes: Outcomes, mine: ArrayBool, picked: ArrayBool, weights: ArrayF64) -> Interval | None:
    n, count = int(mine.sum()), int((mine & picked).sum())
    if count in (0, n):
        return (least_of_all(n), 1.0) if count else (0.0, 1.0 - least_of_all(n))
    there = by_window(outcomes.window[mine], outcomes.windows)
    return interval_95(shares(weights @ by_window(outcomes.window[mine & picked], outcomes.windows), weights @ there))


def _mass_error(outcomes: Outcomes, mine: ArrayBool) -> float | None:
    told = mine & outcomes.bears & outcomes.found & (outcomes.magnet_g > 0)
    if not told.any():
        return None
    return float(np.median(np.abs(outcomes.said_g - outcomes.magnet_g)[told] / outcomes.magnet_g[told]))


def confusion(outcomes: Outcomes) -> dict[str, dict[str, int]]:
    """True kind → kind said, or 'not seen' → how many items."""
    counts: dict[str, dict[str, int]] = {}
    for kind, said in zip(outcomes.kind.tolist(), outcomes.said.tolist(), strict=True):
        row = counts.setdefault(kind, {})
        row[said or NOT_SEEN] = row.get(said or NOT_SEEN, 0) + 1
    return counts
