"""How the belt moves: nominal speed with a small ripple of the drive, and its exact inverse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neosort_hardware.types import ArrayF64

RIPPLE_HZ = 0.7  # a: a slow hunting of the drive's controller


class Motion(Protocol):
    """Where the simulated belt is when. Zero at ``start_ns``; ``speed_mm_per_s`` is the nominal one."""

    @property
    def speed_mm_per_s(self) -> float: ...

    @property
    def start_ns(self) -> int: ...

    def position_mm(self, time_ns: float) -> float:
        """Belt position at a moment."""

    def positions_mm(self, times_ns: ArrayF64) -> ArrayF64:
        """Belt positions at moments (n,)."""

    def time_ns_at(self, belt_mm: float) -> int:
        """Moment at which the belt reaches a position, as far as can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeltMotion:
    """Position x(t) = v·(t + r·(1 − cos ωt)/ω).

    Zero at ``start_ns``; the speed is v·(1 + r·sin ωt), always forwards for r < 1.
    """

    speed_mm_per_s: float
    ripple: float
    start_ns: int

    def position_mm(self, time_ns: float) -> float:
        """Belt position at a moment."""
        t_s = (time_ns - self.start_ns) * 1e-9
        omega = 2 * math.pi * RIPPLE_HZ
        return self.speed_mm_per_s * (t_s + self.ripple * (1 - math.cos(omega * t_s)) / omega)

    def positions_mm(self, times_ns: ArrayF64) -> ArrayF64:
        """Belt positions at moments (n,)."""
        t_s = (times_ns - self.start_ns) * 1e-9
        omega = 2 * math.pi * RIPPLE_HZ
        return np.asarray(self.speed_mm_per_s * (t_s + self.ripple * (1 - np.cos(omega * t_s)) / omega))

    def time_ns_at(self, belt_mm: float) -> int:
        """Moment at which the belt reaches a position.

        Fixed-point iteration; contracts by the ripple (≤ 0.05) a step.
        """
        omega = 2 * math.pi * RIPPLE_HZ
        wanted_s = belt_mm / self.speed_mm_per_s
        t_s, before_s = wanted_s, math.nan
        for _ in range(12):
            if t_s == before_s:
                break
            before_s, t_s = t_s, wanted_s - self.ripple * (1 - math.cos(omega * t_s)) / omega
        return self.start_ns + round(t_s * 1e9)


class SteppedMotion:
    """A belt whose drive is set to another speed now and then; from each such moment on it moves as `BeltMotion`."""

    def __init__(self, first: BeltMotion) -> None:
        self._parts = [(0.0, first)]  # where each begins, and how it goes on from there

    @property
    def speed_mm_per_s(self) -> float:
        return self._parts[-1][1].speed_mm_per_s

    @property
    def start_ns(self) -> int:
        return self._parts[0][1].start_ns

    def run_at(self, speed_mm_per_s: float, now_ns: int) -> None:
        """From now on at that speed."""
        if speed_mm_per_s == self.speed_mm_per_s:
            return
        at_mm, last = self.position_mm(now_ns), self._parts[-1][1]
        self._parts.append((at_mm, BeltMotion(speed_mm_per_s=speed_mm_per_s, ripple=last.ripple, start_ns=now_ns)))

    def position_mm(self, time_ns: float) -> float:
        begin_mm, part = next((one for one in reversed(self._parts) if one[1].start_ns <= time_ns), self._parts[0])
        return begin_mm + part.position_mm(time_ns)

    def positions_mm(self, times_ns: ArrayF64) -> ArrayF64:
        begin_mm, first = self._parts[0]
        places = begin_mm + first.positions_mm(times_ns)
        for begin_mm, part in self._parts[1:]:
            places = np.where(times_ns >= part.start_ns, begin_mm + part.positions_mm(times_ns), places)
        return np.asarray(places, np.float64)

    def time_ns_at(self, belt_mm: float) -> int:
        begin_mm, part = next((one for one in reversed(self._parts) if one[0] <= belt_mm), self._parts[0])
        return part.time_ns_at(belt_mm - begin_mm)
