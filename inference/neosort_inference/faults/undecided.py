"""How much belt went by without being sorted, and which fault took it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from neosort_inference.faults.alarms import Alarm

NO_FAULT = "none"  # nothing was wrong, and a stretch was not looked at all the same
FARTHEST_MM = 2000.0  # between two turns; more is another count of the belt


class Undecided:
    """Adds up metres: those that pass while the line is stopped, by what stops it, and those that no window has shown
    while it sorts, by the gravest fault of the moment. Each stretch counts once."""

    def __init__(self) -> None:
        self._metres: defaultdict[str, float] = defaultdict(float)
        self._belt_mm: float | None = None
        self._seen_to_mm: float | None = None

    @property
    def metres(self) -> dict[str, float]:
        """So far, by fault."""
        return dict(self._metres)

    def turn(self, belt_mm: float, stopped_by: str) -> None:
        """The belt now; what keeps the line stopped, empty while nothing does."""
        moved_mm = 0.0 if self._belt_mm is None else belt_mm - self._belt_mm
        self._belt_mm = belt_mm
        if stopped_by:
            self._seen_to_mm = None  # what no window shows meanwhile is counted here
            if 0.0 < moved_mm < FARTHEST_MM:
                self._metres[stopped_by] += moved_mm * 1e-3

    def see_window(self, start_mm: float, end_mm: float, alarms: Sequence[Alarm], *, stopped: bool) -> None:
        """A window has been decided on; the alarms that are not over, the gravest first."""
        seen_to_mm, self._seen_to_mm = self._seen_to_mm, None if stopped else end_mm
        if stopped or seen_to_mm is None or not 0.0 < start_mm - seen_to_mm < FARTHEST_MM:
            return
        fault = next((alarm.fault for alarm in alarms if alarm.detracts), NO_FAULT)
        self._metres[fault] += (start_mm - seen_to_mm) * 1e-3
