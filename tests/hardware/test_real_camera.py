"""What all real cameras share, on a source of the test's own: stamps, places, silence, faults, reconnection."""

import queue
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hardware.camera_site import FakeEncoder, error_or_none, site_over
from tests.hardware.waiting import eventually

from neosort_hardware.belt_past import BeltPast
from neosort_hardware.camera_real import RealCamera
from neosort_hardware.camera_source import CameraFault, Exposure, FrameSpoilt
from neosort_hardware.device_clock import DRIFT, DeviceClock
from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.pixel_formats import OLD_NAMES, PIXEL_FORMATS, frame_bytes, to_rgb
from neosort_hardware.settings_camera import RealCameraConfig
from neosort_hardware.travel_gate import TravelGate
from neosort_hardware.types import EncoderSample

WIDTH, HEIGHT = 64, 64
MS = 1_000_000


class FakeSource:
    """Gives what the test puts in: exposures, errors; answers triggers with a picture where it is told to."""

    def __init__(self, *, ignores=0, answers_triggers=False):
        self.ignores = ignores
        self.coming = queue.Queue()
        self.triggers = []
        self.checks = 0
        self.closed = False
        self.gone = ""
        self.answers_triggers = answers_triggers
        self.exposures_us = []

    def expose_for(self, exposure_us):
        if exposure_us > 1000.0:
            raise CameraFault(f"does not take ExposureTime = {exposure_us:g}")
        self.exposures_us.append(exposure_us)

    def trigger(self):
        self.triggers.append(time.monotonic_ns())
        if self.answers_triggers and len(self.triggers) > self.ignores:
            self.coming.put(picture())

    def grab(self, wait_s):
        try:
            thing = self.coming.get(timeout=wait_s)
        except queue.Empty:
            return None
        if isinstance(thing, Exception):
            raise thing
        return thing

    def check(self):
        self.checks += 1
        if self.gone:
            raise CameraFault(self.gone)

    def close(self):
        self.closed = True


def picture(level=7, **changed):
    taken = {
        "raw": np.full(WIDTH * HEIGHT, level, np.uint8), "pixel_format": "Mono8", "width_px": WIDTH,
        "height_px": HEIGHT, "arrived_ns": time.monotonic_ns(),
    }  # fmt: skip
    return Exposure(**taken | changed)


class Opened:
    """Cameras on fake sources, one a life, closed at the end."""

    def __init__(self):
        self.make = FakeSource
        self.encoder = FakeEncoder()
        self.lives = []
        self.camera = None
        self.refuses = ""
        self.attempts_ns = []

    def source(self):
        self.attempts_ns.append(time.monotonic_ns())
        if self.refuses:
            raise CameraFault(self.refuses)
        self.lives.append(self.make())
        return self.lives[-1]

    def open(self, trigger="free", source=None, **settings):
        wanted = {"driver": "fake", "width_px": WIDTH, "height_px": HEIGHT, "trigger_every_mm": 10.0}
        site = site_over(self.encoder)
        self.camera = RealCamera(
            "fake camera", source or self.source, RealCameraConfig(**wanted | settings), site, trigger=trigger
        )
        return self.camera

    def frame(self):
        return eventually(lambda: self.camera.read(0.02))

    def error(self):
        return eventually(lambda: error_or_none(self.camera))


@pytest.fixture
def opened():
    """Closes what was opened."""
    all_of_it = Opened()
    yield all_of_it
    if all_of_it.camera is not None:
        all_of_it.camera.close()
        all_of_it.camera.close()
        assert all(source.closed for source in all_of_it.lives)


# ---- places and stamps ----


def test_a_frame_is_where_the_belt_was_in_the_middle_of_its_exposure(opened):
    camera = opened.open("line", delay_ms=30.0)
    camera.read(0.1)
    opened.lives[0].coming.put(picture())
    frame = opened.frame()
    assert frame.belt_mm == pytest.approx(opened.encoder.mm_at(frame.captured_ns), abs=0.5)
    assert (time.monotonic_ns() - frame.captured_ns) * 1e-6 >= 30.0
    assert camera.stamp_error_ms == pytest.approx(30.0), "no longer than the way itself"


