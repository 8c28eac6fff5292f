"""An item as the array feels it: its magnets and its steel as clouds of point dipoles, as it lies on the belt.

A body is replaced by dipoles at the nodes of a Gauss quadrature over its volume, as many as keep the field at the
sensors right: exact nearby, a single dipole far away, nothing in between to choose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from neosort_hardware.twin.bodies import AS_MADE, ItemModel, Magnet, Pose, Rotation, Steel, Vector3
from neosort_hardware.twin.magnetics import DIPOLE_UT_MM3_PER_AM2, magnet_moment_am2, steel_am2_per_t, yaw_rotation
from neosort_hardware.twin.poses import lying
from neosort_hardware.types import ArrayF64

_ERROR_SHARE = 0.01  # of the peak under the item that a cloud may err by…
_BESIDE_STEEL = 0.005  # …and of what its steel gathers of…
_WEAK_EARTH_T = 25e-6  # …a weak Earth's field, along the axis where that is least: it drowns poles that cancel…
_ERROR_UT = 3e-5  # …and a trifle
_TOLERANCES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5)
_FINEST = 1e-5
_AT_ONCE = 500  # dipoles whose fields are summed at once: what the processor's cache holds
_PROBES = 9  # points along and across at which clouds are compared
_MAX_NODES = 12
_NEAREST_MM = 3.0  # a body nearer to the sensors than this is treated as if it were so far away
_HEIGHT_STEP_MM = 10.0  # clouds are shared between arrays whose heights differ by less


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dipoles:
    """Point dipoles: ``place_mm`` (n, 3), z up from the belt, and ``moment_am2`` (n, 3)."""

    place_mm: ArrayF64
    moment_am2: ArrayF64

    @classmethod
    def none(cls) -> Dipoles:
        """Nothing magnetic."""
        return cls(place_mm=np.zeros((0, 3)), moment_am2=np.zeros((0, 3)))

    @classmethod
    def together(cls, parts: Sequence[Dipoles]) -> Dipoles:
        """All of several clouds."""
        if not parts:
            return cls.none()
        return cls(
            place_mm=np.concatenate([part.place_mm for part in parts]),
            moment_am2=np.concatenate([part.moment_am2 for part in parts]),
        )

    def turned(self, rotation: ArrayF64, lift_mm: float = 0.0) -> Dipoles:
        """The cloud after a turn (3, 3) about the origin, places and moments alike, and ``lift_mm`` higher."""
        place_mm = self.place_mm @ rotation.T
        place_mm[:, 2] += lift_mm
        return Dipoles(place_mm=place_mm, moment_am2=self.moment_am2 @ rotation.T)


def item_dipoles(
    model: ItemModel,
    pose: Pose,
    *,
    yaw_rad: float,
    ageing: float,
    remanence_am2: Sequence[Vector3],
    background_t: ArrayF64,
    array_height_mm: float,
    lift_mm: float = 0.0,
    tilt: Rotation = AS_MADE,
) -> Dipoles:
    """What an item carries when it lies in ``pose``, turned by ``yaw_rad``; axes (belt_mm, across_mm, up).

    ``ageing``: share of their polarisation that its magnets have kept. ``remanence_am2``: of each steel piece, in the
    item's frame as made. ``background_t`` (3,): the Earth's field, which its steel concentrates. ``lift_mm``, ``tilt``:
    how it lies upon another item, in belt axes.
    """
    magnets, steel = lying_dipoles(model, pose, array_height_mm)
    turn, stood = np.asarray(tilt) @ yaw_rotation(yaw_rad), np.asarray(pose.rotation)
    felt_t = background_t @ turn  # the Earth's field in the item's frame as it lies
    parts = [Dipoles(place_mm=magnets.place_mm, moment_am2=ageing * magnets.moment_am2)]
    for piece, remanence in zip(steel, remanence_am2, strict=True):
        moment = piece.am2_per_t * felt_t + stood @ np.asarray(remanence)
        parts.append(Dipoles(place_mm=piece.place_mm, moment_am2=piece.weight[:, None] * moment))
    return Dipoles.together(parts).turned(turn, lift_mm)


def lying_dipoles(model: ItemModel, pose: Pose, array_height_mm: float) -> tuple[Dipoles, tuple[SteelCloud, ...]]:
    """An item's magnets unworn, and its steel, in ``pose`` at yaw 0: worked out once, for models come again and again.

    For arrays of that height below the belt or somewhat more.
    """
    return _clouds(model, pose, _HEIGHT_STEP_MM * math.floor(array_height_mm / _HEIGHT_STEP_MM))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SteelCloud:
    """A steel piece lying: nodes (n, 3), their shares (n,), and A·m² per tesla along each axis (3,)."""

    place_mm: ArrayF64
    weight: ArrayF64
    am2_per_t: ArrayF64


@lru_cache(maxsize=16_384)
def _clouds(model: ItemModel, pose: Pose, array_height_mm: float) -> tuple[Dipoles, tuple[SteelCloud, ...]]:
    parts = lying(model, pose)
    steel = tuple(_steel_cloud(piece, array_height_mm) for piece in parts.steel)
    return _magnets_cloud(parts.magnets, steel, array_height_mm), steel


def _magnets_cloud(magnets: Sequence[Magnet], steel: Sequence[SteelCloud], array_height_mm: float) -> Dipoles:
    """The smallest cloud that reads like a very fine one; where poles cancel, that takes more dipoles each, unless
    ``steel`` drowns what they leave."""
    if not magnets:
        return Dipoles.none()
    clouds = (
        Dipoles.together([magnet_dipoles(magnet, array_height_mm, tolerance) for magnet in magnets])
        for tolerance in _TOLERANCES
    )
    cloud = next(clouds)
    edge_mm = np.abs(cloud.place_mm[:, :2]).max() + array_height_mm
    across, along = np.meshgrid(*2 * [np.linspace(-edge_mm, edge_mm, _PROBES)])
    probes = np.column_stack([along.ravel(), across.ravel(), np.full(across.size, -array_height_mm)])
    fine = _field_ut(Dipoles.together([magnet_dipoles(m, array_height_mm, _FINEST) for m in magnets]), probes)
    allowed_ut = _ERROR_SHARE * _peak_ut(fine) + _BESIDE_STEEL * _least_gathered_ut(steel, probes) + _ERROR_UT
    while _peak_ut(_field_ut(cloud, probes) - fine) > allowed_ut:
        finer = next(clouds, None)
        if finer is None:
            break
        cloud = finer
    return cloud


def _least_gathered_ut(steel: Sequence[SteelCloud], probes: ArrayF64) -> float:
    """The peak of what steel gathers of a weak Earth's field that lies along the axis where that is least."""
    peaks = []
    for earth_t in _WEAK_EARTH_T * np.eye(3):
        pieces = [
            Dipoles(place_mm=piece.place_mm, moment_am2=piece.weight[:, None] * (piece.am2_per_t * earth_t))
            for piece in steel
        ]
        peaks.append(_peak_ut(_field_ut(Dipoles.together(pieces), probes)))
    return min(peaks)


