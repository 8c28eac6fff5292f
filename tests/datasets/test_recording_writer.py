"""Recording never holds up the line: a slow, full or hung disk costs the recording, is counted, and is said."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.hardware.waiting import WITHIN_S

from neosort_datasets import recording_writer
from neosort_datasets.recording import Recording, RecordingError, RecordingWriter
from neosort_datasets.recording_queue import WriteQueue
from neosort_datasets.recording_writer import MAX_WAITING, counted
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Box, Decision, FieldBlock, Frame, Verdict

MS = 1_000_000
CONFIG = LineConfig.model_validate({"camera": {"width_px": 96, "height_px": 64}, "magnetometer": {"channels": 3}})


def block(number: int) -> FieldBlock:
    return FieldBlock(
        field_ut=np.full((5, 3, 3), number, np.float32),
        saturated=np.zeros((5, 3), bool),
        belt_mm=5.0 * number + np.arange(5.0),
        sampled_ns=(5 * number + np.arange(5, dtype=np.int64)) * MS,
        sequence=number,
    )


def frame(number: int) -> Frame:
    picture = np.full((64, 96, 3), number % 250, np.uint8)
    return Frame(image=picture, belt_mm=5.0 * number, captured_ns=5 * number * MS, sequence=number)


DECISION = Decision(
    track_id=1,
    box=Box(belt_lo_mm=0.0, belt_hi_mm=1.0, across_lo_mm=0.0, across_hi_mm=1.0),
    kind="phone",
    p_ndfeb=0.5,
    magnet_g=1.0,
    magnet_g_sigma=1.0,
    verdict=Verdict.PASSED,
    reason="",
    latency_ms=1.0,
    distance_mm=1.0,
    decided_ns=5 * MS,
)


class Disk(io.FileIO):
    """A file whose writes a test can hold up or make fail."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+")
        self.answers = threading.Event()
        self.answers.set()
        self.held_up = threading.Event()
        self.room: int | None = None

    def write(self, data) -> int:
        if not self.answers.is_set():
            self.held_up.set()
        self.answers.wait()
        if self.room is not None:
            self.room -= len(data)
            if self.room < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Disk]]:
    """Makes the next recording be written to a disk that the test governs; it answers again afterwards."""
    made: list[Disk] = []

    def on(path: Path) -> Disk:
        made.append(Disk(path))
        monkeypatch.setattr(recording_writer, "_create", lambda _path: io.BufferedWriter(made[-1]))
        return made[-1]

    yield on
    for one in made:
        one.answers.set()
    for thread in threading.enumerate():
        if thread.name == "recording":
            thread.join(WITHIN_S)


def test_a_hung_disk_does_not_hold_up_the_caller(tmp_path: Path, disk) -> None:
    hung = disk(tmp_path / "run.mcap")
    writer = RecordingWriter(tmp_path / "run.mcap", CONFIG)
    hung.answers.clear()
    for number in range(1, 3 * MAX_WAITING):  # it would stand still here for ever
        writer.write_block(block(number))
        writer.write_frame(frame(number))
    assert not hung.answers.is_set()
    assert writer.dropped["/field"] > MAX_WAITING
    assert writer.dropped["/camera"] > MAX_WAITING
    assert "the disk did not keep up" in writer.trouble
    with pytest.raises(RecordingError, match=r"run\.mcap: torn, for the disk has not answered for 0\.1 s.*--salvage"):
        writer.close(within_s=0.1)
    writer.close()


def test_a_disk_that_comes_back_leaves_a_whole_file_that_says_what_it_lacks(tmp_path: Path, disk) -> None:
    path = tmp_path / "run.mcap"
    slow = disk(path)
    writer = RecordingWriter(path, CONFIG)
    slow.answers.clear()
    writer.write_block(block(1))
    assert slow.held_up.wait(WITHIN_S)  # else the writer, late on a busy machine, would make room amidst the dropping
    for number in range(2, 2 * MAX_WAITING):
        writer.write_block(block(number))
    slow.answers.set()
    writer.close()
    recording = Recording(path)
    kept = [read.sequence for read in recording.blocks()]
    assert kept == list(range(1, len(kept) + 1)), "the oldest are kept, in order"
    assert len(kept) + writer.dropped["/field"] == 2 * MAX_WAITING - 1
    assert recording.dropped == writer.dropped
    assert recording.damage == ""


def test_a_full_disk_is_named_and_what_was_written_before_can_be_read(tmp_path: Path, disk) -> None:
    path = tmp_path / "run.mcap"
    full = disk(path)
    full.room = 60_000
    writer = RecordingWriter(path, CONFIG, patience_s=30.0)
    number = 0
    while not writer.failed:
        number += 1
        writer.write_block(block(number))
        writer.write_decision(DECISION)
    assert "No space left on device" in writer.trouble
    with pytest.raises(RecordingError, match=r"run\.mcap: torn, writing failed \(No space left on device\)"):
        writer.close()
    salvaged = Recording(path, salvage=True)
    assert 0 < len(list(salvaged.blocks())) < number
    assert salvaged.config == CONFIG


def test_whatever_else_goes_wrong_is_named_and_hangs_nobody(tmp_path: Path, monkeypatch) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError("the encoder broke down")

    monkeypatch.setattr(recording_writer, "encode_frame", fail)
    writer = RecordingWriter(tmp_path / "run.mcap", CONFIG)
    writer.write_block(block(1))
    for number in range(2, 3 * MAX_WAITING):
        writer.write_frame(frame(number))
    with pytest.raises(RecordingError, match="the encoder broke down"):
        writer.close()
    assert writer.dropped["/camera"] >= 3 * MAX_WAITING - 3
    assert Recording(tmp_path / "run.mcap", salvage=True).messages == 1


def test_a_value_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "run.mcap", CONFIG)
    writer.write_block(block(1))
    writer.write_decision(replace(DECISION, latency_ms=float("nan")))
    with pytest.raises(RecordingError, match=r"run\.mcap: torn, writing failed"):
        writer.close()
    writer.close()
    with pytest.raises(RecordingError, match="after it had been closed"):
        writer.write_block(block(2))


def test_a_patient_writer_loses_nothing(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "run.mcap", CONFIG, patience_s=60.0) as writer:
        for number in range(1, 4 * MAX_WAITING):
            writer.write_block(block(number))
    assert writer.trouble == ""
    assert writer.written == {"/field": 4 * MAX_WAITING - 1}
    assert Recording(tmp_path / "run.mcap").dropped == {}


def test_the_queue_is_bounded_by_bytes_too_but_takes_a_lone_giant() -> None:
    queue: WriteQueue[str] = WriteQueue(10, 100)
    assert queue.put("giant", 1000)
    assert not queue.put("small", 1)
    assert queue.get() == "giant"
    assert queue.put("half", 50)
    assert queue.put("other half", 50)
    assert not queue.put("too much", 1)
    queue.close()
    assert [queue.get(), queue.get(), queue.get()] == ["half", "other half", None]


def test_what_is_counted_is_said_in_words() -> None:
    assert counted({"/camera": 1, "/field": 2400}) == "1 frame, 2,400 field blocks"
    assert counted({}) == "nothing"
