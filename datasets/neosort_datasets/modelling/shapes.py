"""Shapes that things are made of: slabs cut from an outline, turned bodies, wires.

Every edge is bevelled, since no real edge is sharp and it is the bevel that catches the light.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import shapely
from shapely.geometry import LinearRing, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from neosort_datasets.modelling.solid import ArrayI32, Part, Surface
from neosort_hardware.twin.bodies import Vector3
from neosort_hardware.types import ArrayF64

CREASE_COS = math.cos(math.radians(50.0))


def rounded_rectangle(
    length_mm: float, width_mm: float, radius_mm: float, centre: tuple[float, float] = (0.0, 0.0)
) -> Polygon:
    """A rectangle with rounded corners."""
    radius = min(radius_mm, 0.499 * length_mm, 0.499 * width_mm)
    half_x, half_y = 0.5 * length_mm - radius, 0.5 * width_mm - radius
    core = shapely.box(centre[0] - half_x, centre[1] - half_y, centre[0] + half_x, centre[1] + half_y)
    return core.buffer(radius, quad_segs=6) if radius > 0 else core


def circle(radius_mm: float, centre: tuple[float, float] = (0.0, 0.0), segments: int = 48) -> Polygon:
    """A disc."""
    angle = np.linspace(0, 2 * math.pi, segments, endpoint=False)
    return Polygon(np.column_stack([centre[0] + radius_mm * np.cos(angle), centre[1] + radius_mm * np.sin(angle)]))


def pieces(shape: BaseGeometry) -> list[Polygon]:
    """The polygons that any shapely shape holds, none of them empty."""
    return [piece for piece in getattr(shape, "geoms", [shape]) if piece.geom_type == "Polygon" and piece.area > 1e-6]


def slab(outline: Polygon, bottom_mm: float, top_mm: float, surface: Surface, *, bevel_mm: float = 0.4) -> Part:
    """A plate cut along ``outline`` (holes allowed), both its rims bevelled.

    Its surface is laid on from above and covers the outline's bounding rectangle; the walls show its edge colours.
    """
    outline = orient(outline)
    bevel = min(bevel_mm, 0.45 * (top_mm - bottom_mm))
    levels = [(bottom_mm, bevel), (bottom_mm + bevel, 0.0), (top_mm - bevel, 0.0), (top_mm, bevel)]
    corners: list[ArrayF64] = []
    faces: list[ArrayI32] = []
    count = 0
    for ring in (outline.exterior, *outline.interiors):
        path = _ring_points(ring)
        inward = _inward(path)
        walls = np.concatenate([np.column_stack([path + bevel * inward, np.full(len(path), z)]) for z, bevel in levels])
        corners.append(walls)
        faces.append(_strip_faces(len(path), len(levels)) + count)
        count += len(walls)
    shrunk = _shrunk(outline, bevel)
    for z, up in ((bottom_mm, False), (top_mm, True)):
        points, triangles = _triangulated(shrunk)
        corners.append(np.column_stack([points, np.full(len(points), z)]))
        faces.append((triangles if up else triangles[:, ::-1]) + count)
        count += len(points)
    return from_above(np.concatenate(corners), np.concatenate(faces), surface)


def box(
    size_mm: Vector3, centre_mm: Vector3, surface: Surface, *, bevel_mm: float = 0.4, radius_mm: float = 0.0
) -> Part:
    """A block with bevelled edges, its upright edges rounded by ``radius_mm``; its surface laid on from above."""
    outline = rounded_rectangle(size_mm[0], size_mm[1], radius_mm, (centre_mm[0], centre_mm[1]))
    return slab(outline, centre_mm[2] - 0.5 * size_mm[2], centre_mm[2] + 0.5 * size_mm[2], surface, bevel_mm=bevel_mm)


def lathe(
    profile_mm: Sequence[tuple[float, float]],
    surface: Surface,
    *,
    segments: int = 64,
    laid: Literal["around", "above"] = "around",
) -> Part:
    """A body of revolution about z: ``profile_mm`` lists (radius, z) from the bottom up along its outside.

    ``laid``: its surface wraps around it (u once around, v along the profile) or is laid on from above.
    """
    profile = np.asarray(profile_mm, dtype=np.float64)
    angle = np.linspace(0, 2 * math.pi, segments + 1)
    rings = [np.column_stack([r * np.cos(angle), r * np.sin(angle), np.full(segments + 1, z)]) for r, z in profile]
    corners = np.concatenate(rings)
    faces = _strip_faces(segments + 1, len(profile), closed=False)
    if laid == "above":
        return from_above(corners, faces, surface)
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(profile, axis=0).T))])
    u = np.tile(angle / (2 * math.pi), len(profile))
    v = np.repeat(run / max(run[-1], 1e-9), segments + 1)
    return finished(corners, faces, np.column_stack([u, v]), surface)


def tube(path_mm: ArrayF64, radius_mm: float, surface: Surface, *, sides: int = 10) -> Part:
    """A wire or cable along ``path_mm`` (n, 3), capped flat; its surface wraps around (u) along it (v)."""
    path = np.asarray(path_mm, dtype=np.float64)
    ahead = np.gradient(path, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    side = np.cross(ahead, np.array([0.0, 0.0, 1.0]))
    upright = np.linalg.norm(side, axis=1) < 1e-3
    side[upright] = (1.0, 0.0, 0.0)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(ahead, side)
    angle = np.linspace(0, 2 * math.pi, sides + 1)
    circles = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    corners = (path[:, None] + radius_mm * circles).reshape(-1, 3)
    faces = _strip_faces(sides + 1, len(path), closed=False)
    u = np.tile(np.linspace(0, 1, sides + 1), len(path))
    v = np.repeat(np.linspace(0, 1, len(path)), sides + 1)
    ends = [
        np.array([[base, base + k, base + k + 1] for k in range(1, sides - 1)])
        for base in (0, len(corners) - sides - 1)
    ]
    ends[0] = ends[0][:, ::-1]
    return finished(corners, np.concatenate([faces, *ends]), np.column_stack([u, v]), surface)


def from_above(corners_mm: ArrayF64, faces: ArrayI32, surface: Surface) -> Part:
    """A mesh whose surface is laid on from above, over its bounding rectangle."""
    low, high = corners_mm[:, :2].min(axis=0), corners_mm[:, :2].max(axis=0)
    return finished(corners_mm, faces, (corners_mm[:, :2] - low) / np.maximum(high - low, 1e-9), surface)


def laid_over(part: Part, low_mm: tuple[float, float], high_mm: tuple[float, float]) -> Part:
    """The part with its surface laid on from above over the rectangle ``low_mm``..``high_mm``: one sheet that several
    parts share."""
    low, high = np.asarray(low_mm), np.asarray(high_mm)
    return replace(part, places=np.clip((part.corners_mm[:, :2] - low) / (high - low), 0.0, 1.0))


def finished(corners_mm: ArrayF64, faces: ArrayI32, places: ArrayF64, surface: Surface) -> Part:
    """A part with normals weighted by area, broken where faces meet at more than 50° (the creases)."""
    faces = np.asarray(faces, dtype=np.int32)
    wings = np.cross(
        corners_mm[faces[:, 1]] - corners_mm[faces[:, 0]], corners_mm[faces[:, 2]] - corners_mm[faces[:, 0]]
    )
    area = np.linalg.norm(wings, axis=1)
    faces, wings = faces[area > 1e-12], wings[area > 1e-12]
    flat = wings / np.linalg.norm(wings, axis=1, keepdims=True)
    _, spot = np.unique(np.round(corners_mm, 4), axis=0, return_inverse=True)
    normals = _creased(spot.ravel()[faces].astype(np.int32), wings, flat)
    return Part(
        corners_mm=corners_mm[faces].reshape(-1, 3),
        normals=normals.reshape(-1, 3),
        places=places[faces].reshape(-1, 2),
        faces=np.arange(faces.size, dtype=np.int32).reshape(-1, 3),
        surface=surface,
    )


def _creased(spots: ArrayI32, wings: ArrayF64, flat: ArrayF64) -> ArrayF64:
    """Normal of each corner of each face (m, 3, 3): the mean over the faces at its spot that lie within the crease."""
    face_of = np.repeat(np.arange(len(spots)), 3)
    order = np.argsort(spots.ravel(), kind="stable")
    sorted_spots = spots.ravel()[order]
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_spots) > 0])
    ends = np.r_[starts[1:], len(sorted_spots)]
    normals = np.empty((spots.size, 3))
    for start, end in zip(starts, ends, strict=True):
        members = order[start:end]
        owners = face_of[members]
        alike = flat[owners] @ flat[owners].T > CREASE_COS
        summed = alike @ wings[owners]
        normals[members] = summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)
    return normals.reshape(len(spots), 3, 3)


def _ring_points(ring: LinearRing) -> ArrayF64:
    points = np.asarray(ring.coords)[:-1, :2]
    apart = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1) > 1e-6
    return np.asarray(points[apart])


def _inward(path: ArrayF64) -> ArrayF64:
    """For each point of a closed path, the step that moves both its edges inwards (to the left) by one; mitres are cut
    at 2."""
    ahead = np.roll(path, -1, axis=0) - path
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    left = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    both = left + np.roll(left, 1, axis=0)
    scale = np.maximum(np.einsum("ni,ni->n", both, both) / 2.0, 0.5)
    return np.asarray(both / scale[:, None])


def _shrunk(outline: Polygon, by_mm: float) -> Polygon:
    rings = []
    for ring in (outline.exterior, *outline.interiors):
        path = _ring_points(ring)
        rings.append(path + by_mm * _inward(path))
    return Polygon(rings[0], rings[1:])


def _triangulated(outline: Polygon) -> tuple[ArrayF64, ArrayI32]:
    """Points and counter-clockwise triangles that fill a polygon with holes."""
    triangles = shapely.constrained_delaunay_triangles(outline if outline.is_valid else outline.buffer(0)).geoms
    corners = np.array([np.asarray(orient(triangle).exterior.coords)[:3, :2] for triangle in triangles]).reshape(-1, 2)
    points, index = np.unique(corners, axis=0, return_inverse=True)
    return points, index.reshape(-1, 3).astype(np.int32)


def _strip_faces(around: int, levels: int, closed: bool = True) -> ArrayI32:
    """Faces between rings of ``around`` corners each, counter-clockwise from outside when rings rise."""
    first = np.arange(around if closed else around - 1)
    second = (first + 1) % around
    faces = []
    for level in range(levels - 1):
        low, high = level * around, (level + 1) * around
        faces.append(np.column_stack([first + low, second + low, second + high]))
        faces.append(np.column_stack([first + low, second + high, first + high]))
    return np.concatenate(faces).astype(np.int32)
