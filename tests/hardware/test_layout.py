"""Rectangles on the belt: apart, touching, upon one another."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from shapely.geometry import box

from neosort_hardware.twin.bodies import AS_MADE
from neosort_hardware.twin.layout import FURTHEST_SLIDE_MM, Footprint, on_belt, resting, slid_off

pytestmark = pytest.mark.computes

WIDTH_MM = 600.0
edges = st.floats(3.0, 120.0)
turns = st.floats(-math.pi, math.pi)


def item(**changes):
    lying = {
        "belt_mm": 0.0,
        "across_mm": 300.0,
        "half_length_mm": 50.0,
        "half_width_mm": 30.0,
        "yaw_rad": 0.0,
        "height_mm": 20.0,
    }
    return Footprint(**lying | changes)


footprints = st.builds(
    item,
    belt_mm=st.floats(-200, 200),
    across_mm=st.floats(150, 450),
    half_length_mm=edges,
    half_width_mm=edges,
    yaw_rad=turns,
)


def polygon(one):
    outline = box(-one.half_length_mm, -one.half_width_mm, one.half_length_mm, one.half_width_mm)
    return translate(rotate(outline, one.yaw_rad, origin=(0, 0), use_radians=True), one.belt_mm, one.across_mm)


@given(footprints, footprints)
def test_overlap_is_what_shapely_says(one, other):
    shared = polygon(one).intersection(polygon(other)).area
    if shared > 1e-3:
        assert one.overlaps(other)
    if polygon(one).distance(polygon(other)) > 1e-3:
        assert not one.overlaps(other)


@given(footprints, footprints, turns)
def test_beside_is_touching(one, other, direction_rad):
    place = one.beside(other, direction_rad)
    assert polygon(place).distance(polygon(other)) < 1e-6
    assert polygon(place).intersection(polygon(other)).area < 1e-3
    assert one.beside(other, direction_rad, 0.9).overlaps(other)


@given(footprints, st.lists(footprints, max_size=4))
def test_what_slides_off_lies_free_near_by_and_on_the_belt(one, lying):
    place = slid_off(one, lying, WIDTH_MM)
    if place is None:
        return
    assert not any(place.overlaps(other) for other in lying)
    assert on_belt(place, WIDTH_MM)
    assert abs(place.belt_mm - one.belt_mm) <= FURTHEST_SLIDE_MM + 1e-9


def test_it_slides_off_the_shorter_way():
    place = slid_off(item(across_mm=340.0), [item()], WIDTH_MM)
    assert (place.belt_mm, place.across_mm) == pytest.approx((0.0, 360.0), abs=0.5)


def test_at_the_belts_edge_it_slides_the_other_way():
    edge = item(across_mm=570.0)
    place = slid_off(item(across_mm=569.0, half_length_mm=10.0, half_width_mm=10.0), [edge], WIDTH_MM)
    assert place is not None
    assert place.across_mm < 541.0 or abs(place.belt_mm) > 59.0


def test_where_there_is_no_room_it_stays():
    wall = [item(belt_mm=mm, half_length_mm=300.0, half_width_mm=300.0) for mm in (-300.0, 0.0, 300.0)]
    assert slid_off(item(), wall, WIDTH_MM) is None


def test_on_the_flat_belt_nothing_is_raised_or_leans():
    assert resting(item(), [item(belt_mm=200.0)]) == (0.0, AS_MADE)


@given(turns, st.floats(5.0, 60.0))
def test_the_side_towards_the_item_below_is_raised(direction_rad, height_mm):
    below = item(height_mm=height_mm).beside(item(), direction_rad, 0.8)
    lift_mm, tilt = resting(item(), [below])
    assert lift_mm == pytest.approx(0.5 * height_mm)
    towards = np.array([below.belt_mm, below.across_mm - 300.0, 0.0])
    raised = np.array(tilt) @ (towards / np.linalg.norm(towards))
    assert raised[2] > 0
    assert np.linalg.det(np.array(tilt)) == pytest.approx(1.0)
    sideways = np.array([-towards[1], towards[0], 0.0])
    assert np.array(tilt) @ sideways == pytest.approx(sideways, abs=1e-9 * np.linalg.norm(sideways) + 1e-9)
