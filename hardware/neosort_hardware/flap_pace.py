"""How often a flap may swing: its travel there and back, its rest, and its strokes a minute. Pure, in belt millimetres.

Places and not times: a stroke that waits has a place for certain, and a time only as far as the belt keeps its speed.
"""

from __future__ import annotations

from dataclasses import dataclass

from neosort_hardware.slots import HeavyDiverterConfig
from neosort_hardware.types import Shot

MINUTE_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class _Stroke:
    """A flap stands out between two places."""

    open_mm: float
    close_mm: float


class FlapPace:
    """The strokes of each lane, made and to be made, as far as they still forbid others."""

    def __init__(self, flaps: HeavyDiverterConfig) -> None:
        self._flaps = flaps
        self._lanes: list[list[_Stroke]] = [[] for _ in range(flaps.lanes)]

    def allows(self, shot: Shot, mm_per_ms: float) -> bool:
        """Whether every lane of a shot will have come back and rested by then, and goes on to rest in time for those
        that wait, at a belt as fast as ``mm_per_ms``."""
        stroke = _Stroke(shot.open_mm, shot.close_mm)
        return all(self._lane_allows(others, stroke, mm_per_ms) for others in self._of(shot))

    def take(self, shot: Shot) -> None:
        """The shot is to be executed."""
        for strokes in self._of(shot):
            strokes.append(_Stroke(shot.open_mm, shot.close_mm))

    def shut(self, belt_mm: float, mm_per_ms: float) -> None:
        """Every flap is drawn in where the belt is now, and none of those to come sets off."""
        out_mm = self._flaps.out_ms * mm_per_ms
        for strokes in self._lanes:
            strokes[:] = [
                _Stroke(stroke.open_mm, min(stroke.close_mm, belt_mm))
                for stroke in strokes
                if stroke.open_mm - out_mm < belt_mm
            ]

    def forget(self, belt_mm: float, mm_per_ms: float) -> None:
        """Strokes of more than a minute ago forbid nothing any more."""
        for strokes in self._lanes:
            strokes[:] = [stroke for stroke in strokes if stroke.close_mm > belt_mm - MINUTE_MS * mm_per_ms]

    def _of(self, shot: Shot) -> list[list[_Stroke]]:
        """The strokes of a shot's lanes; of lanes that there are not, the diverter itself will say so."""
        return self._lanes[max(0, shot.first_nozzle) : max(0, shot.last_nozzle + 1)]

    def _lane_allows(self, others: list[_Stroke], stroke: _Stroke, mm_per_ms: float) -> bool:
        flaps = self._flaps
        rest_mm = (flaps.out_ms + flaps.back_ms + flaps.recovery_ms) * mm_per_ms
        if any(stroke.open_mm < o.close_mm + rest_mm and o.open_mm < stroke.close_mm + rest_mm for o in others):
            return False
        within_mm = MINUTE_MS * mm_per_ms
        return sum(abs(o.open_mm - stroke.open_mm) < within_mm for o in others) < flaps.max_strokes_per_min
