"""`AravisCamera` against Aravis' own fake GigE Vision camera in a process of its own: GVCP and GVSP over loopback."""

from itertools import pairwise

import pytest
from tests.hardware.camera_peers import AravisPeer, gige_address, need_aravis
from tests.hardware.camera_site import CameraOver, read_or_none
from tests.hardware.waiting import eventually, held

from neosort_hardware.devices import DeviceError
from neosort_hardware.line import found_by

pytestmark = pytest.mark.usefixtures("gige_port")
FREE = {"trigger": "free", "rate_hz": 30}


def over(**settings):
    timing = {"trigger_every_mm": 50.0, "answer_ms": 20_000, "silent_ms": 1500}
    return CameraOver("aravis", **{"camera": gige_address()} | timing | settings)


@pytest.fixture
def peer(gige_port):
    """The fake camera."""
    need_aravis()
    with AravisPeer() as running:
        yield running


@pytest.mark.usefixtures("peer")
def test_a_camera_is_found_and_opened_by_its_identifier_its_address_or_as_the_only_one():
    name = f"Aravis-Fake-{AravisPeer.serial}"
    assert f"{name} (GigEVision, {gige_address()})" in found_by("camera", "aravis")
    for camera in (name, gige_address()):
        with over(camera=camera, **FREE) as opened:
            assert opened.frame().image.shape == (512, 640, 3)
    try:
        with over(camera="", **FREE) as opened:
            assert opened.frame().image.shape == (512, 640, 3)
    except DeviceError as several:  # other processes may have cameras on this machine
        assert f"are there: {name}" in str(several) or f", {name}" in str(several)  # noqa: PT017


@pytest.mark.usefixtures("peer")
@pytest.mark.parametrize("pixel_format", ["Mono8", "Mono16", "BayerRG8", "RGB8"])
def test_frames_come_in_any_format_that_the_camera_has_and_in_order(pixel_format):
    with over(pixel_format=pixel_format, width_px=320, height_px=200, offset_x_px=64, offset_y_px=8, **FREE) as opened:
        frames = [opened.frame() for _ in range(4)]
    assert {frame.image.shape for frame in frames} == {(200, 320, 3)}
    assert all(later.captured_ns > earlier.captured_ns for earlier, later in pairwise(frames))
    assert all(later.belt_mm > earlier.belt_mm for earlier, later in pairwise(frames))


@pytest.mark.usefixtures("peer")
def test_software_triggers_follow_the_belt_and_bound_the_stamps_error():
    with over(trigger="software", trigger_every_mm=200.0) as opened:
        for _ in range(3):
            opened.frame()
        assert opened.camera.stamp_error_ms is not None
        opened.encoder.stop()
        while opened.camera.read(0.3) is not None:
            pass
        assert opened.camera.health().ok


def test_a_camera_on_a_trigger_line_that_never_comes_owes_nothing_until_it_is_gone(peer):
    with over(trigger="line", trigger_line="Line0", silent_ms=300) as opened:
        for _ in range(5):
            assert opened.camera.read(0.2) is None
        assert opened.camera.health().ok
        peer.kill()
        assert "does not answer" in opened.error().cause
        with AravisPeer():  # a camera that answers is let go sooner
            opened.camera.close()


@pytest.mark.usefixtures("peer")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pixel_format": "Mono99"}, "does not take PixelFormat = Mono99"),
        ({"width_px": 4000}, "does not take Width = 4000"),
        ({"trigger": "line", "trigger_line": "Line9"}, "does not take TriggerSource = Line9"),
        ({"rate_hz": 5000}, "does not take AcquisitionFrameRate = 5000"),
        ({"features": {"NoSuchFeature": 1}}, "has no feature NoSuchFeature"),
        ({"camera": "Aravis-Fake-NEO99"}, "cannot be opened"),
        ({"camera": "127.0.0.77"}, "cannot be opened"),
    ],
)
def test_what_the_camera_does_not_take_is_told_by_name(settings, words):
    with pytest.raises(DeviceError, match=words) as refused:
        over(**FREE | settings)
    assert str(refused.value).startswith("Aravis camera ")


@pytest.mark.usefixtures("peer")
def test_a_camera_that_somebody_else_controls_is_refused_and_left_alone():
    with over(**FREE) as opened:
        opened.frame()
        with pytest.raises(DeviceError, match="controlled by another host"):
            over(**FREE)
        assert opened.frame() is not None


def test_a_camera_that_is_killed_and_comes_back_is_taken_up_again_and_leaves_nothing_open(peer):
    before = held()
    with over(**FREE) as opened:
        opened.frame()
        peer.kill()
        assert opened.error().device == f"Aravis camera {peer.address}"
        assert not opened.camera.health().ok
        with AravisPeer():
            eventually(lambda: read_or_none(opened.camera))
            assert opened.camera.health().ok
            opened.camera.close()
    eventually(lambda: held()[0] <= before[0] and held()[1] <= before[1])


def test_lost_packets_cost_their_frames_and_are_told():
    need_aravis()
    with AravisPeer(lost=20), over(resend=False, silent_ms=60_000, trigger_every_mm=10.0, **FREE) as opened:
        eventually(lambda: read_or_none(opened.camera) is None and opened.camera.spoilt > 6)
        assert "came incomplete" in opened.camera.health().detail


def test_a_camera_that_loses_a_packet_of_every_frame_is_an_error():
    need_aravis()
    with AravisPeer(lost=500), over(resend=False, silent_ms=400, **FREE) as opened:
        assert "no whole frame for 400 ms" in opened.error().cause


@pytest.mark.usefixtures("peer")
def test_another_exposure_shows_in_the_pictures_that_come_next():
    """The fake camera's ramp is 1 + log10(exposure / 10 ms) times as bright."""
    with over(exposure_us=2000.0, pixel_format="Mono8", **FREE) as opened:
        dark = opened.frame().image.mean()
        opened.camera.expose_for(10_000.0)
        eventually(lambda: opened.frame().image.mean() > 2.0 * dark)
        opened.camera.expose_for(2000.0)
        eventually(lambda: opened.frame().image.mean() < 1.5 * dark)
