"""Belt motion, valves, jets and throws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.belt import NozzleRow
from neosort_hardware.settings_calibration import Calibration
from neosort_hardware.settings_sim import SimDiverterConfig
from neosort_hardware.twin.jet_bank import JetBank
from neosort_hardware.twin.motion import BeltMotion
from neosort_hardware.twin.pneumatics import JET_SPOT_MM, Flyer, Jet, Target, Valves, throw, way_without_drag_m
from neosort_hardware.types import Shot, ShotOutcome

pytestmark = pytest.mark.computes

ROW = NozzleRow(count=48, pitch_mm=12.5, first_across_mm=6.25)
STATION_MM = 1512.0


def motion(speed_mm_per_s=1000.0, ripple=0.0):
    return BeltMotion(speed_mm_per_s=speed_mm_per_s, ripple=ripple, start_ns=5_000)


@given(st.floats(0, 1e6), st.floats(100, 3000), st.floats(0, 0.05))
def test_motion_and_its_inverse_agree(belt_mm, speed, ripple):
    belt = motion(speed, ripple)
    assert belt.position_mm(belt.time_ns_at(belt_mm)) == pytest.approx(belt_mm, abs=1e-4)


@given(st.floats(0, 1e5))
def test_the_belt_never_runs_backwards(belt_mm):
    belt = motion(ripple=0.05)
    assert belt.time_ns_at(belt_mm + 0.5) > belt.time_ns_at(belt_mm)


def bank(config=None, spread=False):
    valves = Valves(48, 1.5, 1.5, np.random.default_rng(1 if spread else 0))
    return JetBank(config or SimDiverterConfig(), Calibration(), motion(), valves)


def shot(open_mm=1000.0, close_mm=1100.0, first=3, last=5):
    return Shot(shot_id=7, track_id=1, first_nozzle=first, last_nozzle=last, open_mm=open_mm, close_mm=close_mm)


def test_jets_blow_within_the_valves_spread_of_their_belt_positions():
    jets_bank, belt = bank(), motion()
    assert jets_bank.schedule(shot(), now_ns=0) is ShotOutcome.ACCEPTED
    jets_bank.heartbeat(belt.time_ns_at(1200.0))
    jets_bank.advance(belt.time_ns_at(1200.0))
    assert sorted(jet.nozzle for jet in jets_bank.strokes) == [3, 4, 5]
    for jet in jets_bank.strokes:
        # 1 m/s: a millimetre is a millisecond. Own offset 0.3, stroke 0.2-0.3, front ±0.35 ms: 3 ms is five sigma.
        assert belt.position_mm(jet.on_ns) == pytest.approx(1000.0, abs=3.0)
        assert belt.position_mm(jet.off_ns) == pytest.approx(1100.0, abs=3.0)


def test_a_shot_whose_place_has_passed_is_late_and_never_fires():
    jets_bank, belt = bank(), motion()
    assert jets_bank.schedule(shot(), now_ns=belt.time_ns_at(999.0)) is ShotOutcome.LATE
    jets_bank.heartbeat(belt.time_ns_at(2000.0))
    jets_bank.advance(belt.time_ns_at(2000.0))
    assert not jets_bank.strokes


@pytest.mark.parametrize("bad", [shot(first=-1), shot(last=48), shot(close_mm=1000.0)])
def test_a_shot_that_makes_no_sense_is_refused(bad):
    assert bank().schedule(bad, now_ns=0) is ShotOutcome.REFUSED


def test_no_valve_stays_open_longer_than_its_limit():
    jets_bank, belt = bank(SimDiverterConfig(max_on_ms=50.0)), motion()
    jets_bank.schedule(shot(close_mm=1900.0), now_ns=0)
    jets_bank.heartbeat(belt.time_ns_at(2000.0))
    jets_bank.advance(belt.time_ns_at(2000.0))
    assert all(jet.off_ns - jet.on_ns < 53e6 for jet in jets_bank.strokes)


def test_a_silent_host_shuts_every_valve_and_forgets_what_was_pending():
    jets_bank, belt = bank(SimDiverterConfig(heartbeat_ms=100.0)), motion()
    jets_bank.heartbeat(belt.time_ns_at(950.0))
    jets_bank.schedule(shot(), now_ns=belt.time_ns_at(950.0))
    jets_bank.schedule(shot(open_mm=1500.0, close_mm=1600.0), now_ns=belt.time_ns_at(950.0))
    jets_bank.advance(belt.time_ns_at(3000.0))
    assert jets_bank.silent_host
    assert all(belt.position_mm(jet.off_ns) < 1056.0 for jet in jets_bank.strokes), "closed 100 ms after the last sign"
    assert len(jets_bank.strokes) == 3, "the later shot was forgotten"


def disc(mass_g, diameter_mm=60):
    rows, cols = np.mgrid[:diameter_mm, :diameter_mm] - (diameter_mm - 1) / 2
    return Flyer(
        belt_mm=500.0,
        across_mm=300.0,
        mass_g=mass_g,
        silhouette=(rows**2 + cols**2 <= (diameter_mm / 2) ** 2).astype(np.uint8),
    )


def jets_over(flyer, belt, shift_mm=0.0, nozzles=range(20, 28)):
    on, off = (belt.time_ns_at(flyer.belt_mm + STATION_MM + edge + shift_mm) for edge in (-34.0, 34.0))
    return [Jet(nozzle=n, shot_id=1, on_ns=on, off_ns=off) for n in nozzles]


def thrown_share(flyer, jets, speed=2800.0, n=200):
    rng = np.random.default_rng(0)
    return np.mean(
        [throw(flyer, jets, ROW, motion(speed), nozzle_station_mm=STATION_MM, rng=rng).ejected for _ in range(n)]
    )


def test_a_jet_square_on_an_item_blows_for_the_items_length():
    flyer = Flyer(belt_mm=500, across_mm=300, mass_g=100, silhouette=np.ones((100, 200), np.uint8))
    belt = motion(2000.0)
    jet = Jet(nozzle=24, shot_id=1, on_ns=belt.time_ns_at(1900.0), off_ns=belt.time_ns_at(2200.0))
    blow = Target(flyer, ROW, belt, STATION_MM, slip_mm=0.0).blow(jet)
    assert blow.seconds == pytest.approx(0.050, rel=0.02)
    assert blow.square


def struck(beside_mm, width_mm=60):
    """A jet of nozzle 24 and a plate whose near edge lies that far beside its axis, negative: over it."""
    at_mm = ROW.across_mm(24) + beside_mm + 0.5 * width_mm
    plate = Flyer(belt_mm=500, across_mm=at_mm, mass_g=100, silhouette=np.ones((80, width_mm), np.uint8))
    belt = motion(2000.0)
    jet = Jet(nozzle=24, shot_id=1, on_ns=belt.time_ns_at(1900.0), off_ns=belt.time_ns_at(2200.0))
    return Target(plate, ROW, belt, STATION_MM, slip_mm=0.0).blow(jet)


def test_a_jet_is_a_round_spot_that_strikes_grazes_or_misses():
    assert 23.5 < JET_SPOT_MM < 24.5, "a 3 mm bore, widening by 11.8° over 50 mm"
    whole, half, graze = struck(-30), struck(0), struck(9)
    assert whole.seconds == pytest.approx(0.040, rel=0.02)
    assert half.seconds == pytest.approx(0.5 * whole.seconds, rel=0.06)
    assert 0 < graze.seconds < 0.2 * whole.seconds
    assert (whole.square, struck(-2).square, graze.square) == (True, True, False)
    assert struck(14) == struck(200)
    assert struck(14).seconds == 0.0


def test_a_jet_reaches_along_the_belt_as_far_as_across_it():
    belt = motion(2000.0)
    plate = Flyer(belt_mm=500, across_mm=300, mass_g=100, silhouette=np.ones((80, 60), np.uint8))
    passed_mm = STATION_MM + 540.0  # when its tail is in front of the nozzle
    target = Target(plate, ROW, belt, STATION_MM, slip_mm=0.0)
    for after_mm, reached in ((8.0, True), (14.0, False)):
        on_ns = belt.time_ns_at(passed_mm + after_mm)
        blow = target.blow(Jet(nozzle=23, shot_id=1, on_ns=on_ns, off_ns=on_ns + 50_000_000))
        assert (blow.seconds > 0) == reached
        assert not blow.square


def test_a_small_item_is_struck_squarely_by_less_than_a_whole_jet():
    belt = motion(2000.0)
    bolt = Flyer(belt_mm=500, across_mm=ROW.across_mm(24), mass_g=5, silhouette=np.ones((20, 8), np.uint8))
    jet = Jet(nozzle=24, shot_id=1, on_ns=belt.time_ns_at(1900.0), off_ns=belt.time_ns_at(2200.0))
    blow = Target(bolt, ROW, belt, STATION_MM, slip_mm=0.0).blow(jet)
    assert blow.square
    assert 0 < blow.seconds < 0.008


def test_air_holds_back_film_and_hardly_anything_else():
    film = Flyer(belt_mm=0, across_mm=0, mass_g=3, silhouette=np.ones((200, 150), np.uint8))
    steel = Flyer(belt_mm=0, across_mm=0, mass_g=300, silhouette=np.ones((100, 40), np.uint8))
    assert way_without_drag_m(film) > 0.13
    assert way_without_drag_m(steel) == pytest.approx(0.1, rel=0.01)


def test_a_round_body_and_thin_air_take_less_of_a_jet():
    belt = motion(2800.0)
    impulses = []
    for grip, pressure in ((1.0, 1.0), (0.7, 1.0), (1.0, 0.25), (1.0, 0.0)):
        flyer = replace(disc(100), grip=grip)
        rng = np.random.default_rng(0)
        result = throw(
            flyer, jets_over(flyer, belt), ROW, belt, nozzle_station_mm=STATION_MM, rng=rng, pressure=pressure
        )
        impulses.append(result.impulse_ns)
    assert impulses == pytest.approx([impulses[0], 0.7 * impulses[0], 0.25 * impulses[0], 0.0])


def test_a_faster_belt_asks_for_more():
    """The flight is 0.3 to 0.5 m long however fast; the blow is shorter and the time to get aside too."""
    item = disc(350)
    assert thrown_share(item, jets_over(item, motion(1000.0)), speed=1000.0) > 0.99
    assert thrown_share(item, jets_over(item, motion(2800.0)), speed=2800.0) < 0.6


def test_a_well_timed_group_throws_what_it_can_and_not_what_is_too_heavy():
    belt = motion(2800.0)
    light, heavy = disc(100), disc(1500)
    assert thrown_share(light, jets_over(light, belt)) > 0.99
    assert thrown_share(heavy, jets_over(heavy, belt)) < 0.05


def test_a_shot_at_the_wrong_place_misses():
    belt = motion(2800.0)
    item = disc(100)
    assert thrown_share(item, jets_over(item, belt, shift_mm=150.0)) == 0.0
    assert thrown_share(item, jets_over(item, belt, nozzles=range(2, 8))) == 0.0


def test_a_light_neighbour_in_the_blast_goes_along():
    belt = motion(2800.0)
    target = disc(100)
    neighbour = Flyer(belt_mm=500.0, across_mm=target.across_mm + 45, mass_g=20, silhouette=target.silhouette)
    assert thrown_share(neighbour, jets_over(target, belt)) > 0.9
