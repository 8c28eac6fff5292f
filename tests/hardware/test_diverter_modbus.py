"""Air jets over Modbus: a controller that counts, coils that we time; three servers, killed and restarted."""

import time
import tomllib
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest
from tests.hardware.modbus_peers import LibmodbusPeer, free_port, libmodbus_peer, pymodbus_peer, pymodbustcp_peer
from tests.hardware.shot_rig import ClockBelt
from tests.hardware.waiting import eventually, held

from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.diverter_modbus import IDENTITY, ModbusDiverter
from neosort_hardware.diverter_timed import TimedDiverter
from neosort_hardware.encoder_modbus import ModbusEncoder
from neosort_hardware.line import open_line
from neosort_hardware.modbus_link import ModbusLink
from neosort_hardware.settings_modbus import ModbusDiverterConfig, ModbusEncoderConfig, ModbusPeer
from neosort_hardware.shot_timer import ShotLimits
from neosort_hardware.types import EncoderSample, Shot, ShotOutcome
from neosort_hardware.valve_leads import ValveLeads
from neosort_hardware.valve_outputs import ShotRig
from neosort_hardware.valves_modbus import OpensModbusCoils, OpensModbusEncoder

CONFIGS = Path(__file__).resolve().parents[2] / "hardware" / "configs"
LEAD_MS = 2.0
MM_PER_COUNT = 0.5
RAMP = {"mm_per_s": (500.0, 3000.0), "ramp_s": 1.0}
BEGIN_RAMP = 210  # coil


def limits(**more: float) -> ShotLimits:
    known = {"max_on_ms": 20_000.0, "heartbeat_ms": 20_000.0, "leads": ValveLeads.alike(48, LEAD_MS, LEAD_MS)}
    return ShotLimits(nozzles=48, **(known | more))


def settings(port: int, mode: str, **more) -> ModbusDiverterConfig:
    peer = {"port": port, "timeout_ms": 1000.0}
    return ModbusDiverterConfig.model_validate({"mode": mode, "peer": peer, "answer_ms": 200.0} | more)


def encoder_settings(port: int) -> ModbusEncoderConfig:
    peer = {"port": port, "timeout_ms": 1000.0}
    return ModbusEncoderConfig.model_validate({"peer": peer, "stale_ms": 5000.0, "slow_ms": 1000.0})


def shot(open_mm: float, close_mm: float, valve: int = 7, last: int | None = None) -> Shot:
    last = valve if last is None else last
    return Shot(shot_id=1, track_id=1, first_nozzle=valve, last_nozzle=last, open_mm=open_mm, close_mm=close_mm)


@contextmanager
def controlled(port: int, *, leads_at: int | None = None, **more: float):
    encoder = ModbusEncoder(encoder_settings(port))
    try:
        how = settings(port, "controller", registers={"leads": leads_at})
        diverter = ModbusDiverter(how, limits(**more), encoder, MM_PER_COUNT)
        try:
            yield diverter, encoder
        finally:
            diverter.close()
    finally:
        encoder.close()


@contextmanager
def coils(port: int, belt=None, **more: float):
    """Timed by a shot process with an encoder connection of its own, or by a belt of the clock's."""
    rig = ShotRig(
        name="test jets",
        outputs=OpensModbusCoils("test jets", settings(port, "coils", watchdog=[{"at": 60, "value": 9}])),
        encoder=OpensModbusEncoder(encoder_settings(port)) if belt is None else belt,
        mm_per_count=MM_PER_COUNT,
        limits=limits(**more),
        refresh_ms=20.0,
    )
    diverter = TimedDiverter(rig, belt)
    try:
        diverter.heartbeat()
        yield diverter
    finally:
        diverter.close()


