"""Flaps: travel time, rest, what they do to heavy and light, to neighbours, and what they cannot hold."""

import math
from dataclasses import replace

import numpy as np
import pytest

from neosort_hardware.belt import NozzleRow, flap_row, heavy_bank
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.settings_sim import SimHeavyDiverterConfig
from neosort_hardware.twin.flap_bank import FlapBank
from neosort_hardware.twin.flaps import FlapRow, FlapStroke, throw_by_flaps
from neosort_hardware.twin.motion import BeltMotion
from neosort_hardware.twin.pneumatics import Flyer
from neosort_hardware.types import Shot, ShotOutcome

pytestmark = pytest.mark.computes

SETTINGS = SimHeavyDiverterConfig()
ROW = FlapRow(
    lanes=flap_row(SETTINGS),
    station_mm=SETTINGS.station_mm,
    flap_mm=SETTINGS.flap_mm,
    stroke_mm=SETTINGS.stroke_mm,
)
HUB_MM = 200
FAR_NS = 3_600_000_000_000


def motion(speed_mm_per_s=1000.0):
    return BeltMotion(speed_mm_per_s=speed_mm_per_s, ripple=0.0, start_ns=0)


def bank(**settings):
    return FlapBank(SimHeavyDiverterConfig(heartbeat_ms=10_000, **settings), motion(), np.random.default_rng(1))


def shot(open_mm=1000.0, length_mm=200.0, first=3, last=5, shot_id=7):
    return Shot(
        shot_id=shot_id, track_id=1, first_nozzle=first, last_nozzle=last, open_mm=open_mm,
        close_mm=open_mm + length_mm, heavy=True,
    )  # fmt: skip


def run(flaps, to_mm):
    now_ns = motion().time_ns_at(to_mm)
    flaps.heartbeat(now_ns)
    flaps.advance(now_ns)
    return now_ns


def disc(across_mm=HUB_MM):
    rows, columns = np.mgrid[:across_mm, :across_mm] - 0.5 * (across_mm - 1)
    return (np.hypot(rows, columns) < 0.5 * across_mm).astype(np.uint8) * 255


def item(mass_g=2600.0, belt_mm=1000.0, across_mm=300.0, size_mm=HUB_MM):
    return Flyer(belt_mm=belt_mm, across_mm=across_mm, mass_g=mass_g, silhouette=disc(size_mm))


def standing(lanes, belt=None, from_mm=880.0, to_mm=1120.0):
    """Strokes that stand out while those places of the belt pass the hinges."""
    belt = belt or motion()
    out_ns, back_ns = (belt.time_ns_at(place + ROW.station_mm) for place in (from_mm, to_mm))
    return [
        FlapStroke(
            lane=lane, shot_id=lane, start_ns=out_ns - 90_000_000, out_ns=out_ns, back_ns=back_ns,
            home_ns=back_ns + 110_000_000,
        )
        for lane in lanes
    ]  # fmt: skip


def thrown(flyer, strokes, speed_mm_per_s=1000.0, tries=200):
    """Share of tries in which it was carried over."""
    rng = np.random.default_rng(4)
    return np.mean([throw_by_flaps(flyer, strokes, ROW, motion(speed_mm_per_s), rng=rng).ejected for _ in range(tries)])


# ---- the controller ----


def test_flaps_set_off_their_travel_time_before_and_stand_between_the_places_of_their_shot():
    flaps, belt = bank(), motion()
    assert flaps.schedule(shot(), 0) is ShotOutcome.ACCEPTED
    run(flaps, 1600.0)
    assert [stroke.lane for stroke in flaps.strokes] == [3, 4, 5]
    for stroke in flaps.strokes:
        assert belt.position_mm(stroke.start_ns) == pytest.approx(1000.0 - SETTINGS.out_ms)
        assert belt.position_mm(stroke.out_ns) == pytest.approx(1000.0, abs=15.0)
        assert belt.position_mm(stroke.back_ns) == pytest.approx(1200.0)
        assert belt.position_mm(stroke.home_ns) == pytest.approx(1200.0 + SETTINGS.back_ms, abs=18.0)
    assert len({stroke.out_ns for stroke in flaps.strokes}) == 3, "no two flaps are alike"


