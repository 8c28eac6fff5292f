"""`OpenCvCamera` against ffmpeg, GStreamer's RTSP server, and files: pictures, places, and what goes wrong."""

import socket
from itertools import pairwise

import cv2
import numpy as np
import pytest
from tests.hardware.camera_peers import BARS, MjpegPeer, RtspPeer, bars_of, need_ffmpeg, need_rtsp_server
from tests.hardware.camera_site import CameraOver, read_or_none
from tests.hardware.waiting import eventually, held

from neosort_hardware.config import ConfigError, load_line_config
from neosort_hardware.devices import DeviceError, EndOfStream

WIDTH, HEIGHT = 96, 64
EVERY_MM = 50.0


def over(source, **settings):
    timing = {"trigger_every_mm": EVERY_MM, "answer_ms": 15_000, "silent_ms": 1500}
    return CameraOver("opencv", source=str(source), **timing | settings)


def of_files(place, **settings):
    return over(place, width_px=WIDTH, height_px=HEIGHT, **settings)


def plain(level, width=WIDTH, height=HEIGHT):
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Pictures of rising brightness, whose names sort otherwise as text."""
    for number in range(1, 13):
        cv2.imwrite(str(tmp_path / f"belt-{number}.png"), plain(20 * number))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


# ---- files ----


def test_a_folder_gives_a_picture_whenever_the_belt_has_come_so_far_and_then_ends(folder):
    with of_files(folder) as opened:
        frames = [opened.frame() for _ in range(12)]
        with pytest.raises(EndOfStream):
            opened.frame()
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [20 * number for number in range(1, 13)]
    assert all(later.belt_mm > earlier.belt_mm for earlier, later in pairwise(frames))
    assert all(later.captured_ns > earlier.captured_ns for earlier, later in pairwise(frames))


def test_a_folder_begins_again_where_it_is_told_to(folder):
    with of_files(folder, repeat=True) as opened:
        levels = [int(opened.frame().image[0, 0, 0]) for _ in range(15)]
    assert levels[12:] == [20, 40, 60]


def test_colours_are_red_green_blue(tmp_path):
    picture = plain(0)
    picture[..., 2] = 200  # OpenCV writes blue, green, red
    cv2.imwrite(str(tmp_path / "1.png"), picture)
    with of_files(tmp_path) as opened:
        assert opened.frame().image[5, 5].tolist() == [200, 0, 0]


def test_a_picture_that_cannot_be_read_is_left_out_and_counted(folder):
    (folder / "belt-2.png").write_bytes(b"no picture at all")
    with of_files(folder) as opened:
        levels = [int(opened.frame().image[0, 0, 0]) for _ in range(3)]
        assert opened.camera.spoilt == 1
    assert levels == [20, 60, 80]


def test_a_picture_of_another_size_is_told_with_both_sizes(folder):
    cv2.imwrite(str(folder / "belt-2.png"), plain(40, width=128))
    with of_files(folder) as opened:
        assert "sends frames of 128 × 64 pixels, the line is configured for 96 × 64" in str(opened.error())
        assert "128 × 64" in opened.camera.health().detail


def test_a_video_gives_its_frames(tmp_path):
    video = cv2.VideoWriter(str(tmp_path / "belt.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (WIDTH, HEIGHT))
    for level in (50, 100, 150):
        video.write(plain(level))
    video.release()
    with of_files(tmp_path / "belt.avi") as opened:
        levels = [int(opened.frame().image[0, 0, 0]) for _ in range(3)]
    assert levels == pytest.approx([50, 100, 150], abs=4)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda place: place / "absent", "no such file or folder"),
        (lambda place: place, "holds no picture"),
        (lambda place: (place / "notes.avi").write_text("no video") and place / "notes.avi", "is no video"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_name(tmp_path, make, words):
    place = make(tmp_path)
    with pytest.raises(DeviceError, match=words) as refused:
        of_files(place)
    assert str(place) in str(refused.value)


# ---- network ----


@pytest.fixture
def mjpeg():
    """ffmpeg with MJPEG over HTTP."""
    need_ffmpeg()
    with MjpegPeer() as peer:
        yield peer


@pytest.fixture
def rtsp():
    """GStreamer's RTSP server."""
    need_rtsp_server()
    with RtspPeer() as peer:
        yield peer


