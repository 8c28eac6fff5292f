"""Packets of the array board, byte by byte as hardware/array-board.md has them. No port, no waiting."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF32

PROTOCOL = 1
NO_READING = -(1 << 23)
AXIS_BYTES = 3
_HELLO = struct.Struct("<BHHIIH")
_HEAD = struct.Struct("<BBIII")


class Kind(IntEnum):
    """What a packet is about. A reply is its request with the highest bit set."""

    HELLO = 0x01
    START = 0x02
    STOP = 0x03
    SAMPLE = 0xC2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What the board is. ``nm_per_count``: 0 where it does not know; ``unit_nt``: of a reading."""

    protocol: int
    firmware: int
    channels: int
    rate_hz: float
    nm_per_count: int
    unit_nt: int

    @classmethod
    def of(cls, payload: bytes) -> Hello:
        """Raises `struct.error` for another length."""
        protocol, firmware, channels, rate_mhz, nm_per_count, unit_nt = _HELLO.unpack(payload)
        return cls(
            protocol=protocol, firmware=firmware, channels=channels, rate_hz=rate_mhz * 1e-3,
            nm_per_count=nm_per_count, unit_nt=unit_nt,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reading of the whole array, latched with the encoder's count. ``readings``: as they came."""

    index: int
    time_us: int
    count: int
    readings: bytes

    @classmethod
    def of(cls, packet: bytes, channels: int) -> Sample:
        """From a whole packet of `Kind.SAMPLE`. Raises `ValueError` for one of another number of channels."""
        if len(packet) != sample_bytes(channels):
            raise ValueError(f"a sample of {len(packet)} bytes, {channels} channels need {sample_bytes(channels)}")
        _kind, _number, index, time_us, count = _HEAD.unpack_from(packet)
        return cls(index=index, time_us=time_us, count=count, readings=packet[_HEAD.size :])


def sample_bytes(channels: int) -> int:
    """Length of a sample's packet, without its checksum."""
    return _HEAD.size + 3 * AXIS_BYTES * channels + -(-channels // 8)


def decoded(readings: Sequence[bytes], channels: int, unit_nt: int) -> tuple[ArrayF32, ArrayBool]:
    """Readings of n samples → field (n, channels, 3) in µT along the board's own axes, saturated (n, channels).

    NaN on all axes of a channel where one gave no reading.
    """
    raw = np.frombuffer(b"".join(readings), dtype=np.uint8).reshape(len(readings), -1)
    three = raw[:, : 3 * AXIS_BYTES * channels].reshape(len(readings), channels, 3, AXIS_BYTES).astype(np.int32)
    value = three[..., 0] | three[..., 1] << 8 | three[..., 2] << 16
    value = (value ^ 1 << 23) - (1 << 23)
    field_ut = (value * (unit_nt * 1e-3)).astype(np.float32)
    unknown = (value == NO_READING).any(axis=2)
    field_ut[unknown] = np.nan
    bits = np.unpackbits(raw[:, 3 * AXIS_BYTES * channels :], axis=1, count=channels, bitorder="little")
    return field_ut, np.asarray((bits != 0) & ~unknown, dtype=np.bool_)
