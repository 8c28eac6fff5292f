"""Symptoms by themselves, where the twin cannot show them or would take long to."""

import numpy as np
import pytest

from neosort_hardware.types import EncoderSample, FieldBlock
from neosort_inference.faults import host
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.channels import Channels
from neosort_inference.faults.load import Load
from neosort_inference.faults.sensing import CameraSilent
from neosort_inference.faults.travelling import Erratic
from neosort_inference.faults.watch import FaultWatch

S = 1_000_000_000


class Recording:
    trouble = ""
    free_bytes = None


def test_a_disk_is_low_only_when_it_is_known_to_be():
    recording = Recording()
    disk = host.DiskLow(recording, "recording")
    assert disk.says(0) == ""
    recording.free_bytes = 3_000_000_000
    assert disk.says(0) == ""
    recording.free_bytes = 1_500_000_000
    assert disk.says(0) == "1.5 GB left for the recording"


def test_a_wall_clock_that_is_set_is_told_for_a_while_and_one_that_is_slewed_is_not(monkeypatch):
    wall_ns, steady_ns = [1_000 * S], [50 * S]
    monkeypatch.setattr(host.time, "time_ns", lambda: wall_ns[0])
    monkeypatch.setattr(host.time, "monotonic_ns", lambda: steady_ns[0])
    clock = host.ClockJumped()
    for _ in range(100):
        assert clock.says(0) == ""
        wall_ns[0] += 1_005_000_000
        steady_ns[0] += S
        if steady_ns[0] > 200 * S:
            break
    clock.says(0)
    wall_ns[0] -= 3600 * S
    assert clock.says(0) == "the wall clock was set by -3600 s"
    steady_ns[0] += 11 * S
    wall_ns[0] += 11 * S
    assert clock.says(0) == ""


def travel(erratic, moves):
    """The words of each symptom after (seconds, mm) one by one."""
    at_s, belt_mm, told = 0.0, 0.0, set()
    for seconds, mm in moves:
        at_s, belt_mm = at_s + seconds, belt_mm + mm
        erratic.see_travel(EncoderSample(belt_mm=belt_mm, counts=0, sampled_ns=round(at_s * S)))
        told |= {symptom.fault for symptom in erratic.symptoms if symptom.says(round(at_s * S))}
    return told


@pytest.mark.parametrize(
    ("moves", "told"),
    [
        ([(0.005, 15.0)] * 200, set()),  # 3 m/s
        ([(0.4, 1200.0)] * 5, set()),  # a host that is seldom there
        ([(0.005, 5.0)] * 20 + [(0.005, -0.5)] * 40, set()),  # a belt that stops and rolls back
        ([(0.005, 5.0)] * 20 + [(0.005, 300.0)] + [(0.005, 5.0)] * 20, {"encoder.jumped"}),
        ([(0.005, 5.0)] * 200 + [(0.005, -900.0)] + [(0.005, 5.0)] * 20, {"encoder.jumped"}),
        ([(0.005, 5.0)] * 20 + [(0.005, -5.0)] * 20, {"encoder.reversed", "encoder.noisy"}),
        ([(0.005, 5.0 + 8.0 * (-1) ** n) for n in range(40)], {"encoder.noisy"}),
    ],
)
def test_moves_that_no_belt_makes(moves, told):
    assert travel(Erratic(), moves) == told


def block(field_ut, from_s, saturated=None):
    count = len(field_ut)
    times_s = from_s + np.arange(count) * 1e-3
    flags = np.zeros(field_ut.shape[:2], bool) if saturated is None else saturated
    return FieldBlock(
        field_ut=field_ut.astype(np.float32),
        saturated=flags,
        belt_mm=times_s * 1000.0,
        sampled_ns=np.rint(times_s * 1e9).astype(np.int64),
        sequence=1,
    )


def told_of(channels):
    return {symptom.fault for symptom in channels.symptoms if symptom.says(0)}


def test_an_array_that_reads_in_coarse_steps_is_not_taken_for_stuck():
    channels = Channels(8, 1000.0)
    for step in range(200):
        channels.see_block(block(np.full((20, 8, 3), 40.0), 0.02 * step))
    assert told_of(channels) == set()


def test_bad_channels_are_unknown_in_what_is_trusted_and_nothing_else_is():
    channels, rng = Channels(12, 1000.0), np.random.default_rng(1)
    for step in range(200):
        field_ut = rng.normal(0, 0.1, (20, 12, 3))
        field_ut[:, 5, 1] = 3.0
        raw = block(field_ut, 0.02 * step)
        channels.see_block(raw)
    assert told_of(channels) == {"magnetometer.stuck"}
    trusted = channels.trusted(raw)
    assert np.isnan(trusted.field_ut[:, 5]).all()
    assert np.array_equal(np.delete(trusted.field_ut, 5, axis=1), np.delete(raw.field_ut, 5, axis=1))


def test_load_goes_up_a_step_a_second_and_down_only_after_a_while():
    load, now_ns, waited_ns, levels = Load(), 0, 0, []
    for share in [0.5] * 3 + [0.02] * 3 + [0.6] * 8:
        for _ in range(10):
            now_ns, waited_ns = now_ns + S // 10, waited_ns + round(share * S / 10)
            load.see(now_ns, waited_ns)
        levels.append(sum(bool(load.tells(queue)) for queue in ("recording", "preview")))
    assert levels[:3] == [0, 0, 0]
    assert levels[3:6] == [1, 2, 2] or levels[4:7] == [1, 2, 2]
    assert levels[-1] == 0
    assert load.left_out == {"recording": 0, "preview": 0}
    assert not load.leaves_out("recording")


def test_belt_that_only_the_count_has_passed_is_not_missed_by_a_camera_that_goes_by_the_count():
    """It is triggered again a hop further on; a belt of metres has not gone by it."""
    book, silent, erratic = AlarmBook(), CameraSilent(256.0), Erratic()
    watch = FaultWatch(book, "none", (silent, *erratic.symptoms), on_travel=(silent.see_travel, erratic.see_travel))
    for turn in range(12):
        belt_mm = 20.0 * turn + (2000.0 if turn > 2 else 0.0)
        watch.see_travel(EncoderSample(belt_mm=belt_mm, counts=0, sampled_ns=turn * S // 50))
        watch.turn(turn * S // 50)
    assert silent.says(0) != ""
    assert set(book.raised) == {"encoder.jumped"}
