"""Scores: worked by hand on a few detections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training.worked_windows import KINDS, A, B, C, detections, item, labelled

from neosort_datasets.window import BLIND_GREY
from neosort_training.ablation import blinded
from neosort_training.evaluate import average_precision, operating_point, score_windows, summarise
from neosort_training.matching import match_window
from neosort_training.outcomes import pooled


def scores_of(found, truth):
    return summarise(pooled([match_window(found, truth, KINDS)]))


def test_perfect_detections_score_one():
    truth = labelled([item(0, A), item(1, B, bears=False, kind="plastic")])
    found = detections((A, 0.9, 0, 0.95), (B, 0.8, 1, 0.05), (C, 0.1, 0, 0.99))  # the last is below SCORE_MIN
    scores = scores_of(found, truth)
    assert (scores.items, scores.bearing, scores.strays) == (2, 1, 0)
    assert scores.recall == scores.recall_iou50 == scores.ap50 == scores.kind_accuracy == scores.p_ndfeb_ap == 1.0
    assert scores.recovery_at(0.95) == 1.0
    assert scores.magnet_log_error == pytest.approx(0.0)


def test_missed_doubled_and_stray_detections():
    truth = labelled([item(0, A), item(1, B)])
    found = detections((A, 0.9, 1, 0.9), (A, 0.7, 0, 0.99), (C, 0.6, 0, 0.95))
    scores = scores_of(found, truth)
    assert scores.recall == 0.5
    assert scores.kind_accuracy == 0.0, "the higher-scored detection speaks for the item"
    assert scores.strays == 1
    assert scores.ap50 == pytest.approx(0.5)
    assert scores.recovery_at(0.90) == 0.0, "the stray stands above the only right pick"


def test_item_across_the_border_is_not_scored():
    truth = labelled([item(0, (-10, 10, 40, 40)), item(1, B)])
    found = detections(((-5, 10, 40, 40), 0.9, 0, 0.9), (B, 0.8, 0, 0.9))
    scores = scores_of(found, truth)
    assert (scores.items, scores.strays, scores.recall, scores.ap50) == (1, 0, 1.0, 1.0)


def test_empty_window_and_no_detections():
    quiet = detections((A, 0.0, 0, 0.0))
    scores = scores_of(quiet, labelled([]))
    assert scores.items == 0
    scores = scores_of(quiet, labelled([item(0, A)]))
    assert scores.recall == scores.p_ndfeb_ap == scores.ap50 == 0.0


class SeesWhatItIsGiven:
    """A predictor that keeps the window."""

    def run(self, window):
        self.window = window
        return detections((A, 0.9, 0, 0.9))


@pytest.mark.parametrize("blind", ["camera", "field", "none"])
def test_blinding_takes_one_sense_away(blind):
    predictor = SeesWhatItIsGiven()
    score_windows(predictor, [labelled([item(0, A)])], KINDS, blind)
    assert (predictor.window.picture == BLIND_GREY).all() == (blind == "camera")
    assert (not predictor.window.field_mask.any()) == (blind == "field")
    assert blinded(predictor.window, "none") is predictor.window


def test_operating_point_by_hand():
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    bears = np.array([True, True, False, True, False])
    point = operating_point(p, bears, 0.75, bearing=4, items=6)
    assert (point.p_ndfeb, point.recovery, point.purity, point.n) == (0.6, 0.75, 0.75, 6)
    point = operating_point(p, bears, 0.9, bearing=4, items=6)
    assert (point.p_ndfeb, point.recovery, point.purity) == (0.8, 0.5, 1.0)


def test_operating_point_never_splits_equal_probabilities():
    p = np.array([0.9, 0.5, 0.5])
    point = operating_point(p, np.array([True, True, False]), 0.9, bearing=2, items=3)
    assert (point.p_ndfeb, point.recovery) == (0.9, 0.5)


@given(
    data=st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.4, 0.6, 0.9]), st.booleans()), max_size=30),
    target=st.sampled_from([0.5, 0.8, 0.95]),
)
def test_operating_point_holds_when_applied(data, target):
    p = np.array([value for value, _ in data])
    bears = np.array([flag for _, flag in data], dtype=bool)
    point = operating_point(p, bears, target, bearing=int(bears.sum()), items=len(data))
    picked = p >= point.p_ndfeb
    if point.recovery > 0:
        assert bears[picked].mean() == pytest.approx(point.purity)
        assert point.purity >= target
        assert bears[picked].sum() / bears.sum() == pytest.approx(point.recovery)


def test_equal_scores_have_no_order():
    score = np.array([0.9, 0.5, 0.5, 0.5])
    orders = ([1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1])
    values = [average_precision(score, np.array(hit, dtype=bool), 2) for hit in orders]
    assert values == pytest.approx([(1 + 2 / 4) / 2] * 3)


def test_average_precision_by_hand():
    score, hit = np.array([0.9, 0.8, 0.7]), np.array([1.0, 0.0, 1.0])
    assert average_precision(score, hit, 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(score, hit, 4) == pytest.approx((1 + 2 / 3) / 4)
    assert average_precision(np.zeros(0), np.zeros(0), 3) == 0.0
