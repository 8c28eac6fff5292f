"""Which valves are open when: shots held, re-timed, led, cut at the longest on-time, refused rather than late."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.belt_fit import BeltFit
from neosort_hardware.shot_timer import NO_VALVES, ShotLimits, ShotTimer
from neosort_hardware.types import Shot, ShotOutcome
from neosort_hardware.valve_leads import ValveLeads

pytestmark = pytest.mark.computes

MS = 1_000_000
LIMITS = ShotLimits(nozzles=48, leads=ValveLeads.alike(48, 2.0, 1.0), max_on_ms=100.0, heartbeat_ms=500.0, late_ms=2.0)


def belt(mm_per_ms: float = 1.0, now_ms: float = 0.0, belt_mm: float = 0.0) -> BeltFit:
    return BeltFit(at_ns=round(now_ms * MS), belt_mm=belt_mm, mm_per_ms=mm_per_ms, mm_per_ms2=0.0)


def shot(open_mm: float, close_mm: float, first: int = 3, last: int = 4, shot_id: int = 1) -> Shot:
    return Shot(shot_id=shot_id, track_id=1, first_nozzle=first, last_nozzle=last, open_mm=open_mm, close_mm=close_mm)


def at(timer: ShotTimer, time_ms: float, moving: BeltFit) -> frozenset[int]:
    return timer.valves(moving, round(time_ms * MS))


def test_valves_lead_the_jet_by_their_lag() -> None:
    timer, moving = ShotTimer(LIMITS), belt()
    assert timer.schedule(shot(50.0, 70.0), moving, 0) is ShotOutcome.ACCEPTED
    assert timer.next_ns(moving) == 48 * MS
    assert at(timer, 47.999, moving) == NO_VALVES
    assert at(timer, 48.0, moving) == {3, 4}
    assert timer.next_ns(moving) == 69 * MS
    assert at(timer, 68.999, moving) == {3, 4}
    assert at(timer, 69.0, moving) == NO_VALVES
    assert timer.idle
    assert timer.counts.fired == 1


DIFFERENT = replace(LIMITS, leads=ValveLeads.of([2.0] * 3 + [1.0, 5.0, 3.0] + [2.0] * 42, [1.0, 1.0, 1.0, 4.0] * 12))


def test_each_valve_leads_its_jet_by_its_own_lag() -> None:
    timer, moving = ShotTimer(DIFFERENT), belt()
    assert timer.schedule(shot(50.0, 70.0, first=3, last=5), moving, 0) is ShotOutcome.ACCEPTED
    stands_open = {}
    while (next_ns := timer.next_ns(moving)) is not None:
        stands_open[next_ns / MS] = timer.valves(moving, next_ns)
    assert stands_open == {45.0: {4}, 47.0: {4, 5}, 49.0: {3, 4, 5}, 66.0: {4, 5}, 69.0: NO_VALVES}
    assert timer.idle
    assert (timer.counts.fired, timer.counts.missed) == (1, 0)


def test_a_slow_valve_is_told_before_a_quick_one_whose_place_comes_first() -> None:
    timer, moving = ShotTimer(DIFFERENT), belt()
    timer.schedule(shot(50.0, 70.0, first=3, last=3), moving, 0)
    timer.schedule(shot(52.0, 70.0, first=4, last=4), moving, 0)
    assert timer.next_ns(moving) == 47 * MS
    assert at(timer, 47.0, moving) == {4}
    assert timer.pending == 1
    assert at(timer, 49.0, moving) == {3, 4}


def test_a_shot_is_late_by_the_slowest_of_its_valves() -> None:
    timer = ShotTimer(DIFFERENT)
    assert timer.schedule(shot(4.0, 30.0, first=3, last=3), belt(), 0) is ShotOutcome.ACCEPTED
    assert timer.schedule(shot(4.0, 30.0, first=3, last=4), belt(), 0) is ShotOutcome.LATE


def test_a_valve_whose_moment_passed_unheard_stays_shut_and_the_others_blow() -> None:
    timer, moving = ShotTimer(DIFFERENT), belt()
    timer.schedule(shot(50.0, 70.0, first=3, last=5), moving, 0)
    assert at(timer, 48.0, moving) == {5}, "the fourth is 3 ms late"
    assert at(timer, 49.0, moving) == {3, 5}
    assert (timer.counts.fired, timer.counts.missed) == (0, 1)


def test_a_belt_that_speeds_up_moves_the_moment_not_the_place() -> None:
    timer = ShotTimer(LIMITS)
    timer.schedule(shot(100.0, 120.0), belt(), 0)
    faster = belt(mm_per_ms=2.0, now_ms=50.0, belt_mm=50.0)
    assert timer.next_ns(faster) == 73 * MS
    assert at(timer, 73.0, faster) == {3, 4}
    slower = belt(mm_per_ms=0.5, now_ms=75.0, belt_mm=100.0)
    assert timer.next_ns(slower) == 114 * MS


@pytest.mark.parametrize(
    ("impossible", "outcome"),
    [
        (shot(1.9, 30.0), ShotOutcome.LATE),
        (shot(-5.0, 30.0), ShotOutcome.LATE),
        (shot(50.0, 50.0), ShotOutcome.REFUSED),
        (shot(50.0, 60.0, first=-1), ShotOutcome.REFUSED),
        (shot(50.0, 60.0, last=48), ShotOutcome.REFUSED),
        (shot(50.0, 60.0, first=5, last=4), ShotOutcome.REFUSED),
    ],
)
def test_what_cannot_be_met_is_not_taken(impossible: Shot, outcome: ShotOutcome) -> None:
    timer = ShotTimer(LIMITS)
    assert timer.schedule(impossible, belt(), 0) is outcome
    assert timer.idle
    assert timer.counts.late == (outcome is ShotOutcome.LATE)


def test_without_a_belt_to_go_by_nothing_is_open_and_what_waits_goes_on_waiting() -> None:
    timer, moving = ShotTimer(LIMITS), belt()
    assert timer.schedule(shot(50.0, 60.0), None, 0) is ShotOutcome.REFUSED
    timer.schedule(shot(50.0, 90.0), moving, 0)
    timer.schedule(shot(70.0, 90.0, first=9, last=9), moving, 0)
    assert at(timer, 48.0, moving) == {3, 4}
    assert timer.valves(None, 50 * MS) == NO_VALVES
    assert timer.counts.cut == 1
    assert timer.next_ns(None) is None
    assert at(timer, 68.0, moving) == {9}


def test_a_belt_that_is_lost_takes_every_shot_with_it() -> None:
    timer, moving = ShotTimer(LIMITS), belt()
    timer.schedule(shot(50.0, 60.0), moving, 0)
    timer.lose_belt()
    assert at(timer, 48.0, moving) == NO_VALVES
    assert timer.idle
    assert timer.counts.missed == 1


def test_a_machine_that_wakes_too_late_does_not_fire_late() -> None:
    timer, moving = ShotTimer(LIMITS), belt()
    timer.schedule(shot(50.0, 70.0, shot_id=1), moving, 0)
    timer.schedule(shot(60.0, 80.0, first=9, last=9, shot_id=2), moving, 0)
    assert at(timer, 50.1, moving) == NO_VALVES
    assert (timer.counts.missed, timer.counts.fired) == (1, 0)
    assert at(timer, 59.9, moving) == {9}


def test_no_valve_stays_open_on_a_belt_that_stops() -> None:
    timer, moving = ShotTimer(LIMITS), belt()
    timer.schedule(shot(50.0, 70.0), moving, 0)
    assert at(timer, 48.0, moving) == {3, 4}
    standing = belt(mm_per_ms=0.0, now_ms=60.0, belt_mm=60.0)
    assert at(timer, 147.9, standing) == {3, 4}
    assert timer.next_ns(standing) == 148 * MS
    assert at(timer, 148.0, standing) == NO_VALVES
    assert timer.counts.cut == 1


def test_shots_one_upon_another_do_not_hold_a_valve_open_for_longer() -> None:
    timer, moving = ShotTimer(LIMITS), belt()
    timer.schedule(shot(50.0, 130.0, shot_id=1), moving, 0)
    timer.schedule(shot(120.0, 200.0, last=5, shot_id=2), moving, 0)
    assert at(timer, 48.0, moving) == {3, 4}
    assert at(timer, 118.0, moving) == {3, 4, 5}
    assert at(timer, 148.0, moving) == {5}
    assert timer.counts.cut == 2
    assert at(timer, 180.0, moving) == {5}
    assert at(timer, 199.0, moving) == NO_VALVES


def test_a_standing_belt_keeps_what_waits_and_refuses_what_has_passed() -> None:
    timer, standing = ShotTimer(LIMITS), belt(mm_per_ms=0.0, belt_mm=100.0)
    assert timer.schedule(shot(90.0, 110.0), standing, 0) is ShotOutcome.LATE
    assert timer.schedule(shot(150.0, 160.0), standing, 0) is ShotOutcome.ACCEPTED
    assert at(timer, 5000.0, standing) == NO_VALVES
    assert timer.pending == 1
    moving = belt(now_ms=6000.0, belt_mm=100.0)
    assert at(timer, 6048.0, moving) == {3, 4}


def test_close_all_forgets_everything() -> None:
    timer, moving = ShotTimer(LIMITS), belt()
    timer.schedule(shot(50.0, 70.0), moving, 0)
    timer.schedule(shot(500.0, 520.0), moving, 0)
    assert at(timer, 48.0, moving)
    timer.close_all()
    assert at(timer, 49.0, moving) == NO_VALVES
    assert timer.next_ns(moving) is None


shots = st.lists(
    st.tuples(st.floats(-50, 900), st.floats(0.5, 300), st.integers(0, 45), st.integers(0, 2)), max_size=12
)


@settings(max_examples=40, deadline=None)
@given(planned=shots, speeds=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=6))
def test_whatever_the_belt_does_no_valve_opens_late_or_stays_open(planned, speeds) -> None:
    """Steps of half a millisecond over a belt that changes its speed at random; the timer is asked at every step."""
    limits = replace(LIMITS, max_on_ms=40.0)
    timer, opened_ms, now_ms, belt_mm = ShotTimer(limits), {}, 0.0, 0.0
    moving = belt(speeds[0])
    taken = [
        timer.schedule(shot(o, o + span, first, first + more, i), moving, 0)
        for i, (o, span, first, more) in enumerate(planned)
    ]
    for speed in speeds:
        moving = belt(speed, now_ms, belt_mm)
        for _ in range(200):
            valves = at(timer, now_ms, moving)
            opened_ms = {valve: opened_ms.get(valve, now_ms) for valve in valves}
            assert all(now_ms - since < limits.max_on_ms for since in opened_ms.values())
            assert len(valves) <= 48
            now_ms += 0.5
            belt_mm += 0.5 * speed
    counts = timer.counts
    accepted = sum(outcome is ShotOutcome.ACCEPTED for outcome in taken)
    assert accepted == counts.fired + counts.missed + timer.pending
    assert counts.late == sum(outcome is ShotOutcome.LATE for outcome in taken)
