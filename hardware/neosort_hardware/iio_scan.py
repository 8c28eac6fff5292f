"""How the kernel lays the channels of one sample out in an IIO buffer, and what numbers that makes.

Channels stand in the order of their index, each on a multiple of its own size; the whole is padded to the largest
(`iio_compute_scan_bytes` in drivers/iio/industrialio-buffer.c).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanElement:
    """One channel of a sample: ``[be|le]:[s|u]bits/storage>>shift`` in the kernel's words."""

    index: int
    storage_bits: int
    bits: int
    shift: int
    signed: bool
    big_endian: bool

    @property
    def bytes(self) -> int:
        """Its room in the buffer."""
        return self.storage_bits // 8


class ScanLayout:
    """Takes samples apart. Raises `ValueError` for elements of a size that no number has."""

    def __init__(self, elements: Iterable[ScanElement]) -> None:
        self._elements = sorted(elements, key=lambda element: element.index)
        self._offsets: dict[int, int] = {}
        at = 0
        for element in self._elements:
            if element.storage_bits not in {8, 16, 32, 64} or not 0 < element.bits <= element.storage_bits:
                raise ValueError(f"channel {element.index} has {element.bits} of {element.storage_bits} bits")
            at = -(-at // element.bytes) * element.bytes
            self._offsets[element.index] = at
            at += element.bytes
        largest = max((element.bytes for element in self._elements), default=1)
        self.sample_bytes = -(-at // largest) * largest

    def numbers(self, raw: bytes | bytearray) -> dict[int, Numbers]:
        """Every channel's numbers by its index, (samples,) int64. What is no whole sample at the end is left out."""
        samples = len(raw) // self.sample_bytes
        table = np.frombuffer(raw, np.uint8, samples * self.sample_bytes).reshape(samples, self.sample_bytes)
        return {element.index: self._column(table, element) for element in self._elements}

    def _column(self, table: npt.NDArray[np.uint8], element: ScanElement) -> Numbers:
        at = self._offsets[element.index]
        order = ">" if element.big_endian else "<"
        words = np.ascontiguousarray(table[:, at : at + element.bytes]).view(f"{order}u{element.bytes}")[:, 0]
        shifted = words.astype(np.uint64) >> np.uint64(element.shift)
        unused = np.uint64(64 - element.bits)
        aligned = shifted << unused  # the highest bit that counts becomes the sign's
        if element.signed:
            return np.asarray(aligned.view(np.int64) >> np.int64(unused), dtype=np.int64)
        return np.asarray((aligned >> unused).view(np.int64), dtype=np.int64)