@pytest.mark.parametrize(("ahead_mm", "outcome"), [(89.0, ShotOutcome.LATE), (91.0, ShotOutcome.ACCEPTED)])
def test_a_shot_is_late_once_the_travel_time_is_more_than_what_is_left(ahead_mm, outcome):
    flaps = bank()
    now_ns = run(flaps, 1000.0 - ahead_mm)
    assert flaps.schedule(shot(), now_ns) is outcome


@pytest.mark.parametrize(("gap_mm", "outcome"), [(295.0, ShotOutcome.REFUSED), (305.0, ShotOutcome.ACCEPTED)])
@pytest.mark.parametrize("earlier_first", [True, False])
def test_a_lane_comes_back_and_rests_before_it_swings_again(gap_mm, outcome, earlier_first):
    """Back in 110 ms, rest of 100 ms, out again in 90 ms: 300 ms."""
    shots = [shot(), shot(open_mm=1200.0 + gap_mm, first=5, last=6)]
    first, second = shots if earlier_first else reversed(shots)
    flaps = bank()
    assert flaps.schedule(first, 0) is ShotOutcome.ACCEPTED
    assert flaps.schedule(second, 0) is outcome
    assert flaps.schedule(shot(first=0, last=2), 0) is ShotOutcome.ACCEPTED, "other lanes are free"


def test_a_lane_rests_also_after_a_stroke_that_is_over():
    flaps = bank()
    flaps.schedule(shot(), 0)
    now_ns = run(flaps, 1300.0)
    assert flaps.schedule(shot(open_mm=1440.0), now_ns) is ShotOutcome.REFUSED
    assert flaps.schedule(shot(open_mm=1540.0), now_ns) is ShotOutcome.ACCEPTED


def test_a_lane_swings_no_oftener_than_it_may_in_a_minute():
    flaps = bank(max_strokes_per_min=3)
    answers = []
    for number in range(1, 5):
        answers.append(flaps.schedule(shot(open_mm=2000.0 * number), 0))
        run(flaps, 2000.0 * number + 500.0)
    assert answers == [ShotOutcome.ACCEPTED] * 3 + [ShotOutcome.REFUSED]
    assert flaps.schedule(shot(open_mm=10_000.0, first=0, last=2), 0) is not ShotOutcome.REFUSED
    now_ns = run(flaps, 61_000.0)
    assert flaps.schedule(shot(open_mm=62_500.0), now_ns) is ShotOutcome.ACCEPTED, "the first is a minute ago"


def test_flaps_that_are_told_to_go_back_on_their_way_out_were_never_wholly_out():
    flaps = bank()
    flaps.schedule(shot(), 0)
    now_ns = run(flaps, 955.0)  # 45 ms after setting off
    flaps.close_all(now_ns)
    for stroke in flaps.strokes:
        assert stroke.reach == pytest.approx(0.5, abs=0.1)
        assert stroke.back_ns == now_ns
        assert stroke.home_ns - now_ns == pytest.approx(0.5 * 110e6, rel=0.25)
        assert stroke.greatest(np.array([0.0]), np.array([float(FAR_NS)])) == pytest.approx(stroke.reach)


# ---- what a flap does ----


@pytest.mark.parametrize("speed_mm_per_s", [500.0, 1000.0, 2800.0])
@pytest.mark.parametrize("mass_g", [20.0, 700.0, 2600.0, 3400.0])
def test_what_runs_up_standing_flaps_is_carried_over_whatever_it_weighs(speed_mm_per_s, mass_g):
    belt = motion(speed_mm_per_s)
    assert thrown(item(mass_g), standing(range(4, 8), belt), speed_mm_per_s) == 1.0


def test_the_blow_is_the_speed_that_the_plate_turns_aside():
    """v·sin θ·cos θ, sin θ = stroke / length; the faces' spread is 10 %."""
    rng = np.random.default_rng(2)
    blows = [throw_by_flaps(item(), standing(range(3, 9)), ROW, motion(), rng=rng).impulse_ns for _ in range(100)]
    sine = SETTINGS.stroke_mm / SETTINGS.flap_mm
    lanes_share = (SETTINGS.pitch_mm - 2.0) / SETTINGS.pitch_mm  # the gaps between flaps carry nothing
    assert np.mean(blows) == pytest.approx(2.6 * 1.0 * sine * math.sqrt(1 - sine**2) * lanes_share, rel=0.04)