def _peak_ut(field_ut: ArrayF64) -> float:
    """The greatest magnitude of fields (n, 3)."""
    return math.sqrt(float(np.einsum("pi,pi->p", field_ut, field_ut).max()))


def _field_ut(dipoles: Dipoles, points_mm: ArrayF64) -> ArrayF64:
    """Field of a cloud at points (n, 3): Σ 3 d (m·d) / r⁵ − m / r³, d a point less a dipole's place."""
    total = np.zeros_like(points_mm)
    for start in range(0, len(dipoles.place_mm), _AT_ONCE):
        place = dipoles.place_mm[start : start + _AT_ONCE]
        moment = DIPOLE_UT_MM3_PER_AM2 * dipoles.moment_am2[start : start + _AT_ONCE]
        square = sum((points_mm[:, axis, None] - place[:, axis]) ** 2 for axis in range(3))
        inverse_square = 1.0 / square
        inverse_cube = inverse_square * np.sqrt(inverse_square)
        towards = points_mm @ moment.T - np.einsum("ni,ni->n", place, moment)
        radial = 3.0 * towards * inverse_square * inverse_cube
        total += points_mm * radial.sum(axis=1)[:, None] - radial @ place - inverse_cube @ moment
    return total


def _steel_cloud(piece: Steel, array_height_mm: float) -> SteelCloud:
    half = 0.5 * np.asarray(piece.size_mm)
    distance_mm = max(array_height_mm + piece.centre_mm[2] - float(half[2]), _NEAREST_MM)
    nodes, weight = _cuboid_nodes(half, distance_mm, _ERROR_SHARE)
    return SteelCloud(place_mm=nodes + np.asarray(piece.centre_mm), weight=weight, am2_per_t=steel_am2_per_t(piece))


