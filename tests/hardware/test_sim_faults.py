"""Faults of the simulated line: each shows where it should, goes when it is cleared, and touches nothing else."""

import numpy as np
import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.faults import FAULT_NAMES
from neosort_hardware.line import simulated_line
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.world import World
from neosort_hardware.types import Shot, ShotOutcome

SCENERY = Scenery()
SHOT = Shot(shot_id=9, track_id=1, first_nozzle=10, last_nozzle=11, open_mm=600.0, close_mm=650.0)


def opened(faults=(), items_per_s_per_m=0.0, seed=5):
    config = LineConfig.model_validate(
        {"twin": {"feed": {"items_per_s_per_m": items_per_s_per_m}, "faults": list(faults), "speed_ripple": 0.0}}
    )
    return simulated_line(World(config, VirtualClock(), seed, SCENERY))


@pytest.fixture
def line():
    with opened() as one:
        yield one


def pass_time(line, seconds):
    for _ in range(round(seconds / 0.1)):
        line.clock.sleep_until(line.clock.now_ns() + 100_000_000)
        line.diverter.heartbeat()


def block_of(line, seconds=0.1):
    pass_time(line, seconds)
    return line.magnetometer.read(0.0)


def test_there_is_nothing_amiss_at_first_and_every_fault_is_known(line):
    assert line.faults.active() == ()
    assert line.faults.available() == FAULT_NAMES


def test_faults_come_and_go_by_name_and_detail(line):
    line.faults.inject("magnetometer.dead", channel=3)
    line.faults.inject("magnetometer.dead", channel=3)
    line.faults.inject("magnetometer.dead", channel=7)
    line.faults.inject("camera.dark")
    assert [fault.channel for fault in line.faults.active()] == [3, 7, None]
    line.faults.clear("magnetometer.dead", channel=3)
    assert [fault.channel for fault in line.faults.active()] == [7, None]
    line.faults.clear("magnetometer.dead")
    line.faults.clear("camera.frozen")
    assert [fault.fault for fault in line.faults.active()] == ["camera.dark"]


@pytest.mark.parametrize(
    ("fault", "details", "words"),
    [
        ("magnetometer.asleep", {}, "unknown fault.*magnetometer.dead"),
        ("magnetometer.dead", {}, "channel"),
        ("magnetometer.dead", {"channel": 24}, "last channel is 23"),
        ("magnetometer.dead", {"channel": 1, "valve": 2}, "has no valve"),
        ("diverter.valve_open", {"valve": 48}, "last valve is 47"),
        ("camera.dark", {"brightness": 1}, "brightness"),
    ],
)
def test_what_cannot_be_injected_is_refused_in_a_sentence(line, fault, details, words):
    with pytest.raises(ValueError, match=words) as refused:
        line.faults.inject(fault, **details)
    assert "\n" not in str(refused.value)
    assert line.faults.active() == ()


def test_channel_faults_reach_the_blocks_and_leave_with_the_fault():
    with opened() as line, opened() as sound:
        line.faults.inject("magnetometer.dead", channel=3)
        line.faults.inject("magnetometer.flipped", channel=4, axis="z")
        line.faults.inject("magnetometer.swapped", channel=5, other=9)
        block, true = block_of(line), block_of(sound)
        assert np.isnan(block.field_ut[:, 3]).all()
        assert np.array_equal(block.field_ut[:, 4], true.field_ut[:, 4] * [1, 1, -1])
        assert np.array_equal(block.field_ut[:, [5, 9]], true.field_ut[:, [9, 5]])
        for fault in ("magnetometer.dead", "magnetometer.flipped", "magnetometer.swapped"):
            line.faults.clear(fault)
        assert np.array_equal(block_of(line).field_ut, block_of(sound).field_ut)


def test_a_stuck_channel_stands_at_what_it_read_when_it_stuck(line):
    last = block_of(line).field_ut[-1, 6]
    line.faults.inject("magnetometer.stuck", channel=6)
    block = block_of(line)
    assert (block.field_ut[:, 6] == last).all()
    assert np.ptp(block.field_ut[:, 5], axis=0).min() > 0


