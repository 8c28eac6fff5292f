"""What any camera and any magnetometer must keep, simulated or real: the rest of the conformance suite."""

import time
from itertools import pairwise

import numpy as np
import pytest
from tests.hardware.conformance import (
    CAMERAS,
    EXPOSING,
    EXPOSING_FOR_THEMSELVES,
    MAGNETOMETERS,
    SENSORS,
    STEADY_CAMERAS,
    fixture_of,
)
from tests.hardware.rigs import patiently

from neosort_hardware.devices import DeviceError, ExposingCamera, LookingCamera

array_like_rig = fixture_of(MAGNETOMETERS)
camera_rig = fixture_of((*CAMERAS, *STEADY_CAMERAS))
exposing_rig = fixture_of(EXPOSING)
self_exposing_rig = fixture_of(EXPOSING_FOR_THEMSELVES)
sensor = fixture_of(SENSORS)


def test_a_sensor_with_nothing_to_say_waits_as_long_as_asked_and_no_longer(sensor):
    rig, slot = sensor
    device = getattr(rig.line, slot)
    patiently(rig, lambda: device.read(0.05))
    rig.mute(slot)
    while device.read(0.05) is not None:
        pass
    before_ns, began = rig.line.clock.now_ns(), time.monotonic()
    assert device.read(0.0) is None
    assert device.read(0.2) is None
    assert rig.line.clock.now_ns() - before_ns >= 0.199e9
    assert time.monotonic() - began < 5.0


def test_blocks_are_shaped_stamped_and_placed_as_the_contract_says(array_like_rig):
    rig = array_like_rig
    array, channels = rig.line.magnetometer, rig.config.magnetometer.channels
    blocks = [patiently(rig, lambda: array.read(0.05)) for _ in range(5)]
    for block in blocks:
        samples = len(block.sampled_ns)
        assert samples >= 1
        assert block.field_ut.shape == (samples, channels, 3)
        assert block.field_ut.dtype == np.float32
        assert block.saturated.shape == (samples, channels)
        assert block.saturated.dtype == np.bool_
        assert block.belt_mm.shape == (samples,)
        assert not np.isinf(block.field_ut).any()
        assert np.nanmax(np.abs(block.field_ut)) > 5.0, "microtesla: the Earth alone is tens of them"
        assert np.nanmax(np.abs(block.field_ut)) < 2e5
    assert [later.sequence - earlier.sequence for earlier, later in pairwise(blocks)] == [1] * 4
    stamps = np.concatenate([block.sampled_ns for block in blocks])
    places = np.concatenate([block.belt_mm for block in blocks])
    assert (np.diff(stamps) > 0).all()
    assert (np.diff(places) >= 0).all()
    now = rig.line.encoder.read()
    travelled_mm = (now.sampled_ns - stamps[-1]) * 1e-6
    assert places[-1] + travelled_mm == pytest.approx(now.belt_mm, abs=rig.slack_mm), "the encoder's millimetres"


def test_frames_are_shaped_stamped_and_placed_as_the_contract_says(camera_rig):
    rig = camera_rig
    camera = rig.config.camera
    frames = [patiently(rig, lambda: rig.line.camera.read(0.05)) for _ in range(3)]
    for frame in frames:
        assert frame.image.shape == (camera.height_px, camera.width_px, 3)
        assert frame.image.dtype == np.uint8
    for earlier, later in pairwise(frames):
        assert later.sequence > earlier.sequence
        assert later.captured_ns > earlier.captured_ns
        triggers = later.sequence - earlier.sequence
        assert later.belt_mm - earlier.belt_mm == pytest.approx(
            camera.trigger_every_mm * triggers, abs=2 * rig.slack_mm
        )
    now = rig.line.encoder.read()
    travelled_mm = (now.sampled_ns - frames[-1].captured_ns) * 1e-6
    assert frames[-1].belt_mm + travelled_mm == pytest.approx(now.belt_mm, abs=rig.slack_mm)


def test_a_camera_exposes_for_as_long_as_it_is_told_and_what_it_does_not_take_changes_nothing(exposing_rig):
    rig, camera = exposing_rig, exposing_rig.line.camera
    assert isinstance(camera, ExposingCamera)
    patiently(rig, lambda: rig.exposure_us() == pytest.approx(rig.config.camera.exposure_us, rel=0.1))
    for wanted_us in (800.0, 300.0):
        camera.expose_for(wanted_us)
        patiently(rig, lambda wanted_us=wanted_us: rig.exposure_us() == pytest.approx(wanted_us, rel=0.01))
    with pytest.raises(DeviceError, match="does not take") as refused:
        camera.expose_for(1e10)
    assert refused.value.device == camera.name
    assert rig.exposure_us() == pytest.approx(300.0, rel=0.01)
    patiently(rig, lambda: camera.read(0.05))


def test_a_camera_with_an_exposure_of_its_own_says_so_and_goes_on(self_exposing_rig):
    rig, camera = self_exposing_rig, self_exposing_rig.line.camera
    with pytest.raises(DeviceError, match=r"exposure of its own|exposed long ago") as refused:
        camera.expose_for(800.0)
    assert refused.value.device == camera.name
    patiently(rig, lambda: camera.read(0.05))


def test_a_belt_that_stands_is_seen_when_asked_for_and_not_otherwise(camera_rig):
    rig, camera = camera_rig, camera_rig.line.camera
    assert isinstance(camera, LookingCamera)
    seen = patiently(rig, lambda: camera.read(0.05))
    rig.stand()
    while (frame := camera.read(0.3)) is not None:
        seen = frame
    camera.look()
    asked_for = patiently(rig, lambda: camera.read(0.05))
    assert asked_for.sequence >= seen.sequence
    assert asked_for.captured_ns > seen.captured_ns
    assert camera.read(0.3) is None