def magnet_dipoles(magnet: Magnet, array_height_mm: float, tolerance: float = 1e-3) -> Dipoles:
    """A magnet as dipoles at the nodes of a Gauss quadrature over its body.

    As many nodes along each edge as keep the field at sensors ``array_height_mm`` under it within ``tolerance`` of
    the exact body's: one where the magnet is small against that distance, up to twelve.
    """
    rotation = np.asarray(magnet.rotation)
    half = 0.5 * np.asarray(magnet.size_mm)
    lowest = magnet.centre_mm[2] - float(np.abs(rotation[2]) @ half)
    distance = max(array_height_mm + lowest, _NEAREST_MM)
    if magnet.shape == "cylinder":
        own, weight = _cylinder_nodes(half, distance, tolerance)
    else:
        own, weight = _cuboid_nodes(half, distance, tolerance)
    return Dipoles(
        place_mm=own @ rotation.T + np.asarray(magnet.centre_mm),
        moment_am2=weight[:, None] * magnet_moment_am2(magnet),
    )


def _node_count(half_mm: float, distance_mm: float, tolerance: float) -> int:
    """Gauss nodes over ±half for 1/r³ seen from a distance.

    The nearest singularity lies at ±i·distance: the error falls as ρ^(−2n), ρ = q + √(1 + q²), q = distance/half; the
    factor before it is fitted to the remainder terms of n = 1, 2, 3.
    """
    ratio = distance_mm / max(half_mm, 1e-6)
    rho = ratio + math.sqrt(1.0 + ratio * ratio)
    for count in range(1, _MAX_NODES):
        if 8.0 * count**1.7 * rho ** (-2 * count) < tolerance:
            return count
    return _MAX_NODES


@cache
def _gauss(count: int) -> tuple[ArrayF64, ArrayF64]:
    """Gauss–Legendre nodes on −1..1 and their weights, which sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, 0.5 * weights


def _cuboid_nodes(half: ArrayF64, distance_mm: float, tolerance: float) -> tuple[ArrayF64, ArrayF64]:
    """Nodes (n, 3) and weights (n,) over a cuboid of half edges (3,) about the origin."""
    nodes, weight = _unit_cuboid(*(_node_count(edge, distance_mm, tolerance) for edge in half.tolist()))
    return nodes * half, weight


def _cylinder_nodes(half: ArrayF64, distance_mm: float, tolerance: float) -> tuple[ArrayF64, ArrayF64]:
    """The same over a cylinder of half edges (radius, radius, half its height), its axis along z."""
    radius, _, height = half.tolist()
    nodes, weight = _unit_cylinder(
        _node_count(radius, distance_mm, tolerance), _node_count(height, distance_mm, tolerance)
    )
    return nodes * half, weight


@cache
def _unit_cuboid(along: int, across: int, up: int) -> tuple[ArrayF64, ArrayF64]:
    """Nodes and weights over the cube from −1 to 1, so many along each edge."""
    rules = [_gauss(count) for count in (along, across, up)]
    nodes = np.stack(np.meshgrid(*(rule[0] for rule in rules), indexing="ij"), axis=-1).reshape(-1, 3)
    return nodes, np.einsum("i,j,k->ijk", *(rule[1] for rule in rules)).ravel()


@cache
def _unit_cylinder(across: int, up: int) -> tuple[ArrayF64, ArrayF64]:
    """Nodes and weights over the cylinder of radius 1 and height 2."""
    plane, plane_weight = _disc_nodes(across)
    height, height_weight = _gauss(up)
    nodes = np.column_stack([np.repeat(plane, len(height), axis=0), np.tile(height, len(plane))])
    return nodes, np.outer(plane_weight, height_weight).ravel()


def _disc_nodes(nodes: int) -> tuple[ArrayF64, ArrayF64]:
    """Over the unit disc: Gauss in the square of the radius, even in the angle; the same order as ``nodes`` on an
    edge."""
    if nodes == 1:
        return np.zeros((1, 2)), np.ones(1)
    rings, angles = math.ceil(nodes / 2), 2 * nodes
    node, ring_weight = _gauss(rings)
    ring = np.repeat(np.sqrt(0.5 * (1.0 + node)), angles)
    angle = np.tile(2.0 * math.pi * (np.arange(angles) + 0.5) / angles, rings)
    return np.column_stack([ring * np.cos(angle), ring * np.sin(angle)]), np.repeat(ring_weight / angles, angles)
