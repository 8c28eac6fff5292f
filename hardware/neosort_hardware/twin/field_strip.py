"""The field that everything on the belt makes at the array, kept as a strip that travels with the belt.

An item's field does not change while it rides, so it is computed once, when the item comes onto the belt, for every
place of the belt within its reach; a reading is then an interpolation.

Axes: x along *increasing belt_mm* (that is upstream, against the travel), y along increasing across_mm, z up. Seen from
above, across_mm grows to the left of increasing belt_mm, so (belt_mm, across_mm, up) is right-handed, and an item's yaw
(along = x·cos − y·sin, across = x·sin + y·cos) is a proper turn about z that takes vectors with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from neosort_hardware.twin.bodies import Magnet
from neosort_hardware.twin.magnetics import (
    DIPOLE_UT_MM3_PER_AM2,
    Dipole,
    magnet_moment_am2,
    yaw_rotation,
)
from neosort_hardware.types import ArrayF32, ArrayF64

TAPER_SHARE = 0.3
_KNOT_STEP = 0.1  # in units of the sources' height: 8.4·step⁴ < 0.1 % of the peak for cubic interpolation of 1/r³
_TOLERANCE = 5e-4
_MAX_NODES = 12


class FieldStrip:
    """What each channel reads (µT, sensors without error) while a given place of the belt lies over the array.

    ``channel_across_mm``: (channels,) places of the sensors across the belt, ``array_height_mm`` below the undersides.
    Rows stand ``mm_per_row`` apart; the newest ``length_mm`` are kept. An item reaches ``reach_mm`` along and across;
    over the last 30 % of that its field is led smoothly to zero, so that no step arises where it ends.
    """

    def __init__(
        self,
        channel_across_mm: ArrayF64,
        array_height_mm: float,
        mm_per_row: float = 2.0,
        length_mm: float = 2600.0,
        reach_mm: float = 350.0,
    ) -> None:
        self._channel_across_mm = np.asarray(channel_across_mm, dtype=np.float64)
        self._height_mm = array_height_mm
        self._mm_per_row = mm_per_row
        self._reach_mm = reach_mm
        self._rows = math.ceil(length_mm / mm_per_row)
        self._field_ut: ArrayF32 = np.zeros((self._rows, len(self._channel_across_mm), 3), dtype=np.float32)
        self._newest = 0
        self._clouds: dict[Magnet, tuple[ArrayF64, ArrayF64]] = {}

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

    def add(  # noqa: PLR0917 - sources, then the pose, in the order of reading
        self,
        magnets: Sequence[Magnet],
        dipoles: Sequence[Dipole],
        belt_mm: float,
        across_mm: float,
        yaw_rad: float,
        ageing: float = 1.0,
    ) -> None:
        """Lay an item down with its origin at (``belt_mm``, ``across_mm``), turned by ``yaw_rad``.

        ``magnets`` stand in the item's frame and keep ``ageing`` of their polarisation; ``dipoles`` are pairs of
        position (mm) and moment (A·m²), both in the item's frame, taken as they are. Extends the strip as far upstream
        as the item reaches; what reaches behind its old end is lost.
        """
        first = math.ceil((belt_mm - self._reach_mm) / self._mm_per_row)
        last = math.floor((belt_mm + self._reach_mm) / self._mm_per_row)
        self.extend_to(last * self._mm_per_row)
        rows = np.arange(max(first, self._newest - self._rows + 1), last + 1)
        near = np.flatnonzero(np.abs(self._channel_across_mm - across_mm) < self._reach_mm)
        if not (magnets or dipoles) or not rows.size or not near.size:
            return
        position, moment = self._sources(magnets, dipoles, ageing)
        turn = yaw_rotation(yaw_rad).T
        along = np.asarray(rows * self._mm_per_row - belt_mm, dtype=np.float64)
        beside = self._channel_across_mm[near] - across_mm
        field = _lines_field_ut(position @ turn, moment @ turn, along, beside, self._height_mm)
        field *= (_taper(along, self._reach_mm)[:, None] * _taper(beside, self._reach_mm))[:, :, None]
        self._field_ut[np.ix_(rows % self._rows, near)] += field

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

    def _sources(
        self, magnets: Sequence[Magnet], dipoles: Sequence[Dipole], ageing: float
    ) -> tuple[ArrayF64, ArrayF64]:
        """All sources of an item as dipoles: positions and moments, (n, 3) each, in its frame."""
        clouds = [self._cloud(magnet) for magnet in magnets]
        places = [place for place, _ in clouds]
        moments = [ageing * moment for _, moment in clouds]
        if dipoles:
            places.append(np.array([place for place, _ in dipoles], dtype=np.float64))
            moments.append(np.array([moment for _, moment in dipoles], dtype=np.float64))
        return np.concatenate(places), np.concatenate(moments)

    def _cloud(self, magnet: Magnet) -> tuple[ArrayF64, ArrayF64]:
        """`magnet_cloud`, remembered: the same models come again and again."""
        cloud = self._clouds.get(magnet)
        if cloud is None:
            if len(self._clouds) >= 20_000:
                self._clouds.clear()
            cloud = self._clouds[magnet] = magnet_cloud(magnet, self._height_mm)
        return cloud


def magnet_cloud(magnet: Magnet, array_height_mm: float) -> tuple[ArrayF64, ArrayF64]:
    """A magnet as dipoles at the nodes of a Gauss quadrature over its body: positions and moments, (n, 3) each.

    As many nodes along each edge as keep the field at sensors ``array_height_mm`` under the item within about 0.2 % of
    the exact body's: one where the magnet is small against that distance, up to twelve.
    """
    rotation = np.asarray(magnet.rotation)
    half = 0.5 * np.asarray(magnet.size_mm)
    lowest = magnet.centre_mm[2] - float(np.abs(rotation[2]) @ half)
    distance = max(array_height_mm + lowest, 3.0)
    x_nodes, _, z_nodes = (_node_count(edge, distance) for edge in half)
    height, height_weight = _gauss(z_nodes)
    if magnet.shape == "cylinder":
        plane, plane_weight = _disc_nodes(half[0], x_nodes)
    else:
        plane, plane_weight = _rectangle_nodes(half[0], half[1], x_nodes, _node_count(half[1], distance))
    own = np.column_stack([np.repeat(plane, z_nodes, axis=0), np.tile(height * half[2], len(plane))])
    weight = np.repeat(plane_weight, z_nodes) * np.tile(0.5 * height_weight, len(plane))
    place = own @ rotation.T + np.asarray(magnet.centre_mm)
    return place, weight[:, None] * magnet_moment_am2(magnet)


def _node_count(half_mm: float, distance_mm: float) -> int:
    """Gauss nodes over ±half for 1/r³ seen from a distance.

    The nearest singularity lies at ±i·distance: the error falls as ρ^(−2n), ρ = q + √(1 + q²), q = distance/half; the
    factor before it is fitted to the remainder terms of n = 1, 2, 3.
    """
    ratio = distance_mm / max(half_mm, 1e-6)
    rho = ratio + math.sqrt(1.0 + ratio * ratio)
    for count in range(1, _MAX_NODES):
        if 8.0 * count**1.7 * rho ** (-2 * count) < _TOLERANCE:
            return count
    return _MAX_NODES


@cache
def _gauss(count: int) -> tuple[ArrayF64, ArrayF64]:
    """Gauss–Legendre nodes and weights on −1..1."""
    return np.polynomial.legendre.leggauss(count)


def _rectangle_nodes(half_x: float, half_y: float, x_nodes: int, y_nodes: int) -> tuple[ArrayF64, ArrayF64]:
    x, x_weight = _gauss(x_nodes)
    y, y_weight = _gauss(y_nodes)
    nodes = np.column_stack([np.repeat(x * half_x, y_nodes), np.tile(y * half_y, x_nodes)])
    return nodes, 0.25 * np.repeat(x_weight, y_nodes) * np.tile(y_weight, x_nodes)


def _disc_nodes(radius: float, nodes: int) -> tuple[ArrayF64, ArrayF64]:
    """Gauss in the square of the radius, even in the angle: the same order as ``nodes`` along a straight edge."""
    if nodes == 1:
        return np.zeros((1, 2)), np.ones(1)
    rings, angles = math.ceil(nodes / 2), 2 * nodes
    node, ring_weight = _gauss(rings)
    ring = np.repeat(radius * np.sqrt(0.5 * (1.0 + node)), angles)
    angle = np.tile(2.0 * math.pi * (np.arange(angles) + 0.5) / angles, rings)
    return np.column_stack([ring * np.cos(angle), ring * np.sin(angle)]), np.repeat(0.5 * ring_weight / angles, angles)


def _lines_field_ut(
    position_mm: ArrayF64, moment_am2: ArrayF64, along_mm: ArrayF64, beside_mm: ArrayF64, height_mm: float
) -> ArrayF32:
    """Field of dipoles (n, 3) on the lines beside_mm (C,) at the places along_mm (R,): (R, C, 3) float32.

    Evaluated at knots and interpolated cubically. Knots lie evenly under the sources' extent and ever wider apart
    outside it, as the field smooths out with the distance: even steps of a coordinate that grows as asinh.
    """
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
    at_knots = _knots_field_ut(position_mm, moment_am2, knot_mm, beside_mm, height_mm)
    weights = _cubic_weights(coordinate - base).astype(np.float32)[:, :, None, None]
    field = weights[:, 0] * at_knots[base - start - 1]
    for tap in range(1, 4):
        field += weights[:, tap] * at_knots[base - start + (tap - 1)]
    return np.asarray(field)


def _knots_field_ut(
    position_mm: ArrayF64, moment_am2: ArrayF64, knot_mm: ArrayF64, beside_mm: ArrayF64, height_mm: float
) -> ArrayF32:
    """Σ 3 d (m·d) / r⁵ − m / r³ over the dipoles on the grid (knots, channels): (K, C, 3); float32 is ample."""
    moment = (DIPOLE_UT_MM3_PER_AM2 * moment_am2).astype(np.float32)
    dx = (knot_mm - position_mm[:, :1]).astype(np.float32)
    dy = (beside_mm - position_mm[:, 1:2]).astype(np.float32)
    dz = (-height_mm - position_mm[:, 2]).astype(np.float32)
    square = (dx * dx)[:, :, None] + (dy * dy + (dz * dz)[:, None])[:, None, :]
    inverse_square = 1.0 / square
    inverse_cube = inverse_square * np.sqrt(inverse_square)
    along_x = (moment[:, :1] * dx)[:, :, None]
    across_yz = (moment[:, 1:2] * dy + (moment[:, 2] * dz)[:, None])[:, None, :]
    radial = 3.0 * (along_x + across_yz) * inverse_square * inverse_cube
    # einsum rather than @: sums this small are slower, not faster, when they are shared out to threads.
    field = np.empty((*radial.shape[1:], 3), dtype=np.float32)
    field[:, :, 0] = np.einsum("nk,nkc->kc", dx, radial)
    field[:, :, 1] = np.einsum("nc,nkc->kc", dy, radial)
    field[:, :, 2] = np.einsum("n,nkc->kc", dz, radial)
    for axis in range(3):
        field[:, :, axis] -= np.einsum("n,nkc->kc", moment[:, axis], inverse_cube)
    return field


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
    """1 up to 70 % of the reach, then a raised cosine to 0 at the reach."""
    share = (np.abs(distance_mm) / reach_mm - (1.0 - TAPER_SHARE)) / TAPER_SHARE
    return (0.5 + 0.5 * np.cos(math.pi * np.clip(share, 0.0, 1.0))).astype(np.float32)