def test_where_nobody_measured_the_way_no_error_is_stated(opened):
    camera = opened.open("line")
    camera.read(0.05)
    opened.lives[0].coming.put(picture(device_ns=5_000))
    frame = opened.frame()
    assert camera.stamp_error_ms is None
    assert frame.captured_ns <= time.monotonic_ns()


def test_a_frame_of_before_anybody_looked_at_the_belt_is_left_out(opened):
    camera = opened.open("line")
    camera.read(0.0)
    opened.lives[0].coming.put(picture(arrived_ns=time.monotonic_ns() - 3_000 * MS))
    eventually(lambda: camera.read(0.02) is None and camera.unplaced == 1)


def test_stamps_rise_even_where_the_cameras_clock_goes_back(opened):
    camera = opened.open("line")
    camera.read(0.05)
    source = opened.lives[0]
    frames = []
    for device_ns in (5_000, 4_000, 4_000):
        source.coming.put(picture(device_ns=device_ns))
        frames.append(opened.frame())
    assert all(later.captured_ns > earlier.captured_ns for earlier, later in pairwise(frames))


def test_a_software_trigger_bounds_the_cameras_clock_from_both_sides(opened):
    camera = opened.open("software", delay_ms=500.0)
    eventually(lambda: camera.read(0.0) is None and opened.lives and opened.lives[0].triggers)
    opened.lives[0].coming.put(picture(device_ns=123))
    frame = opened.frame()
    assert opened.lives[0].triggers[0] - 50 * MS <= frame.captured_ns <= time.monotonic_ns()
    assert camera.stamp_error_ms < 500.0


def test_software_triggers_follow_the_belt_and_stop_with_it(opened):
    camera = opened.open("software", trigger_every_mm=20.0)
    opened.lives[0].answers_triggers = True
    began_mm = opened.encoder.mm_at(time.monotonic_ns())
    frames = [opened.frame() for _ in range(5)]
    assert all(later.belt_mm > earlier.belt_mm for earlier, later in pairwise(frames))
    opened.encoder.stop()
    assert len(opened.lives[0].triggers) <= 2 + (opened.encoder.stands_mm - began_mm) / 20.0
    while camera.read(0.05) is not None:
        pass
    triggers = len(opened.lives[0].triggers)
    assert camera.read(0.1) is None
    assert len(opened.lives[0].triggers) == triggers
    assert camera.health().ok, "a belt that stands is no fault of the camera"


def test_frames_that_nobody_takes_push_out_the_oldest_and_are_counted(opened):
    camera = opened.open("line", buffers=4)
    camera.read(0.0)
    for level in range(10):
        opened.lives[0].coming.put(picture(level))
    eventually(lambda: camera.lost == 6)
    assert opened.frame().image[0, 0, 0] == 6


def test_reading_polls_or_waits_as_long_as_asked(opened):
    camera = opened.open("line")
    assert camera.read(0.0) is None
    began = time.monotonic()
    assert camera.read(0.15) is None
    assert time.monotonic() - began >= 0.15


# ---- faults ----


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"width_px": 128}, "frames of 128 × 64 pixels, the line is configured for 64 × 64"),
        ({"pixel_format": "Mono10p"}, "pixel format Mono10p, understood are BGR8"),
        ({"raw": np.zeros(100, np.uint8)}, "sends 100 bytes a frame, 4096 are due for 64 × 64 Mono8"),
    ],
)
def test_a_frame_that_is_not_as_configured_is_told_and_the_camera_opened_anew(opened, changed, words):
    opened.open("line")
    opened.lives[0].coming.put(picture(**changed))
    error = opened.error()
    assert error.device == "fake camera"
    assert words in error.cause
    eventually(lambda: len(opened.lives) > 1)
    assert opened.lives[0].closed
    opened.lives[-1].coming.put(picture())
    eventually(lambda: opened.camera.health().ok)


