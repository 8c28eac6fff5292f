"""Is P(NdFeB) a probability? Of all detections of which it is said to be 0.8, eight in ten should bear NdFeB.

Asked of every detection that speaks for a scored item, and of every stray, which bears nothing. Bins hold equally many
detections each, so that none of them is noise; ECE is the mean distance, over detections, between what a bin says on
average and how many of it bear (Naeini, Cooper and Hauskrecht 2015; equal-mass bins: Nixon et al. 2019). On finitely
many detections it is never quite 0, however true the probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.resampling import Interval, interval_95, shares
from neosort_training.outcomes import Outcomes

BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """``n`` detections, said to bear with ``said`` on average; ``share`` of them does, ``ci95`` its 95 % interval."""

    said: float
    share: float
    n: int
    ci95: Interval | None


class Calibration:
    """The expected calibration error as a measure, and the reliability diagram behind it."""

    def __init__(self, outcomes: Outcomes, bins: int = BINS, prefix: str = "") -> None:
        found = outcomes.found
        said = np.concatenate([outcomes.p[found], outcomes.stray_p])
        bears = np.concatenate([outcomes.bears[found], np.zeros(len(outcomes.stray_p), dtype=bool)])
        window = np.concatenate([outcomes.window[found], outcomes.stray_window])
        order = np.argsort(said, kind="stable")
        self._said, self._bears, self._window = said[order], bears[order].astype(np.float64), window[order]
        # What is said with one and the same probability stays together.
        wanted = min(bins, len(said))
        starts = self._said[np.arange(wanted) * len(said) // max(1, wanted)]
        self._starts = np.unique(np.searchsorted(self._said, starts))
        self.bins = len(self._starts)
        self._name = prefix + "ece"

    def __call__(self, weights: ArrayF64) -> dict[str, ArrayF64]:
        if self.bins == 0:
            return {self._name: np.full(len(weights), np.nan)}
        count, said, bears = self._sums(weights)
        return {self._name: shares(np.abs(said - bears).sum(axis=1), count.sum(axis=1))}

    def _sums(self, weights: ArrayF64) -> tuple[ArrayF64, ArrayF64, ArrayF64]:
        """(draws, bins) each: detections, P(NdFeB) summed over them, bearing ones."""
        drawn = weights[:, self._window]
        count, said, bears = (
            np.add.reduceat(values, self._starts, axis=1) for values in (drawn, drawn * self._said, drawn * self._bears)
        )
        return count, said, bears

    def of_true_probabilities(self, draws: int = 200, seed: int = 0) -> float | None:
        """The error that these very probabilities would show if they were true: what chance alone makes of so many."""
        if self.bins == 0:
            return None
        bears = np.random.default_rng(seed).random((draws, len(self._said))) < self._said
        apart = np.add.reduceat(self._said[None] - bears, self._starts, axis=1)
        return float(np.abs(apart).sum(axis=1).mean() / len(self._said))

    def reliability(self, weights: ArrayF64) -> list[ReliabilityBin]:
        """The bins by rising P(NdFeB), their intervals from drawn ``weights``."""
        if self.bins == 0:
            return []
        windows = np.ones((1, weights.shape[1]))
        count, said, bears = (sums[0] for sums in self._sums(windows))
        drawn_count, _, drawn_bears = self._sums(weights)
        drawn_share = shares(drawn_bears, drawn_count)
        return [
            ReliabilityBin(
                said=float(said[place] / count[place]),
                share=float(bears[place] / count[place]),
                n=int(count[place]),
                ci95=interval_95(drawn_share[:, place]),
            )
            for place in range(self.bins)
        ]
