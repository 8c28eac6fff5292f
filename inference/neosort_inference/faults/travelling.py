"""An encoder that does not tell the truth: what the field shows of passing items speaks against it."""

from __future__ import annotations

from collections import deque

import numpy as np

from neosort_hardware.types import ArrayF64, EncoderSample, FieldBlock

LOOK_S = 0.02  # one mean a mains cycle: the mains' field cancels
SPAN = 25  # means, half a second
PASSING_UT = 6.0  # a: more than drift, valves and steel that passes at a distance do within half a second
STANDS_MM = 2.0
AGAIN = 2


class EncoderStopped:
    """The count stands while the field of passing items rises and falls. Without items nobody can tell."""

    fault = "encoder.stopped"

    def __init__(self) -> None:
        self._means: deque[ArrayF64] = deque(maxlen=SPAN)
        self._places: deque[float] = deque(maxlen=SPAN)
        self._belt_mm = 0.0
        self._sum: ArrayF64 | None = None
        self._count = 0
        self._next_ns = 0
        self._passings = 0
        self._above = False

    def see_travel(self, sample: EncoderSample) -> None:
        if abs(sample.belt_mm - self._belt_mm) > STANDS_MM:
            self._belt_mm = sample.belt_mm
            self._passings, self._above = 0, False
            self._means.clear()

    def see_block(self, block: FieldBlock) -> None:
        total = block.field_ut.sum(axis=0, dtype=np.float64)
        self._sum = total if self._sum is None else self._sum + total
        self._count += len(block.sampled_ns)
        now_ns = int(block.sampled_ns[-1])
        if now_ns < self._next_ns:
            return
        self._means.append(self._sum / self._count)
        self._sum, self._count, self._next_ns = None, 0, now_ns + round(LOOK_S * 1e9)
        self._judge()

    def says(self, now_ns: int) -> str:
        return "fields pass over the array and the count stands" if self._passings >= AGAIN else ""

    def _judge(self) -> None:
        """Count how often the field has moved away from where it was half a second ago, and come to rest again."""
        if len(self._means) < 2:
            return
        moved = np.abs(self._means[-1] - self._means[0])
        above = bool(np.nanmax(moved, initial=0.0) > PASSING_UT)
        self._passings += above and not self._above
        self._above = above
