"""Where along the belt windows are cut, whatever the camera's view and the distance of its exposures."""

from __future__ import annotations

import math
from dataclasses import dataclass

JOINED_MM = 8.0  # pictures that lie no farther apart than this make one
_SAME_MM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Belt from one window to the next, between ``least_mm`` and ``most_mm`` wherever the pictures allow."""

    least_mm: float = 0.0
    most_mm: float = math.inf

    @classmethod
    def overlapping(cls, length_mm: float, overlap_mm: float = 150.0, least_mm: float = 100.0) -> Pace:
        """Windows of a length that overlap by so much at least, so that each item lies whole in one."""
        most_mm = max(0.25 * length_mm, length_mm - overlap_mm)
        return cls(least_mm=min(least_mm, most_mm), most_mm=most_mm)

    def ends(self, reached_mm: float, newest_mm: float) -> list[float]:
        """Upstream ends of the windows to cut, the last one having ended at ``reached_mm``, when the belt has been
        seen up to ``newest_mm``."""
        gap_mm = newest_mm - reached_mm
        if gap_mm <= _SAME_MM or gap_mm < self.least_mm - _SAME_MM:
            return []
        count = max(1, math.ceil(gap_mm / self.most_mm - 1e-9))
        hop_mm = gap_mm / count
        if hop_mm >= self.least_mm - _SAME_MM:
            return [newest_mm - hop_mm * (count - number) for number in range(1, count + 1)]
        count = math.floor(gap_mm / self.least_mm + 1e-9)
        hop_mm = min(self.most_mm, gap_mm / count)
        return [reached_mm + hop_mm * number for number in range(1, count + 1)]

    def hop_mm(self, view_mm: float, trigger_mm: float, length_mm: float) -> float:
        """Belt from one window to the next, at most, when a view of ``view_mm`` is exposed every ``trigger_mm``."""
        if trigger_mm > view_mm + JOINED_MM:  # what lies between the pictures is never seen, and windows leap over it
            return trigger_mm - max(0.0, view_mm - length_mm)
        frames = max(1, math.ceil(self.least_mm / trigger_mm - 1e-9))
        ends = self.ends(0.0, frames * trigger_mm)
        return max((b - a for a, b in zip([0.0, *ends], ends, strict=False)), default=frames * trigger_mm)
