"""Figures of recognition as measures: what they are of the windows as they were, and of windows drawn anew.

Each takes pooled outcomes once, sorts what it needs, and is then called with how often each window was drawn; see
`redraws.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64, ArrayI64
from neosort_inference.resampling import shares
from neosort_training.evaluate import last_of_equal
from neosort_training.outcomes import Outcomes


def percent_key(name: str, share: float) -> str:
    """'recovery_at_purity' and 0.95 → 'recovery_at_purity_95'; 0.995 → '…_99_5'."""
    return f"{name}_{100 * share:.6g}".replace(".", "_")


class FallingP:
    """Everything a threshold can pick, by falling P(NdFeB), and what was fed. Never-detected items cannot be picked.

    ``p`` (n,); ``last_of_equal`` (n,): a threshold picks all items of one probability or none.
    """

    def __init__(self, outcomes: Outcomes) -> None:
        picks = outcomes.picks()
        order = np.argsort(-picks.p, kind="stable")
        order = order[picks.p[order] > 0]
        self.p = picks.p[order]
        self.last_of_equal = last_of_equal(self.p)
        self._window = picks.window[order]
        self._bears = picks.bears[order].astype(np.float64)
        self._magnet_g = np.where(picks.bears, picks.magnet_g, 0.0)[order]
        bearing = outcomes.bears
        self._fed = by_window(outcomes.window[bearing], outcomes.windows)
        self._fed_g = by_window(outcomes.window[bearing], outcomes.windows, outcomes.magnet_g[bearing])

    def cumulated(self, weights: ArrayF64) -> tuple[ArrayF64, ArrayF64, ArrayF64]:
        """(draws, n) each: picked so far, bearing ones among them, and their grams of NdFeB."""
        drawn = weights[:, self._window]
        return (
            np.cumsum(drawn, axis=1),
            np.cumsum(drawn * self._bears, axis=1),
            np.cumsum(drawn * self._magnet_g, axis=1),
        )

    def fed(self, weights: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
        """(draws,) each: bearing items, and their grams of NdFeB."""
        return weights @ self._fed, weights @ self._fed_g


class RecoveryAtPurity:
    """Recovery of items and of magnet mass at purity ≥ each of ``targets``, the threshold found on the very windows.

    That is the lowest one that keeps the purity, so a little too good for windows to come. Nothing is recovered where
    none keeps it.
    """

    def __init__(self, outcomes: Outcomes, targets: Sequence[float], prefix: str = "") -> None:
        self._falling, self._targets, self._prefix = FallingP(outcomes), targets, prefix

    def __call__(self, weights: ArrayF64) -> dict[str, ArrayF64]:
        picked, hits, grams = self._falling.cumulated(weights)
        fed, fed_g = self._falling.fed(weights)
        purity = shares(hits, picked)
        found = {}
        for target in self._targets:
            cut = _last(np.asarray((purity >= target) & self._falling.last_of_equal))
            found[self._prefix + percent_key("recovery_at_purity", target)] = shares(_at(hits, cut), fed)
            found[self._prefix + percent_key("recovery_mass_at_purity", target)] = shares(_at(grams, cut), fed_g)
        return found


class AtThreshold:
    """Recovery of items and of magnet mass, and purity, at one threshold fixed beforehand."""

    def __init__(self, outcomes: Outcomes, p_ndfeb: float, prefix: str = "") -> None:
        picks = outcomes.picks()
        picked = (picks.p >= p_ndfeb) & (picks.p > 0)
        windows, self._prefix = outcomes.windows, prefix
        self._picked = by_window(picks.window[picked], windows)
        self._hits = by_window(picks.window[picked & picks.bears], windows)
        self._grams = by_window(picks.window[picked & picks.bears], windows, picks.magnet_g[picked & picks.bears])
        self._fed = by_window(outcomes.window[outcomes.bears], windows)
        self._fed_g = by_window(outcomes.window[outcomes.bears], windows, outcomes.magnet_g[outcomes.bears])

    def __call__(self, weights: ArrayF64) -> dict[str, ArrayF64]:
        hits = weights @ self._hits
        found = {
            "recovery": shares(hits, weights @ self._fed),
            "recovery_mass": shares(weights @ self._grams, weights @ self._fed_g),
            "purity": shares(hits, weights @ self._picked),
        }
        return {self._prefix + name: values for name, values in found.items()}


class BoxPrecision:
    """AP50: area under the precision envelope over recall of boxes, as `evaluate.average_precision` has it."""

    def __init__(self, outcomes: Outcomes, prefix: str = "") -> None:
        order = np.argsort(-outcomes.hit_score, kind="stable")
        self._window, self._hit = outcomes.hit_window[order], outcomes.hit[order].astype(np.float64)
        self._last_of_equal = last_of_equal(outcomes.hit_score[order])
        self._items, self._name = by_window(outcomes.window, outcomes.windows), prefix + "ap50"

    def __call__(self, weights: ArrayF64) -> dict[str, ArrayF64]:
        drawn = weights[:, self._window]
        hits = drawn * self._hit
        precision = np.cumsum(hits, axis=1) / np.maximum(np.cumsum(drawn, axis=1), 1.0)
        precision = np.where(self._last_of_equal, precision, 0.0)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        return {self._name: shares((envelope * hits).sum(axis=1), weights @ self._items)}


class MagnetMass:
    """Median relative error of the magnet mass of bearing items that were found, and how often it lies within one
    standard deviation as said (of log(1 + grams); a normal distribution would give 68 %)."""

    def __init__(self, outcomes: Outcomes, prefix: str = "") -> None:
        told = outcomes.bears & outcomes.found & (outcomes.magnet_g > 0)
        error = np.abs(outcomes.said_g - outcomes.magnet_g)[told] / outcomes.magnet_g[told]
        order = np.argsort(error, kind="stable")
        self._error, self._window, self._prefix = error[order], outcomes.window[told][order], prefix
        within = np.abs(outcomes.magnet_log_error) <= outcomes.magnet_log_sigma
        self._told = by_window(outcomes.window[told], outcomes.windows)
        self._within = by_window(outcomes.window[told & within], outcomes.windows)

    def __call__(self, weights: ArrayF64) -> dict[str, ArrayF64]:
        return {
            f"{self._prefix}magnet_mass_median_relative_error": _weighted_median(self._error, weights[:, self._window]),
            f"{self._prefix}magnet_mass_within_one_sigma": shares(weights @ self._within, weights @ self._told),
        }


def by_window(window: ArrayI64, windows: int, amount: ArrayF64 | None = None) -> ArrayF64:
    """(windows,): how many lie in each, or how much of ``amount`` in all."""
    return np.bincount(window, amount, minlength=windows).astype(np.float64)


def _last(flags: ArrayBool) -> ArrayI64:
    """The last true place of each row, −1 where there is none."""
    if flags.shape[1] == 0:
        return np.full(len(flags), -1)
    return np.where(flags.any(axis=1), flags.shape[1] - 1 - flags[:, ::-1].argmax(axis=1), -1)


def _at(sums: ArrayF64, place: ArrayI64) -> ArrayF64:
    """Each row's value at its place, 0 at place −1."""
    padded = np.concatenate([sums, np.zeros((len(sums), 1))], axis=1)
    return np.asarray(padded[np.arange(len(padded)), place])


def _weighted_median(rising: ArrayF64, weights: ArrayF64) -> ArrayF64:
    """(draws,) medians of values (n,) drawn ``weights`` (draws, n) times; NaN of nothing."""
    drawn = np.cumsum(weights, axis=1)
    if drawn.shape[1] == 0:
        return np.full(len(weights), np.nan)
    half = 0.5 * drawn[:, -1:]
    middle = 0.5 * (rising[(drawn >= half).argmax(axis=1)] + rising[(drawn > half).argmax(axis=1)])
    return np.where(half[:, 0] > 0, middle, np.nan)
