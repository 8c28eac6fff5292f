"""The field that everything on the belt makes at the array, kept as a strip that travels with the belt.

An item's field does not change while it rides, so it is computed once, when the item comes onto the belt, for every
place of the belt within its reach; a reading is then an interpolation.

Axes: x along *increasing belt_mm* (that is upstream, against the travel), y along increasing across_mm, z up. Seen from
above, across_mm grows to the left of increasing belt_mm, so (belt_mm, across_mm, up) is right-handed, and an item's yaw
(along = x·cos − y·sin, across = x·sin + y·cos) is a proper turn about z that takes vectors with it.
"""

from __future__ import annotations

import math

import numpy as np

from neosort_hardware.twin.magnetics import DIPOLE_UT_MM3_PER_AM2
from neosort_hardware.twin.sources import Dipoles
from neosort_hardware.types import ArrayF32, ArrayF64

TAPER_SHARE = 0.2
REACH_HEIGHTS = 7.5  # beyond an item's own extent, in its sources' heights: there a dipole is at 0.5 % of its peak (c)
_ROW_HEIGHTS = 0.08  # rows this many heights apart: cubic interpolation of 1/r³ errs by less than 0.05 % of the peak
_AT_ONCE = 32_768  # values worked out at once: 128 KB an array
_UNSHARED = 200_000  # multiplications that BLAS does in one thread
_KNOT_STEP = 0.12  # in units of the sources' height: 8.4·step⁴ < 0.2 % of the peak


class FieldStrip:
    """What each channel reads (µT, sensors without error) while a given place of the belt lies over the array.

    ``channel_across_mm``: (channels,) places of the sensors across the belt, ``array_height_mm`` below the undersides.
    The newest ``length_mm`` are kept. An item's field is laid down as far along and across as it matters, but no
    further than ``reach_mm``; over the last fifth of that it is led smoothly to zero, and no step arises at its end.
    """

    def __init__(
        self,
        channel_across_mm: ArrayF64,
        array_height_mm: float,
        *,
        length_mm: float = 3000.0,
        reach_mm: float = 1200.0,
    ) -> None:
        self._channel_across_mm = np.asarray(channel_across_mm, dtype=np.float64)
        self._height_mm = array_height_mm
        self._mm_per_row = max(1.0, _ROW_HEIGHTS * array_height_mm)
        self._reach_mm = reach_mm
        self._rows = math.ceil(length_mm / self._mm_per_row)
        self._field_ut: ArrayF32 = np.zeros((self._rows, len(self._channel_across_mm), 3), dtype=np.float32)
        self._newest = 0

    @property
    def newest_mm(self) -> float:
        """The furthest place upstream that the strip holds; beyond it the belt is empty."""
        return self._newest * self._mm_per_row

    @property
    def oldest_mm(self) -> float:
        """The furthest place downstream that the strip still holds."""
        return (self._newest - self._rows + 1) * self._mm_per_row

    def extend_to(self, belt_mm: float) -> None:
        """Take in empty belt up to ``belt_mm``, forgetting as much at the old end. Never goes back."""
        newest = math.ceil(belt_mm / self._mm_per_row)
        if newest > self._newest:
            fresh = np.arange(max(self._newest + 1, newest - self._rows + 1), newest + 1)
            self._field_ut[fresh % self._rows] = 0.0
            self._newest = newest

    def add(self, dipoles: Dipoles, belt_mm: float, across_mm: float) -> None:
        """Lay an item's dipoles down, their origin at (``belt_mm``, ``across_mm``), their axes the belt's.

        Extends the strip as far upstream as the item reaches; what reaches behind its old end is lost.
        """
        if not len(dipoles.place_mm):
            return
        reach_mm = min(self._reach_mm, _reach_mm(dipoles, self._height_mm))
        first = math.ceil((belt_mm - reach_mm) / self._mm_per_row)
        last = math.floor((belt_mm + reach_mm) / self._mm_per_row)
        self.extend_to(last * self._mm_per_row)
        rows = np.arange(max(first, self._newest - self._rows + 1), last + 1)
        near = np.flatnonzero(np.abs(self._channel_across_mm - across_mm) < reach_mm)
        if not rows.size or not near.size:
            return
        along = np.asarray(rows * self._mm_per_row - belt_mm, dtype=np.float64)
        beside = self._channel_across_mm[near] - across_mm
        field = _lines_field_ut(dipoles, along, beside, self._height_mm, reach_mm)
        for ring, part in self._ring_slices(int(rows[0]), len(rows)):
            self._field_ut[ring, near[0] : near[-1] + 1] += field[part]

    def _ring_slices(self, first: int, count: int) -> list[tuple[slice, slice]]:
        """Where ``count`` rows from ``first`` on lie in the ring: pairs of (slice of the ring, slice of the rows)."""
        begin = first % self._rows
        before = min(count, self._rows - begin)
        pieces = [(slice(begin, begin + before), slice(0, before))]
        return pieces if before == count else [*pieces, (slice(0, count - before), slice(before, count))]

    def sample(self, belt_mm: ArrayF64) -> ArrayF32:
        """Field (T, channels, 3) for the places (T,) of the belt that lie over the array; zero where it is empty yet.

        Cubic between rows. Raises `ValueError` for a place that the strip has forgotten.
        """
        place = np.asarray(belt_mm, dtype=np.float64) / self._mm_per_row
        base = np.floor(place).astype(np.int64)
        if base.size and int(base.min()) - 1 <= self._newest - self._rows:
            raise ValueError(f"belt_mm {np.min(belt_mm):g} lies behind the strip, which begins at {self.oldest_mm:g}")
        weights = _cubic_weights(place - base)
        field = np.zeros((len(base), *self._field_ut.shape[1:]), dtype=np.float32)
        for tap in range(4):
            row = base + (tap - 1)
            weight = np.where(row <= self._newest, weights[:, tap], 0.0).astype(np.float32)
            field += weight[:, None, None] * self._field_ut[row % self._rows]
        return field


