"""The simulated belt as a real encoder counts it, so that simulated devices stand beside real ones on one line."""

from __future__ import annotations

import numpy as np

from neosort_hardware.clock import Clock
from neosort_hardware.devices import Encoder
from neosort_hardware.types import ArrayF64

LOOK_EVERY_NS = 2_000_000
KEPT = 8192  # looks: sixteen seconds and more, longer than an item rides from the camera to where it lands
SPEED_OVER_NS = 100_000_000
NEVER_NS = 3_600_000_000_000  # from now: when a belt that stands reaches another place


class FollowedBelt:
    """Positions between two looks at the encoder are interpolated, beyond the last carried on at the speed of late.

    ``zero_mm``: what the encoder showed at the start, where the simulated belt has its zero. A reading that fails
    passes on as the encoder's `DeviceError`.
    """

    def __init__(self, encoder: Encoder, clock: Clock, speed_mm_per_s: float) -> None:
        first = encoder.read()
        self.zero_mm = first.belt_mm
        self.start_ns = clock.now_ns()
        self.speed_mm_per_s = speed_mm_per_s
        self._encoder = encoder
        self._clock = clock
        self._times_ns = np.zeros(2 * KEPT)
        self._places_mm = np.zeros(2 * KEPT)
        self._times_ns[0] = min(first.sampled_ns, self.start_ns)
        self._looks = 1

    def position_mm(self, time_ns: float) -> float:
        """Belt position at a moment."""
        return float(self.positions_mm(np.array([time_ns]))[0])

    def positions_mm(self, times_ns: ArrayF64) -> ArrayF64:
        """Belt positions at moments (n,)."""
        self._look()
        known_ns, known_mm = self._times_ns[: self._looks], self._places_mm[: self._looks]
        beyond_ns = np.maximum(0.0, times_ns - known_ns[-1])
        return np.asarray(np.interp(times_ns, known_ns, known_mm) + beyond_ns * self._speed_mm_per_ns())

    def time_ns_at(self, belt_mm: float) -> int:
        """Moment at which the belt reaches a position: as it was, or as it will be at the speed of late."""
        self._look()
        known_ns, known_mm = self._times_ns[: self._looks], self._places_mm[: self._looks]
        left_mm = belt_mm - known_mm[-1]
        if left_mm <= 0:
            return round(float(np.interp(belt_mm, known_mm, known_ns)))
        speed = self._speed_mm_per_ns()
        return round(float(known_ns[-1])) + (round(min(left_mm / speed, NEVER_NS)) if speed > 0 else NEVER_NS)

    def _look(self) -> None:
        """Read the encoder, unless that was done a moment ago. A belt that runs backwards stands still here."""
        if self._clock.now_ns() - self._times_ns[self._looks - 1] < LOOK_EVERY_NS:
            return
        sample = self._encoder.read()
        if sample.sampled_ns <= self._times_ns[self._looks - 1]:
            return
        if self._looks == len(self._times_ns):
            for kept in (self._times_ns, self._places_mm):
                kept[:KEPT] = kept[KEPT:].copy()
            self._looks = KEPT
        self._times_ns[self._looks] = sample.sampled_ns
        self._places_mm[self._looks] = max(self._places_mm[self._looks - 1], sample.belt_mm - self.zero_mm)
        self._looks += 1

    def _speed_mm_per_ns(self) -> float:
        last_ns = self._times_ns[self._looks - 1]
        since = int(np.searchsorted(self._times_ns[: self._looks], last_ns - SPEED_OVER_NS))
        span_ns = last_ns - self._times_ns[since]
        return float((self._places_mm[self._looks - 1] - self._places_mm[since]) / span_ns) if span_ns > 0 else 0.0
