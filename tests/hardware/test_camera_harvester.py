"""`HarvesterCamera` against the GenTL producer that the genicam wheel brings along: three cameras that show a ball."""

from itertools import pairwise

import numpy as np
import pytest
from tests.hardware.camera_peers import need_harvesters
from tests.hardware.camera_site import CameraOver
from tests.hardware.waiting import held

from neosort_hardware.devices import DeviceError
from neosort_hardware.line import found_by

RED, GREEN, BLUE = "VikyTL_DEV_red", "VikyTL_DEV_green", "VikyTL_DEV_blue"


@pytest.fixture
def producer():
    """The .cti file."""
    return need_harvesters()


def over(producer, **settings):
    timing = {"trigger_every_mm": 30.0, "answer_ms": 30_000, "silent_ms": 3000}
    camera = {"producer": str(producer), "camera": RED, "trigger": "free", "rate_hz": 50, "exposure_fixed": True}
    return CameraOver("harvester", **timing | camera | {"width_px": 320, "height_px": 240} | settings)


def test_the_producers_cameras_are_listed_where_the_environment_names_its_folder(producer, monkeypatch):
    monkeypatch.delenv("GENICAM_GENTL64_PATH", raising=False)
    assert found_by("camera", "harvester") == []
    monkeypatch.setenv("GENICAM_GENTL64_PATH", str(producer.parent))
    assert [found.partition(" ")[0] for found in found_by("camera", "harvester")] == [RED, GREEN, BLUE]


def test_a_process_reads_the_right_colour_of_each_camera(producer):
    """Each shows its own ball on white: what it takes away from white is the other two colours."""
    for camera, channel in ((RED, 0), (GREEN, 1), (BLUE, 2)):
        with over(producer, camera=camera, pixel_format="RGBa8") as opened:
            image = opened.frame().image
        assert image.shape == (240, 320, 3)
        means = image.reshape(-1, 3).mean(axis=0)
        assert means.argmax() == channel
        assert means[channel] > np.delete(means, channel).max()


def test_frames_come_in_order_and_grey_is_grey(producer):
    with over(producer, camera="2", pixel_format="Mono8") as opened:
        frames = [opened.frame() for _ in range(4)]
        assert opened.camera.stamp_error_ms is None, "this producer has no stamps"
    assert all(later.captured_ns > earlier.captured_ns for earlier, later in pairwise(frames))
    assert all(later.belt_mm > earlier.belt_mm for earlier, later in pairwise(frames))
    assert all(np.ptp(frame.image, axis=2).max() == 0 for frame in frames)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pixel_format": "Mono99"}, "does not take PixelFormat = Mono99"),
        ({"width_px": 4000}, r"does not take Width = 4000 \(Value = 4000 must be equal or smaller than Max = 800\)"),
        ({"rate_hz": 900}, "does not take AcquisitionFrameRate = 900"),
        ({"exposure_fixed": False}, "has no feature ExposureTime or ExposureTimeAbs .*camera.exposure_fixed = true"),
        ({"trigger": "software"}, "has no trigger .*camera.trigger = 'free'"),
        ({"features": {"NoSuchFeature": 1}}, "has no feature NoSuchFeature"),
        ({"camera": "VikyTL_DEV_pink"}, "camera.camera = 'VikyTL_DEV_pink' is not one of the producer's cameras"),
        ({"camera": ""}, f"is not one of the producer's cameras: {RED}, {GREEN}, {BLUE}"),
    ],
)
def test_what_the_camera_does_not_take_is_told_by_name(producer, settings, words):
    with pytest.raises(DeviceError, match=words) as refused:
        over(producer, **settings)
    assert str(refused.value).startswith("GenTL camera")


def test_an_exposure_is_told_read_back_and_refused_while_it_acquires(producer, monkeypatch):
    """This producer has none: its rate stands in for one, set and refused by the same way."""
    monkeypatch.setattr("neosort_hardware.genicam_features.EXPOSURES", ("AcquisitionFrameRate",))
    with over(producer, exposure_fixed=False, exposure_us=50.0) as opened:
        opened.frame()
        opened.camera.expose_for(25.0)
        with pytest.raises(DeviceError, match="does not take AcquisitionFrameRate = 900"):
            opened.camera.expose_for(900.0)
        assert opened.frame() is not None


def test_a_producer_that_is_not_there_or_is_none_is_refused(tmp_path):
    need_harvesters()
    absent, text = tmp_path / "absent.cti", tmp_path / "text.cti"
    text.write_text("no producer")
    with pytest.raises(DeviceError, match=r"absent\.cti: no such file"):
        over(absent)
    with pytest.raises(DeviceError, match=r"text\.cti cannot be loaded"):
        over(text)


def test_opening_and_closing_leaves_nothing_behind(producer):
    with over(producer) as opened:
        opened.frame()
    before = held()
    for _ in range(3):
        with over(producer) as opened:
            opened.frame()
    assert held() == before