def test_a_camera_that_runs_freely_owes_frames(opened):
    opened.open("free", silent_ms=100)
    assert "has sent no frame for 100 ms" in str(opened.error())


def test_a_camera_that_does_not_answer_a_software_trigger_is_told(opened):
    camera = opened.open("software", silent_ms=100)
    assert "no frame within 100 ms of a software trigger, twice" in str(opened.error())
    assert camera.spoilt == 1
    assert opened.lives[0].checks == 2


def test_one_frame_that_was_lost_whole_does_not_stop_a_camera_that_is_triggered_by_software(opened):
    opened.make = lambda: FakeSource(ignores=1, answers_triggers=True)
    camera = opened.open("software", silent_ms=100)
    assert opened.frame() is not None
    assert camera.spoilt == 1
    assert len(opened.lives) == 1


def test_a_camera_on_a_trigger_line_owes_nothing_but_is_asked_how_it_is(opened):
    camera = opened.open("line", silent_ms=60)
    eventually(lambda: camera.read(0.02) is None and opened.lives[0].checks >= 2)
    assert camera.health().ok
    opened.lives[0].gone = "does not answer"
    assert opened.error().cause == "does not answer"


def test_spoilt_frames_are_counted_and_complained_of_and_nothing_but_spoilt_ones_is_a_fault(opened):
    camera = opened.open("line", silent_ms=400)
    for _ in range(6):
        opened.lives[0].coming.put(FrameSpoilt("missing packets"))
    eventually(lambda: camera.read(0.02) is None and camera.spoilt == 6)
    assert "6 of the last 6 frames came incomplete (missing packets)" in camera.health().detail
    time.sleep(0.5)
    assert camera.read(0.0) is None, "spoilt frames and then a belt that stands are no fault"
    stop = threading.Event()

    def spoil():
        while not stop.wait(0.02):
            opened.lives[0].coming.put(FrameSpoilt("missing packets"))

    spoiling = threading.Thread(target=spoil)
    spoiling.start()
    try:
        assert "no whole frame for 400 ms (missing packets)" in str(opened.error())
    finally:
        stop.set()
        spoiling.join()


def test_a_lost_camera_is_tried_ever_more_seldom_and_goes_on_when_it_is_back(opened):
    opened.open("line")
    opened.refuses = "no such camera"
    opened.lives[0].coming.put(CameraFault("is gone"))
    opened.error()
    eventually(lambda: len(opened.attempts_ns) >= 5)
    waits_ms = np.diff(opened.attempts_ns[:5]) * 1e-6
    assert (waits_ms >= [100, 200, 400, 800][: len(waits_ms)]).all(), "twice as long each time"
    assert opened.error().cause == "no such camera"
    opened.refuses = ""
    eventually(lambda: len(opened.lives) == 2 and opened.camera.health().ok)
    opened.camera.read(0.0)
    opened.lives[1].coming.put(picture())
    assert opened.frame().image.shape == (HEIGHT, WIDTH, 3)


def test_an_error_that_no_driver_knows_of_is_told_and_the_camera_is_looked_for_again(opened):
    camera = opened.open("line")
    opened.refuses = "no such camera"
    opened.lives[0].coming.put(ZeroDivisionError("in the manufacturer's software"))
    assert opened.error().cause in ("ZeroDivisionError: in the manufacturer's software", "no such camera")
    assert opened.lives[0].closed
    opened.refuses = ""
    eventually(lambda: len(opened.lives) == 2 and camera.health().ok)
    camera.read(0.0)
    opened.lives[1].coming.put(picture())
    assert opened.frame().image.shape == (HEIGHT, WIDTH, 3)


