"""Two forms of one network held against each other: detections worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neosort_inference.bundle import RawDetections
from neosort_training.parity import agreement, largest_difference

A, B, C = (10, 10, 40, 40), (60, 60, 100, 100), (10, 100, 30, 150)


def detections(*rows):
    """Rows of (box, score, p, grams)."""
    boxes, score, p, grams = zip(*rows, strict=True)
    return RawDetections(
        boxes_mm=np.array(boxes, dtype=np.float32),
        score=np.array(score, dtype=np.float32),
        kind_p=np.full((len(rows), 2), 0.5, dtype=np.float32),
        p_ndfeb=np.array(p, dtype=np.float32),
        magnet_g=np.array(grams, dtype=np.float32),
        magnet_g_sigma=np.ones(len(rows), dtype=np.float32),
    )


ONE = detections((A, 0.9, 0.8, 10.0), (B, 0.8, 0.2, 0.0), (C, 0.02, 0.9, 3.0))


def compare(other, one=ONE):
    return agreement(lambda window: one, lambda window: other, [None])


def test_the_same_agrees_in_everything():
    found = compare(ONE)
    assert (found.windows, found.items, found.found_by_one, found.p_ndfeb_mean, found.boxes_mm_p95) == (1, 2, 0, 0, 0)
    assert largest_difference(lambda _: ONE, lambda _: ONE, [None]) == 0.0


def test_differences_are_of_the_same_items_whatever_their_order():
    other = detections(((62, 60, 100, 100), 0.85, 0.3, 0.0), (A, 0.8, 0.8, 12.0), (C, 0.01, 0.1, 3.0))
    found = compare(other)
    assert found.items == 2
    assert found.p_ndfeb_mean == pytest.approx(0.05)
    assert found.boxes_mm_p95 == pytest.approx(1.9)
    assert found.magnet_g_median_relative == pytest.approx(0.1)


def test_an_item_that_one_alone_has_found_is_counted_from_either_side():
    blind = replace(ONE, score=np.array([0.9, 0.05, 0.02], dtype=np.float32))
    assert compare(blind).found_by_one == pytest.approx(1 / 2)
    assert compare(ONE, blind).found_by_one == pytest.approx(1 / 2)
    unsure = replace(ONE, score=np.array([0.9, 0.3, 0.02], dtype=np.float32))
    assert compare(unsure).found_by_one == 0, "a little less sure is not blind"


def test_nothing_found_by_either_is_agreement_of_nothing():
    nothing = replace(ONE, score=np.zeros(3, dtype=np.float32))
    assert compare(nothing, nothing).items == 0


def test_compared_with_nothing_is_infinitely_different():
    assert largest_difference(lambda _: ONE, lambda _: ONE, []) == float("inf")


def test_the_largest_difference_is_relative_for_what_spans_decades():
    other = replace(ONE, magnet_g=np.array([10.1, 0.0, 3.0], dtype=np.float32))
    assert largest_difference(lambda _: ONE, lambda _: other, [None]) == pytest.approx(0.01, rel=1e-3)
    other = replace(ONE, p_ndfeb=np.array([0.9, 0.2, 0.0], dtype=np.float32))
    assert largest_difference(lambda _: ONE, lambda _: other, [None]) == pytest.approx(0.1, rel=1e-3)