def test_dropped_samples_are_gaps_in_the_stamps(line):
    line.faults.inject("magnetometer.dropped", share=0.3)
    block = block_of(line, 1.0)
    assert 600 < len(block.sampled_ns) < 800
    steps = np.diff(block.sampled_ns)
    assert steps.min() == 1_000_000
    assert steps.max() > 1_000_000
    line.faults.inject("magnetometer.dropped", share=1.0)
    assert block_of(line, 0.2) is None


def test_a_silent_array_gives_nothing_until_it_speaks_again(line):
    first = block_of(line)
    line.faults.inject("magnetometer.silent")
    before_ns = line.clock.now_ns()
    assert line.magnetometer.read(0.25) is None
    assert line.clock.now_ns() - before_ns == 250_000_000
    assert block_of(line, 0.5) is None
    line.faults.clear("magnetometer.silent")
    after = block_of(line)
    assert after.sampled_ns[0] - first.sampled_ns[-1] > 0.7e9, "what it did not sample is lost"


def test_a_silent_camera_gives_no_frames_and_a_gap_in_the_sequence_afterwards(line):
    assert line.camera.read(1.0).sequence == 1
    line.faults.inject("camera.silent")
    assert line.camera.read(1.0) is None
    line.faults.clear("camera.silent")
    assert line.camera.read(1.0).sequence > 3


def test_a_frozen_camera_shows_the_same_picture_with_new_stamps():
    with opened(items_per_s_per_m=20.0) as line:
        line.faults.inject("camera.frozen")
        frames = [line.camera.read(1.0) for _ in range(3)]
        assert all(np.array_equal(frame.image, frames[0].image) for frame in frames)
        assert [frame.sequence for frame in frames] == [1, 2, 3]
        assert frames[2].belt_mm - frames[0].belt_mm == pytest.approx(512.0)
        line.faults.clear("camera.frozen")
        assert not np.array_equal(line.camera.read(1.0).image, frames[0].image)


def test_without_its_lamps_the_camera_is_nearly_blind(line):
    bright = line.camera.read(1.0).image.mean()
    line.faults.inject("camera.dark")
    assert line.camera.read(1.0).image.mean() < 0.1 * bright


def test_a_blurred_camera_loses_fine_detail_and_a_dirty_one_has_patches_that_stay(line):
    def detail(image):
        halved = image[:, :, 1].reshape(256, 2, 320, 2).mean(axis=(1, 3))  # the noise averages out
        return np.abs(np.diff(halved, axis=0)).mean()

    sharp = [line.camera.read(1.0).image for _ in range(2)]
    line.faults.inject("camera.blurred")
    assert detail(line.camera.read(1.0).image) < 0.7 * min(map(detail, sharp))
    line.faults.clear("camera.blurred")
    line.faults.inject("camera.dirty")
    dirty = [line.camera.read(1.0).image for _ in range(4)]
    darker = np.median(np.stack(dirty), axis=0).mean(axis=2) < 0.6 * np.median(np.stack(sharp), axis=0).mean(axis=2)
    assert 0.01 < darker.mean() < 0.3


def test_a_stopped_encoder_stops_the_count_the_frames_and_the_shots(line):
    pass_time(line, 0.3)
    assert line.diverter.schedule(SHOT) is ShotOutcome.ACCEPTED
    line.faults.inject("encoder.stopped")
    shown = line.encoder.read()
    pass_time(line, 1.0)
    assert line.encoder.read().belt_mm == shown.belt_mm == pytest.approx(300.0, abs=1.0)
    assert line.magnetometer.read(0.0).belt_mm[-1] == pytest.approx(300.0, abs=1.0)
    assert line.camera.read(0.0).belt_mm == 256.0
    assert line.camera.read(2.0) is None, "no count, no trigger"
    assert not line.truth.landings()
    line.faults.clear("encoder.stopped")
    pass_time(line, 0.1)
    assert line.encoder.read().belt_mm == pytest.approx(400.0, abs=1.0)