def test_frames_of_before_a_fault_are_handed_over_first_and_so_they_are_before_an_end(opened):
    camera = opened.open("line")
    camera.read(0.0)
    opened.lives[0].coming.put(picture(1))
    opened.lives[0].coming.put(EndOfStream("over"))
    eventually(lambda: opened.lives[0].closed)
    assert camera.read(0.0).image[0, 0, 0] == 1
    with pytest.raises(EndOfStream):
        camera.read(0.0)


def test_a_camera_that_is_not_there_is_refused_with_its_cause_and_no_thread_is_left(opened):
    opened.refuses = "no such camera"
    threads = threading.active_count()
    with pytest.raises(DeviceError, match="fake camera: no such camera"):
        opened.open()
    assert threading.active_count() == threads


def test_software_that_hangs_while_opening_is_given_up_and_let_go_when_it_returns(opened):
    hanging = threading.Event()

    def slowly():
        hanging.wait(30)
        return opened.source()

    threads = threading.active_count()
    with pytest.raises(DeviceError, match="does not answer within 150 ms"):
        opened.open(source=slowly, answer_ms=150)
    hanging.set()
    eventually(lambda: threading.active_count() == threads)
    assert opened.lives[0].closed


# ---- the pieces ----


@given(st.integers(0, 2**62), st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), min_size=1, max_size=40))
def test_a_devices_clock_is_never_further_off_than_its_stated_error(zero_ns, waits_ms):
    clock, rate = DeviceClock(), 1.0 + 0.9 * DRIFT
    for round_number, (before_ms, after_ms) in enumerate(waits_ms):
        true_ns = 10**12 + round_number * 500 * MS
        device_ns = zero_ns + round((true_ns - 10**12) * rate)
        clock.told(device_ns, true_ns + after_ms * MS, true_ns - before_ms * MS)
        assert abs(clock.ours_ns(device_ns) - true_ns) <= clock.error_ns + 4096, "rounding of large numbers"
        assert clock.error_ns <= 0.5 * (before_ms + after_ms) * MS + 4096


def test_a_devices_clock_that_was_set_anew_is_followed_at_once():
    clock = DeviceClock()
    clock.told(10**9, 5 * MS, 4 * MS)
    clock.told(77, 6 * MS, 5 * MS)
    assert clock.ours_ns(77) == pytest.approx(5.5 * MS)


def test_of_a_free_camera_the_first_frame_of_each_stretch_is_kept_and_gaps_show():
    gate = TravelGate(100.0, picks=True)
    assert [gate.number(mm) for mm in (130, 180, 205, 290, 310, 299.9, 520, 530)] == [
        None, None, 1, None, 2, None, 4, None,
    ]  # fmt: skip
    assert gate.number(20.0) == 5, "an encoder that began anew"


def test_of_a_triggered_camera_every_frame_is_kept_and_gaps_show():
    gate = TravelGate(100.0, picks=False)
    assert [gate.number(mm) for mm in (199, 302, 395, 701, 702)] == [1, 2, 3, 6, 7]


def test_the_belts_past_is_known_between_looks_and_a_little_ahead_and_nowhere_else():
    past = BeltPast()
    for ms in range(0, 1001, 10):
        past.add(EncoderSample(belt_mm=float(ms), counts=ms, sampled_ns=ms * MS))
    assert past.mm_at(505 * MS) == pytest.approx(505.0)
    assert past.mm_at(1040 * MS) == pytest.approx(1040.0)
    assert past.mm_at(1200 * MS) is None
    assert past.mm_at(-1) is None
    past.add(EncoderSample(belt_mm=2500.0, counts=0, sampled_ns=2500 * MS))
    assert past.mm_at(2000 * MS) is None, "nobody looked for more than a second"
    past.add(EncoderSample(belt_mm=0.0, counts=0, sampled_ns=2510 * MS))
    assert past.mm_at(2505 * MS) is None, "the encoder began anew"


def test_the_belts_past_does_not_grow_without_end():
    past = BeltPast()
    for ms in range(0, 60_000, 5):
        past.add(EncoderSample(belt_mm=float(ms), counts=ms, sampled_ns=ms * MS))
    assert len(past._at_ns) <= 2_001
    assert past.mm_at(57_502_500_000) == pytest.approx(57_502.5)


