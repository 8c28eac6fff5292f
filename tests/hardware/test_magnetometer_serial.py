"""The array board's driver: bytes as documented, and a process on a pseudo-terminal that samples at 1 kHz."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hardware import array_board
from tests.hardware.array_process import ArrayProcess
from tests.hardware.camera_site import error_or_none
from tests.hardware.waiting import WITHIN_S, eventually

from neosort_hardware.array_protocol import NO_READING, Sample, decoded
from neosort_hardware.array_stream import ArrayStream
from neosort_hardware.board_clock import BoardClock
from neosort_hardware.clock import RealClock
from neosort_hardware.config import ConfigError, LineConfig, load_line_config
from neosort_hardware.device_clock import DRIFT
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import open_line

CHANNELS = 40
MS = 1_000_000


@pytest.fixture
def link(tmp_path):
    return tmp_path / "array"


@pytest.fixture
def board(link):
    with ArrayProcess(link) as process:
        yield process


def config_of(link, **array):
    """A simulated line with that array in it; patient, for test machines are busy."""
    on_board = {"driver": "serial", "port": str(link), "channels": CHANNELS, "pitch_mm": 15.0}
    patience = {"answer_ms": 1000, "silent_ms": 5000, "apart_mm": 100.0}
    return LineConfig.model_validate(
        {
            "magnetometer": {**on_board, **patience, **array},
            "twin": {"feed": {"items_per_s_per_m": 0.0}, "speed_ripple": 0.0},
        }
    )


@pytest.fixture
def line(board, link):
    with open_line(config_of(link), RealClock()) as opened:
        yield opened


def blocks_until(array, enough):
    """Blocks as they come, until they are enough."""
    limit, blocks = time.monotonic() + WITHIN_S, []
    while time.monotonic() < limit:
        block = array.read(0.05)
        if block is not None:
            blocks.append(block)
            if enough(blocks):
                return blocks
    raise AssertionError("nothing within the time")


def samples_in(blocks):
    return sum(len(block.sampled_ns) for block in blocks)


def joined(blocks):
    return tuple(np.concatenate([getattr(block, name) for block in blocks]) for name in FIELDS)


FIELDS = ("field_ut", "saturated", "belt_mm", "sampled_ns")


def indices(field_ut):
    """Which sample each row is, from channel 0's readings; -1 for a row of NaN."""
    raw = np.where(np.isnan(field_ut[:, 0, 0]), -1, np.rint(field_ut[:, 0, 0] * 200) + 800_000)
    return np.where(raw < 0, -1, np.rint(raw / 7)).astype(int)


def assert_in_order(index):
    """Known rows stand as far apart as their samples, unknown ones between them; longer gaps are not filled."""
    known = np.flatnonzero(index >= 0)
    steps = np.diff(index[known])
    assert (np.where(steps > 200, 1, steps) == np.diff(known)).all()


def test_a_sample_byte_by_byte():
    packet = bytes.fromhex(
        "c2 07"  # a sample, its running number
        "07010000"  # sample 263
        "40420f00"  # 1,000,000 µs of the board's clock
        "feffffff"  # the encoder's count
        "a08601 60 79fe 000000"  # channel 0: +100,000, -100,000, 0 units of 5 nT
        "000080 000000 010000"  # channel 1: x gave no reading
        "01"  # channel 0 was clipped
    )
    sample = Sample.of(packet, 2)
    assert (sample.index, sample.time_us, sample.count) == (263, 1_000_000, 2**32 - 2)
    field_ut, saturated = decoded([sample.readings], 2, 5)
    np.testing.assert_allclose(field_ut[0, 0], [500.0, -500.0, 0.0])
    assert np.isnan(field_ut[0, 1]).all()
    assert saturated.tolist() == [[True, False]]
    with pytest.raises(ValueError, match="3 channels need"):
        Sample.of(packet, 3)


@given(values=st.lists(st.integers(NO_READING + 1, 2**23 - 1), min_size=9, max_size=9), flags=st.integers(0, 7))
def test_every_reading_and_flag_comes_out_as_it_went_in(values, flags):
    readings = b"".join((value & 0xFFFFFF).to_bytes(3, "little") for value in values) + bytes([flags])
    field_ut, saturated = decoded([readings] * 2, 3, 5)
    np.testing.assert_allclose(field_ut[1].ravel(), np.array(values) * 0.005, rtol=1e-6)
    assert saturated[0].tolist() == [bool(flags >> channel & 1) for channel in range(3)]


@given(delays_us=st.lists(st.integers(200, 40_000), min_size=3, max_size=60), start=st.integers(0, 2**32 - 1))
def test_a_boards_stamps_are_never_later_than_heard_and_as_good_as_the_quickest_way(delays_us, start):
    clock, true_ns, worst = BoardClock(), 10**12, 0
    for number, delay_us in enumerate(delays_us):
        at_ns = true_ns + number * 5 * MS
        stamp = (start + number * 5000) % 2**32
        clock.heard(stamp, at_ns + delay_us * 1000)
        quickest_us = min(delays_us[: number + 1])
        error_us = (clock.ours_ns(stamp) - at_ns) / 1000
        assert -1 <= error_us - quickest_us <= 1 + DRIFT * (5_000 * number + max(delays_us))
        assert clock.ours_ns((stamp - 2000) % 2**32) == clock.ours_ns(stamp) - 2 * MS
        worst = max(worst, error_us)
    assert worst <= max(delays_us) + 1


