"""Shots: on the item, off its neighbours, never on a protected one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.belt import LineGeometry, heavy_bank
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Box, Shot, Verdict
from neosort_inference.ejection import KEEP_SHARE, ShotPlanner, heavy_planner
from neosort_inference.recipe import NoShot

pytestmark = pytest.mark.computes

GEOMETRY = LineGeometry.of(LineConfig())
STATION = GEOMETRY.nozzle_station_mm


def planner(rate=33.0):
    return ShotPlanner(GEOMETRY.jets, position_sigma_mm=2.0, max_shots_per_s=rate)


def box(lo=1000.0, hi=1100.0, left=200.0, right=300.0):
    return Box(belt_lo_mm=lo, belt_hi_mm=hi, across_lo_mm=left, across_hi_mm=right)


@given(st.floats(0, 1e5), st.floats(10, 200), st.floats(0, 500), st.floats(10, 100))
def test_a_lone_items_shot_covers_it_and_its_uncertainty(lo, length, left, width):
    shot = planner().plan(1, box(lo, lo + length, left, left + width), [], [])
    assert isinstance(shot, Shot)
    assert abs(shot.open_mm - (lo + STATION - 4.0)) < 1e-6
    assert abs(shot.close_mm - (lo + length + STATION + 4.0)) < 1e-6
    nozzles = GEOMETRY.nozzles
    assert nozzles.across_mm(shot.first_nozzle) - 6.25 <= left + 1e-6
    assert nozzles.across_mm(shot.last_nozzle) + 6.25 >= min(left + width, 600) - 1e-6


def test_a_shot_is_narrowed_for_a_neighbour_but_not_to_nothing():
    alone = planner().plan(1, box(), [], [])
    beside = planner().plan(1, box(), [box(left=285, right=400)], [])
    under = planner().plan(1, box(), [box(left=100, right=500)], [])
    assert beside.last_nozzle < alone.last_nozzle
    assert beside.first_nozzle == alone.first_nozzle
    width = alone.last_nozzle - alone.first_nozzle + 1
    assert under.last_nozzle - under.first_nozzle + 1 >= KEEP_SHARE * width - 1


def test_a_neighbour_farther_along_does_not_narrow():
    assert planner().plan(1, box(), [box(lo=1200, hi=1300)], []) == planner().plan(1, box(), [], [])


def test_no_shot_blows_on_a_protected_item():
    refused = planner().plan(1, box(), [], [box(left=290, right=350)])
    assert isinstance(refused, NoShot)
    assert refused.verdict is Verdict.REFUSED
    assert isinstance(planner().plan(1, box(), [], [box(left=325, right=350)]), Shot)
    within_the_jets_spread = box(left=304, right=350)
    assert isinstance(planner().plan(1, box(right=299), [], [within_the_jets_spread]), NoShot)


def test_an_item_off_the_nozzles_gets_a_reason():
    assert planner().plan(1, box(left=700, right=750), [], []) == NoShot(
        verdict=Verdict.REFUSED, reason="outside the nozzles"
    )


def test_the_air_supplys_limit_counts_the_last_second():
    limited = planner(rate=2.0)
    assert limited.within_rate(0)
    assert limited.within_rate(10)
    assert not limited.within_rate(20)
    assert limited.within_rate(1_000_000_001)


@pytest.mark.parametrize(("rate", "allowed"), [(0.1, 1), (0.5, 5), (2.0, 20), (2.5, 20), (33.0, 330)])
def test_the_air_supplys_limit_holds_below_one_a_second_and_between_whole_numbers(rate, allowed):
    limited = planner(rate=rate)
    shots = sum(limited.within_rate(ms * 1_000_000) for ms in range(0, 10_000, 10))
    assert shots == allowed


# ---- flaps ----

HEAVY_LINE = LineConfig.model_validate({"heavy_diverter": {}})


def flap_planner(ids=None):
    planned = heavy_planner(HEAVY_LINE, itertools.count(40) if ids is None else ids)
    assert planned is not None
    return planned


def test_a_shot_of_the_flaps_counts_lanes_at_their_own_station():
    shot = flap_planner().plan(9, box(left=210, right=390), [], [])
    assert isinstance(shot, Shot)
    assert (shot.first_nozzle, shot.last_nozzle, shot.heavy, shot.shot_id, shot.track_id) == (4, 7, True, 40, 9)
    assert (shot.open_mm, shot.close_mm) == (1000.0 + 1762.0 - 4.0, 1100.0 + 1762.0 + 4.0)
    assert heavy_planner(LineConfig(), itertools.count()) is None


@pytest.mark.parametrize(("belt_lo_mm", "hit"), [(830.0, False), (860.0, True), (1200.0, True), (1235.0, False)])
def test_no_flap_meets_a_protected_item_on_its_way_out_or_back(belt_lo_mm, hit):
    """At 1 m/s: 90 mm of belt before the shot, 110 mm after it, 4 mm and 10 mm of doubt."""
    cell = box(lo=belt_lo_mm, hi=belt_lo_mm + 40.0, left=250, right=280)
    answer = flap_planner().plan(1, box(), [], [cell])
    assert isinstance(answer, NoShot) is hit
    if hit:
        assert answer == NoShot(verdict=Verdict.REFUSED, reason="a protected item lies in its way")
    assert isinstance(planner().plan(1, box(), [], [cell]), Shot), "the air does not reach so far"


def test_items_within_the_swing_are_neighbours():
    swing = heavy_bank(HEAVY_LINE).swing_mm
    assert flap_planner().reach_mm == 20.0 + max(swing)
    assert planner().reach_mm == 20.0


def test_flaps_have_a_limit_of_their_own_and_say_so():
    assert flap_planner().at_its_limit == "flaps at their limit"
    assert flap_planner().plan(1, box(left=700, right=750), [], []) == NoShot(
        verdict=Verdict.REFUSED, reason="outside the flaps"
    )
