"""Detections → shots: which nozzles, between which belt positions; nothing that would hit what must not be hit."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from neosort_hardware.belt import LineGeometry
from neosort_hardware.types import Box, Shot, Verdict
from neosort_inference.recipe import NoShot

PROTECT_MM = 10.0  # a: a jet is wider than its nozzle's strip by about 6 mm when it arrives, and a box is not exact
KEEP_SHARE = 0.6  # a shot is narrowed for its neighbours' sake, but never below this share of its item's nozzles


class ShotPlanner:
    """Plans a shot for an item among its neighbours.

    ``position_sigma_mm``: of the item's place when it reaches the nozzles; the shot is widened by two of them.
    """

    def __init__(self, geometry: LineGeometry, position_sigma_mm: float, max_shots_per_s: float) -> None:
        self._nozzles = geometry.nozzles
        self._station_mm = geometry.nozzle_station_mm
        self._widen_mm = 2.0 * position_sigma_mm
        self._max_per_s = max_shots_per_s
        self._recent_ns: deque[int] = deque()
        self._next_id = 1

    def plan(self, track_id: int, box: Box, neighbours: Sequence[Box], protected: Sequence[Box]) -> Shot | NoShot:
        """The shot for ``box``, or why there can be none.

        ``neighbours``: items to be spared where that is possible; ``protected``: never to be blown at.
        """
        group = self._nozzles.under(box.across_lo_mm, box.across_hi_mm)
        if group is None:
            return NoShot(verdict=Verdict.REFUSED, reason="outside the nozzles")
        reach = box.grown(along_mm=self._widen_mm)
        first, last = self._narrow(*group, [b for b in neighbours if _meets(b, reach)])
        for other in (kept.grown(along_mm=PROTECT_MM, across_mm=PROTECT_MM) for kept in protected):
            if _meets(other, reach) and self._covers(first, last, other):
                return NoShot(verdict=Verdict.REFUSED, reason="a protected item lies in the blast")
        shot = Shot(
            shot_id=self._next_id,
            track_id=track_id,
            first_nozzle=first,
            last_nozzle=last,
            open_mm=reach.belt_lo_mm + self._station_mm,
            close_mm=reach.belt_hi_mm + self._station_mm,
        )
        self._next_id += 1
        return shot

    def within_rate(self, now_ns: int) -> bool:
        """Whether one more shot keeps within what the air supply sustains; counts it if so.

        Counted over the last second, or over as long as one shot takes where that is longer.
        """
        span_s = max(1.0, 1.0 / self._max_per_s)
        while self._recent_ns and self._recent_ns[0] <= now_ns - round(span_s * 1e9):
            self._recent_ns.popleft()
        if len(self._recent_ns) + 1 > self._max_per_s * span_s + 1e-9:
            return False
        self._recent_ns.append(now_ns)
        return True

    def _narrow(self, first: int, last: int, neighbours: Sequence[Box]) -> tuple[int, int]:
        """Give up edge nozzles that blow on a neighbour, as far as the item itself can spare them."""
        spare = int((1.0 - KEEP_SHARE) * (last - first + 1))
        while spare > 0 and any(self._covers(first, first, box) for box in neighbours):
            first, spare = first + 1, spare - 1
        while spare > 0 and any(self._covers(last, last, box) for box in neighbours):
            last, spare = last - 1, spare - 1
        return first, last

    def _covers(self, first: int, last: int, box: Box) -> bool:
        group = self._nozzles.under(box.across_lo_mm, box.across_hi_mm)
        return group is not None and group[0] <= last and group[1] >= first


def _meets(box: Box, reach: Box) -> bool:
    return box.belt_hi_mm > reach.belt_lo_mm and box.belt_lo_mm < reach.belt_hi_mm