def test_mjpeg_over_http_shows_the_bars_that_ffmpeg_draws(mjpeg):
    with over(mjpeg.url) as opened:
        assert bars_of(opened.frame().image) == BARS


def test_rtsp_shows_the_bars_that_gstreamer_draws_by_the_streams_own_stamps(rtsp):
    with over(rtsp.url, stamps="stream", trigger_every_mm=10.0) as opened:
        frames = [opened.frame() for _ in range(20)]
    assert bars_of(frames[-1].image) == BARS
    apart_ms = np.diff([frame.captured_ns for frame in frames]) * 1e-6
    assert np.median(apart_ms) == pytest.approx(40.0, abs=0.5), "25 frames a second, however they arrived"
    assert np.median(np.diff([frame.belt_mm for frame in frames])) == pytest.approx(40.0, abs=2.0)


def test_an_rtsp_server_that_is_killed_is_found_again(rtsp):
    with over(rtsp.url) as opened:
        opened.frame()
        rtsp.kill()
        assert "the stream broke off" in str(opened.error()) or "cannot be opened" in str(opened.error())
        with RtspPeer(rtsp.port):
            eventually(lambda: read_or_none(opened.camera))
            assert opened.camera.health().ok


def test_a_camera_that_hangs_is_told_within_its_silence_and_leaves_nothing_open(mjpeg):
    with over(mjpeg.url):
        pass  # OpenCV starts threads of its own with the first stream
    before = held()
    with MjpegPeer() as peer:
        with over(peer.url) as opened:
            opened.frame()
            peer.freeze()
            error = opened.error()
            assert error.device == f"OpenCV camera {peer.url}"
            assert error.cause
            assert not opened.camera.health().ok
            peer.thaw()
        peer.kill()
        eventually(lambda: held() == before)


def test_a_camera_that_changes_its_resolution_is_told_and_taken_again_when_it_is_right(mjpeg):
    with over(mjpeg.url) as opened:
        opened.frame()
        mjpeg.kill()
        with MjpegPeer(mjpeg.port, size=(320, 240)):
            eventually(lambda: "320 × 240 pixels, the line is configured for 640 × 512" in str(opened.error()))
        with MjpegPeer(mjpeg.port):
            eventually(lambda: read_or_none(opened.camera))


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_wrong_address_is_told_at_once_and_a_peer_that_says_nothing_in_time(scheme):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/belt"
        with pytest.raises(DeviceError, match="cannot be opened") as refused:
            over(address, answer_ms=2000)
        assert address in str(refused.value)
        silent.listen()
        with pytest.raises(DeviceError, match="2000 ms"):
            over(address, answer_ms=2000)


def test_a_device_of_video4linux_that_is_not_there_is_refused():
    with pytest.raises(DeviceError, match=r"/dev/video4242: cannot be opened"):
        over("/dev/video4242")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "camera.source is missing"),
        ("source = 'http://127.0.0.1/x'\nstamps = 'stream'", "carries no stamps"),
        ("source = 'belt'\nfourcc = 'MJPEG'", "camera.fourcc = 'MJPEG'"),
        ("source = 'belt'\nsilent_ms = 1", "camera.silent_ms = 1"),
    ],
)
def test_wrong_settings_are_refused_in_a_sentence(tmp_path, text, words):
    file = tmp_path / "line.toml"
    file.write_text(f"[camera]\ndriver = 'opencv'\n{text}\n")
    with pytest.raises(ConfigError, match=words):
        load_line_config(file)