def test_an_item_carried_by_its_edge_alone_is_turned_and_not_thrown():
    assert thrown(item(), standing([4])) == 0.0
    assert 0.9 < thrown(item(), standing([4, 5, 6])) <= 1.0


def test_flaps_that_come_too_late_or_go_too_soon_do_not_throw():
    assert thrown(item(), standing(range(4, 8), from_mm=1160.0, to_mm=1300.0)) == 0.0
    assert thrown(item(), standing(range(4, 8), from_mm=600.0, to_mm=740.0)) == 0.0


def test_a_neighbour_in_the_lane_is_taken_along_and_one_in_the_next_lane_is_not():
    strokes = standing(range(4, 8))
    light = item(30.0, size_mm=40)
    assert thrown(replace(light, across_mm=225.0), strokes) == 1.0
    assert thrown(replace(light, across_mm=160.0), strokes) == 0.0
    behind_on_the_falling_flap = replace(light, across_mm=225.0, belt_mm=1145.0)
    far_behind = replace(light, across_mm=225.0, belt_mm=1270.0)
    assert thrown(behind_on_the_falling_flap, strokes) > 0.5
    assert thrown(far_behind, strokes) == 0.0


def test_shots_are_named_that_met_an_item_squarely():
    result = throw_by_flaps(item(), standing([3, 5, 6]), ROW, motion(), rng=np.random.default_rng(1))
    assert result.shot_ids == (5, 6), "the flap of lane 3 meets nothing of it"
    nothing = throw_by_flaps(item(across_mm=550.0), standing([3]), ROW, motion(), rng=np.random.default_rng(1))
    assert (nothing.ejected, nothing.impulse_ns, nothing.shot_ids) == (False, 0.0, ())


def test_a_flap_gives_way_under_what_its_cylinder_does_not_hold():
    """At 2.8 m/s a kilogram asks for v²·sin θ / length + g = 34 N; four flaps hold 2,400 N."""
    belt = motion(2800.0)
    assert thrown(item(60_000.0), standing(range(4, 8), belt), 2800.0) == 1.0
    assert thrown(item(300_000.0), standing(range(4, 8), belt), 2800.0) == 0.0


# ---- on the line ----


def test_flaps_stand_behind_the_nozzles_and_no_steeper_than_things_can_run_up():
    with pytest.raises(ValueError, match=r"heavy_diverter\.station_mm is 1500, must be greater than calibration"):
        LineConfig.model_validate({"heavy_diverter": {"station_mm": 1500}})
    with pytest.raises(ValueError, match=r"stroke_mm is 150, must be at most 0\.9 of heavy_diverter\.flap_mm"):
        LineConfig.model_validate({"heavy_diverter": {"stroke_mm": 150}})
    assert heavy_bank(LineConfig()) is None


def test_a_bank_for_planning_swings_as_much_belt_as_passes_meanwhile():
    config = LineConfig.model_validate({"heavy_diverter": {}, "belt": {"speed_m_per_s": 2.0}})
    planned = heavy_bank(config)
    assert planned is not None
    assert planned.row == NozzleRow(count=12, pitch_mm=50.0, first_across_mm=25.0)
    assert (planned.station_mm, planned.swing_mm, planned.heavy) == (1762.0, (180.0, 220.0), True)


def test_flaps_do_not_touch_the_air_part_of_the_world():
    """What nobody swings a flap at lands as it does on the line without flaps, by the same jets."""
    landed = []
    for heavy in (None, {}):
        config = LineConfig.model_validate({"heavy_diverter": heavy})
        with open_line(config, VirtualClock(), 5) as line:
            for _ in range(600):
                line.clock.sleep_until(line.clock.now_ns() + 20_000_000)
                line.diverter.heartbeat()
                at_mm = line.encoder.read().belt_mm
                line.diverter.schedule(
                    Shot(shot_id=1, track_id=1, first_nozzle=9, last_nozzle=20, open_mm=at_mm + 30, close_mm=at_mm + 40)
                )
            landings = [replace(landing, landed_ns=0) for landing in line.truth.landings()]
            landed.append({landing.item_id: landing for landing in landings})
    without, with_flaps = landed
    assert len(with_flaps) > 10
    assert any(landing.impulse_ns for landing in with_flaps.values())
    assert all(without[item_id] == landing for item_id, landing in with_flaps.items())
