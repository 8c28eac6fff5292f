"""`OpenCvCamera` on a V4L2 camera that the kernel simulates (vivid)."""

from pathlib import Path

import pytest
from tests.hardware.camera_site import CameraOver

from neosort_hardware.devices import DeviceError

pytestmark = pytest.mark.kernel


def camera_node():
    for device in sorted(Path("/sys/class/video4linux").glob("video*")):
        if "vid-cap" in (device / "name").read_text():
            return f"/dev/{device.name}"
    raise AssertionError("vivid is not there")


def told(**more):
    size = {"width_px": 640, "height_px": 360, "fourcc": "YUYV", "exposure_fixed": True}
    return size | {"source": camera_node(), "answer_ms": 60_000, "silent_ms": 20_000, "trigger_every_mm": 50.0} | more


def test_frames_come_stamped_placed_and_in_colour():
    with CameraOver("opencv", **told()) as over:
        frames = [over.frame() for _ in range(3)]
    for frame in frames:
        assert frame.image.shape == (360, 640, 3)
        assert frame.image.std() > 10, "colour bars"
    assert frames[0].captured_ns < frames[1].captured_ns < frames[2].captured_ns
    assert frames[2].belt_mm > frames[0].belt_mm


def test_a_control_that_the_camera_lacks_is_said_by_name():
    with pytest.raises(DeviceError, match="does not take manual exposure"):
        CameraOver("opencv", **told(exposure_fixed=False))
