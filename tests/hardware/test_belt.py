"""Geometry of the line."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.belt import LineGeometry, NozzleRow
from neosort_hardware.config import LineConfig
from neosort_hardware.settings_calibration import Calibration

pytestmark = pytest.mark.computes

ROW = NozzleRow(count=48, pitch_mm=12.5, first_across_mm=6.25)
MM = st.floats(-700, 1300, allow_nan=False)


@given(MM, st.floats(0, 400))
def test_every_point_of_a_span_on_the_belt_lies_over_one_of_its_nozzles(lo, width):
    group = ROW.under(lo, lo + width)
    edges = (0.0, 600.0)
    if lo + width < edges[0] - 1e-6 or lo > edges[1] + 1e-6:
        assert group is None
        return
    if group is None:  # it touches the row in no more than an edge
        assert min(lo + width, edges[1]) - max(lo, edges[0]) < 1e-6
        return
    first, last = group
    assert 0 <= first <= last < ROW.count
    assert ROW.across_mm(first) - ROW.pitch_mm / 2 <= max(lo, edges[0]) + 1e-6
    assert ROW.across_mm(last) + ROW.pitch_mm / 2 >= min(lo + width, edges[1]) - 1e-6


def test_a_span_takes_no_nozzle_that_it_does_not_meet():
    assert ROW.under(12.6, 24.9) == (1, 1)
    assert ROW.under(12.4, 25.1) == (0, 2)


def test_a_span_of_nonsense_has_no_nozzles():
    assert ROW.under(math.nan, 10.0) is None
    assert ROW.under(100.0, 50.0) is None


@pytest.fixture
def tilted() -> LineGeometry:
    calibration = Calibration(
        pixel_to_belt=((1.02, 0.03, -25.0), (0.02, -0.99, 515.0), (1e-5, -2e-5, 1.0)),
    )
    return LineGeometry.of(LineConfig(calibration=calibration))


@given(st.floats(0, 640), st.floats(0, 512), st.floats(-1e5, 1e6))
def test_pixels_and_belt_are_inverse(u, v, belt_mm):
    geometry = LineGeometry.of(
        LineConfig(
            calibration=Calibration(pixel_to_belt=((1.02, 0.03, -25.0), (0.02, -0.99, 515.0), (1e-5, -2e-5, 1.0)))
        )
    )
    pixel = np.array([[u, v]])
    back = geometry.belt_to_pixels(geometry.pixels_to_belt(pixel, belt_mm), belt_mm)
    np.testing.assert_allclose(back, pixel, atol=1e-5)


def test_the_top_row_of_the_picture_is_downstream(tilted):
    top, bottom = tilted.pixels_to_belt(np.array([[320.0, 0.0], [320.0, 512.0]]), 1000.0)
    assert top[1] < bottom[1]


def test_a_place_keeps_its_coordinate_as_the_belt_moves(tilted):
    place = np.array([[300.0, 700.0]])
    early, late = (tilted.belt_to_pixels(place, belt)[0] for belt in (800.0, 900.0))
    assert early[1] > late[1], "the item moves up the picture, downstream"
    np.testing.assert_allclose(tilted.pixels_to_belt(late[None], 900.0), place, atol=1e-6)


@given(st.floats(0, 1e7))
def test_counts_never_run_ahead_of_the_belt(belt_mm):
    geometry = LineGeometry.of(LineConfig())
    counts = geometry.mm_to_counts(belt_mm)
    assert geometry.counts_to_mm(counts) <= belt_mm + 1e-6
    assert geometry.counts_to_mm(counts + 1) > belt_mm - 1e-6
