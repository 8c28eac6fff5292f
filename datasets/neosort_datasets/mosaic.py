"""The newest stretch of belt, pieced together from as many frames as it takes to show it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from neosort_datasets.pacing import JOINED_MM, Pace
from neosort_datasets.rectification import Rectifier
from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_hardware.types import ArrayF64, Frame, ImageU8

_SAME_MM = 1e-3
_NEAR = 4  # windows' lengths: what lies farther ahead of what was passed over is another count of the belt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A reduced frame, the encoder at its exposure, and the places on the belt between which it shows the belt."""

    image: ImageU8
    belt_mm: float
    low_mm: float
    high_mm: float


class Mosaic:
    """Says where windows may be cut and pieces their pictures together; newer frames over older ones."""

    def __init__(self, grid: WindowGrid, pixel_to_belt: ArrayF64, pace: Pace) -> None:
        self._grid = grid
        self._pixel_to_belt = pixel_to_belt
        self._pace = pace
        self._rectifier: Rectifier | None = None
        self._shown: deque[_Shown] = deque()
        self._reached_mm = self._passed_mm = -np.inf
        self._hop_mm = grid.length_mm
        self.begins_mm = np.inf  # from there on the belt has been seen without a gap

    def add(self, frame: Frame) -> list[float]:
        """Take a frame; upstream ends (mm) of the windows that can be cut now. A frame from farther back gives none."""
        shown = self._show(frame)
        last = self._shown[-1] if self._shown else None
        if last is None or not _joined(last, shown):
            return self._begin(shown)
        if shown.high_mm <= last.high_mm + _SAME_MM:
            return []
        if len(self._shown) > 1 and shown.low_mm <= self._shown[-2].high_mm + _SAME_MM:
            self._shown.pop()  # its neighbours show all that it does
        self._shown.append(shown)
        while self._shown[0].high_mm <= self._reached_mm - self._grid.length_mm:
            self._shown.popleft()
        ends = self._pace.ends(self._reached_mm, shown.high_mm)
        self._reached_mm = ends[-1] if ends else self._reached_mm
        return ends

    def picture(self, end_mm: float) -> ImageU8:
        """The window that ends there: (rows, cols, 3) uint8, grey where no frame shows it."""
        assert self._rectifier is not None, "windows are cut from frames"
        start_mm = end_mm - self._grid.length_mm
        shown = [one for one in self._shown if one.low_mm < end_mm and one.high_mm > start_mm]
        if not shown:
            return np.full((self._grid.rows, self._grid.cols, 3), BLIND_GREY, dtype=np.uint8)
        newest = shown[-1]
        if len(shown) == 1 or newest.low_mm <= start_mm + _SAME_MM:
            return self._rectifier.rectify(newest.image, newest.belt_mm - end_mm)
        picture = np.full((self._grid.rows, self._grid.cols, 3), BLIND_GREY, dtype=np.uint8)
        for one in shown:
            self._rectifier.paint(one.image, one.belt_mm - end_mm, picture)
        return picture

    def pass_over(self, seen_mm: float, hop_mm: float) -> list[float]:
        """Upstream ends of windows to cut without pictures, every ``hop_mm`` of belt up to ``seen_mm``.

        What frames show afterwards begins anew; as far as it lies beyond, windows without pictures lead up to it.
        """
        self._shown.clear()
        if not np.isfinite(self._reached_mm) or seen_mm < self._passed_mm - self._grid.length_mm:
            self._reached_mm = seen_mm  # the run begins, or the count begins anew
        self._passed_mm = seen_mm
        self._hop_mm = hop_mm
        ends = self._hops_to(seen_mm)
        self._reached_mm = ends[-1] if ends else self._reached_mm
        return ends

    def _hops_to(self, to_mm: float) -> list[float]:
        return [
            self._reached_mm + self._hop_mm * hop
            for hop in range(1, 1 + int((to_mm - self._reached_mm) // self._hop_mm))
        ]

    def _begin(self, shown: _Shown) -> list[float]:
        """A stretch that hangs together with nothing before it: the run's first, or one behind a gap."""
        first_mm = shown.low_mm + self._grid.length_mm
        if first_mm >= shown.high_mm - _SAME_MM:
            first_mm = shown.high_mm
        self._shown.clear()
        self._shown.append(shown)
        self.begins_mm = shown.low_mm
        near = np.isfinite(self._passed_mm) and shown.low_mm - self._passed_mm < _NEAR * self._grid.length_mm
        before = [end_mm for end_mm in self._hops_to(first_mm) if end_mm < first_mm - _SAME_MM] if near else []
        self._passed_mm = -np.inf
        ends = [*before, first_mm, *self._pace.ends(first_mm, shown.high_mm)]
        self._reached_mm = ends[-1]
        return ends

    def _show(self, frame: Frame) -> _Shown:
        if self._rectifier is None:
            height_px, width_px = frame.image.shape[:2]
            self._rectifier = Rectifier(self._grid, self._pixel_to_belt, width_px, height_px)
        view = self._rectifier.view
        return _Shown(
            image=self._rectifier.reduced(frame.image),
            belt_mm=frame.belt_mm,
            low_mm=frame.belt_mm - view.station_hi_mm,
            high_mm=frame.belt_mm - view.station_lo_mm,
        )


def _joined(earlier: _Shown, later: _Shown) -> bool:
    """Whether two frames show one stretch of belt without a gap between them."""
    return later.low_mm <= earlier.high_mm + JOINED_MM and later.high_mm >= earlier.low_mm - JOINED_MM
