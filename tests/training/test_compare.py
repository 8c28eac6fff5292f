"""Better, worse, or not to be told."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.invented_outcomes import It, outcomes_of

from neosort_inference.bench.paired import Estimate
from neosort_training.compare import compare_outcomes, compared_record, word_for
from neosort_training.redraws import Unit, draw_windows


def model(found, said_g=10.0, seed=0):
    """Outcomes of a model that finds that share of 200 bearing items, and a few others with low P."""
    rng = np.random.default_rng(seed)
    items = [It(window=w, grams=10, p=0.9 if rng.random() < found else 0.2, said_g=said_g) for w in range(200)]
    return outcomes_of([*items, *(It(window=w, kind="plastic", p=0.3) for w in range(200))])


def words(a, b):
    rows = compare_outcomes(a, b, draw_windows([a], Unit.WINDOWS, draws=300))
    return {row.figure.key: row.word for row in rows}, compared_record(rows)


def test_a_model_that_finds_more_is_better_and_the_other_way_round_worse():
    told, record = words(model(0.6), model(0.9, seed=1))
    assert told["recovery_at_purity_95"] == told["recovery_mass_at_purity_95"] == "better"
    assert told["magnet_mass_median_relative_error"] == "no difference shown"
    row = record["recovery_at_purity_95"]
    assert row["difference"] == pytest.approx(row["b"] - row["a"])
    assert row["difference_ci95"][0] < row["difference"] < row["difference_ci95"][1]
    assert row["b_is"] == "better"
    assert words(model(0.9, seed=1), model(0.6))[0]["recovery_at_purity_95"] == "worse"


def test_less_error_is_better():
    told, _ = words(model(0.8, said_g=15.0), model(0.8, said_g=11.0))
    assert told["magnet_mass_median_relative_error"] == "better"
    assert told["recovery_at_purity_95"] == "no difference shown"


def test_a_model_is_not_better_than_itself():
    one = model(0.7)
    told, _ = words(one, one)
    assert set(told.values()) <= {"no difference shown", "not defined"}
    assert told["lookalike_balanced_accuracy"] == "not defined", "there are none"


def test_other_windows_are_no_comparison():
    with pytest.raises(ValueError, match="same items"):
        compare_outcomes(model(0.5), outcomes_of([It(grams=1, p=0.5)]), np.ones((3, 200)))


@pytest.mark.parametrize(
    ("ci", "sign", "word"),
    [
        ((0.01, 0.05), 1, "better"),
        ((0.01, 0.05), -1, "worse"),
        ((-0.05, -0.01), 1, "worse"),
        ((-0.05, -0.01), -1, "better"),
        ((-0.01, 0.02), 1, "no difference shown"),
        ((0.0, 0.02), 1, "no difference shown"),
        (None, 1, "not defined"),
    ],
)
def test_words_hang_on_the_interval_alone(ci, sign, word):
    assert word_for(Estimate(value=0.0, ci=ci), sign) == word
