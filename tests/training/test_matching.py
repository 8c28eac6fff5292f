"""Matching, worked by hand on a few detections."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.worked_windows import KINDS, A, B, C, detections, item, labelled

from neosort_training.matching import match_window, pairwise_iou


def test_an_item_has_what_its_highest_detection_says():
    truth = labelled([item(0, A), item(1, B, bears=False, kind="plastic")])
    found = detections((A, 0.9, 1, 0.7), (A, 0.8, 0, 0.1), (C, 0.6, 0, 0.95))
    outcome = match_window(found, truth, KINDS)
    assert outcome.kind.tolist() == ["disk", "plastic"]
    assert outcome.model.tolist() == ["disk-0", "plastic-1"]
    assert outcome.said.tolist() == ["plastic", ""]
    assert outcome.item.tolist() == [0, 1]
    assert outcome.p == pytest.approx([0.7, 0.0])
    assert outcome.score == pytest.approx([0.9, 0.0])
    assert outcome.magnet_g.tolist() == [10.0, 0.0]
    assert outcome.said_g[0] == pytest.approx(10.0)
    assert np.isnan(outcome.said_g[1])
    assert (outcome.stray_p[0], outcome.stray_score[0]) == pytest.approx((0.95, 0.6))
    assert outcome.hit.tolist() == [True, False, False]


def test_items_that_are_not_scored_leave_no_trace():
    truth = labelled([item(0, (-10, 10, 40, 40)), item(1, B)])
    outcome = match_window(detections(((-5, 10, 40, 40), 0.9, 0, 0.9), (B, 0.8, 0, 0.9)), truth, KINDS)
    assert (outcome.item.tolist(), outcome.hit.tolist(), len(outcome.stray_p)) == ([1], [True], 0)


def test_what_shows_of_a_cut_item_is_no_stray():
    truth = labelled([item(0, (-100, 10, 20, 60)), item(1, (108, 10, 300, 60))])  # 20 mm of each lie in the window
    found = detections(((0, 10, 20, 60), 0.9, 0, 0.9), ((110, 12, 140, 60), 0.8, 0, 0.9), (C, 0.7, 0, 0.3))
    outcome = match_window(found, truth, KINDS)
    assert (len(outcome.item), outcome.hit.tolist()) == (0, [False])
    assert outcome.stray_p == pytest.approx([0.3]), "only what overlaps nothing"


def test_what_lies_on_an_item_speaks_for_it_where_nothing_shows_it_better():
    body, leads = (10, 10, 30, 30), (10, 10, 60, 60)  # of a motor: 400 of 2,500 mm²
    outcome = match_window(detections((body, 0.6, 0, 0.8)), labelled([item(0, leads)]), KINDS)
    assert (outcome.said.tolist(), len(outcome.stray_p)) == (["disk"], 0)
    assert (outcome.p[0], outcome.score[0], outcome.iou[0]) == pytest.approx((0.8, 0.6, 0.16))
    assert not outcome.hit.any(), "the box is as wrong as it was"


def test_an_item_is_picked_where_a_part_of_it_would_be():
    hub = (20, 20, 32, 32)
    whole = (10, 10, 60, 60)
    outcome = match_window(
        detections((whole, 0.9, 1, 0.02), (hub, 0.5, 0, 0.7)), labelled([item(0, whole, bears=False)]), KINDS
    )
    assert outcome.said.tolist() == ["plastic"], "what it is says the one that shows it"
    assert outcome.p == pytest.approx([0.7]), "a false alarm, fired at as it is"
    assert len(outcome.stray_p) == 0


def test_a_detection_between_two_items_speaks_for_the_one_that_it_shows():
    upper, lower = (30, 30, 50, 50), (10, 10, 60, 60)
    truth = labelled([item(0, lower), item(1, upper)])
    outcome = match_window(detections((upper, 0.8, 0, 0.9)), truth, KINDS)
    assert outcome.p == pytest.approx([0.0, 0.9])


def test_a_detection_that_reaches_far_beyond_an_item_does_not_lie_on_it():
    outcome = match_window(detections(((10, 10, 40, 20), 0.8, 0, 0.9)), labelled([item(0, (10, 10, 20, 60))]), KINDS)
    assert (outcome.p.tolist(), outcome.stray_p.tolist()) == ([0.0], [pytest.approx(0.9)])


def test_a_kind_without_a_class_is_kept_by_its_name():
    outcome = match_window(detections((A, 0.9, 0, 0.9)), labelled([item(0, A, kind="turbine")]), KINDS)
    assert (outcome.kind.tolist(), outcome.said.tolist()) == (["turbine"], ["disk"])


def test_overlap_by_hand():
    iou = pairwise_iou(np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 5, 10, 15], [20, 20, 30, 30]]))
    assert iou.tolist() == [[pytest.approx(1 / 3), 0.0]]
