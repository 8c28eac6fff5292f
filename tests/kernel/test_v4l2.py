"""`OpenCvCamera` on a V4L2 camera that the kernel simulates (vivid)."""

import fcntl
import os
import struct

import pytest
from tests.hardware.camera_site import CameraOver
from tests.hardware.waiting import eventually
from tests.kernel.rigs import camera_node

pytestmark = pytest.mark.kernel
VIDIOC_S_CTRL = 0xC008561C
PERCENT_DROPPED = 0x00F0F000 + 64  # vivid's own: of a hundred frames


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


def test_another_exposure_shows_in_the_pictures_that_come_next():
    with CameraOver("opencv", **told(exposure_fixed=False, exposure_us=2000.0)) as over:
        dark = over.frame().image.mean()
        over.camera.expose_for(15_000.0)
        eventually(lambda: over.frame().image.mean() > dark + 40.0)


def test_a_camera_that_says_nothing_is_told_after_its_silence_and_found_again_when_it_speaks():
    with CameraOver("opencv", **told(silent_ms=2000)) as over:
        over.frame()
        set_control(PERCENT_DROPPED, 100)
        assert "has sent no frame for 2000 ms" in over.error().cause
        set_control(PERCENT_DROPPED, 0)
        assert over.frame() is not None


def set_control(control, value):
    """As another programme would."""
    handle = os.open(camera_node(), os.O_RDWR)
    try:
        fcntl.ioctl(handle, VIDIOC_S_CTRL, struct.pack("Ii", control, value))
    finally:
        os.close(handle)
