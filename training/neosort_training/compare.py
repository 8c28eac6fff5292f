"""Is model B better than model A? Both on the same windows, differences with paired intervals, a word for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from neosort_hardware.types import ArrayF64
from neosort_inference.bench.paired import Estimate
from neosort_training.calibration import Calibration
from neosort_training.lookalikes import BalancedAccuracy
from neosort_training.measures import BoxPrecision, MagnetMass, RecoveryAtPurity
from neosort_training.outcomes import Outcomes
from neosort_training.redraws import Measure, differences, estimates

Word = Literal["better", "worse", "no difference shown", "not defined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A figure that two models are compared by; ``sign``: +1 where more is better, −1 where less is."""

    key: str
    title: str
    sign: Literal[1, -1]


COMPARED = (
    Compared(key="recovery_at_purity_95", title="recovery of items at purity ≥ 95 %", sign=1),
    Compared(key="recovery_mass_at_purity_95", title="recovery of magnet mass at purity ≥ 95 %", sign=1),
    Compared(key="ap50", title="AP50 of boxes", sign=1),
    Compared(key="ece", title="calibration error of P(NdFeB)", sign=-1),
    Compared(key="magnet_mass_median_relative_error", title="magnet mass, median relative error", sign=-1),
    Compared(key="lookalike_balanced_accuracy", title="look-alikes, balanced accuracy", sign=1),
)
PURITY = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One figure of both models; ``difference``: B less A, paired. ``word``: what that says of B."""

    figure: Compared
    a: Estimate
    b: Estimate
    difference: Estimate
    word: Word


def compare_outcomes(a: Outcomes, b: Outcomes, weights: ArrayF64) -> list[ComparedRow]:
    """A row a figure. Raises `ValueError` where the outcomes are not of the same items of the same windows."""
    if a.windows != b.windows or a.model.tolist() != b.model.tolist() or a.window.tolist() != b.window.tolist():
        raise ValueError("a comparison needs outcomes of the same items of the same windows")
    of_a, of_b = _measures(a), _measures(b)
    found_a, found_b = estimates(of_a, a, weights), estimates(of_b, b, weights)
    apart = differences(of_b, of_a, b, weights)
    return [
        ComparedRow(
            figure=figure,
            a=found_a[figure.key],
            b=found_b[figure.key],
            difference=apart[figure.key],
            word=word_for(apart[figure.key], figure.sign),
        )
        for figure in COMPARED
    ]


def word_for(difference: Estimate, sign: Literal[1, -1]) -> Word:
    """What a difference says of B: something only where its interval leaves 0 out."""
    if difference.value is None or difference.ci is None:
        return "not defined"
    low, high = sorted(sign * edge for edge in difference.ci)
    if low > 0:
        return "better"
    return "worse" if high < 0 else "no difference shown"


def _measures(outcomes: Outcomes) -> Sequence[Measure]:
    return [
        RecoveryAtPurity(outcomes, (PURITY,)),
        BoxPrecision(outcomes),
        Calibration(outcomes),
        MagnetMass(outcomes),
        BalancedAccuracy(outcomes),
    ]


def compared_record(rows: Sequence[ComparedRow]) -> dict[str, object]:
    """The rows by their keys, ready for JSON."""
    return {
        row.figure.key: {
            "a": row.a.value,
            "a_ci95": _pair(row.a),
            "b": row.b.value,
            "b_ci95": _pair(row.b),
            "difference": row.difference.value,
            "difference_ci95": _pair(row.difference),
            "b_is": row.word,
        }
        for row in rows
    }


def _pair(one: Estimate) -> list[float] | None:
    return None if one.ci is None else list(one.ci)
