"""An MCAP file as a list of stretches that can be read in order of time, torn files included.

The MCAP library parses records; this module finds them, which the library cannot do in a file that lost its end.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, McapRecord, Message, Metadata
from mcap.stream_reader import breakup_chunk

MAGIC = bytes((137, 77, 67, 65, 80, 48, 13, 10))
MAX_CHUNK_BYTES = 256 * 1024 * 1024  # unpacked; larger ones are damage or worse
PARSE_ERRORS = (McapError, ValueError, struct.error, RuntimeError, OverflowError, MemoryError, zstandard.ZstdError)


class RecordingError(Exception):
    """A recording cannot be read or written. The text names file and cause in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A chunk, or one message outside any: where it stands and when its earliest message was logged."""

    opcode: int
    offset: int
    length: int
    start_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a file holds. ``damage`` is empty for a whole file, else what ended it."""

    stretches: tuple[Stretch, ...]
    channels: dict[int, Channel]
    metadata: tuple[Metadata, ...]
    message_counts: dict[int, int]
    damage: str

    @property
    def messages(self) -> int:
        """Messages of all channels."""
        return sum(self.message_counts.values())


class _Scan:
    """One walk over the records of a file."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self.stretches: list[Stretch] = []
        self.channels: dict[int, Channel] = {}
        self.metadata: list[Metadata] = []
        self.counts: dict[int, int] = {}

    def run(self) -> str:
        """Walk to the end. Returns what stopped it early, or nothing."""
        offset = len(MAGIC)
        while True:
            self._stream.seek(offset)
            head = self._stream.read(9)
            if head == b"" or len(head) < 9:
                return "it ends without a footer"
            opcode, length = struct.unpack("<BQ", head)
            if length > self._size - offset - 9:
                return f"the record at byte {offset} is cut short"
            try:
                self._take(opcode, offset + 9, length)
            except PARSE_ERRORS as error:
                return f"the record at byte {offset} is damaged ({_first_line(error)})"
            if opcode == Opcode.FOOTER:
                whole = self._stream.seek(offset + 9 + length) and self._stream.read(len(MAGIC)) == MAGIC
                return "" if whole else "it ends without its closing mark"
            offset += 9 + length

    def _take(self, opcode: int, offset: int, length: int) -> None:
        if opcode == Opcode.CHUNK:
            records = read_chunk(self._stream.read(length))
            self._count(records)
            start_ns = min((r.log_time for r in records if isinstance(r, Message)), default=0)
            self.stretches.append(Stretch(opcode=opcode, offset=offset, length=length, start_ns=start_ns))
        elif opcode == Opcode.MESSAGE:
            message = Message.read(ReadDataStream(BytesIO(self._stream.read(length))), length)
            self._count([message])
            self.stretches.append(Stretch(opcode=opcode, offset=offset, length=length, start_ns=message.log_time))
        elif opcode == Opcode.CHANNEL:
            self._count([Channel.read(ReadDataStream(BytesIO(self._stream.read(length))))])
        elif opcode == Opcode.METADATA:
            self.metadata.append(Metadata.read(ReadDataStream(BytesIO(self._stream.read(length)))))

    def _count(self, records: list[McapRecord]) -> None:
        for record in records:
            if isinstance(record, Channel):
                self.channels[record.id] = record
            elif isinstance(record, Message):
                if record.channel_id not in self.channels:
                    raise ValueError(f"message of unknown channel {record.channel_id}")
                self.counts[record.channel_id] = self.counts.get(record.channel_id, 0) + 1


def scan(path: Path) -> Contents:
    """Walk over a whole file and check every chunk. Raises `RecordingError` when it is no MCAP file at all."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise RecordingError(f"{path}: not an MCAP recording (its first bytes are not the MCAP mark)")
            walk = _Scan(stream, path.stat().st_size)
            damage = walk.run()
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror})") from error
    return Contents(
        stretches=tuple(walk.stretches),
        channels=walk.channels,
        metadata=tuple(walk.metadata),
        message_counts=walk.counts,
        damage=damage,
    )


def messages_in_order(path: Path, contents: Contents, channel_ids: set[int]) -> Iterator[Message]:
    """Messages of some channels in order of their log time, those of one moment in order of the file.

    Holds only the stretches that overlap in time. Raises `RecordingError` when the file changed since it was scanned.
    """
    waiting: list[tuple[int, int, int, Message]] = []
    with path.open("rb") as stream:
        for number, stretch in enumerate(sorted(contents.stretches, key=lambda s: (s.start_ns, s.offset))):
            while waiting and waiting[0][0] < stretch.start_ns:
                yield heapq.heappop(waiting)[-1]
            for place, message in enumerate(_load(path, stream, stretch)):
                if message.channel_id in channel_ids:
                    heapq.heappush(waiting, (message.log_time, number, place, message))
        while waiting:
            yield heapq.heappop(waiting)[-1]


def _load(path: Path, stream: BinaryIO, stretch: Stretch) -> list[Message]:
    stream.seek(stretch.offset)
    data = stream.read(stretch.length)
    try:
        if stretch.opcode == Opcode.MESSAGE:
            return [Message.read(ReadDataStream(BytesIO(data)), stretch.length)]
        return [record for record in read_chunk(data) if isinstance(record, Message)]
    except PARSE_ERRORS as error:
        raise RecordingError(
            f"{path}: the record at byte {stretch.offset} is damaged ({_first_line(error)})"
        ) from error


def read_chunk(data: bytes) -> list[McapRecord]:
    """The records in a chunk, its checksum verified. Raises one of `PARSE_ERRORS`."""
    chunk = Chunk.read(ReadDataStream(BytesIO(data)))
    if chunk.uncompressed_size > MAX_CHUNK_BYTES:
        raise ValueError(f"a chunk of {chunk.uncompressed_size} bytes, the limit is {MAX_CHUNK_BYTES}")
    return breakup_chunk(chunk, validate_crc=True)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
