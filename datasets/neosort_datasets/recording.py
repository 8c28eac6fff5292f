"""A run of the line in one MCAP file, written while the line runs (`recording_writer.py`), read back here.

The schema stands in `datasets/README.md`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from mcap.records import Message
from pydantic import ValidationError

from neosort_datasets.mcap_file import RecordingError, messages_in_order, scan
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
    decode_block,
    decode_frame,
)
from neosort_datasets.recording_writer import RecordingWriter
from neosort_hardware.config import LineConfig, describe_invalid
from neosort_hardware.driver_choice import UNKNOWN_DRIVER
from neosort_hardware.slots import SLOTS
from neosort_hardware.types import Decision, EncoderSample, FieldBlock, Frame, ItemTruth, Landing, Shot

PIECE_NS = 10_000_000

__all__ = ["Recording", "RecordingError", "RecordingWriter"]


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
        ended = {record.name: record.metadata for record in self._contents.metadata}.get(END_METADATA_NAME, {})
        self.dropped = _dropped(ended)
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
        """Frames and blocks merged in order of their stamps: what a replay of the line is fed with.

        Long blocks come in pieces, each at its own time, as the array of a running line would hand them over.
        """
        pieces = (piece for block in self.blocks() for piece in _pieces(block))
        return heapq.merge(self.frames(), pieces, key=_stamp_ns)

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

    def _decode(self, topic: str, message: Message) -> Recorded:
        encoding = self._contents.channels[message.channel_id].message_encoding
        if encoding != "json":
            raise ValueError(f"encoded as '{encoding}', must be 'json'")
        value = TOPICS[topic].adapter.validate_json(message.data)
        if topic == CAMERA:
            return decode_frame(value, self.config)
        return decode_block(value, self.config) if topic == FIELD else value


def _stamp_ns(event: Frame | FieldBlock) -> int:
    return event.captured_ns if isinstance(event, Frame) else int(event.sampled_ns[-1])


def _pieces(block: FieldBlock) -> Iterator[FieldBlock]:
    """A block, or parts of it that last no longer than `PIECE_NS`."""
    if block.sampled_ns[-1] - block.sampled_ns[0] <= 2 * PIECE_NS:
        yield block
        return
    part = (block.sampled_ns - block.sampled_ns[0]) // PIECE_NS
    bounds = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(part)]
    for first, end in pairwise(bounds):
        yield FieldBlock(
            field_ut=block.field_ut[first:end],
            saturated=block.saturated[first:end],
            belt_mm=block.belt_mm[first:end],
            sampled_ns=block.sampled_ns[first:end],
            sequence=block.sequence,
        )


def _dropped(ended: Mapping[str, str]) -> dict[str, int]:
    """How many values of each topic the writer says that it could not keep."""
    return {
        topic: int(count)
        for key, count in ended.items()
        if (topic := key.removeprefix("dropped ")) in TOPICS and count.isdecimal()
    }


def _line_config(path: Path, text: str | None) -> LineConfig:
    """The recorded line. What a reader has no use for is left out where it is not understood: world and drivers."""
    if text is None:
        raise RecordingError(f"{path}: the metadata '{METADATA_NAME}' lack the key 'line_config'")
    try:
        return LineConfig.model_validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_url=False)  # where the text is no JSON at all, that is the only one
        if {problem["loc"][:1] for problem in problems} == {("twin",)}:
            sections = json.loads(text)
            return LineConfig.model_validate({key: value for key, value in sections.items() if key != "twin"})
        if {problem["type"] for problem in problems} == {UNKNOWN_DRIVER}:
            sections = json.loads(text)
            return LineConfig.model_validate({**sections, **_without_drivers(sections)})
        raise RecordingError(f"{path}: line_config: {describe_invalid(error)}") from error


def _without_drivers(sections: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """Of every slot what any driver's settings have."""
    return {
        name: {key: value for key, value in sections[name].items() if key in slot.model_fields and key != "driver"}
        for name, slot in SLOTS.items()
        if sections.get(name) is not None
    }