def must_keep_its_places(diverter, encoder, port: int, peer: LibmodbusPeer) -> None:
    """Thirty shots handed over at 0.5 m/s and executed on the way to 3: each at its place, as the peer counted.

    Timed when they were handed over, the last would come seconds late; the bounds leave room for a busy machine.
    """
    first_mm = encoder.read().belt_mm + 1500.0
    planned = [shot(first_mm + 80.0 * i, first_mm + 80.0 * i + 30.0, i, i) for i in range(30)]
    assert {diverter.schedule(each) for each in planned} == {ShotOutcome.ACCEPTED}
    drive = ModbusLink("drive", ModbusPeer(port=port, timeout_ms=1000.0))
    drive.write_coils(BEGIN_RAMP, [True])
    drive.close()

    def moved() -> bool:
        diverter.heartbeat()
        return len(peer.moves()) >= 2 * len(planned)

    eventually(moved)
    errors_ms = []
    for each in planned:
        opened, shut = (move for move in peer.moves() if move.valve == each.first_nozzle)
        assert (opened.opened, shut.opened) == (True, False)
        for move, place_mm in ((opened, each.open_mm), (shut, each.close_mm)):
            m_per_s = 0.5 + 2.5 * min(max((move.at_ns - peer.ramp_ns) * 1e-9, 0.0), 1.0)
            errors_ms.append((move.count * MM_PER_COUNT - place_mm) / m_per_s + LEAD_MS)
    assert abs(median(errors_ms)) < 5.0
    assert max(map(abs, errors_ms)) < 100.0


def test_a_controller_executes_at_its_own_count_over_a_ramp() -> None:
    before = held()
    with libmodbus_peer(first_count=2**32 - 2400) as (port, peer):
        with controlled(port) as (diverter, encoder):
            # The controller's 32 bits wrap on the way, the places do not.
            first = 2**32 * MM_PER_COUNT
            place = first + 100.0
            assert diverter.schedule(shot(place, place + 50.0, 40)) is ShotOutcome.ACCEPTED
            eventually(lambda: len(peer.moves()) == 2)
            assert [(move.valve, move.opened) for move in peer.moves()] == [(40, True), (40, False)]
            assert encoder.read().belt_mm > first
        assert not diverter.health().ok
        diverter.close()
    eventually(lambda: held() == before)


def test_shots_in_a_controller_keep_their_places() -> None:
    with libmodbus_peer(**RAMP) as (port, peer), controlled(port) as (diverter, encoder):
        must_keep_its_places(diverter, encoder, port, peer)
        diverter._next_beat_s = 0.0
        diverter.heartbeat()
        assert diverter.status.fired == 30
        assert diverter.health().ok


def test_a_controller_that_takes_leads_of_single_valves_goes_by_them() -> None:
    each_ms = [300.0 * (valve % 3) for valve in range(48)]  # further apart than a busy machine stalls
    with libmodbus_peer() as (port, peer):
        leads = ValveLeads.of(each_ms, [1.0] * 48)
        with controlled(port, leads_at=100, leads=leads) as (diverter, encoder):
            place_mm = encoder.read().belt_mm + 1000.0
            assert diverter.schedule(shot(place_mm, place_mm + 50.0, 3, 5)) is ShotOutcome.ACCEPTED
            eventually(lambda: len(peer.moves()) == 6)
            opened = {move.valve: move.at_ns for move in peer.moves() if move.opened}
            assert opened[5] < opened[4] < opened[3], "the slowest is told first"


def test_leads_that_a_controller_does_not_keep_are_an_error_that_names_the_register() -> None:
    with (
        libmodbus_peer() as (port, _peer),
        pytest.raises(DeviceError, match="holding registers 200 to 295"),
        controlled(port, leads_at=200),
    ):
        pass


def test_coils_timed_by_our_process_keep_their_places() -> None:
    with libmodbus_peer(**RAMP) as (port, peer):
        encoder = ModbusEncoder(encoder_settings(port))
        with coils(port) as diverter:
            must_keep_its_places(diverter, encoder, port, peer)
            status = diverter.process.status()
            assert (status.late, status.missed, status.cut) == (0, 0, 0)
        encoder.close()


def test_a_controller_refuses_what_is_late_and_what_it_has_not() -> None:
    with libmodbus_peer() as (port, peer), controlled(port) as (diverter, encoder):
        here_mm = encoder.read().belt_mm
        assert diverter.schedule(shot(here_mm - 10.0, here_mm + 1e6)) is ShotOutcome.LATE
        assert diverter.schedule(shot(here_mm + 1e5, here_mm + 1e6, valve=48)) is ShotOutcome.REFUSED
        assert diverter.schedule(shot(here_mm + 1e5, here_mm + 1e5)) is ShotOutcome.REFUSED
        assert peer.moves() == []


