"""Look-alikes: what one sense cannot tell apart, and how well a model does.

Balanced accuracy of a set is the mean of two shares: of its bearing items, those said to bear NdFeB (P ≥ 0.5), and of
the others, those not said to. Items not found are not said to bear. Over all sets it is the mean of theirs, so that the
feed's mix does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64
from neosort_inference.resampling import shares
from neosort_training.measures import by_window
from neosort_training.outcomes import Outcomes
from neosort_training.redraws import least_of_all

EVEN_ODDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlikes:
    """Two kinds of item that are easily taken for one another. ``magnetised_only``: the other kind only where its
    steel holds a moment, or where the labels do not say."""

    key: str
    title: str
    bearing: str
    other: str
    magnetised_only: bool = False

    def bearing_items(self, outcomes: Outcomes) -> ArrayBool:
        """(n,) which items are of the bearing kind."""
        return np.asarray(outcomes.kind == self.bearing)

    def other_items(self, outcomes: Outcomes) -> ArrayBool:
        """(n,) which items are of the other kind."""
        alike = np.asarray(outcomes.kind == self.other)
        return alike & (outcomes.magnetised != 0) if self.magnetised_only else alike


SETS = (
    LookAlikes(key="disk", title="disk with / without its magnets", bearing="hdd35", other="hdd35_stripped"),
    LookAlikes(key="loudspeaker", title="Nd / ferrite loudspeaker", bearing="speaker_nd", other="speaker_ferrite"),
    LookAlikes(
        key="magnet_steel", title="loose magnet / magnetised steel", bearing="nd_loose", other="steel",
        magnetised_only=True,
    ),
)  # fmt: skip


class BalancedAccuracy:
    """Balanced accuracy of each set of look-alikes and over all of them, as a measure; sets that lack a kind are left
    out of the mean."""

    def __init__(self, outcomes: Outcomes, sets: Sequence[LookAlikes] = SETS, prefix: str = "") -> None:
        self._sets, self._prefix = tuple(sets), prefix
        says_bearing = outcomes.p >= EVEN_ODDS
        self._counts = [
            (
                _share_counts(outcomes, pair.bearing_items(outcomes), says_bearing),
                _share_counts(outcomes, pair.other_items(outcomes), ~says_bearing),
            )
            for pair in self._sets
        ]

    def __call__(self, weights: ArrayF64) -> dict[str, ArrayF64]:
        by_set = [
            np.mean([shares(weights @ right, weights @ there) for right, there in counts], axis=0)
            for counts in self._counts
        ]
        named = {
            f"{self._prefix}lookalike_balanced_accuracy_{pair.key}": values
            for pair, values in zip(self._sets, by_set, strict=True)
        }
        return {f"{self._prefix}lookalike_balanced_accuracy": _mean_of_defined(np.stack(by_set)), **named}


def exact_where_all_right(
    record: dict[str, Any], outcomes: Outcomes, sets: Sequence[LookAlikes] = SETS
) -> dict[str, Any]:
    """``record`` with exact intervals for those balanced accuracies that are 1, where a bootstrap has no width.

    Of a ratio of errors that is 0 the upper end follows: the largest error that may be, over that of the better sense.
    """
    least = {
        f"_{pair.key}": 0.5
        * (least_of_all(int(pair.bearing_items(outcomes).sum())) + least_of_all(int(pair.other_items(outcomes).sum())))
        for pair in sets
        if record[f"lookalike_balanced_accuracy_{pair.key}"] is not None
    }
    if least:
        least[""] = float(np.mean(list(least.values())))
    widened = dict(record)
    for key, low in least.items():
        if record[f"lookalike_balanced_accuracy{key}"] != 1.0:
            continue
        widened[f"lookalike_balanced_accuracy{key}_ci95"] = [low, 1.0]
        best_error = record.get(f"best_single_sense_error{key}")
        if best_error:
            widened[f"fused_error_vs_best_single_sense{key}_ci95"] = [0.0, (1.0 - low) / best_error]
    return widened


class ErrorAgainstBestSense:
    """Error (1 − balanced accuracy) on all look-alikes with both senses ÷ that of the better single sense.

    Every draw takes the sense that is the better one there. NaN where that makes no error.
    """

    def __init__(self, fused: Outcomes, lone: Sequence[Outcomes], sets: Sequence[LookAlikes] = SETS) -> None:
        self._fused = BalancedAccuracy(fused, sets)
        self._lone = [BalancedAccuracy(outcomes, sets) for outcomes in lone]
        self._keys = ["", *(f"_{pair.key}" for pair in sets)]

    def __call__(self, weights: ArrayF64) -> dict[str, ArrayF64]:
        fused, lone = self._fused(weights), [measure(weights) for measure in self._lone]
        found = {}
        for key in self._keys:
            name = f"lookalike_balanced_accuracy{key}"
            best = np.stack([values[name] for values in lone]).max(axis=0)
            found[f"best_single_sense_error{key}"] = 1.0 - best
            found[f"fused_error_vs_best_single_sense{key}"] = shares(1.0 - fused[name], 1.0 - best)
        return found


def _share_counts(outcomes: Outcomes, there: ArrayBool, right: ArrayBool) -> tuple[ArrayF64, ArrayF64]:
    """(windows,) each: how many of the items are ``right``, and how many there are."""
    return (
        by_window(outcomes.window[there & right], outcomes.windows),
        by_window(outcomes.window[there], outcomes.windows),
    )


def _mean_of_defined(values: ArrayF64) -> ArrayF64:
    """Mean over the first axis, NaN left out; NaN where all are."""
    defined = ~np.isnan(values)
    return shares(np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))
