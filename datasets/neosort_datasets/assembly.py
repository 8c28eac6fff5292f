"""Frames and field blocks in, belt windows out: one is ready when the array has seen the stretch the camera saw."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neosort_datasets.field_grid import FieldGridder, FieldHistory
from neosort_datasets.mosaic import Mosaic
from neosort_datasets.pacing import Pace
from neosort_datasets.window import BLIND_GREY, BeltWindow, WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.types import FieldBlock, Frame, ImageU8

Blind = Literal["camera", "field", "none"]

WAIT_FOR_FIELD_MM = 60.0  # past this much belt without the missing samples the window goes on without them
MAX_PENDING = 40
_SAME_MM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """A window that waits for its field. ``captured_ns``: 0 without a picture."""

    end_mm: float
    captured_ns: int
    sequence: int
    picture: ImageU8


class WindowAssembler:
    """Pairs each stretch of pictures with the field of the same stretch. Single-threaded; bounded.

    Windows end where frames do, one a frame unless ``pace`` asks for more or fewer; what no frame shows of them is
    mid-grey. ``blind`` switches a sense off, also in mid-run: the field becomes unknown, or pictures are passed over
    and mid-grey windows end where the array has got to, one every half window.
    """

    def __init__(
        self, grid: WindowGrid, geometry: LineGeometry, blind: Blind = "none", pace: Pace | None = None
    ) -> None:
        self.grid = grid
        self.blind: Blind = blind
        self._array_station_mm = geometry.array_station_mm
        self._pixel_to_belt, self._pace = geometry.pixel_to_belt, pace or Pace()
        self._mosaic = Mosaic(grid, self._pixel_to_belt, self._pace)
        self._hop_mm = min(0.5 * grid.length_mm, self._pace.most_mm)
        self._gridder = FieldGridder(grid, geometry.channel_across_mm, geometry.array_height_mm)
        self._history = FieldHistory(geometry.array_station_mm, keep_mm=4 * grid.length_mm)
        self._pending: deque[_Pending] = deque()
        self._grey = np.full((grid.rows, grid.cols, 3), BLIND_GREY, dtype=np.uint8)
        self._sequence = 0
        self.dropped = 0

    def add_frame(self, frame: Frame) -> None:
        """Take a frame; the oldest pending window is dropped, and counted, when too many wait for their field."""
        self._sequence = frame.sequence
        if self.blind == "camera":
            return
        for end_mm in self._mosaic.add(frame):
            self._await(end_mm, frame.captured_ns, self._mosaic.picture(end_mm))

    def add_block(self, block: FieldBlock) -> None:
        """Take a block of samples."""
        self._history.add(block)

    @property
    def waiting(self) -> int:
        """Windows that wait for their field."""
        return len(self._pending)

    def successor(self, grid: WindowGrid, geometry: LineGeometry, pace: Pace | None = None) -> WindowAssembler:
        """One for another grid or another calibration of the same line, to be fed beside this one until it `follows`.

        It has seen nothing of the belt yet, but knows what channels read over an empty one.
        """
        made = WindowAssembler(grid, geometry, self.blind, pace)
        made._history.share_baseline(self._history)
        return made

    def follows(self, reached_mm: float) -> bool:
        """Whether its windows go on whole from where another's have got to; those that end before are let go."""
        if self.blind == "camera":
            self._cut_without_pictures()
        while self._pending and self._pending[0].end_mm <= reached_mm + _SAME_MM:
            self._pending.popleft()
        if not self._pending:
            return False
        start_mm = self._pending[0].end_mm - self.grid.length_mm
        known_mm = max(
            -np.inf if self.blind == "camera" else self._mosaic.begins_mm,
            -np.inf if self.blind == "field" else self._history.begins_mm + self._gridder.lead_mm,
        )
        overlap_mm = max(0.0, self.grid.length_mm - self._pace.most_mm)
        return known_mm <= start_mm + _SAME_MM and start_mm <= reached_mm - overlap_mm + _SAME_MM

    def forget(self) -> None:
        """Begin anew: places counted before are not where they were. What channels read over an empty belt is kept."""
        self._pending.clear()
        self._mosaic = Mosaic(self.grid, self._pixel_to_belt, self._pace)
        self._history.forget_places()

    def ready(self, belt_mm: float) -> list[BeltWindow]:
        """Windows whose field is complete, oldest first; those without a field when they have waited long for it,
        or at once where the line is blind to it.

        ``belt_mm``: the encoder now.
        """
        if self.blind == "camera":
            self._cut_without_pictures()
        windows = []
        while self._pending and self._complete(self._pending[0].end_mm, belt_mm):
            windows.append(self._window(self._pending.popleft()))
        return windows

    def _cut_without_pictures(self) -> None:
        """Let windows end where the array has got to."""
        newest_mm = self._history.newest_place_mm
        if newest_mm is not None:
            for end_mm in self._mosaic.pass_over(newest_mm, self._hop_mm):
                self._await(end_mm, 0, self._grey)

    def _await(self, end_mm: float, captured_ns: int, picture: ImageU8) -> None:
        if len(self._pending) >= MAX_PENDING:
            self._pending.popleft()
            self.dropped += 1
        self._pending.append(_Pending(end_mm=end_mm, captured_ns=captured_ns, sequence=self._sequence, picture=picture))

    def _complete(self, end_mm: float, belt_mm: float) -> bool:
        if self.blind == "field":
            return True  # there is no field to wait for
        seen = self._history.newest_place_mm
        newest = -np.inf if seen is None else seen
        waited_mm = belt_mm - self._array_station_mm - end_mm
        return newest >= end_mm or waited_mm > WAIT_FOR_FIELD_MM

    def _window(self, pending: _Pending) -> BeltWindow:
        grid = self.grid
        start_mm = pending.end_mm - grid.length_mm
        field_ut = np.zeros((3, grid.field_rows, grid.field_cols), dtype=np.float32)
        mask = np.zeros((2, grid.field_rows, grid.field_cols), dtype=np.float32)
        last_input_ns = pending.captured_ns
        from_mm = start_mm - self._gridder.lead_mm
        stretch = None if self.blind == "field" else self._history.stretch(from_mm, pending.end_mm)
        if stretch is not None:
            places_mm, stamps, samples_ut, saturated = stretch
            field_ut, mask = self._gridder.grid(start_mm, places_mm, samples_ut, saturated)
            last_input_ns = max(last_input_ns, int(stamps[-1]))
        return BeltWindow(
            grid=grid,
            start_mm=start_mm,
            picture=pending.picture,
            field_ut=field_ut,
            field_mask=mask,
            last_input_ns=last_input_ns,
            sequence=pending.sequence,
        )
