"""Scores: worked by hand on a few detections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.window import BLIND_GREY, BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import Box, ItemTruth
from neosort_inference.bundle import RawDetections
from neosort_training.evaluate import (
    average_precision,
    blinded,
    match_window,
    operating_point,
    pairwise_iou,
    score_windows,
    summarise,
)

KINDS = ("disk", "plastic")
GRID = WindowGrid(rows=128, cols=160, across_start_mm=-20.0)


def item(number, corner, *, bears=True, kind="disk", start_mm=5000.0):
    """An item whose box is ``corner`` in mm from the window's corner."""
    low_along, low_across, high_along, high_across = corner
    box = Box(
        belt_lo_mm=start_mm + low_along,
        belt_hi_mm=start_mm + high_along,
        across_lo_mm=low_across - 20.0,
        across_hi_mm=high_across - 20.0,
    )
    return ItemTruth(
        item_id=number,
        model="m",
        kind=kind,
        bears_ndfeb=bears,
        magnet_g=10.0 if bears else 0.0,
        mass_g=50.0,
        box=box,
        visible_fraction=1.0,
    )


def labelled(items):
    window = BeltWindow(
        grid=GRID,
        start_mm=5000.0,
        picture=np.zeros((128, 160, 3), dtype=np.uint8),
        field_ut=np.ones((3, 8, 10), dtype=np.float32),
        field_mask=np.ones((2, 8, 10), dtype=np.float32),
        last_input_ns=0,
        sequence=0,
    )
    return LabelledWindow(window=window, items=tuple(items))


def detections(*rows):
    """Rows of (box, score, kind, p)."""
    boxes, score, kind, p = zip(*rows, strict=True)
    return RawDetections(
        boxes_mm=np.array(boxes, dtype=np.float32),
        score=np.array(score, dtype=np.float32),
        kind_p=np.eye(2, dtype=np.float32)[list(kind)],
        p_ndfeb=np.array(p, dtype=np.float32),
        magnet_g=np.full(len(rows), 10.0, dtype=np.float32),
        magnet_g_sigma=np.ones(len(rows), dtype=np.float32),
    )


A, B, C = (10, 10, 40, 40), (60, 60, 100, 100), (10, 100, 30, 150)


def test_perfect_detections_score_one():
    truth = labelled([item(0, A), item(1, B, bears=False, kind="plastic")])
    found = detections((A, 0.9, 0, 0.95), (B, 0.8, 1, 0.05), (C, 0.1, 0, 0.99))  # the last is below SCORE_MIN
    scores = summarise([match_window(found, truth, KINDS)], KINDS)
    assert (scores.items, scores.bearing, scores.strays) == (2, 1, 0)
    assert scores.recall == scores.recall_iou50 == scores.ap50 == scores.kind_accuracy == scores.p_ndfeb_ap == 1.0
    assert scores.recovery_at(0.95) == 1.0
    assert scores.magnet_log_error == pytest.approx(0.0)


def test_missed_doubled_and_stray_detections():
    truth = labelled([item(0, A), item(1, B)])
    found = detections((A, 0.9, 1, 0.9), (A, 0.7, 0, 0.99), (C, 0.6, 0, 0.95))
    scores = summarise([match_window(found, truth, KINDS)], KINDS)
    assert scores.recall == 0.5
    assert scores.kind_accuracy == 0.0, "the higher-scored detection speaks for the item"
    assert scores.strays == 1
    assert scores.ap50 == pytest.approx(0.5)
    assert scores.recovery_at(0.90) == 0.0, "the stray stands above the only right pick"


def test_item_across_the_border_is_not_scored():
    truth = labelled([item(0, (-10, 10, 40, 40)), item(1, B)])
    found = detections(((-5, 10, 40, 40), 0.9, 0, 0.9), (B, 0.8, 0, 0.9))
    scores = summarise([match_window(found, truth, KINDS)], KINDS)
    assert (scores.items, scores.strays, scores.recall, scores.ap50) == (1, 0, 1.0, 1.0)


def test_empty_window_and_no_detections():
    quiet = detections((A, 0.0, 0, 0.0))
    scores = summarise([match_window(quiet, labelled([]), KINDS)], KINDS)
    assert scores.items == 0
    scores = summarise([match_window(quiet, labelled([item(0, A)]), KINDS)], KINDS)
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


def test_average_precision_by_hand():
    score, hit = np.array([0.9, 0.8, 0.7]), np.array([1.0, 0.0, 1.0])
    assert average_precision(score, hit, 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(score, hit, 4) == pytest.approx((1 + 2 / 3) / 4)
    assert average_precision(np.zeros(0), np.zeros(0), 3) == 0.0


def test_overlap_by_hand():
    iou = pairwise_iou(np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 5, 10, 15], [20, 20, 30, 30]]))
    assert iou.tolist() == [[pytest.approx(1 / 3), 0.0]]
