"""Look-alikes: balanced accuracy, the better single sense, and intervals where nothing went wrong."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.invented_outcomes import It, outcomes_of

from neosort_training.lookalikes import SETS, BalancedAccuracy, ErrorAgainstBestSense, exact_where_all_right
from neosort_training.redraws import every_window_once


def judged(full, stripped):
    """Outcomes of as many disks with and without magnets, judged with these P(NdFeB)."""
    return outcomes_of(
        [It(kind="hdd35", grams=20, p=p) for p in full] + [It(kind="hdd35_stripped", p=p) for p in stripped]
    )


def values(measure, outcomes):
    return {name: float(found[0]) for name, found in measure(every_window_once(outcomes)).items()}


def test_each_kind_weighs_the_same():
    outcomes = judged([0.9, 0.5, 0.4, 0.0], [0.1] * 9 + [0.5])
    found = values(BalancedAccuracy(outcomes), outcomes)
    assert found["lookalike_balanced_accuracy_disk"] == pytest.approx((2 / 4 + 9 / 10) / 2)
    assert found["lookalike_balanced_accuracy"] == found["lookalike_balanced_accuracy_disk"], "the only set there is"
    assert np.isnan(found["lookalike_balanced_accuracy_loudspeaker"])


def test_only_magnetised_steel_is_like_a_magnet_where_labels_say_so():
    magnet = It(kind="nd_loose", grams=5, p=0.9)
    steel = [It(kind="steel", p=0.9, magnetised=1), It(kind="steel", p=0.1, magnetised=0)]
    outcomes = outcomes_of([magnet, *steel])
    assert values(BalancedAccuracy(outcomes), outcomes)["lookalike_balanced_accuracy_magnet_steel"] == 0.5
    unknown = outcomes_of([magnet, It(kind="steel", p=0.9), It(kind="steel", p=0.1)])
    assert values(BalancedAccuracy(unknown), unknown)["lookalike_balanced_accuracy_magnet_steel"] == 0.75


def test_fusion_is_held_against_the_better_sense():
    fused = judged([0.9] * 10, [0.1] * 9 + [0.9])
    camera, field = judged([0.9] * 10, [0.9] * 10), judged([0.9] * 8 + [0.1] * 2, [0.1] * 8 + [0.9] * 2)
    found = values(ErrorAgainstBestSense(fused, [camera, field]), fused)
    assert found["best_single_sense_error"] == pytest.approx(0.2)
    assert found["fused_error_vs_best_single_sense"] == pytest.approx(0.05 / 0.2)
    perfect = judged([0.9] * 10, [0.1] * 10)
    assert np.isnan(values(ErrorAgainstBestSense(fused, [perfect]), fused)["fused_error_vs_best_single_sense"])


def test_where_nothing_went_wrong_the_interval_is_exact():
    outcomes = judged([0.9] * 30, [0.1] * 10)
    record = {
        **{f"lookalike_balanced_accuracy_{pair.key}": None for pair in SETS},
        "lookalike_balanced_accuracy_disk": 1.0,
        "lookalike_balanced_accuracy_disk_ci95": [1.0, 1.0],
        "lookalike_balanced_accuracy": 1.0,
        "best_single_sense_error": 0.5,
    }
    low = 0.5 * (0.025 ** (1 / 30) + 0.025 ** (1 / 10))
    widened = exact_where_all_right(record, outcomes)
    assert widened["lookalike_balanced_accuracy_disk_ci95"] == [pytest.approx(low), 1.0]
    assert widened["lookalike_balanced_accuracy_ci95"] == [pytest.approx(low), 1.0]
    assert widened["fused_error_vs_best_single_sense_ci95"] == [0.0, pytest.approx((1 - low) / 0.5)]
    record["lookalike_balanced_accuracy_disk"] = record["lookalike_balanced_accuracy"] = 0.9
    assert exact_where_all_right(record, outcomes) == record
