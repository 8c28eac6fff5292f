"""One frame to a stretch of belt, and its number, so that a frame that never came shows as a gap."""

from __future__ import annotations

import math


class TravelGate:
    """Counts frames by the belt's travel. ``picks``: of a camera that runs freely, the first frame of each stretch is
    kept; one that is triggered by travel has each of its frames kept.
    """

    def __init__(self, every_mm: float, *, picks: bool) -> None:
        self._every_mm = every_mm
        self._picks = picks
        self._last_mm: float | None = None
        self._number = 0

    def number(self, belt_mm: float) -> int | None:
        """The number of a frame taken there, higher than that of the frame before; None for one too many."""
        if self._last_mm is None:
            self._last_mm = belt_mm
            steps = 0 if self._picks else 1
        elif self._picks:
            steps = self.stretch(belt_mm) - self.stretch(self._last_mm)
        else:
            steps = max(1, round((belt_mm - self._last_mm) / self._every_mm))
        if steps in (0, -1):  # a belt that trembles on a border is no new stretch
            return None
        self._last_mm = belt_mm
        self._number += max(1, steps)
        return self._number

    def asked_for(self) -> int:
        """The number of a frame that was asked for, whatever the belt's travel."""
        self._number += 1
        return self._number

    def stretch(self, belt_mm: float) -> int:
        """Which stretch of belt a place lies in."""
        return math.floor(belt_mm / self._every_mm + 1e-9)
