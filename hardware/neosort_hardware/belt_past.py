"""Where the belt was a moment ago, for pictures that reach us some time after they were taken."""

from __future__ import annotations

from bisect import bisect_right

from neosort_hardware.belt_fit import LEAP_MM_PER_MS
from neosort_hardware.types import EncoderSample

KEPT_NS = 5_000_000_000
GAP_NS = 500_000_000  # a: over a longer time without a look the belt may have stopped and started
AHEAD_NS = 100_000_000
SPEED_OVER_NS = 50_000_000
SLACK_MM = 10.0


class BeltPast:
    """Looks at the encoder of the last seconds, interpolated between; beyond the newest carried on for 0.1 s.

    An encoder that began anew ends what was known.
    """

    def __init__(self) -> None:
        self._at_ns: list[int] = []
        self._mm: list[float] = []

    def add(self, sample: EncoderSample) -> None:
        """A look at the encoder; one that is not newer than the last is left out."""
        if self._at_ns:
            passed_ns = sample.sampled_ns - self._at_ns[-1]
            if passed_ns <= 0:
                return
            if abs(sample.belt_mm - self._mm[-1]) > SLACK_MM + LEAP_MM_PER_MS * passed_ns * 1e-6:
                self._at_ns, self._mm = [], []
        self._at_ns.append(sample.sampled_ns)
        self._mm.append(sample.belt_mm)
        if self._at_ns[0] < sample.sampled_ns - 2 * KEPT_NS:  # by halves, so that it costs next to nothing
            old = bisect_right(self._at_ns, sample.sampled_ns - KEPT_NS)
            del self._at_ns[:old], self._mm[:old]

    def mm_at(self, at_ns: int) -> float | None:
        """Where the belt was; None where nobody looked near enough to that time."""
        after = bisect_right(self._at_ns, at_ns)
        if after == 0:
            return None
        if after == len(self._at_ns):
            return self._ahead_mm(at_ns)
        before_ns, after_ns = self._at_ns[after - 1], self._at_ns[after]
        if after_ns - before_ns > GAP_NS:
            return None
        share = (at_ns - before_ns) / (after_ns - before_ns)
        return self._mm[after - 1] + share * (self._mm[after] - self._mm[after - 1])

    def _ahead_mm(self, at_ns: int) -> float | None:
        newest_ns, newest_mm = self._at_ns[-1], self._mm[-1]
        if at_ns - newest_ns > AHEAD_NS:
            return None
        then = max(0, bisect_right(self._at_ns, newest_ns - SPEED_OVER_NS) - 1)
        passed_ns = newest_ns - self._at_ns[then]
        speed = (newest_mm - self._mm[then]) / passed_ns if 0 < passed_ns < GAP_NS else 0.0
        return newest_mm + speed * (at_ns - newest_ns)
