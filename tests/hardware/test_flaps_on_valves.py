"""Flaps behind the valves of every driver that has any, against the peers of the jets; and what they may be asked for.

What the drivers keep of any diverter is in the conformance suite: it is the same code.
"""

import pytest
from tests.hardware.flap_rigs import (
    BACK_MS,
    OUT_MS,
    RECOVERY_MS,
    FlapsOnBoardRig,
    FlapsOnCoilsRig,
    FlapsOnRegistersRig,
)

from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.diverter_paced import PacedFlaps
from neosort_hardware.flap_pace import FlapPace
from neosort_hardware.slots import HeavyDiverterConfig
from neosort_hardware.types import EncoderSample, Shot, ShotOutcome

FLAPS = HeavyDiverterConfig(driver="any", out_ms=90.0, back_ms=110.0, recovery_ms=100.0, max_strokes_per_min=5)
REST_MM = 300.0  # of those, at 1 m/s


@pytest.fixture(params=["board", "coils", "registers"])
def rig(request, tmp_path):
    if request.param == "board":
        opened = FlapsOnBoardRig(request.getfixturevalue("controller_program"), tmp_path / "flaps")
    else:
        opened = FlapsOnCoilsRig() if request.param == "coils" else FlapsOnRegistersRig()
    yield opened
    opened.close()


def shot(open_mm, close_mm, first=3, last=5, shot_id=1):
    return Shot(
        shot_id=shot_id, track_id=1, first_nozzle=first, last_nozzle=last, open_mm=open_mm, close_mm=close_mm,
        heavy=True,
    )  # fmt: skip


def test_flaps_stand_out_between_the_places_of_a_shot_and_are_asked_for_no_more_than_they_can_do(rig):
    flaps = rig.line.diverter
    assert "flaps" in flaps.name
    flaps.heartbeat()
    here_mm = rig.belt_mm()
    assert flaps.schedule(shot(here_mm + 0.5 * OUT_MS, here_mm + 400.0, 8, 8)) is ShotOutcome.LATE, "half-way out"
    wanted = shot(here_mm + 600.0, here_mm + 700.0)
    assert flaps.schedule(wanted) is ShotOutcome.ACCEPTED
    rested_mm = wanted.close_mm + OUT_MS + BACK_MS + RECOVERY_MS
    too_soon, beside = (shot(rested_mm - 20.0, rested_mm + 80.0, lane, lane, 2) for lane in (5, 6))
    assert flaps.schedule(too_soon) is ShotOutcome.REFUSED, "still on its way back, or at rest"
    assert flaps.schedule(beside) is ShotOutcome.ACCEPTED
    again = shot(rested_mm + 50.0, rested_mm + 150.0, 5, 5, 3)
    assert flaps.schedule(again) is ShotOutcome.ACCEPTED
    rig.pass_time(1.3)
    stood = {lane: [] for lane in (3, 4, 5, 6)}
    for blow in sorted(rig.blows(), key=lambda blow: blow.opened_mm):
        stood[blow.nozzle].append(blow)
    for lane, shots in {3: [wanted], 4: [wanted], 5: [wanted, again], 6: [beside]}.items():
        for blow, one in zip(stood[lane], shots, strict=True):
            assert blow.opened_mm == pytest.approx(one.open_mm, abs=rig.slack_mm)
            assert blow.closed_mm == pytest.approx(one.close_mm, abs=rig.slack_mm)


# ---- what flaps may be asked for ----


@pytest.fixture
def pace():
    """One stroke is to come, of lanes 3 to 5."""
    taken = FlapPace(FLAPS)
    taken.take(shot(1000.0, 1200.0))
    return taken


@pytest.mark.parametrize("faster", [1.0, 2.0])
@pytest.mark.parametrize(("more_mm", "allowed"), [(-1.0, False), (1.0, True)])
def test_a_lane_comes_back_and_rests_before_it_sets_off_again(pace, faster, more_mm, allowed):
    rest_mm = faster * REST_MM + more_mm
    assert pace.allows(shot(1200.0 + rest_mm, 2500.0, 5, 6), faster) is allowed, "after it"
    assert pace.allows(shot(900.0 - rest_mm, 1000.0 - rest_mm, 0, 3), faster) is allowed, "before it"
    assert pace.allows(shot(1100.0, 1150.0, 6, 11), faster), "other lanes"


def test_a_lane_has_so_many_strokes_in_any_minute(pace):
    for number in range(1, FLAPS.max_strokes_per_min):
        pace.take(shot(1000.0 + 2000.0 * number, 1200.0 + 2000.0 * number))
    assert not pace.allows(shot(60_000.0, 60_100.0), 1.0)
    assert pace.allows(shot(60_000.0, 60_100.0, 2, 2), 1.0)
    assert pace.allows(shot(61_001.0, 61_100.0), 1.0), "the first of them is a minute ago"
    pace.forget(70_000.0, 1.0)
    assert pace.allows(shot(80_000.0, 80_100.0), 1.0)


