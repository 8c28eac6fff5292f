"""Pooling, worked by hand on a few detections."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.training.worked_windows import KINDS, A, detections, item, labelled

from neosort_training.matching import match_window
from neosort_training.outcomes import joined, pooled


def some_outcome(start_mm, items=2, strays=0):
    """A window with items along its diagonal, all found, and strays."""
    places = [(20 * n, 20 * n, 20 * n + 15, 20 * n + 15) for n in range(items + strays)]
    truth = labelled([item(n, place) for n, place in enumerate(places[:items])])
    found = detections(*[(place, 0.9 - 0.05 * n, 0, 0.5) for n, place in enumerate(places)] or [(A, 0.0, 0, 0.0)])
    return replace(match_window(found, truth, KINDS), start_mm=start_mm, end_mm=start_mm + 256)


def test_pooling_remembers_windows_and_scenes():
    pool = pooled([some_outcome(0), some_outcome(512, items=0), some_outcome(1024, 1, strays=2), some_outcome(40)])
    assert (pool.windows, pool.scenes) == (4, 2)
    assert pool.scene.tolist() == [0, 0, 0, 1]
    assert pool.window.tolist() == [0, 0, 2, 3, 3]
    assert pool.stray_window.tolist() == [2, 2]
    assert pool.hit_window.tolist() == [0, 0, 2, 2, 2, 3, 3]


def test_windows_that_show_the_same_belt_are_known():
    assert not pooled([some_outcome(0), some_outcome(256), some_outcome(40)]).overlapping
    overlapping = pooled([some_outcome(0), some_outcome(200)])
    assert overlapping.overlapping
    assert joined([pooled([some_outcome(0)]), overlapping]).overlapping


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
