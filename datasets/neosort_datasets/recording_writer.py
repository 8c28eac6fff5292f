"""Writes a run of the line into one MCAP file while the line runs. The schema stands in `datasets/README.md`."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from mcap.writer import CompressionType, Writer

from neosort_datasets.mcap_file import RecordingError
from neosort_datasets.recording_messages import (
    CAMERA,
    DECISION,
    ENCODER,
    END_METADATA_NAME,
    FIELD,
    ITEM,
    LANDING,
    METADATA_NAME,
    SCHEMA_VERSION,
    SHOT,
    TOPICS,
    Recorded,
    encode_block,
    encode_frame,
    encode_plain,
)
from neosort_datasets.recording_queue import WriteQueue
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Decision, EncoderSample, FieldBlock, Frame, ItemTruth, Landing

FLUSH_EVERY_NS = 1_000_000_000  # a crash costs no more than this much of the run
SYNC_EVERY_S = 2.0  # a power cut no more than this
MAX_WAITING = 512  # values between the loop and the disk
MAX_WAITING_BYTES = 256 * 1024 * 1024
CLOSE_WITHIN_S = 60.0
_SMALL_BYTES = 512  # what a decision or the like takes up, about


class RecordingWriter:
    """Writes a run while it happens. The methods only queue; a thread of its own compresses and writes.

    No call ever fails or waits for the disk, which may be slow, full or hung: what it does not take is dropped and
    counted, and ``trouble`` says so; ``free_bytes``: its room when last written to. ``patience_s``: for how long a call
    may wait for room first; a line on virtual time can be patient, a belt cannot. After a crash the file holds
    everything up to its last second. Raises
    `RecordingError` when the file exists already or cannot be made. One caller at a time.
    """

    def __init__(self, path: Path, config: LineConfig, *, patience_s: float = 0.0) -> None:
        self.path = path
        self.free_bytes: int | None = None
        self._camera_name = f"{config.name}/camera"
        self._patience_s = patience_s
        self._last_ns = 0
        self._written: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()  # by the caller, for want of room
        self._lost: Counter[str] = Counter()  # by the thread, after a failure
        self._failure: Exception | None = None
        self._file = _create(path)
        self._mcap = Writer(self._file, compression=CompressionType.ZSTD)
        self._channels = self._begin(config)
        self._queue: WriteQueue[tuple[str, Recorded, int]] = WriteQueue(MAX_WAITING, MAX_WAITING_BYTES)
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """What keeps the recording from being whole, in a few words; empty while nothing does."""
        if self._failure is not None:
            return f"writing failed ({getattr(self._failure, 'strerror', None) or self._failure})"
        if self._dropped:
            return f"the disk did not keep up: {counted(self.dropped)} dropped"
        return ""

    @property
    def failed(self) -> bool:
        """Whether nothing more will be written."""
        return self._failure is not None

    @property
    def waiting(self) -> int:
        """Values that wait for the disk."""
        return len(self._queue)

    @property
    def dropped(self) -> dict[str, int]:
        """Values that were not written, by topic."""
        return dict(self._dropped + self._lost)

    @property
    def written(self) -> dict[str, int]:
        """Values that were written, by topic."""
        return dict(self._written)

    def write_frame(self, frame: Frame) -> None:
        """Keep a frame, as JPEG. Its pixels must not change afterwards."""
        self._put(CAMERA, frame, frame.captured_ns, frame.image.nbytes)

    def write_block(self, block: FieldBlock) -> None:
        """Keep a block of field samples."""
        self._put(FIELD, block, int(block.sampled_ns[-1]), block.field_ut.nbytes + _SMALL_BYTES)

    def write_encoder(self, sample: EncoderSample) -> None:
        """Keep an encoder reading; only wanted where neither frames nor blocks tell the belt's position."""
        self._put(ENCODER, sample, sample.sampled_ns)

    def write_decision(self, decision: Decision) -> None:
        """Keep a decision, and its shot beside it."""
        self._put(DECISION, decision, decision.decided_ns)
        if decision.shot is not None:
            self._put(SHOT, decision.shot, decision.decided_ns)

    def write_item(self, item: ItemTruth) -> None:
        """Keep what the twin knows of an item."""
        self._put(ITEM, item, self._last_ns)

    def write_landing(self, landing: Landing) -> None:
        """Keep where an item came to rest."""
        self._put(LANDING, landing, landing.landed_ns)

    def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Write what waits, and the index. May be called twice.

        Raises `RecordingError` when writing failed, or when the disk does not answer within ``within_s``: the file is
        then torn, and what stands in it can be salvaged.
        """
        if self._closed:
            return
        self._closed = True
        self._queue.close()
        self._thread.join(within_s)
        if self._thread.is_alive():
            raise RecordingError(
                f"{self.path}: torn, for the disk has not answered for {within_s:g} s; replay it with --salvage"
            )
        if self._failure is not None:
            raise RecordingError(
                f"{self.path}: torn, {self.trouble}; replay what was written before with --salvage"
            ) from self._failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, config: LineConfig) -> dict[str, int]:
        """Header, configuration and channels; on the disk at once, so that a torn file still says what it is."""
        self._mcap.start(profile="", library=f"neosort {_version()}")
        metadata = {
            "schema_version": SCHEMA_VERSION,
            "neosort_version": _version(),
            "recorded_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "line_config": config.model_dump_json(),
        }
        self._mcap.add_metadata(METADATA_NAME, metadata)
        channels = {}
        for topic in TOPICS.values():
            schema_id = self._mcap.register_schema(topic.schema, "jsonschema", topic.json_schema())
            channels[topic.name] = self._mcap.register_channel(topic.name, "json", schema_id)
        self._mcap.flush()  # type: ignore[no-untyped-call]
        return channels

    def _put(self, topic: str, value: Recorded, stamp_ns: int, size: int = _SMALL_BYTES) -> None:
        if self._closed:
            raise RecordingError(f"{self.path}: was written to after it had been closed")
        self._last_ns = max(self._last_ns, stamp_ns)
        # Once something was dropped the disk has had its chance: nothing more is waited for.
        patience_s = 0.0 if self._dropped else self._patience_s
        if self._failure is None and self._queue.put((topic, value, stamp_ns), size, patience_s):
            return
        self._dropped[topic] += 1

    def _work(self) -> None:
        """The thread: writes until told to stop, then completes the file. After a failure it only empties the queue."""
        flush_ns, sync_s = 0, time.monotonic() + SYNC_EVERY_S
        while (waiting := self._queue.get()) is not None:
            if self._failure is not None:
                self._lost[waiting[0]] += 1
                continue
            topic, value, stamp_ns = waiting
            try:
                self._write(topic, value, stamp_ns)
                if stamp_ns >= flush_ns:
                    self._mcap.flush()  # type: ignore[no-untyped-call]
                    flush_ns = stamp_ns + FLUSH_EVERY_NS
                if time.monotonic() >= sync_s:
                    os.fsync(self._file.fileno())
                    self.free_bytes = shutil.disk_usage(self.path.parent).free
                    sync_s = time.monotonic() + SYNC_EVERY_S
            except Exception as error:  # whatever it was: a writer that died in silence would lose the run
                self._failure = error
        self._complete()

    def _complete(self) -> None:
        """What was dropped, the index and the footer; the file is closed however that goes."""
        try:
            if self._failure is None:
                dropped = {f"dropped {topic}": str(count) for topic, count in self._dropped.items()}
                self._mcap.add_metadata(END_METADATA_NAME, dropped)
                self._mcap.finish()  # type: ignore[no-untyped-call]
                self._file.flush()
                os.fsync(self._file.fileno())
        except Exception as error:
            self._failure = error
        try:
            self._file.close()
        except OSError as error:
            self._failure = self._failure or error

    def _write(self, topic: str, value: Recorded, stamp_ns: int) -> None:
        if isinstance(value, Frame):
            data = encode_frame(value, self._camera_name)
        elif isinstance(value, FieldBlock):
            data = encode_block(value)
        else:
            data = encode_plain(value)
        self._mcap.add_message(self._channels[topic], log_time=stamp_ns, data=data, publish_time=stamp_ns)
        self._written[topic] += 1


def counted(values: Mapping[str, int]) -> str:
    """How many of what, for people: '3 frames, 40 field blocks'."""
    said = [
        f"{count:,} {TOPICS[topic].things if count != 1 else TOPICS[topic].things.removesuffix('s')}"
        for topic in TOPICS
        if (count := values.get(topic, 0))
    ]
    return ", ".join(said) or "nothing"


def _create(path: Path) -> BinaryIO:
    """A new file, and its folder where that is missing."""
    if path.exists():
        raise RecordingError(f"{path}: exists already, and a recording is never overwritten")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written ({error.strerror})") from error


def _version() -> str:
    try:
        return version("neosort")
    except PackageNotFoundError:
        return "unknown"