# First row and first column of a picture that is red where the colour filter says so: bytes by hand, after the names.
RED = {
    "RGB8": [200, 0, 0], "BGR8": [0, 0, 200], "RGBa8": [200, 0, 0, 9], "BGRa8": [0, 0, 200, 9],
}  # fmt: skip


@pytest.mark.parametrize(("name", "pixel"), RED.items())
def test_bytes_of_a_colour_format_are_that_colour(name, pixel):
    raw = np.tile(np.array(pixel, np.uint8), 8 * 6)
    assert to_rgb(raw, name, 8, 6)[3, 3].tolist() == [200, 0, 0]


@pytest.mark.parametrize(
    ("name", "red_at"), [("BayerRG", (0, 0)), ("BayerGR", (0, 1)), ("BayerGB", (1, 0)), ("BayerBG", (1, 1))]
)
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_the_red_cells_of_a_colour_filter_are_red(name, red_at, bits):
    cells = np.zeros((8, 8), np.uint8 if bits == 8 else np.dtype("<u2"))
    cells[red_at[0] :: 2, red_at[1] :: 2] = 200 << (bits - 8)
    image = to_rgb(cells.reshape(-1).view(np.uint8), f"{name}{bits}", 8, 8)
    assert image[4, 4].tolist() == [200, 0, 0]


def test_grey_of_any_depth_is_grey_and_yuv_has_its_brightness():
    grey = np.full(64, 4095, "<u2")
    assert to_rgb(grey.view(np.uint8), "Mono12", 8, 8)[0, 0].tolist() == [255, 255, 255]
    uyvy = np.tile(np.array([128, 235], np.uint8), 64)
    assert to_rgb(uyvy, "YUV422_8_UYVY", 8, 8)[0, 0].min() > 250
    assert to_rgb(uyvy.reshape(-1, 2)[:, ::-1].reshape(-1).copy(), "YUV422_8", 8, 8)[0, 0].min() > 250


@pytest.mark.parametrize("name", [*PIXEL_FORMATS, *OLD_NAMES])
def test_every_format_makes_a_picture_of_as_many_bytes_as_it_says(name):
    raw = np.zeros(frame_bytes(name, 10, 6), np.uint8)
    assert to_rgb(raw, name, 10, 6).shape == (6, 10, 3)


def test_another_exposure_is_told_on_the_cameras_own_thread_and_a_refusal_ends_nothing(opened):
    camera = opened.open("line")
    assert camera.read(0.0) is None, "and the belt has been looked at"
    camera.expose_for(250.0)
    assert opened.lives[0].exposures_us == [250.0]
    with pytest.raises(DeviceError, match="does not take ExposureTime = 2000"):
        camera.expose_for(2000.0)
    opened.lives[0].coming.put(picture(9))
    assert opened.frame().image[0, 0, 0] == 9
    assert len(opened.lives) == 1


@pytest.mark.parametrize("trigger", ["free", "software"])
def test_a_belt_that_stands_is_seen_when_asked_for(opened, trigger):
    opened.make = lambda: FakeSource(answers_triggers=trigger == "software")
    camera = opened.open(trigger, silent_ms=60_000)
    opened.encoder.stop()
    assert camera.read(0.05) is None
    camera.look()
    if trigger == "free":
        opened.lives[0].coming.put(picture(5))
    first = opened.frame()
    camera.look()
    if trigger == "free":
        opened.lives[0].coming.put(picture(6))
    second = opened.frame()
    assert second.belt_mm == first.belt_mm
    assert second.sequence > first.sequence
    if trigger == "free":
        opened.lives[0].coming.put(picture(7))
        assert camera.read(0.1) is None, "nobody has asked for that one"


def test_a_camera_that_only_a_wire_triggers_sees_no_belt_that_stands(opened):
    with pytest.raises(DeviceError, match="triggered by wire alone"):
        opened.open("line").look()
