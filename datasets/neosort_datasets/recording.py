"""A run of the line in one MCAP file, written while the line runs, read back later.

The schema stands in `datasets/README.md`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias

from mcap.records import Message
from mcap.writer import CompressionType, Writer
from pydantic import ValidationError

from neosort_datasets.mcap_file import RecordingError, messages_in_order, scan
from neosort_datasets.recording_messages import (
    CAMERA,
    DECISION,
    ENCODER,
    FIELD,
    ITEM,
    LANDING,
    SHOT,
    TOPICS,
    decode_block,
    decode_frame,
    encode_block,
    encode_frame,
    encode_plain,
)
from neosort_hardware.config import LineConfig, describe_invalid
from neosort_hardware.types import Decision, EncoderSample, FieldBlock, Frame, ItemTruth, Landing, Shot

__all__ = ["Recording", "RecordingError", "RecordingWriter"]

METADATA_NAME = "neosort"
SCHEMA_VERSION = "1"
FLUSH_EVERY_NS = 1_000_000_000  # a crash costs no more than this much of the run
MAX_WAITING = 512  # values between the loop and the disk; the loop waits for the disk beyond them

_Value: TypeAlias = Frame | FieldBlock | EncoderSample | Decision | Shot | ItemTruth | Landing


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
        self._queue: queue.Queue[tuple[str, _Value, int] | None] = queue.Queue(MAX_WAITING)
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

    def _put(self, topic: str, value: _Value, stamp_ns: int) -> None:
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
            except (OSError, ValueError, TypeError) as error:
                self._failure = error

    def _write(self, topic: str, value: _Value, stamp_ns: int) -> None:
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


class Recording:
    """A recording on disk, checked from end to end when it is opened.

    ``salvage`` reads a torn file up to where it is good; ``damage`` then says what ended it. Raises `RecordingError`
    for a torn file (without ``salvage``), a foreign one, or one whose configuration is out of bounds, and from the
    iterators for the first message that does not hold what the schema or the configuration promises.
    """

    def __init__(self, path: Path, *, salvage: bool = False) -> None:
        self.path = path
        self._contents = scan(path)
        self.messages = self._contents.messages
        self.damage = self._contents.damage
        metadata = {record.name: record.metadata for record in self._contents.metadata}.get(METADATA_NAME)
        if self.damage and not (salvage and metadata is not None):
            raise RecordingError(f"{path}: torn after {self.messages} good messages: {self.damage}")
        if metadata is None:
            raise RecordingError(f"{path}: an MCAP file, but without the metadata '{METADATA_NAME}' of a sorting line")
        if metadata.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
            raise RecordingError(
                f"{path}: schema_version = '{metadata['schema_version']}', this program reads '{SCHEMA_VERSION}'"
            )
        self.neosort_version = metadata.get("neosort_version", "")
        self.config = _line_config(path, metadata.get("line_config"))

    def count(self, topic: str) -> int:
        """Messages of a topic."""
        return sum(self._contents.message_counts.get(channel_id, 0) for channel_id in self._channel_ids(topic))

    @property
    def has_field(self) -> bool:
        """Whether any field block was recorded."""
        return self.count(FIELD) > 0

    @property
    def has_truth(self) -> bool:
        """Whether it is known what lay on the belt."""
        return self.count(ITEM) > 0

    def frames(self) -> Iterator[Frame]:
        """Every frame, in order of log time like all that follows."""
        return self._values(CAMERA)

    def blocks(self) -> Iterator[FieldBlock]:
        """Every field block."""
        return self._values(FIELD)

    def events(self) -> Iterator[Frame | FieldBlock]:
        """Frames and blocks merged: what a replay of the line is fed with."""
        return self._values(CAMERA, FIELD)

    def encoder(self) -> Iterator[EncoderSample]:
        """Every encoder reading, where any was kept."""
        return self._values(ENCODER)

    def decisions(self) -> Iterator[Decision]:
        """What the line decided when it was recorded."""
        return self._values(DECISION)

    def shots(self) -> Iterator[Shot]:
        """Shots that were fired when it was recorded."""
        return self._values(SHOT)

    def items(self) -> Iterator[ItemTruth]:
        """What really lay on the belt, where that is known."""
        return self._values(ITEM)

    def landings(self) -> Iterator[Landing]:
        """Where it came to rest, where that is known."""
        return self._values(LANDING)

    def _channel_ids(self, *topics: str) -> set[int]:
        return {number for number, channel in self._contents.channels.items() if channel.topic in topics}

    def _values(self, *topics: str) -> Iterator[Any]:
        for number, message in enumerate(messages_in_order(self.path, self._contents, self._channel_ids(*topics)), 1):
            topic = self._contents.channels[message.channel_id].topic
            try:
                value = self._decode(topic, message)
            except ValidationError as error:
                raise RecordingError(f"{self.path}: {topic}, message {number}: {describe_invalid(error)}") from error
            except ValueError as error:
                raise RecordingError(f"{self.path}: {topic}, message {number}: {error}") from error
            yield value

    def _decode(self, topic: str, message: Message) -> _Value:
        encoding = self._contents.channels[message.channel_id].message_encoding
        if encoding != "json":
            raise ValueError(f"encoded as '{encoding}', must be 'json'")
        value = TOPICS[topic].adapter.validate_json(message.data)
        if topic == CAMERA:
            return decode_frame(value, self.config)
        return decode_block(value, self.config) if topic == FIELD else value


def _create(path: Path) -> BinaryIO:
    """A new file, and its folder where that is missing."""
    if path.exists():
        raise RecordingError(f"{path}: exists already, and a recording is never overwritten")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written ({error.strerror})") from error


def _line_config(path: Path, text: str | None) -> LineConfig:
    if text is None:
        raise RecordingError(f"{path}: the metadata '{METADATA_NAME}' lack the key 'line_config'")
    try:
        return LineConfig.model_validate_json(text)
    except ValidationError as error:
        raise RecordingError(f"{path}: line_config: {describe_invalid(error)}") from error


def _version() -> str:
    try:
        return version("neosort")
    except PackageNotFoundError:
        return "unknown"