def test_a_thousand_samples_a_second_of_forty_sensors_come_whole_in_order_with_their_stamps(line, board):
    field_ut, saturated, belt_mm, sampled_ns = joined(
        blocks_until(line.magnetometer, lambda blocks: samples_in(blocks) >= 3000)
    )
    index = indices(field_ut)
    known = index >= 0
    assert known.sum() >= 1000
    assert (~known).sum() <= board.tell("drop 0"), "whatever the board has sent has come, however busy the machine"
    assert_in_order(index)
    rows, channels = np.flatnonzero(known)[::97], [0, 7, CHANNELS - 1]
    for row in rows:
        for channel in channels:
            wanted = [array_board.reading(int(index[row]), channel, axis) * 0.005 for axis in range(3)]
            np.testing.assert_allclose(field_ut[row, channel], wanted, rtol=1e-5)
    assert np.isnan(field_ut[:, array_board.DEAD_CHANNEL]).all()
    flagged = (index[:, None] + np.arange(CHANNELS)) % 50 == 0
    flagged[:, array_board.DEAD_CHANNEL] = False
    assert (saturated[known] == flagged[known]).all()
    assert (np.diff(sampled_ns) > 0).all()
    assert (np.diff(belt_mm) >= 0).all(), "over the wrap-around of its count, too"
    first, last = np.flatnonzero(known)[[0, -1]]
    taken = index[last] - index[first]
    assert belt_mm[last] - belt_mm[first] == pytest.approx(taken, abs=2.0), "a millimetre a sample at 1 m/s"
    assert sampled_ns[last] - sampled_ns[first] == pytest.approx(taken * MS, rel=0.05)
    assert (belt_mm % 0.5 == 0)[known].all(), "whole counts, as latched"


def test_the_boards_count_is_set_against_the_lines_encoder(line):
    block = blocks_until(line.magnetometer, lambda blocks: samples_in(blocks) >= 500)[-1]
    sample = line.encoder.read()
    later_mm = (sample.sampled_ns - block.sampled_ns[-1]) * 1e-6
    assert block.belt_mm[-1] + later_mm == pytest.approx(sample.belt_mm, abs=60.0), "to what a busy machine allows"


@pytest.mark.parametrize("harm", ["drop", "tear", "spoil"])
def test_what_is_lost_torn_or_spoilt_is_counted_and_shown_as_unknown(line, board, harm):
    array = line.magnetometer
    blocks_until(array, lambda blocks: samples_in(blocks) >= 50)
    lost_before, bad_before = array.lost, array.bad_frames
    board.tell(f"{harm} 20")
    field_ut, _, belt_mm, sampled_ns = joined(
        blocks_until(array, lambda blocks: array.lost >= lost_before + 20 and samples_in(blocks) >= 200)
    )
    unknown = np.isnan(field_ut).all(axis=(1, 2))
    assert unknown.sum() >= 20
    assert (np.diff(sampled_ns) > 0).all()
    assert (np.diff(belt_mm) >= 0).all()
    if harm != "drop":
        assert array.bad_frames >= bad_before + 20
    assert_in_order(indices(field_ut))


def test_garbage_between_frames_costs_what_it_hits_and_no_more(line, board):
    array = line.magnetometer
    blocks_until(array, lambda blocks: samples_in(blocks) >= 50)
    board.tell("garbage 5000")
    field_ut, *_ = joined(blocks_until(array, lambda blocks: samples_in(blocks) >= 300))
    assert_in_order(indices(field_ut))
    assert array.bad_frames > 0


def test_a_board_that_is_unplugged_is_an_error_that_names_it_and_is_found_again(line, board, link):
    array = line.magnetometer
    before = blocks_until(array, lambda blocks: samples_in(blocks) >= 50)[-1]
    board.kill()
    with pytest.raises(DeviceError, match=r"serial magnetometer array: .*array has gone"):
        blocks_until(array, lambda _: False)
    assert not array.health().ok
    assert "has gone" in array.health().detail or "cannot be opened" in array.health().detail
    with ArrayProcess(link, first_count=77):
        block = None
        limit = time.monotonic() + WITHIN_S
        while block is None and time.monotonic() < limit:
            with contextlib.suppress(DeviceError):
                block = array.read(0.05)
        assert block is not None
        assert array.health().ok
        assert block.sequence == before.sequence + 1 or block.sequence > before.sequence
        assert block.sampled_ns[0] > before.sampled_ns[-1]
        sample = line.encoder.read()
        later_mm = (sample.sampled_ns - block.sampled_ns[-1]) * 1e-6
        assert block.belt_mm[-1] + later_mm == pytest.approx(sample.belt_mm, abs=60.0), "set against it anew"