def _reach_mm(dipoles: Dipoles, array_height_mm: float) -> float:
    """How far from its middle an item's field matters to sensors so far below it."""
    extent_mm = float(np.hypot(dipoles.place_mm[:, 0], dipoles.place_mm[:, 1]).max())
    strength = np.linalg.norm(dipoles.moment_am2, axis=1)
    above_mm = float(strength @ dipoles.place_mm[:, 2]) / max(float(strength.sum()), 1e-12)
    return extent_mm + REACH_HEIGHTS * (array_height_mm + above_mm)


def _lines_field_ut(
    dipoles: Dipoles, along_mm: ArrayF64, beside_mm: ArrayF64, height_mm: float, reach_mm: float
) -> ArrayF32:
    """Field of dipoles on the lines beside_mm (C,) at the places along_mm (R,): (R, C, 3) float32, 0 at the reach.

    Evaluated at knots and interpolated cubically. Knots lie evenly under the sources' extent and ever wider apart
    outside it, as the field smooths out with the distance: even steps of a coordinate that grows as asinh.
    """
    position_mm = dipoles.place_mm
    lowest = max(height_mm + float(position_mm[:, 2].min()), 3.0)
    extent = float(np.abs(position_mm[:, 0]).max()) / lowest
    stretched = np.abs(along_mm) / lowest
    outside = np.maximum(stretched - extent, 0.0)
    coordinate = np.copysign(np.minimum(stretched, extent) + np.arcsinh(outside), along_mm) / _KNOT_STEP
    base = np.floor(coordinate).astype(np.int64)
    start = int(base.min()) - 1
    knot = np.arange(start, int(base.max()) + 3) * _KNOT_STEP
    knot_mm = lowest * np.copysign(
        np.minimum(np.abs(knot), extent) + np.sinh(np.maximum(np.abs(knot) - extent, 0.0)), knot
    )
    at_knots = _knots_field_ut(dipoles, knot_mm, beside_mm, height_mm)
    at_knots *= _taper(beside_mm, reach_mm)[:, None]
    weights = _cubic_weights(coordinate - base).astype(np.float32) * _taper(along_mm, reach_mm)[:, None]
    carried = np.zeros((len(along_mm), len(knot)), dtype=np.float32)
    for tap in range(4):
        carried[np.arange(len(along_mm)), base - start - 1 + tap] = weights[:, tap]
    return _product(carried, at_knots.reshape(len(knot), -1)).reshape(len(along_mm), len(beside_mm), 3)


