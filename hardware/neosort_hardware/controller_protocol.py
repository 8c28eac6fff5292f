"""Packets of the counting controller, byte by byte as hardware/controller/README.md has them. No port, no waiting."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag

PROTOCOL = 2
LONGEST_FRAME = 66  # 64 bytes of packet and checksum, and what COBS adds
COUNTS = 1 << 32  # encoder counts and microseconds are of 32 bits and wrap around
VALVES_A_PAGE = 192
LEADS_A_PAGE = 14
LEADS_FROM_FIRMWARE = 2


class Kind(IntEnum):
    """What a packet is about. A reply is its request with the highest bit set."""

    HELLO = 0x01
    CONFIGURE = 0x02
    HEARTBEAT = 0x03
    SHOT = 0x04
    CANCEL = 0x05
    CLOSE_ALL = 0x06
    COUNT = 0x07
    VALVES = 0x08
    LEADS = 0x09
    SHOT_ENDED = 0xC1
    NOT_UNDERSTOOD = 0xFF


WAS_OPEN = 0x80  # beside an `Ending`: the shot's valves had been opened


class Result(IntEnum):
    """What the board made of a request."""

    OK = 0
    LATE = 1
    FULL = 2
    RANGE = 3
    FAR = 4
    UNCONFIGURED = 5
    SILENT = 6
    INTERLOCK = 7
    UNKNOWN = 8
    LIMIT = 9
    TAKEN = 10


REFUSALS: dict[Result, str] = {
    Result.FULL: "its queue is full",
    Result.RANGE: "it asks for valves that there are not, or closes before it opens",
    Result.FAR: "it lies too far ahead",
    Result.UNCONFIGURED: "the board has restarted",
    Result.SILENT: "the host was silent for too long",
    Result.INTERLOCK: "the interlock is open",
    Result.TAKEN: "another shot has its number",
}


class Ending(IntEnum):
    """How a shot came to its end."""

    EXECUTED = 0
    CUT_SHORT = 1
    MISSED = 2
    FORGOTTEN = 3


class Flag(IntFlag):
    """The board's state."""

    CONFIGURED = 1
    SILENT = 2
    INTERLOCKED = 4


_HELLO = struct.Struct("<BBHHHHI")
_CONFIGURE = struct.Struct("<HHHIIH")
_LEAD = struct.Struct("<HH")
_STATUS = struct.Struct("<BIIHHHIIIIHHH")
_SHOT = struct.Struct("<IHHII")
_SHOT_REPLY = struct.Struct("<BI")
_COUNT = struct.Struct("<II")
_ENDED = struct.Struct("<IBII")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What the board is. ``nm_per_count``: 0 where it does not know."""

    protocol: int
    flags: Flag
    firmware: int
    valves: int
    queue: int
    max_on_ms: int
    nm_per_count: int

    @classmethod
    def of(cls, payload: bytes) -> Hello:
        """Raises `struct.error` for another length."""
        protocol, flags, firmware, valves, queue, max_on_ms, nm_per_count = _HELLO.unpack(payload)
        return cls(
            protocol=protocol, flags=Flag(flags), firmware=firmware, valves=valves, queue=queue, max_on_ms=max_on_ms,
            nm_per_count=nm_per_count,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the host tells the board of its line. Leads: how long a valve and its jet, or its flap, take to act; of all
    of them, and in ``leads_us`` to open and to close of each, where they differ."""

    valves: int
    heartbeat_ms: int
    max_on_ms: int
    open_lead_us: int
    close_lead_us: int
    max_late_counts: int
    leads_us: tuple[tuple[int, int], ...] = ()

    def packed(self) -> bytes:
        """The payload of `Kind.CONFIGURE`. Raises `struct.error` for what its field cannot hold."""
        return _CONFIGURE.pack(
            self.valves, self.heartbeat_ms, self.max_on_ms, self.open_lead_us, self.close_lead_us, self.max_late_counts
        )

    def packed_leads(self) -> Iterator[bytes]:
        """Payloads of `Kind.LEADS`, none where all valves are led alike."""
        for first in range(0, len(self.leads_us), LEADS_A_PAGE):
            page = self.leads_us[first : first + LEADS_A_PAGE]
            yield first.to_bytes(2, "little") + b"".join(_LEAD.pack(*leads) for leads in page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The board at a heartbeat. ``ended``: shots since its start by how they ended; counters wrap around."""

    flags: Flag
    count: int
    time_us: int
    waiting: int
    open_valves: int
    faulty_valves: int
    ended: dict[Ending, int]
    refused: int
    silences: int
    bad_frames: int

    @classmethod
    def of(cls, payload: bytes) -> Status:
        """Raises `struct.error` for another length."""
        flags, count, time_us, waiting, open_valves, faulty, *ended, refused, silences, bad = _STATUS.unpack(payload)
        return cls(
            flags=Flag(flags), count=count, time_us=time_us, waiting=waiting, open_valves=open_valves,
            faulty_valves=faulty, ended=dict(zip(Ending, ended, strict=True)), refused=refused, silences=silences,
            bad_frames=bad,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedShot:
    """A shot that came to its end; counts as the board's encoder had them, ``opened`` None where it never did."""

    shot_id: int
    ending: Ending
    opened: int | None
    closed: int

    @classmethod
    def of(cls, payload: bytes) -> EndedShot:
        """Raises `struct.error` or `ValueError` for what is none."""
        shot_id, ending, opened, closed = _ENDED.unpack(payload)
        was_open = bool(ending & WAS_OPEN)
        ending = Ending(ending & ~WAS_OPEN)
        return cls(shot_id=shot_id, ending=ending, opened=opened if was_open else None, closed=closed)


def shot_request(shot_id: int, first_valve: int, last_valve: int, open_count: int, close_count: int) -> bytes:
    """The payload of `Kind.SHOT`; counts of 32 bits."""
    return _SHOT.pack(shot_id, first_valve, last_valve, open_count, close_count)


def shot_reply(payload: bytes) -> Result:
    """What became of it. Raises `struct.error` or `ValueError`."""
    result, _count = _SHOT_REPLY.unpack(payload)
    return Result(result)


def result_of(payload: bytes) -> Result:
    """Of a reply that says nothing else. Raises `ValueError`."""
    return Result(int.from_bytes(payload, "little"))


def count_reply(payload: bytes) -> tuple[int, int]:
    """Encoder count and board time in µs. Raises `struct.error`."""
    count, time_us = _COUNT.unpack(payload)
    return count, time_us


def faulty_valves(payload: bytes) -> list[int]:
    """Valves of a `Kind.VALVES` reply that report a fault."""
    first, half = int.from_bytes(payload[:2], "little"), VALVES_A_PAGE // 8
    bits = int.from_bytes(payload[2 + half : 2 + 2 * half], "little")
    return [first + bit for bit in range(VALVES_A_PAGE) if bits >> bit & 1]
