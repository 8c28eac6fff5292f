"""Belts of any width under a model of one width: a line's window is as wide as the belt, and made of lanes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from neosort_datasets.rectification import View
from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.belt import LineGeometry

OVERLAP_MM = 192.0  # of neighbouring lanes, at least: an item lies whole in one of them, its field around it
_EDGE_MM = 8.0  # of belt on either side that may be left out for the sake of a lane less
_SPARE_MM = 40.0  # a camera or an array that reaches no farther than this past the belt shows where the belt lies
_LIKE_THE_BELT = 0.1  # relative: an array this nearly as wide as the belt lies under it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A part of a line's window that is as wide as the model's own, from picture column ``first_col`` on."""

    first_col: int
    grid: WindowGrid

    def of(self, window: BeltWindow) -> BeltWindow:
        """This lane of a window of the line; the arrays are views."""
        if window.grid == self.grid:
            return window
        cols = slice(self.first_col, self.first_col + self.grid.cols)
        first_cell = self.first_col // self.grid.cell_px
        cells = slice(first_cell, first_cell + self.grid.field_cols)
        return replace(
            window,
            grid=self.grid,
            picture=window.picture[:, cols],
            field_ut=window.field_ut[:, :, cells],
            field_mask=window.field_mask[:, :, cells],
        )


def line_grid(model: WindowGrid, geometry: LineGeometry, view: View) -> WindowGrid:
    """The grid of a line's windows: the model's, widened by whole lanes until the belt lies in it, and centred on it.

    Where across the belt lies is told by the magnetometer row when it is as wide as the belt, else by all that camera
    and row reach together.
    """
    low_mm, high_mm = belt_span(geometry, view)
    model_mm = model.cols * model.mm_per_px
    most_step_mm = model_mm - OVERLAP_MM
    lacking_mm = high_mm - low_mm - 2 * _EDGE_MM - model_mm
    more = max(0, math.ceil(lacking_mm / most_step_mm)) if most_step_mm > 0 else 0
    step_px = 0
    if more:
        cells = math.ceil((high_mm - low_mm - model_mm) / more / model.cell_mm)
        step_px = min(cells, math.floor(most_step_mm / model.cell_mm)) * model.cell_px
    cols = model.cols + more * step_px
    start_mm = 0.5 * (low_mm + high_mm - cols * model.mm_per_px)
    return replace(model, cols=cols, across_start_mm=start_mm)


def lanes_of(line: WindowGrid, model: WindowGrid) -> tuple[Lane, ...]:
    """The lanes of a line's window, from low to high across, evenly over it."""
    spare = line.cols - model.cols
    most_step = model.cols - math.ceil(OVERLAP_MM / model.mm_per_px / model.cell_px) * model.cell_px
    count = 1 + (math.ceil(spare / most_step) if spare > 0 else 0)
    cells = spare // model.cell_px
    firsts = [model.cell_px * (number * cells // max(1, count - 1)) for number in range(count)]
    return tuple(
        Lane(
            first_col=first,
            grid=replace(model, across_start_mm=line.across_start_mm + first * model.mm_per_px),
        )
        for first in firsts
    )


def belt_span(geometry: LineGeometry, view: View) -> tuple[float, float]:
    """Where the belt lies across, as far as the sensors can tell: low and high, mm."""
    channels = geometry.channel_across_mm
    half_mm = 0.5 * float(channels[1] - channels[0]) if len(channels) > 1 else 0.0
    felt_lo, felt_hi = float(channels[0]) - half_mm, float(channels[-1]) + half_mm
    low_mm, high_mm = min(felt_lo, view.across_lo_mm), max(felt_hi, view.across_hi_mm)
    width_mm = geometry.belt_width_mm
    short_mm = width_mm - (felt_hi - felt_lo)
    if abs(short_mm) <= _LIKE_THE_BELT * width_mm:
        return max(low_mm, felt_lo - max(0.0, short_mm)), min(high_mm, felt_hi + max(0.0, short_mm))
    if high_mm - low_mm <= width_mm + 2 * _SPARE_MM:
        return 0.5 * (low_mm + high_mm - width_mm), 0.5 * (low_mm + high_mm + width_mm)
    return low_mm, high_mm
