"""One nozzle blown at nothing, to see or hear that it works."""

from __future__ import annotations

from neosort_hardware.types import Shot

PUFF_AHEAD_MM = 300.0  # belt until it blows: every diverter can still meet that
PUFF_MM = 30.0


def puff(nozzle: int, belt_mm: float, *, blow_mm: float = PUFF_MM, shot_id: int = 1, heavy: bool = False) -> Shot:
    """The shot that blows ``nozzle`` a little further on than ``belt_mm``, where the belt is now."""
    open_mm = belt_mm + PUFF_AHEAD_MM
    return Shot(
        shot_id=shot_id,
        track_id=0,
        first_nozzle=nozzle,
        last_nozzle=nozzle,
        open_mm=open_mm,
        close_mm=open_mm + blow_mm,
        heavy=heavy,
    )