def test_a_controller_shuts_when_its_host_falls_silent_and_says_so() -> None:
    with libmodbus_peer() as (port, peer), controlled(port, heartbeat_ms=1500.0) as (diverter, encoder):
        here_mm = encoder.read().belt_mm
        assert diverter.schedule(shot(here_mm + 300.0, here_mm + 1e6)) is ShotOutcome.ACCEPTED
        eventually(lambda: peer.open_valves() == {7})
        eventually(lambda: not peer.open_valves())
        diverter.heartbeat()
        assert "host was silent" in diverter.health().detail
        diverter._next_beat_s = 0.0
        diverter.heartbeat()
        assert diverter.health().ok


def test_a_controller_closes_all_and_on_close() -> None:
    with libmodbus_peer() as (port, peer):
        with controlled(port) as (diverter, encoder):
            here_mm = encoder.read().belt_mm
            diverter.schedule(shot(here_mm + 200.0, here_mm + 1e6, valve=3))
            diverter.schedule(shot(here_mm + 1e5, here_mm + 1e6, valve=4))
            eventually(lambda: peer.open_valves() == {3})
            diverter.close_all()
            eventually(lambda: not peer.open_valves())
            here_mm = encoder.read().belt_mm
            diverter.schedule(shot(here_mm + 200.0, here_mm + 1e6, valve=5))
            eventually(lambda: peer.open_valves() == {5})
        eventually(lambda: not peer.open_valves())


def test_a_controller_that_is_restarted_mid_shot_is_set_up_anew() -> None:
    with libmodbus_peer() as (port, peer), controlled(port) as (diverter, encoder):
        here_mm = encoder.read().belt_mm
        diverter.schedule(shot(here_mm + 200.0, here_mm + 1e6))
        eventually(lambda: peer.open_valves() == {7})
        peer.kill()
        with pytest.raises(DeviceError, match=rf"Modbus air jets: 127\.0\.0\.1:{port} unit 1: "):
            diverter.schedule(shot(here_mm + 1e5, here_mm + 1e6))
        assert not diverter.health().ok
        with libmodbus_peer(port) as (_, again):
            eventually(lambda: encoder.health().ok)
            eventually(lambda: _beats(diverter))
            assert diverter.health().ok
            here_mm = eventually(lambda: _read(encoder)).belt_mm
            assert diverter.schedule(shot(here_mm + 300.0, here_mm + 500.0)) is ShotOutcome.ACCEPTED
            eventually(lambda: len(again.moves()) == 2)
            diverter.close()


class Standing:
    """An encoder that stands at a count."""

    def __init__(self, counts: int) -> None:
        self._counts = counts

    def read(self) -> EncoderSample:
        return EncoderSample(belt_mm=0.5 * self._counts, counts=self._counts, sampled_ns=time.monotonic_ns())


def test_a_controller_on_another_counter_is_told_apart() -> None:
    with libmodbus_peer(first_count=500_000) as (port, _), pytest.raises(DeviceError, match="not one counter"):
        ModbusDiverter(settings(port, "controller"), limits(), Standing(7), MM_PER_COUNT)


def test_what_is_no_controller_is_told_apart() -> None:
    with pymodbus_peer() as (port, _), pytest.raises(DeviceError, match=r"holding register 0 is 0, not 20051"):
        ModbusDiverter(settings(port, "controller"), limits(), Standing(0), MM_PER_COUNT)


def test_a_controller_that_never_answers_a_shot_is_told_apart() -> None:
    with pymodbustcp_peer() as (port, bank):
        bank.set_holding_registers(0, IDENTITY)
        diverter = ModbusDiverter(settings(port, "controller"), limits(), Standing(0), MM_PER_COUNT)
        assert bank.get_holding_registers(10, 5) == [48, 20_000, 20_000, 200, 200]
        with pytest.raises(DeviceError, match="no answer to shot 1 within 200 ms: holding register 30 is still 0"):
            diverter.schedule(shot(100.0, 200.0))
        assert bank.get_holding_registers(20, 7) == [1, 7, 7, 0, 200, 0, 400]
        diverter.close()


@pytest.mark.parametrize("kind", [libmodbus_peer, pymodbustcp_peer, pymodbus_peer])
def test_coils_open_and_shut_on_every_peer(kind, tmp_path: Path) -> None:
    belt = ClockBelt(tmp_path, time.monotonic_ns())
    with kind() as (port, _):
        reader = ModbusLink("technician", ModbusPeer(port=port, timeout_ms=1000.0))
        with coils(port, belt) as diverter:
            assert reader.read_registers("holding", 60, 1) == [9]
            eventually(lambda: _fires(diverter, belt, 3, 5) and _open(reader) == [3, 4, 5])
            diverter.close_all()
            assert _open(reader) == []
            eventually(lambda: _fires(diverter, belt, 47, 47) and _open(reader) == [47])
        assert _open(reader) == []
        reader.close()


