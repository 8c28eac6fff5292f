"""Writes a run of the line into one MCAP file while the line runs. The schema stands in `datasets/README.md`."""

from __future__ import annotations

import queue
import threading
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
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Decision, EncoderSample, FieldBlock, Frame, ItemTruth, Landing

FLUSH_EVERY_NS = 1_000_000_000  # a crash costs no more than this much of the run
MAX_WAITING = 512  # values between the loop and the disk; the loop waits for the disk beyond them


class RecordingWriter:
    """Writes a run while it happens. The methods only queue; a thread of its own compresses and writes.

    Nothing is dropped: a disk that cannot keep up slows the caller down. After a crash the file holds everything up
    to its last second. Raises `RecordingError` when the file exists already or cannot be made, and at the next call
    when writing has failed. One caller at a time.
    """

    def __init__(self, path: Path, config: LineConfig) -> None:
        self._path = path
        self._camera_name = f"{config.name}/camera"
        self._last_ns = 0
        self._failure: Exception | None = None
        self._file = _create(path)
        self._mcap = Writer(self._file, compression=CompressionType.ZSTD)
        self._channels = self._begin(config)
        self._queue: queue.Queue[tuple[str, Recorded, int] | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    def write_frame(self, frame: Frame) -> None:
        """Keep a frame, as JPEG. Its pixels must not change afterwards."""
        self._put(CAMERA, frame, frame.captured_ns)

    def write_block(self, block: FieldBlock) -> None:
        """Keep a block of field samples."""
        self._put(FIELD, block, int(block.sampled_ns[-1]))

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

    def close(self) -> None:
        """Write what waits, and the index. May be called twice; raises `RecordingError` when anything was lost."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._thread.join()
        self._thread = None
        try:
            if self._failure is None:
                self._mcap.finish()  # type: ignore[no-untyped-call]
            self._file.close()
        except OSError as error:
            self._failure = self._failure or error
        self._raise_failure()

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
            "line_config": config.model_dump_json(),
        }
        self._mcap.add_metadata(METADATA_NAME, metadata)
        channels = {}
        for topic in TOPICS.values():
            schema_id = self._mcap.register_schema(topic.schema, "jsonschema", topic.json_schema())
            channels[topic.name] = self._mcap.register_channel(topic.name, "json", schema_id)
        self._mcap.flush()  # type: ignore[no-untyped-call]
        return channels

    def _put(self, topic: str, value: Recorded, stamp_ns: int) -> None:
        self._raise_failure()
        if self._thread is None:
            raise RecordingError(f"{self._path}: was written to after it had been closed")
        self._last_ns = max(self._last_ns, stamp_ns)
        self._queue.put((topic, value, stamp_ns))

    def _work(self) -> None:
        """The thread: writes until told to stop. After a failure it only empties the queue, so that nobody hangs."""
        flush_ns = 0
        while (waiting := self._queue.get()) is not None:
            if self._failure is not None:
                continue
            topic, value, stamp_ns = waiting
            try:
                self._write(topic, value, stamp_ns)
                if stamp_ns >= flush_ns:
                    self._mcap.flush()  # type: ignore[no-untyped-call]
                    flush_ns = stamp_ns + FLUSH_EVERY_NS
            except Exception as error:  # whatever it was: a writer that died in silence would hang the loop
                self._failure = error

    def _write(self, topic: str, value: Recorded, stamp_ns: int) -> None:
        if isinstance(value, Frame):
            data = encode_frame(value, self._camera_name)
        elif isinstance(value, FieldBlock):
            data = encode_block(value)
        else:
            data = encode_plain(value)
        self._mcap.add_message(self._channels[topic], log_time=stamp_ns, data=data, publish_time=stamp_ns)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            cause = getattr(self._failure, "strerror", None) or self._failure
            raise RecordingError(f"{self._path}: writing failed ({cause})") from self._failure


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
