"""The array's samples → the window's field cells: averaged along, interpolated across, as seen from one height."""

from __future__ import annotations

import numpy as np

from neosort_datasets.field_history import FieldBaseline, FieldHistory
from neosort_datasets.potential_field import Continuation, interpolation_weights
from neosort_datasets.window import WindowGrid
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ArrayI64

__all__ = ["REFERENCE_HEIGHT_MM", "FieldBaseline", "FieldGridder", "FieldHistory"]

REFERENCE_HEIGHT_MM = 45.0  # every window's field is as sensors so far below the items would read it
_LEAD_CELLS = 12  # of belt before the window that help to carry its field to another height
_BRIDGE_MM = 40.0  # between samples farther apart than this nothing is known
_SAME_HEIGHT_MM = 0.5


class FieldGridder:
    """Averages samples into rows of cells and interpolates between channels into columns.

    ``height_mm``: of the items above the sensors. Where that is not the reference height, the field is carried there.
    """

    def __init__(self, grid: WindowGrid, channel_across_mm: ArrayF64, height_mm: float = REFERENCE_HEIGHT_MM) -> None:
        self._grid = grid
        self._channels = np.asarray(channel_across_mm, dtype=np.float64)
        self._height_mm = height_mm
        columns = grid.across_start_mm + (np.arange(grid.field_cols, dtype=np.float64) + 0.5) * grid.cell_mm
        self._columns: ArrayF64 = np.asarray(columns, dtype=np.float64)
        self._reach = _linear_weights(self._columns, self._channels, grid.cell_mm)
        self._weights: dict[bytes, ArrayF32] = {}
        self._lead = 0
        self._continuation: Continuation | None = None
        if abs(height_mm - REFERENCE_HEIGHT_MM) > _SAME_HEIGHT_MM:
            self._lead = _LEAD_CELLS
            rows = grid.field_rows + self._lead
            rise_mm = REFERENCE_HEIGHT_MM - height_mm
            self._continuation = Continuation(rows, grid.field_cols, grid.cell_mm, rise_mm)

    @property
    def lead_mm(self) -> float:
        """Belt before the window whose samples are of use to `grid` too."""
        return self._lead * self._grid.cell_mm

    def grid(
        self, start_mm: float, places_mm: ArrayF64, field_ut: ArrayF32, saturated: ArrayBool
    ) -> tuple[ArrayF32, ArrayF32]:
        """Samples (n,), (n, channels, 3), (n, channels) → field (3, rows, cols), mask (2, rows, cols).

        A channel that reads NaN counts as unknown, cell by cell. Samples outside the window and its lead are passed
        over.
        """
        rows = self._grid.field_rows + self._lead
        places_mm, field_ut, saturated = _dense(places_mm, field_ut, saturated, self._grid.cell_mm / 4)
        row = np.floor((places_mm - start_mm) / self._grid.cell_mm).astype(np.int64) + self._lead
        inside = (row >= 0) & (row < rows)
        row, field_ut, saturated = row[inside], field_ut[inside], saturated[inside]
        known = np.asarray(np.isfinite(field_ut).all(axis=2), dtype=np.bool_)
        weight = _sum_by_row(row, known.astype(np.float32), rows)
        total = _sum_by_row(row, np.where(known[..., None], field_ut, np.float32(0.0)), rows)
        flagged = _sum_by_row(row, np.logical_and(saturated, known).astype(np.float32), rows)
        channel_known = np.asarray(weight > 0, dtype=np.bool_)
        mean = total / np.maximum(weight, 1.0)[..., None]
        share = flagged / np.maximum(weight, 1.0)
        cover = channel_known.astype(np.float32) @ self._reach.T
        saturation = (share @ self._reach.T) / np.maximum(cover, 1e-6)
        seen: ArrayBool = np.asarray(cover > 0.5, dtype=np.bool_)
        field = self._across(mean, channel_known)
        if self._continuation is not None:
            field = self._continuation.apply(field, np.any(seen, axis=1), np.any(seen, axis=0))
        mask = np.stack([seen.astype(np.float32), np.where(seen, saturation, 0.0)])
        field = np.where(seen, field, 0.0)
        return field[:, self._lead :].astype(np.float32), mask[:, self._lead :].astype(np.float32)

    def _across(self, mean: ArrayF32, channel_known: ArrayBool) -> ArrayF32:
        """(rows, channels, 3) → (3, rows, cols), from the channels that are known in each row; 0 where none is."""
        field = np.zeros((3, len(mean), len(self._columns)), dtype=np.float32)
        alike = bool((channel_known == channel_known[0]).all())  # mostly, and sorting out the patterns takes long
        for pattern in channel_known[:1] if alike else np.unique(channel_known, axis=0):
            if pattern.any():
                rows = (channel_known == pattern).all(axis=1)
                by_axis = mean[rows][:, pattern].transpose(2, 0, 1)
                field[:, rows] = by_axis @ self._weights_of(pattern).T
        return field

    def _weights_of(self, pattern: ArrayBool) -> ArrayF32:
        """Weights (cols, known channels). Beyond the outermost channel its value holds."""
        key = pattern.tobytes()
        if key not in self._weights:
            if len(self._weights) > 64:  # a channel that comes and goes must not fill the memory
                self._weights.clear()
            known = self._channels[pattern]
            self._weights[key] = interpolation_weights(
                known, np.clip(self._columns, known[0], known[-1]), self._height_mm
            )
        return self._weights[key]