def test_an_encoder_that_jumps_shifts_everything_that_goes_by_it(line):
    pass_time(line, 0.3)
    line.faults.inject("encoder.jumped", by_mm=100.0)
    assert line.encoder.read().belt_mm == pytest.approx(400.0, abs=1.0)
    block = block_of(line)
    assert np.diff(block.belt_mm).max() == pytest.approx(100.0, abs=2.0)
    before_ns = line.clock.now_ns()
    line.camera.read(0.0)
    assert line.camera.read(1.0).belt_mm == 512.0
    assert (line.clock.now_ns() - before_ns) * 1e-6 == pytest.approx(12.0, abs=2.0), "a hundred early"


def landings(*faults, share=0.0):
    """Where the items of one belt end: all shot at, with those faults."""
    with opened(faults, items_per_s_per_m=6.0) as line:
        found = []
        for _ in range(60):
            pass_time(line, 0.1)
            for item in line.truth.items():
                first, last = line.geometry.nozzles.under(item.box.across_lo_mm, item.box.across_hi_mm)
                at_mm = line.geometry.nozzle_station_mm
                line.diverter.schedule(
                    Shot(
                        shot_id=item.item_id,
                        track_id=1,
                        first_nozzle=first,
                        last_nozzle=last,
                        open_mm=item.box.belt_lo_mm + at_mm - 4,
                        close_mm=item.box.belt_hi_mm + at_mm + 4,
                    )
                )
            found += line.truth.landings()
        return found


def impulse(found):
    return sum(landing.impulse_ns for landing in found)


def test_a_valve_that_stays_shut_is_missed_in_the_blow_and_one_without_air_blows_nothing():
    sound = landings()
    assert sum(landing.place == "product" for landing in sound) > 0.7 * len(sound)
    shut = landings(*({"fault": "diverter.valve_closed", "valve": valve} for valve in range(0, 48, 2)))
    assert 0.3 * impulse(sound) < impulse(shut) < 0.7 * impulse(sound)
    airless = landings({"fault": "diverter.air_lost"})
    assert len(airless) == len(sound)
    assert impulse(airless) == 0.0
    weak = landings({"fault": "diverter.air_lost", "share": 0.5})
    assert impulse(weak) == pytest.approx(0.5 * impulse(sound), rel=0.1)


def test_a_valve_that_stays_open_blows_on_everything_that_passes_without_a_shot():
    with opened(items_per_s_per_m=25.0) as line:
        line.faults.inject("diverter.valve_open", valve=24)
        found, across = [], {}
        for _ in range(60):
            pass_time(line, 0.1)
            across |= {item.item_id: item.box for item in line.truth.items()}
            found += line.truth.landings()
    blown = {landing.item_id for landing in found if landing.impulse_ns > 0}
    at_mm = 6.25 + 24 * 12.5
    over = {key for key, box in across.items() if box.across_lo_mm < at_mm - 15 and box.across_hi_mm > at_mm + 15}
    beside = {key for key, box in across.items() if box.across_lo_mm > at_mm + 40 or box.across_hi_mm < at_mm - 40}
    landed = {landing.item_id for landing in found}
    assert over & landed
    assert over & landed <= blown
    assert not beside & blown
    assert all(landing.shot_ids == () for landing in found)


@pytest.mark.parametrize(
    ("fault", "use"),
    [
        ("camera.gone", lambda line: line.camera.read(0.0)),
        ("magnetometer.gone", lambda line: line.magnetometer.read(0.0)),
        ("encoder.gone", lambda line: line.encoder.read()),
        ("diverter.gone", lambda line: line.diverter.heartbeat()),
    ],
)
def test_a_device_that_is_gone_says_so_and_its_health_too(line, fault, use):
    use(line)
    line.faults.inject(fault)
    with pytest.raises(DeviceError, match="does not answer"):
        use(line)
    health = getattr(line, fault.split(".")[0]).health()
    assert not health.ok
    assert "does not answer" in health.detail
    line.faults.clear(fault)
    use(line)
    assert getattr(line, fault.split(".")[0]).health().ok


def test_faults_of_the_configuration_are_there_from_the_start():
    faults = [{"fault": "magnetometer.dead", "channel": 0}, {"fault": "encoder.jumped", "by_mm": 50.0}]
    with opened(faults) as line:
        assert len(line.faults.active()) == 2
        assert line.encoder.read().belt_mm == 50.0
        assert np.isnan(block_of(line).field_ut[:, 0]).all()
