"""`PylonCamera` against pylon's own camera emulation, which shows pictures of the twin."""

import cv2
import numpy as np
import pytest
from tests.hardware.camera_peers import need_pylon
from tests.hardware.camera_site import CameraOver, read_or_none
from tests.hardware.waiting import eventually, held

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import found_by
from neosort_hardware.twin.world import World

SERIAL = "0815-0000"
WIDTH, HEIGHT = 320, 256


def over(**settings):
    timing = {"trigger_every_mm": 50.0, "answer_ms": 30_000, "silent_ms": 1500}
    region = {"width_px": WIDTH, "height_px": HEIGHT}
    return CameraOver("pylon", **{"camera": SERIAL, "trigger": "free"} | timing | region | settings)


@pytest.fixture(autouse=True)
def emulation():
    """Skips where pylon is absent."""
    need_pylon()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three pictures of a simulated belt, as files."""
    config = LineConfig.model_validate(
        {
            "camera": {"width_px": WIDTH, "height_px": HEIGHT},
            "calibration": {"pixel_to_belt": ((2.0, 0.0, -20.0), (0.0, -2.0, 512.0), (0.0, 0.0, 1.0))},
            "twin": {"feed": {"items_per_s_per_m": 20.0}},
        }
    )
    clock, folder = VirtualClock(), tmp_path_factory.mktemp("belt")
    world = World(config, clock, 5)
    for number in range(3):
        clock.charge(1_000_000_000)
        picture = world.picture_at(world.advance())
        cv2.imwrite(str(folder / f"{number}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return folder


def showing(place):
    return {"TestImageSelector": "Off", "ImageFilename": str(place), "ImageFileMode": "On"}


def test_emulated_cameras_are_listed_and_one_must_be_chosen_of_several():
    assert f"{SERIAL} (Emulation, BaslerCamEmu)" in found_by("camera", "pylon")
    with pytest.raises(DeviceError, match=r"names none, and pylon sees 2: 0815-0000, 0815-0001"):
        over(camera="")
    with pytest.raises(DeviceError, match="no camera of that serial number"):
        over(camera="12345678")


def test_the_twins_pictures_come_through_pixel_by_pixel(pictures):
    files = [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in sorted(pictures.iterdir())]
    with over(pixel_format="RGB8Packed", features=showing(pictures)) as opened:
        frames = [opened.frame().image for _ in range(4)]
    which = [[index for index, file in enumerate(files) if np.array_equal(frame, file)] for frame in frames]
    assert all(len(found) == 1 for found in which), "each frame is one of the files, to the last bit"


def test_a_colour_filter_is_undone_as_it_was_laid_on(pictures):
    file = cv2.cvtColor(cv2.imread(str(pictures / "1.png")), cv2.COLOR_BGR2RGB)
    with over(pixel_format="BayerRG8", features=showing(pictures / "1.png")) as opened:
        shown = opened.frame().image
    apart = np.abs(shown.astype(np.int16) - file).mean()
    swapped = np.abs(shown[..., ::-1].astype(np.int16) - file).mean()
    assert apart < 6.0, "what a colour filter blurs"
    assert apart < swapped


def test_region_exposure_and_gain_are_taken(pictures):
    file = cv2.cvtColor(cv2.imread(str(pictures / "1.png")), cv2.COLOR_BGR2RGB)
    cut = {"width_px": 128, "height_px": 64, "offset_x_px": 64, "offset_y_px": 32, "pixel_format": "RGB8Packed"}
    with over(exposure_us=500.0, gain=3.0, features=showing(pictures / "1.png"), **cut) as opened:
        shown = opened.frame().image
    assert np.array_equal(shown, file[32:96, 64:192])


def test_another_exposure_is_taken_while_it_grabs_and_one_out_of_range_refused():
    with over() as opened:
        opened.frame()
        opened.camera.expose_for(1234.0)
        assert opened.camera._grabber._exposing.refused == ""
        with pytest.raises(DeviceError, match="does not take ExposureTime = 1000000000"):
            opened.camera.expose_for(1e9)
        assert opened.frame() is not None
    with over(exposure_fixed=True) as opened, pytest.raises(DeviceError, match=r"camera\.exposure_fixed"):
        opened.camera.expose_for(300.0)


def test_software_triggers_follow_the_belt_and_stop_with_it():
    with over(trigger="software") as opened:
        for _ in range(3):
            opened.frame()
        assert opened.camera.stamp_error_ms is None, "the emulation does not stamp"
        opened.encoder.stop()
        while opened.camera.read(0.2) is not None:
            pass
        assert opened.camera.health().ok


def test_a_wire_that_never_triggers_is_no_fault():
    with over(trigger="line", silent_ms=100) as opened:
        assert opened.camera.read(0.5) is None
        assert opened.camera.health().ok


def test_failed_buffers_are_left_out_counted_and_told():
    failing = {"ForceFailedBufferCount": 12, "ForceFailedBuffer": True}
    with over(features=failing, silent_ms=60_000) as opened:
        opened.frame()
        eventually(lambda: read_or_none(opened.camera) and opened.camera.spoilt == 12)
        assert "incompletely grabbed" in opened.camera.health().detail


def test_nothing_but_failed_buffers_is_an_error():
    failing = {"ForceFailedBufferCount": 1024, "ForceFailedBuffer": True}
    with over(features=failing, silent_ms=300) as opened:
        assert "no whole frame for 300 ms (The buffer was incompletely grabbed.)" in opened.error().cause


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pixel_format": "Mono99"}, "does not take PixelFormat = Mono99"),
        ({"width_px": 8000}, r"does not take Width = 8000 \(Value = 8000 must be equal or smaller"),
        ({"trigger": "line", "trigger_line": "Line99"}, "does not take TriggerSource = Line99"),
        ({"exposure_us": 10.0, "gain": 900.0}, "does not take Gain = 900"),
        ({"features": {"NoSuchFeature": 1}}, "has no feature NoSuchFeature"),
        ({"features": {"TriggerMode": "Perhaps"}}, "does not take TriggerMode = Perhaps"),
    ],
)
def test_what_the_camera_does_not_take_is_told_by_name(settings, words):
    with pytest.raises(DeviceError, match=words) as refused:
        over(**settings)
    assert str(refused.value).startswith(f"pylon camera {SERIAL}: ")


def test_opening_and_closing_leaves_nothing_behind():
    with over() as opened:
        opened.frame()
    before = held()
    for _ in range(3):
        with over() as opened:
            opened.frame()
    assert held() == before