def test_an_error_that_the_driver_does_not_know_is_told_and_the_array_is_found_again(line, monkeypatch):
    array = line.magnetometer
    with monkeypatch.context() as broken:
        broken.setattr(ArrayStream, "_sample", lambda *_: 1 // 0)
        assert "ZeroDivisionError" in eventually(lambda: error_or_none(array)).cause
    assert eventually(lambda: error_or_none(array) is None and array.read(0.1))


def test_a_board_that_falls_silent_is_lost_within_the_stated_time(board, link):
    with open_line(config_of(link, silent_ms=600), RealClock()) as line:
        blocks_until(line.magnetometer, lambda blocks: samples_in(blocks) >= 20)
        board.tell("mute")
        with pytest.raises(DeviceError, match="has sent nothing for 600 ms"):
            blocks_until(line.magnetometer, lambda _: False)


def test_reading_waits_no_longer_than_asked(board, link):
    with open_line(config_of(link), RealClock()) as line:
        blocks_until(line.magnetometer, lambda blocks: samples_in(blocks) >= 20)
        os.kill(board.process.pid, signal.SIGSTOP)
        try:
            while line.magnetometer.read(0.02) is not None:
                pass
            began = time.monotonic()
            assert line.magnetometer.read(0.0) is None
            polled_s = time.monotonic() - began
            began = time.monotonic()
            assert line.magnetometer.read(0.2) is None
            waited_s = time.monotonic() - began
        finally:
            os.kill(board.process.pid, signal.SIGCONT)
    assert waited_s >= 0.2
    assert polled_s < waited_s


def test_a_board_that_nobody_reads_loses_the_oldest_and_shows_the_gap(line, board):
    array = line.magnetometer
    before = blocks_until(array, lambda blocks: samples_in(blocks) >= 50)[-1]
    unsent, index, wait = board.tell("drop 0"), array._stream._last_index, threading.Event()
    while array._stream._last_index - index - (board.tell("drop 0") - unsent) < 2_600:
        wait.wait(0.05)
    block = blocks_until(array, lambda _: True)[-1]
    assert np.isfinite(block.field_ut[:, 0, 0]).sum() <= 2_000
    assert block.sampled_ns[0] - before.sampled_ns[-1] > 100 * MS, "longer a gap than is bridged"
    assert block.sampled_ns[-1] - before.sampled_ns[-1] > 2_000 * MS


def test_after_closing_the_board_samples_no_more_and_nothing_is_left_behind(board, link):
    def held():
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = held()
    with open_line(config_of(link), RealClock()) as line:
        blocks_until(line.magnetometer, lambda blocks: samples_in(blocks) >= 20)
        assert held() > before
    line.magnetometer.close()
    assert held() == before
    with pytest.raises(DeviceError, match="after it had been closed"):
        line.magnetometer.read(0.0)
    with os.fdopen(os.open(link, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY), "rb", buffering=0) as port:
        while port.read(4096):
            pass
        board.tell("garbage 0")
        assert not port.read(4096), "silence"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": 24}, "the board has 40 channels, magnetometer.channels is 24"),
        ({"rate_hz": 500.0}, "samples at 1000 Hz, magnetometer.rate_hz is 500"),
        ({"port": "/dev/no-such-array"}, "/dev/no-such-array cannot be opened"),
    ],
)
@pytest.mark.usefixtures("board")
def test_another_board_than_configured_is_refused_when_the_line_is_opened(link, changes, words):
    with pytest.raises(DeviceError, match=words) as refused:
        open_line(config_of(link, **changes), RealClock())
    assert refused.value.device == "serial magnetometer array"


def test_a_board_mounted_the_other_way_round_is_told_so_by_its_axes(board, link):
    with open_line(config_of(link, axes=["-y", "+x", "-z"]), RealClock()) as line:
        (field_ut, *_), known = joined(blocks_until(line.magnetometer, lambda _: True)), None
        index = np.rint((field_ut[:, 0, 1] * 200 + 800_000) / 7)
        known = np.isfinite(index)
    row = int(np.flatnonzero(known)[0])
    x, y, z = (array_board.reading(int(index[row]), 0, axis) * 0.005 for axis in range(3))
    np.testing.assert_allclose(field_ut[row, 0], [-y, x, -z], rtol=1e-5)


def test_axes_that_name_one_twice_are_refused(tmp_path):
    file = tmp_path / "line.toml"
    file.write_text("[magnetometer]\ndriver = 'serial'\nport = 'x'\naxes = ['+x', '-x', '+z']\n")
    with pytest.raises(ConfigError, match="must name each of x, y and z once"):
        load_line_config(file)


def test_the_peers_own_framing_is_by_the_book():
    assert array_board.framed(b"123456789") == b"\x0c123456789\xb1\x29\x00"
    assert array_board.unframed(array_board.framed(b"\x01\x00\x02")[:-1]) == b"\x01\x00\x02"