def _product(left: ArrayF32, right: ArrayF32) -> ArrayF32:
    """left @ right, some rows at a time: products so large that BLAS shares them out to threads take longer."""
    product = np.empty((left.shape[0], right.shape[1]), dtype=np.float32)
    some = max(1, _UNSHARED // right.size)
    for first in range(0, len(left), some):
        np.matmul(left[first : first + some], right, out=product[first : first + some])
    return product


def _knots_field_ut(dipoles: Dipoles, knot_mm: ArrayF64, beside_mm: ArrayF64, height_mm: float) -> ArrayF32:
    """Σ 3 d (m·d) / r⁵ − m / r³ over the dipoles on the grid (knots, channels): (K, C, 3); float32 is ample.

    d is a place of the grid less a dipole's, so the sums over the dipoles are two products of matrices; some dipoles at
    a time, so that all of it stays in the processor's cache.
    """
    knot, beside = knot_mm.astype(np.float32), beside_mm.astype(np.float32)
    sums = np.zeros((7, len(knot) * len(beside)), dtype=np.float32)
    some = max(1, _AT_ONCE // sums.shape[1])
    for first in range(0, len(dipoles.place_mm), some):
        part = slice(first, first + some)
        place = dipoles.place_mm[part].astype(np.float32)
        moment = (DIPOLE_UT_MM3_PER_AM2 * dipoles.moment_am2[part]).astype(np.float32)
        radial, cube = _falling_off(place, moment, knot, beside, np.float32(height_mm))
        weights = np.empty((4, len(place)), dtype=np.float32)
        weights[0], weights[1:] = 3.0, -3.0 * place.T
        weights[3] -= np.float32(3.0 * height_mm)
        sums[:4] += weights @ radial
        sums[4:] -= moment.T @ cube
    on_grid = sums.reshape(7, len(knot), len(beside))
    field = np.empty((len(knot), len(beside), 3), dtype=np.float32)
    field[:, :, 0] = knot[:, None] * on_grid[0] + on_grid[1] + on_grid[4]
    field[:, :, 1] = beside * on_grid[0] + on_grid[2] + on_grid[5]
    field[:, :, 2] = on_grid[3] + on_grid[6]
    return field


def _falling_off(
    place: ArrayF32, moment: ArrayF32, knot: ArrayF32, beside: ArrayF32, height_mm: np.float32
) -> tuple[ArrayF32, ArrayF32]:
    """(m·d) / r⁵ and 1 / r³ of dipoles (n, 3) on the grid (knots, channels): (n, K·C) each."""
    dx, dy, dz = knot - place[:, :1], beside - place[:, 1:2], -height_mm - place[:, 2:]
    square = (dx * dx)[:, :, None] + (dy * dy + dz * dz)[:, None, :]
    np.reciprocal(square, out=square)
    cube = np.sqrt(square)
    cube *= square
    square *= cube
    radial = (moment[:, :1] * dx)[:, :, None] + (moment[:, 1:2] * dy + moment[:, 2:] * dz)[:, None, :]
    radial *= square
    return radial.reshape(len(place), -1), cube.reshape(len(place), -1)


def _cubic_weights(fraction: ArrayF64) -> ArrayF64:
    """Lagrange's weights (T, 4) of the samples at −1, 0, 1, 2."""
    f = fraction
    return np.column_stack(
        [
            -f * (f - 1.0) * (f - 2.0) / 6.0,
            (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0,
            -(f + 1.0) * f * (f - 2.0) / 2.0,
            (f + 1.0) * f * (f - 1.0) / 6.0,
        ]
    )


def _taper(distance_mm: ArrayF64, reach_mm: float) -> ArrayF32:
    """1 up to 80 % of the reach, then a raised cosine to 0 at the reach."""
    share = (np.abs(distance_mm) / reach_mm - (1.0 - TAPER_SHARE)) / TAPER_SHARE
    return (0.5 + 0.5 * np.cos(math.pi * np.clip(share, 0.0, 1.0))).astype(np.float32)
