"""How fast the belt runs."""

from __future__ import annotations

from collections import deque

from neosort_inference.faults.reached_line import ReachedLine

SPEED_SPAN_S = 1.0


class SpeedGauge:
    """Belt speed from the encoder, over about the last second."""

    def __init__(self, reached: ReachedLine) -> None:
        self._reached = reached
        self._passed: deque[tuple[int, float]] = deque()

    def read(self) -> tuple[float, float]:
        """Belt position (mm) and speed (m/s) now; while the encoder is lost, the place last heard of and no speed."""
        sample = self._reached.travel()
        if sample is None:
            self._passed.clear()
            return self._reached.belt_mm(), 0.0
        self._passed.append((sample.sampled_ns, sample.belt_mm))
        while len(self._passed) > 2 and self._passed[0][0] < sample.sampled_ns - SPEED_SPAN_S * 1e9:
            self._passed.popleft()
        then_ns, then_mm = self._passed[0]
        span_ns = sample.sampled_ns - then_ns
        speed = (sample.belt_mm - then_mm) / (span_ns * 1e-6) if span_ns > 0 else 0.0
        return sample.belt_mm, speed
