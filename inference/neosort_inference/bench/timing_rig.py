"""A belt and valves for `neosort bench timing`: the belt goes by the clock, so that every moment is known exactly.

The shot process imports this module, and therefore it imports next to nothing.
"""

from __future__ import annotations

import math
import mmap
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from neosort_hardware.types import DeviceHealth, EncoderSample

MM_PER_COUNT = 0.5
SLOW, FAST = 0.5, 3.0  # mm/ms, the limits of a belt
RAMP_MS, HOLD_MS = 1000.0, 1000.0  # 2.5 m/s², as quick as a loaded belt's drive is
PERIOD_MS = 2 * (RAMP_MS + HOLD_MS)
PERIOD_MM = (SLOW + FAST) * (RAMP_MS + HOLD_MS)
STAMP = struct.Struct("<qii")  # monotonic ns, valve, 1 open or 0 shut


@dataclass(frozen=True, slots=True, kw_only=True)
class RampingBelt:
    """Stands until ``start_ns``; then a second slow, one speeding up, one fast, one slowing down, and so on."""

    start_ns: int

    def open_encoder(self) -> RampingBelt:
        """Itself: it is its own encoder."""
        return self

    def read(self) -> EncoderSample:
        """The count now, in whole counts as a real encoder has them."""
        now_ns = time.monotonic_ns()
        counts = math.floor(self.belt_mm(now_ns) / MM_PER_COUNT)
        return EncoderSample(belt_mm=counts * MM_PER_COUNT, counts=counts, sampled_ns=now_ns)

    def belt_mm(self, time_ns: int) -> float:
        """Exactly where the belt is."""
        periods, ms = divmod(max(0.0, (time_ns - self.start_ns) * 1e-6), PERIOD_MS)
        return periods * PERIOD_MM + _within_period(ms)

    def time_ns_at(self, belt_mm: float) -> int:
        """Exactly when the belt is there, by bisection: to the microsecond."""
        low_ns = self.start_ns + int(belt_mm // PERIOD_MM) * round(PERIOD_MS * 1e6)
        high_ns = low_ns + round(PERIOD_MS * 1e6)
        while high_ns - low_ns > 1000:
            middle_ns = (low_ns + high_ns) // 2
            if self.belt_mm(middle_ns) < belt_mm:
                low_ns = middle_ns
            else:
                high_ns = middle_ns
        return low_ns

    @property
    def name(self) -> str:
        return "ramping belt"

    def health(self) -> DeviceHealth:
        """Always well."""
        return DeviceHealth(name=self.name, ok=True)

    def close(self) -> None:
        """Nothing to let go."""


def _within_period(ms: float) -> float:
    """Slow, faster, fast, slower: the way in mm after that many ms of a period."""
    bend = (FAST - SLOW) / RAMP_MS
    slow_ms = min(ms, HOLD_MS)
    faster_ms = min(max(ms - HOLD_MS, 0.0), RAMP_MS)
    fast_ms = min(max(ms - HOLD_MS - RAMP_MS, 0.0), HOLD_MS)
    slower_ms = max(ms - 2 * HOLD_MS - RAMP_MS, 0.0)
    return (
        SLOW * (slow_ms + faster_ms)
        + 0.5 * bend * faster_ms * faster_ms
        + FAST * (fast_ms + slower_ms)
        - 0.5 * bend * slower_ms * slower_ms
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedValves:
    """Valves that stamp every stroke into a file in memory: no disk is waited for."""

    file: Path

    def open_outputs(self) -> _Stamping:
        return _Stamping(self.file)


class _Stamping:
    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._stamps = mmap.mmap(opened.fileno(), 0)
        self._next = 0
        self._open: frozenset[int] = frozenset()

    def set_open(self, nozzles: frozenset[int]) -> None:
        now_ns = time.monotonic_ns()
        for valve in nozzles ^ self._open:
            if self._next + STAMP.size <= len(self._stamps):
                STAMP.pack_into(self._stamps, self._next, now_ns, valve, valve in nozzles)
                self._next += STAMP.size
        self._open = nozzles

    def close(self) -> None:
        self.set_open(frozenset())


def strokes_in(file: Path) -> list[tuple[int, int, bool]]:
    """Every stroke that was stamped: when, which valve, whether it was opened."""
    stamps = (stamp for stamp in STAMP.iter_unpack(file.read_bytes()) if stamp[0])
    return [(at_ns, valve, bool(opened)) for at_ns, valve, opened in stamps]