def _dense(
    places_mm: ArrayF64, field_ut: ArrayF32, saturated: ArrayBool, step_mm: float
) -> tuple[ArrayF64, ArrayF32, ArrayBool]:
    """Samples no farther apart than ``step_mm``, by cubics (Catmull and Rom) through those of a slow array.

    A cell that holds one sample would else take it for its middle. Gaps of more than `_BRIDGE_MM` stay open.
    """
    if len(places_mm) < 2 or not (np.diff(places_mm) > step_mm).any():
        return places_mm, field_ut, saturated
    onward = np.concatenate([[True], places_mm[1:] > np.maximum.accumulate(places_mm)[:-1] + 1e-6])
    places_mm, field_ut, saturated = places_mm[onward], field_ut[onward], saturated[onward]
    if len(places_mm) < 2:
        return places_mm, field_ut, saturated
    gap = np.append(np.diff(places_mm), 0.0)
    pieces = np.where(gap <= _BRIDGE_MM, np.maximum(1, np.ceil(gap / step_mm)), 1).astype(np.int64)
    left = np.repeat(np.arange(len(gap)), pieces)
    right = np.minimum(left + 1, len(gap) - 1)
    part = (np.arange(len(left)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[left]
    slope = np.gradient(field_ut, places_mm, axis=0)
    t, reach = part[:, None, None], (gap[left] * (pieces[left] > 1))[:, None, None]
    dense = (
        (2 * t**3 - 3 * t**2 + 1) * field_ut[left]
        + (t**3 - 2 * t**2 + t) * reach * slope[left]
        + (3 * t**2 - 2 * t**3) * field_ut[right]
        + (t**3 - t**2) * reach * slope[right]
    )
    flags = np.where(part[:, None] < 0.5, saturated[left], saturated[right])
    return places_mm[left] + part * gap[left], dense.astype(np.float32), flags


def _sum_by_row(row: ArrayI64, values: np.ndarray, rows: int) -> np.ndarray:
    """Sums of the values (n, …) that each of so many rows has, (rows, …)."""
    width = int(np.prod(values.shape[1:]))
    flat = np.ascontiguousarray(values.reshape(len(values), width), dtype=np.float32)
    if (np.diff(row) < 0).any():  # the belt went back for a moment
        order = np.argsort(row, kind="stable")
        row, flat = row[order], flat[order]
    first = np.searchsorted(row, np.arange(rows + 1))
    filled = np.flatnonzero(np.diff(first))
    total = np.zeros((rows, width), dtype=np.float32)
    if (
        filled.size
    ):  # not a product of matrices: BLAS shares large ones out to threads, which costs far more than it saves
        total[filled] = np.add.reduceat(flat, first[filled], axis=0)
    return total.reshape(rows, *values.shape[1:])


def _linear_weights(columns: ArrayF64, channels: ArrayF64, alone_mm: float) -> ArrayF32:
    """Weights (cols, channels) of linear interpolation: how much each column hangs on each channel.

    Nothing more than half a pitch outside the array; a single channel reaches ``alone_mm``/2 to either side.
    """
    count = len(channels)
    weights = np.zeros((len(columns), count), dtype=np.float32)
    pitch = channels[1] - channels[0] if count > 1 else alone_mm
    place = (columns - channels[0]) / pitch
    for index, at in enumerate(place):
        if not -0.5 <= at <= count - 0.5:
            continue
        left = int(np.clip(np.floor(at), 0, max(0, count - 2)))
        share = float(np.clip(at - left, 0.0, 1.0)) if count > 1 else 0.0
        weights[index, left] += 1.0 - share
        if share > 0:
            weights[index, left + 1] += share
    return weights