def test_flaps_that_were_drawn_in_rest_from_there_on_and_those_that_had_not_set_off_never_do(pace):
    pace.take(shot(2000.0, 2200.0))
    pace.shut(1050.0, 1.0)
    assert not pace.allows(shot(1349.0, 1400.0), 1.0)
    assert pace.allows(shot(1351.0, 2100.0), 1.0)


class StandingBelt:
    name = "encoder"

    def read(self):
        return EncoderSample(belt_mm=0.0, counts=0, sampled_ns=1)


class LosableValves:
    """Take every shot, until they are lost."""

    name = "valves"

    def __init__(self):
        self.lost = False

    def heartbeat(self):
        if self.lost:
            raise DeviceError(self.name, "gone")

    def schedule(self, _shot):
        self.heartbeat()
        return ShotOutcome.ACCEPTED


def test_valves_that_are_lost_say_so_even_of_a_shot_that_comes_too_soon():
    valves = LosableValves()
    flaps = PacedFlaps(valves, FLAPS, StandingBelt(), 1.0)
    assert flaps.schedule(shot(600.0, 700.0)) is ShotOutcome.ACCEPTED
    assert flaps.schedule(shot(600.0, 700.0, shot_id=2)) is ShotOutcome.REFUSED
    valves.lost = True
    with pytest.raises(DeviceError, match="valves: gone"):
        flaps.schedule(shot(600.0, 700.0, shot_id=3))


def test_lanes_that_there_are_not_are_for_the_diverter_to_refuse(pace):
    assert pace.allows(shot(1000.0, 1100.0, 12, 14), 1.0)
    pace.take(shot(1000.0, 1100.0, -3, -1))


# ---- settings ----


GPIO = {"driver": "gpio", "nozzles": 2, "banks": [{"chip": "neo", "lines": [0, 1]}]}
LANES = {"driver": "gpio", "lanes": 2, "banks": [{"chip": "neo", "lines": [2, 3]}]}


@pytest.mark.parametrize(
    ("jets", "flaps", "both_on"),
    [
        ({"driver": "serial", "port": "/dev/a"}, {"driver": "serial", "port": "/dev/a"}, "/dev/a"),
        ({"driver": "modbus"}, {"driver": "modbus"}, r"127\.0\.0\.1, 502, 1, holding register 0"),
        (
            {"driver": "modbus", "mode": "coils"},
            {"driver": "modbus", "mode": "coils", "first_coil": 40},
            r"127\.0\.0\.1, 502, 1, coil 40",
        ),
        (GPIO, LANES | {"banks": [{"chip": "neo", "lines": [2, 1]}]}, "neo, 1"),
        (GPIO | {"watchdog": {"chip": "neo", "line": 7}}, LANES | {"watchdog": {"chip": "neo", "line": 7}}, "neo, 7"),
    ],
)
def test_flaps_that_hang_on_the_jets_own_valves_are_refused(jets, flaps, both_on):
    with pytest.raises(ValueError, match=f"diverter and heavy_diverter both hang on {both_on}"):
        LineConfig.model_validate({"diverter": jets, "heavy_diverter": flaps})


@pytest.mark.parametrize(
    ("jets", "flaps", "timed_by_host"),
    [
        ({"driver": "serial", "port": "/dev/a"}, {"driver": "serial", "port": "/dev/b"}, False),
        ({"driver": "modbus"}, {"driver": "modbus", "mode": "coils"}, True),
        ({"driver": "sim"}, {"driver": "modbus", "mode": "coils", "first_coil": 48}, True),
        (GPIO, LANES, True),
    ],
)
def test_each_bank_may_hang_on_another_driver(jets, flaps, timed_by_host):
    config = LineConfig.model_validate({"diverter": jets, "heavy_diverter": flaps})
    assert config.timed_by_host is timed_by_host
    assert config.diverter.max_on_ms == 500.0
    assert config.heavy_diverter.max_on_ms == 1000.0


def test_a_lane_without_a_line_is_named_as_such():
    with pytest.raises(ValueError, match=r"heavy_diverter\.banks name 2 lines, heavy_diverter\.lanes is 3"):
        LineConfig.model_validate({"heavy_diverter": LANES | {"lanes": 3}})


def test_a_travel_time_that_a_controllers_register_cannot_hold_is_refused():
    with pytest.raises(ValueError, match=r"out_ms is 700, its register holds 655 ms at most"):
        LineConfig.model_validate({"heavy_diverter": {"driver": "modbus", "out_ms": 700.0}})
