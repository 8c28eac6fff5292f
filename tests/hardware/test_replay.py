"""Replayed devices: the recorded order, the recorded pace, the recorded belt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.replay import (
    ReplayCamera,
    ReplayDiverter,
    ReplayEncoder,
    ReplayFlaps,
    ReplayInterlock,
    ReplayMagnetometer,
    ReplayTape,
)
from neosort_hardware.settings_sim import SimHeavyDiverterConfig
from neosort_hardware.types import FieldBlock, Frame, Shot, ShotOutcome

MS = 1_000_000
RECORDED_AT_NS = 5_000_000_000
STARTED_AT_NS = 70_000_000


def frame(ms: float, sequence: int = 1) -> Frame:
    """A frame exposed ``ms`` into the recording, on a belt at 1 m/s that starts at 100 mm."""
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    return Frame(image=image, belt_mm=100.0 + ms, captured_ns=RECORDED_AT_NS + round(ms * MS), sequence=sequence)


def block(ms: float, sequence: int = 1, samples: int = 5) -> FieldBlock:
    """A block of 1 kHz samples whose last was taken ``ms`` into the recording."""
    at_ms = ms + np.arange(1 - samples, 1, dtype=np.float64)
    return FieldBlock(
        field_ut=np.full((samples, 2, 3), ms, dtype=np.float32),
        saturated=np.zeros((samples, 2), dtype=np.bool_),
        belt_mm=100.0 + at_ms,
        sampled_ns=RECORDED_AT_NS + np.round(at_ms * MS).astype(np.int64),
        sequence=sequence,
    )


def tape_of(*events: Frame | FieldBlock, has_field: bool = True) -> ReplayTape:
    return ReplayTape(events, VirtualClock(STARTED_AT_NS), LineConfig(), has_field=has_field)


def repeat_to_the_end(turn: Callable[[], None], limit: int = 10_000) -> None:
    """Repeats ``turn`` until the tape ends; fails when it never does."""
    for _ in range(limit):
        try:
            turn()
        except EndOfStream:
            return
    pytest.fail("the tape never ended")


def elapsed_ms(tape: ReplayTape) -> float:
    return (tape.clock.now_ns() - STARTED_AT_NS) / MS


def test_the_loop_gets_every_value_in_order_and_then_the_end() -> None:
    events = sorted([*(block(ms) for ms in range(5, 101, 5)), frame(12, 1), frame(57, 2), frame(100, 3)], key=stamp)
    tape = tape_of(*events)
    camera, magnetometer = ReplayCamera(tape), ReplayMagnetometer(tape)
    seen: list[float] = []

    def turn() -> None:
        read = magnetometer.read(0.05)
        if read is not None:
            seen.append(float(read.field_ut[0, 0, 0]))
        picture = camera.read(0.0 if read is not None else 0.05)
        if picture is not None:
            seen.append(-picture.sequence)

    repeat_to_the_end(turn)
    assert [value for value in seen if value > 0] == list(range(5, 101, 5))
    assert [value for value in seen if value < 0] == [-1, -2, -3]
    assert seen.index(-1) == 3  # after the blocks at 5 and 10 and, its own time being past, the one at 15
    assert elapsed_ms(tape) == 95.0


def stamp(event: Frame | FieldBlock) -> int:
    return event.captured_ns if isinstance(event, Frame) else int(event.sampled_ns[-1])


def test_stamps_are_shifted_to_the_clocks_now_and_keep_their_distances() -> None:
    tape = tape_of(block(5), frame(20))
    first = ReplayMagnetometer(tape).read(1.0)
    second = ReplayCamera(tape).read(1.0)
    assert first is not None
    assert second is not None
    assert first.sampled_ns.tolist() == [STARTED_AT_NS + ms * MS for ms in (-4, -3, -2, -1, 0)]
    assert second.captured_ns == STARTED_AT_NS + 15 * MS == tape.clock.now_ns()


def test_a_read_waits_no_longer_than_its_timeout() -> None:
    tape = tape_of(block(0), frame(100))
    camera = ReplayCamera(tape)
    assert camera.read(0.0) is None
    assert elapsed_ms(tape) == 0.0
    assert camera.read(0.03) is None
    assert elapsed_ms(tape) == pytest.approx(30.0)
    assert camera.read(0.5) is not None
    assert elapsed_ms(tape) == pytest.approx(100.0)


def test_blocks_that_pile_up_come_joined() -> None:
    tape = tape_of(*(block(ms, sequence) for sequence, ms in enumerate(range(0, 50, 5))))
    magnetometer = ReplayMagnetometer(tape)
    assert magnetometer.read(0.0) is not None
    tape.clock.charge(22 * MS)
    joined = magnetometer.read(0.0)
    assert joined is not None
    assert joined.sequence == 4
    assert joined.field_ut.shape == (20, 2, 3)
    assert joined.saturated.shape == (20, 2)
    assert np.all(np.diff(joined.sampled_ns) == MS)
    assert np.all(np.diff(joined.belt_mm) == 1.0)


def test_values_out_of_order_are_handed_over_late_not_lost() -> None:
    tape = tape_of(block(10), frame(30, 1), frame(5, 2), block(40))
    camera = ReplayCamera(tape)
    first, second = camera.read(1.0), camera.read(1.0)
    assert [read.sequence for read in (first, second) if read is not None] == [1, 2]
    assert elapsed_ms(tape) == pytest.approx(20.0)


def test_at_the_end_each_device_waits_for_the_other() -> None:
    tape = tape_of(frame(0), block(0))
    camera, magnetometer = ReplayCamera(tape), ReplayMagnetometer(tape)
    assert camera.read(0.0) is not None
    assert camera.read(0.0) is None  # the block still waits
    assert magnetometer.read(0.0) is not None
    with pytest.raises(EndOfStream):
        magnetometer.read(0.0)
    with pytest.raises(EndOfStream):
        camera.read(0.0)


def test_a_tape_without_a_field_runs_out_over_the_way_to_the_nozzles() -> None:
    tape = tape_of(frame(0, 1), frame(500, 2), has_field=False)
    camera, magnetometer, encoder = ReplayCamera(tape), ReplayMagnetometer(tape), ReplayEncoder(tape)
    assert magnetometer.read(10.0) is None
    assert elapsed_ms(tape) == 0.0
    positions: list[float] = []
    frames: list[Frame | None] = []

    def turn() -> None:
        positions.append(encoder.read().belt_mm)
        frames.append(camera.read(0.05))

    repeat_to_the_end(turn)
    assert [read.sequence for read in frames if read is not None] == [1, 2]
    assert np.all(np.diff(positions) >= 0)
    assert positions[-1] == pytest.approx(600.0 + LineConfig().calibration.nozzle_station_mm, abs=0.5)


def test_one_photograph_is_enough_for_a_run() -> None:
    tape = tape_of(frame(0), has_field=False)
    camera = ReplayCamera(tape)
    assert camera.read(0.0) is not None
    assert camera.read(5.0) is None
    with pytest.raises(EndOfStream):
        camera.read(5.0)
    assert elapsed_ms(tape) == pytest.approx(LineConfig().calibration.nozzle_station_mm)


def test_the_encoder_runs_between_the_values_in_whole_counts() -> None:
    tape = tape_of(block(0), block(200))
    encoder = ReplayEncoder(tape)
    assert encoder.read().belt_mm == 100.0
    tape.clock.sleep_until(STARTED_AT_NS + round(33.3 * MS))
    sample = encoder.read()
    assert sample.belt_mm == 133.0
    assert sample.counts == 266
    tape.clock.sleep_until(STARTED_AT_NS + 900 * MS)
    assert encoder.read().belt_mm == 300.0  # the recording is over: the belt stands


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.lists(st.integers(0, 300), max_size=30))
def test_the_encoder_follows_the_clock_whatever_the_pace(steps_ms: list[int], waits_ms: list[int]) -> None:
    stamps = np.cumsum(steps_ms)
    tape = tape_of(*(block(float(ms)) for ms in stamps))
    encoder = ReplayEncoder(tape)
    assert encoder.read().belt_mm == 100.0 + stamps[0]
    for wait_ms in waits_ms:
        tape.clock.charge(wait_ms * MS)
        expected = min(100.0 + stamps[0] + elapsed_ms(tape), 100.0 + stamps[-1])
        assert encoder.read().belt_mm == pytest.approx(expected, abs=0.5)


def test_an_empty_tape_says_so() -> None:
    tape = tape_of()
    with pytest.raises(EndOfStream):
        ReplayMagnetometer(tape).read(1.0)
    with pytest.raises(DeviceError, match="neither frames nor field blocks"):
        ReplayEncoder(tape).read()
    with pytest.raises(EndOfStream):
        ReplayCamera(tape_of(has_field=False)).read(1.0)


def shot_at(open_mm: float, *, first: int = 3, last: int = 4, length_mm: float = 30.0) -> Shot:
    return Shot(
        shot_id=1, track_id=1, first_nozzle=first, last_nozzle=last, open_mm=open_mm, close_mm=open_mm + length_mm
    )


def test_the_diverter_refuses_what_can_no_longer_be_met() -> None:
    tape = tape_of(block(0), block(200), block(400))
    diverter = ReplayDiverter(tape)
    assert tape.belt_mm() == 100.0  # the first read starts the tape
    tape.clock.sleep_until(STARTED_AT_NS + 150 * MS)
    assert diverter.schedule(shot_at(260.0)) is ShotOutcome.ACCEPTED
    assert diverter.schedule(shot_at(252.5)) is ShotOutcome.ACCEPTED
    assert diverter.schedule(shot_at(252.0)) is ShotOutcome.LATE  # 2.15 ms of lag at 1 m/s no longer fit
    assert diverter.schedule(shot_at(100.0)) is ShotOutcome.LATE


def test_the_diverter_leads_by_the_recordings_own_speed() -> None:
    tape = tape_of(block(0), halved(block(400)))
    diverter = ReplayDiverter(tape)
    assert diverter.schedule(shot_at(102.0)) is ShotOutcome.ACCEPTED  # 1.1 mm at 0.5 m/s, 2.15 mm at the nominal speed
    assert diverter.schedule(shot_at(101.0)) is ShotOutcome.LATE


def test_replayed_flaps_lead_by_their_travel_time_and_have_their_own_lanes() -> None:
    tape = tape_of(block(0), block(200), block(400))
    flaps = ReplayFlaps(tape, SimHeavyDiverterConfig())
    assert tape.belt_mm() == 100.0
    assert flaps.schedule(shot_at(191.0)) is ShotOutcome.ACCEPTED
    assert flaps.schedule(shot_at(189.0)) is ShotOutcome.LATE  # 90 ms at 1 m/s no longer fit
    assert flaps.schedule(shot_at(300.0, last=11)) is ShotOutcome.ACCEPTED
    assert flaps.schedule(shot_at(300.0, last=12)) is ShotOutcome.REFUSED
    assert flaps.name == "replayed flaps"


def halved(original: FieldBlock) -> FieldBlock:
    """The same block on a belt that went half as far."""
    return FieldBlock(
        field_ut=original.field_ut,
        saturated=original.saturated,
        belt_mm=100.0 + 0.5 * (original.belt_mm - 100.0),
        sampled_ns=original.sampled_ns,
        sequence=original.sequence,
    )


@pytest.mark.parametrize("shot", [shot_at(900.0, first=-1), shot_at(900.0, last=48), shot_at(900.0, length_mm=0.0)])
def test_the_diverter_refuses_what_no_bank_could_do(shot: Shot) -> None:
    assert ReplayDiverter(tape_of(block(0), block(5))).schedule(shot) is ShotOutcome.REFUSED


def test_closed_devices_say_so_and_the_interlock_opens() -> None:
    tape = tape_of(block(0), frame(1))
    camera, interlock = ReplayCamera(tape), ReplayInterlock(tape)
    assert interlock.read().closed
    for device in (camera, interlock):
        assert device.health().ok
        device.close()
        device.close()
        assert not device.health().ok
    assert not interlock.read().closed
    with pytest.raises(DeviceError, match="replayed camera"):
        camera.read(0.0)


def test_an_error_of_the_source_reaches_the_reader() -> None:
    def torn() -> Iterator[FieldBlock]:
        yield block(0)
        yield block(5)
        raise ValueError("torn here")

    magnetometer = ReplayMagnetometer(ReplayTape(torn(), VirtualClock(), LineConfig()))
    assert magnetometer.read(0.0) is not None
    with pytest.raises(ValueError, match="torn here"):
        magnetometer.read(0.1)
