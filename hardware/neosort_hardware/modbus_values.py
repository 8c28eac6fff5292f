"""Registers ↔ numbers: Modbus says nothing about values wider than 16 bits, so that a map must name type and order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neosort_hardware.settings_modbus import WORDS, ValueType, WordOrder
from neosort_hardware.wrapping import ahead

_DTYPES: dict[ValueType, str] = {"int16": ">i2", "uint16": ">u2", "int32": ">i4", "uint32": ">u4", "float32": ">f4"}


def numbers(registers: npt.ArrayLike, value_type: ValueType, word_order: WordOrder) -> npt.NDArray[np.float64]:
    """The values in rows of registers: (…, words) integers 0..65535 → (…, values) float64, exact for every type."""
    words = WORDS[value_type]
    rows = np.asarray(registers, dtype=">u2")
    if word_order == "little" and words > 1:
        rows = rows.reshape(*rows.shape[:-1], -1, words)[..., ::-1].reshape(rows.shape)
    return np.ascontiguousarray(rows).view(_DTYPES[value_type]).astype(np.float64)


def count_of(registers: Sequence[int], value_type: ValueType, word_order: WordOrder) -> int:
    """The one integer that a register or two hold."""
    words = registers if word_order == "big" else tuple(reversed(registers))
    value = 0
    for word in words:
        value = value << 16 | word
    bits = 16 * len(words)
    return value - (1 << bits) if value_type.startswith("int") and value >> (bits - 1) else value


def words_of(value: int, word_order: WordOrder) -> list[int]:
    """A 32-bit value as two registers; of a larger or negative one the low 32 bits."""
    high, low = (value >> 16) & 0xFFFF, value & 0xFFFF
    return [high, low] if word_order == "big" else [low, high]


class Unwrapped:
    """A count that goes on where its counter wraps, forwards and backwards. ``bits``: the counter's width."""

    def __init__(self, bits: int) -> None:
        self._wrap = 1 << bits
        self._total: int | None = None

    def add(self, count: int) -> int:
        """The count as it would be had the counter no end. The first is taken as it is."""
        self._total = count if self._total is None else self._total + ahead(count, self._total, self._wrap)
        return self._total