def test_coils_whose_station_is_restarted_mid_shot_are_shut_first(tmp_path: Path) -> None:
    belt = ClockBelt(tmp_path, time.monotonic_ns())
    with libmodbus_peer() as (port, peer), coils(port, belt) as diverter:
        eventually(lambda: _fires(diverter, belt, 7, 7) and peer.open_valves() == {7})
        peer.kill()
        eventually(lambda: not diverter.health().ok)
        assert diverter.health().detail.startswith(f"127.0.0.1:{port} unit 1: ")
        with pytest.raises(DeviceError, match=rf"test jets: 127\.0\.0\.1:{port} unit 1: "):
            diverter.schedule(shot(1e6, 2e6))
        with libmodbus_peer(port) as (_, again):
            eventually(lambda: diverter.health().ok)
            assert again.open_valves() == set()
            eventually(lambda: _fires(diverter, belt, 7, 7) and again.open_valves() == {7})
            diverter.close()
            eventually(lambda: not again.open_valves())


def test_coils_that_are_not_there(tmp_path: Path) -> None:
    belt = ClockBelt(tmp_path, time.monotonic_ns())
    before = held()
    with pytest.raises(DeviceError, match="no connection"), coils(free_port(), belt):
        pass
    with pymodbus_peer() as (port, _):
        few = settings(port, "coils", first_coil=40)
        with pytest.raises(DeviceError, match="coils 40 to 87: no such register"):
            OpensModbusCoils("test jets", few).open_outputs()
    eventually(lambda: held() == before)


@pytest.mark.parametrize("name", ["modbus-controller", "modbus-coils"])
def test_a_line_as_shipped_opens_fires_and_closes(name: str) -> None:
    """The shipped configurations against the libmodbus peer, its addresses and a busy machine's deadlines put in."""
    config = tomllib.loads((CONFIGS / f"{name}.toml").read_text())
    with libmodbus_peer() as (port, peer):
        for slot in ("encoder", "magnetometer", "diverter", "interlock"):
            if slot in config:
                config[slot]["peer"] = {"port": port, "timeout_ms": 1000.0}
        config["encoder"] |= {"slow_ms": 1000.0, "stale_ms": 5000.0}
        config["diverter"] |= {"answer_ms": 200.0, "watchdog": [], "max_on_ms": 5000.0, "heartbeat_ms": 10_000.0}
        config["interlock"] |= {"stale_ms": 5000.0}
        with open_line(LineConfig.model_validate(config), RealClock()) as line:
            assert line.interlock.read().closed
            assert eventually(lambda: line.magnetometer.read(1.0)) is not None

            def fired() -> bool:
                line.diverter.heartbeat()
                here_mm = line.encoder.read().belt_mm
                if not peer.open_valves():
                    line.diverter.schedule(shot(here_mm + 400.0, here_mm + 1e6))
                return peer.open_valves() == {7}

            eventually(fired)
        eventually(lambda: not peer.open_valves())


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="end beyond coil 65535"):
        settings(1, "coils", first_coil=65_500)
    with pytest.raises(ValueError, match="must not exceed half of heartbeat_ms"):
        settings(1, "coils", refresh_ms=400.0)


def _open(reader: ModbusLink) -> list[int]:
    return [valve for valve, opened in enumerate(reader.read_bits("coil", 0, 48)) if opened]


def _fires(diverter: TimedDiverter, belt: ClockBelt, first: int, last: int) -> bool:
    """One shot that goes on for long. Where a busy peer has it missed, the next one follows."""
    diverter.heartbeat()
    if diverter.process.status().pending == 0:
        place_mm = belt.belt_mm(time.monotonic_ns() + 200_000_000)
        diverter.schedule(
            Shot(shot_id=1, track_id=1, first_nozzle=first, last_nozzle=last, open_mm=place_mm, close_mm=1e9)
        )
    return True


def _beats(diverter: ModbusDiverter) -> bool:
    try:
        diverter._next_beat_s = 0.0
        diverter.heartbeat()
    except DeviceError:
        return False
    return True


def _read(encoder: ModbusEncoder) -> EncoderSample | None:
    try:
        return encoder.read()
    except DeviceError:
        return None
