"""Where the belt is and when it will be somewhere: a parabola through the encoder's last samples.

A straight line would lag behind a belt that changes speed, by a·T²/12 at the end of its span; a parabola does not.
The span is short, so that what the belt did before a change of its drive is soon forgotten, and long enough that a
count's width (half a millimetre at 0.5 m/s is a millisecond) is averaged away.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from neosort_hardware.types import EncoderSample

SPAN_MS = 60.0  # a
LEAST_SPAN_MS = 8.0
MOST_SAMPLES = 64
APART_NS = round(SPAN_MS * 1e6 / MOST_SAMPLES)  # samples that come thicker would crowd the span out
TRUSTED_AHEAD_MS = 60.0  # a: no drive holds an acceleration for much longer; beyond it the speed is held
LEAP_MM_PER_MS = 6.0  # twice the fastest belt: nothing moves so
STANDSTILL_MM_PER_MS = 0.005  # a: slower than a hundredth of the slowest belt is vibration


@dataclass(frozen=True, slots=True, kw_only=True)
class BeltFit:
    """The belt at ``at_ns``: position, speed, acceleration; good for a short while after."""

    at_ns: int
    belt_mm: float
    mm_per_ms: float
    mm_per_ms2: float

    def belt_mm_at(self, time_ns: int) -> float:
        """Where the belt is at a time."""
        ahead_ms = (time_ns - self.at_ns) * 1e-6
        curved_ms = min(ahead_ms, TRUSTED_AHEAD_MS)
        held = self.mm_per_ms + self.mm_per_ms2 * curved_ms
        return (
            self.belt_mm
            + (self.mm_per_ms + 0.5 * self.mm_per_ms2 * curved_ms) * curved_ms
            + held * (ahead_ms - curved_ms)
        )

    def time_ns_at(self, belt_mm: float) -> int | None:
        """When the belt is, or was, at a position; None when as it goes now it will not come there."""
        left_mm = belt_mm - self.belt_mm
        turn_ms = _root(left_mm, self.mm_per_ms, self.mm_per_ms2)
        if turn_ms is not None and turn_ms <= TRUSTED_AHEAD_MS:
            return self.at_ns + round(turn_ms * 1e6)
        held = self.mm_per_ms + self.mm_per_ms2 * TRUSTED_AHEAD_MS
        if held < STANDSTILL_MM_PER_MS:
            return None
        curved_mm = (self.mm_per_ms + 0.5 * self.mm_per_ms2 * TRUSTED_AHEAD_MS) * TRUSTED_AHEAD_MS
        return self.at_ns + round((TRUSTED_AHEAD_MS + (left_mm - curved_mm) / held) * 1e6)


def _root(left: float, speed: float, acceleration: float) -> float | None:
    """The time, nearest to now, at which speed·t + acceleration·t²/2 = left while moving forwards."""
    if speed < STANDSTILL_MM_PER_MS:
        return None
    square = speed * speed + 2.0 * acceleration * left
    return None if square < 0 else 2.0 * left / (speed + math.sqrt(square))


class BeltFitter:
    """Keeps the last samples and fits them. ``mm_per_count``: a count is read on average half a count late.

    The newest sample always counts; of those before it that came thicker than `APART_NS`, some are left out: a host
    that hands over many shots at once has the belt looked at for each.

    A leap that no belt makes (an encoder that began anew) ends what was known: there is no fit for some samples then.
    ``leaps``: how many there have been.
    """

    def __init__(self, mm_per_count: float) -> None:
        self._half_mm = 0.5 * mm_per_count
        self._slack_mm = 2.0 * mm_per_count + 5.0
        self.leaps = 0
        self._samples: deque[tuple[int, float]] = deque(maxlen=MOST_SAMPLES)
        self._fit: BeltFit | None = None

    def add(self, sample: EncoderSample) -> None:
        """Take a sample; one that is not newer than the last is left out."""
        belt_mm = sample.belt_mm + self._half_mm
        if self._samples:
            last_ns, last_mm = self._samples[-1]
            if sample.sampled_ns <= last_ns:
                return
            if abs(belt_mm - last_mm) > self._slack_mm + LEAP_MM_PER_MS * (sample.sampled_ns - last_ns) * 1e-6:
                self._samples.clear()
                self.leaps += 1
        if len(self._samples) > 1 and sample.sampled_ns - self._samples[-2][0] < APART_NS:
            self._samples.pop()
        self._samples.append((sample.sampled_ns, belt_mm))
        oldest_ns = sample.sampled_ns - round(SPAN_MS * 1e6)
        while self._samples[0][0] < oldest_ns:
            self._samples.popleft()
        self._fit = None

    def forget(self) -> None:
        """The samples so far tell nothing of the belt from now on."""
        self._samples.clear()
        self._fit = None

    def fit(self) -> BeltFit | None:
        """The belt as the samples have it; None while there are too few."""
        if self._fit is None and len(self._samples) >= 4:
            first_ns, last_ns = self._samples[0][0], self._samples[-1][0]
            if last_ns - first_ns >= LEAST_SPAN_MS * 1e6:
                self._fit = _parabola(self._samples)
        return self._fit


def _parabola(samples: deque[tuple[int, float]]) -> BeltFit:
    """Least squares, in units of the span so that the sums stay near one. Plain floats: NumPy takes longer to call."""
    last_ns, last_mm = samples[-1]
    span_ms = (last_ns - samples[0][0]) * 1e-6
    per_ns = 1e-6 / span_ms
    s1 = s2 = s3 = s4 = y0 = y1 = y2 = 0.0
    for time_ns, belt_mm in samples:
        u = (time_ns - last_ns) * per_ns
        y = belt_mm - last_mm
        uu = u * u
        s1 += u
        s2 += uu
        s3 += uu * u
        s4 += uu * uu
        y0 += y
        y1 += u * y
        y2 += uu * y
    s0 = float(len(samples))
    # Cramer's rule on [[s0 s1 s2] [s1 s2 s3] [s2 s3 s4]] · (position, speed, half the acceleration) = (y0, y1, y2).
    c00, c01, c02 = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    c11, c12, c22 = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3, s0 * s2 - s1 * s1
    scale = 1.0 / (s0 * c00 + s1 * c01 + s2 * c02)
    return BeltFit(
        at_ns=last_ns,
        belt_mm=last_mm + (c00 * y0 + c01 * y1 + c02 * y2) * scale,
        mm_per_ms=(c01 * y0 + c11 * y1 + c12 * y2) * scale / span_ms,
        mm_per_ms2=2.0 * (c02 * y0 + c12 * y1 + c22 * y2) * scale / (span_ms * span_ms),
    )
