"""Matching and pooling, worked by hand on a few detections."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.training.worked_windows import KINDS, A, B, C, detections, item, labelled

from neosort_training.outcomes import joined, match_window, pairwise_iou, pooled


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


def test_a_kind_without_a_class_is_kept_by_its_name():
    outcome = match_window(detections((A, 0.9, 0, 0.9)), labelled([item(0, A, kind="turbine")]), KINDS)
    assert (outcome.kind.tolist(), outcome.said.tolist()) == (["turbine"], ["disk"])


def some_outcome(start_mm, items=2, strays=0):
    """A window with items along its diagonal, all found, and strays."""
    places = [(20 * n, 20 * n, 20 * n + 15, 20 * n + 15) for n in range(items + strays)]
    truth = labelled([item(n, place) for n, place in enumerate(places[:items])])
    found = detections(*[(place, 0.9 - 0.05 * n, 0, 0.5) for n, place in enumerate(places)] or [(A, 0.0, 0, 0.0)])
    return replace(match_window(found, truth, KINDS), start_mm=start_mm)


def test_pooling_remembers_windows_and_scenes():
    pool = pooled([some_outcome(0), some_outcome(512, items=0), some_outcome(1024, 1, strays=2), some_outcome(40)])
    assert (pool.windows, pool.scenes) == (4, 2)
    assert pool.scene.tolist() == [0, 0, 0, 1]
    assert pool.window.tolist() == [0, 0, 2, 3, 3]
    assert pool.stray_window.tolist() == [2, 2]
    assert pool.hit_window.tolist() == [0, 0, 2, 2, 2, 3, 3]


def test_joining_numbers_windows_and_scenes_on():
    one, other = pooled([some_outcome(0), some_outcome(512)]), pooled([some_outcome(900, 1, 1), some_outcome(100)])
    both = joined([one, other])
    assert (both.windows, both.scenes) == (4, 3)
    assert both.scene.tolist() == [0, 0, 1, 2]
    assert both.window.tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert both.stray_window.tolist() == [2]


def test_picks_are_items_then_strays():
    picks = pooled([some_outcome(0, 1, 1), some_outcome(512, 1)]).picks()
    assert picks.bears.tolist() == [True, True, False]
    assert picks.magnet_g.tolist() == [10.0, 10.0, 0.0]
    assert picks.window.tolist() == [0, 1, 0]
    assert picks.item.tolist() == [0, 1, -1]


def test_errors_of_mass_in_logarithms():
    pool = pooled([some_outcome(0, 1)])
    assert pool.magnet_log_error == pytest.approx([0.0], abs=1e-6)
    assert pool.magnet_log_sigma == pytest.approx([1.0 / 11.0])


def test_overlap_by_hand():
    iou = pairwise_iou(np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 5, 10, 15], [20, 20, 30, 30]]))
    assert iou.tolist() == [[pytest.approx(1 / 3), 0.0]]
