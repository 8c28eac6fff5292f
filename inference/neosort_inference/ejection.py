"""Detections → shots: which nozzles or flaps, between which belt positions; none that hits what must not be hit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count

from neosort_hardware.belt import DiverterBank, heavy_bank
from neosort_hardware.config import LineConfig
from neosort_hardware.types import Box, Shot, Verdict
from neosort_inference.recipe import NoShot

PROTECT_MM = 10.0  # a: a jet is wider than its nozzle's strip by about 6 mm when it arrives, and a box is not exact
REACH_MM = 20.0
KEEP_SHARE = 0.6  # a shot is narrowed for its neighbours' sake, but never below this share of its item's nozzles


class ShotPlanner:
    """Plans a shot of one diverter for an item among its neighbours.

    ``position_sigma_mm``: of the item's place when it reaches the diverter; the shot is widened by two of them.
    ``ids``: where the shots' numbers come from; diverters of one line have it in common.
    """

    def __init__(
        self,
        bank: DiverterBank,
        position_sigma_mm: float,
        max_shots_per_s: float,
        ids: Iterator[int] | None = None,
    ) -> None:
        self._bank = bank
        self._nozzles = bank.row
        self._station_mm = bank.station_mm
        self._widen_mm = 2.0 * position_sigma_mm
        self._max_per_s = max_shots_per_s
        self._recent_ns: deque[int] = deque()
        self._ids = count(1) if ids is None else ids

    def goes_on_from(self, former: ShotPlanner) -> None:
        """What the former one has planned in the last second counts against this one's rate too."""
        self._recent_ns = former._recent_ns

    @property
    def reach_mm(self) -> float:
        """Items nearer than this along the belt may be touched by what is meant for another."""
        return REACH_MM + max(self._bank.swing_mm)

    @property
    def at_its_limit(self) -> str:
        """Why there is no shot beyond its rate."""
        return "flaps at their limit" if self._bank.heavy else "air supply at its limit"

    def plan(self, track_id: int, box: Box, neighbours: Sequence[Box], protected: Sequence[Box]) -> Shot | NoShot:
        """The shot for ``box``, or why there can be none.

        ``neighbours``: items to be spared where that is possible; ``protected``: never to be blown at, nor to be met
        by a flap on its way out or back.
        """
        group = self._nozzles.under(box.across_lo_mm, box.across_hi_mm)
        if group is None:
            where = "outside the flaps" if self._bank.heavy else "outside the nozzles"
            return NoShot(verdict=Verdict.REFUSED, reason=where)
        reach = box.grown(along_mm=self._widen_mm)
        touched = self._touched(reach)
        first, last = self._narrow(*group, [b for b in neighbours if _meets(b, touched)])
        for other in (kept.grown(along_mm=PROTECT_MM, across_mm=PROTECT_MM) for kept in protected):
            if _meets(other, touched) and self._covers(first, last, other):
                return NoShot(
                    verdict=Verdict.REFUSED,
                    reason="a protected item lies in its way"
                    if self._bank.heavy
                    else "a protected item lies in the blast",
                )
        return Shot(
            shot_id=next(self._ids),
            track_id=track_id,
            first_nozzle=first,
            last_nozzle=last,
            open_mm=reach.belt_lo_mm + self._station_mm,
            close_mm=reach.belt_hi_mm + self._station_mm,
            heavy=self._bank.heavy,
        )

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

    def _touched(self, reach: Box) -> Box:
        """The belt that passes while the diverter is not at rest."""
        out_mm, back_mm = self._bank.swing_mm
        return Box(
            belt_lo_mm=reach.belt_lo_mm - out_mm,
            belt_hi_mm=reach.belt_hi_mm + back_mm,
            across_lo_mm=reach.across_lo_mm,
            across_hi_mm=reach.across_hi_mm,
        )

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


def heavy_planner(config: LineConfig, ids: Iterator[int]) -> ShotPlanner | None:
    """The planner of the line's diverter for what is too heavy for air; None where it has none.

    Its rate is that of all lanes together; the diverter refuses what a single one cannot do.
    """
    flaps, bank = config.heavy_diverter, heavy_bank(config)
    if flaps is None or bank is None:
        return None
    strokes_per_s = flaps.lanes * flaps.max_strokes_per_min / 60.0
    return ShotPlanner(bank, config.calibration.position_sigma_mm, strokes_per_s, ids)
