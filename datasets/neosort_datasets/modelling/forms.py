"""Forms that families of looks share: wrapped sleeves, curved sheets, gears, bodies laid along x, stray wires."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import COPPER, Paint
from neosort_datasets.modelling.shapes import circle, finished, from_above, lathe, slab, tube
from neosort_datasets.modelling.solid import Part, Surface
from neosort_hardware.twin.bodies import Vector3
from neosort_hardware.twin.parts import Z_ALONG_X
from neosort_hardware.types import ArrayF64

TAU = 2 * math.pi


def plain(paint: Paint, rng: np.random.Generator, mottle: float = 0.06) -> Surface:
    """A small patch of one paint, hardly uneven: for wires, pins and what is too small for a picture."""
    canvas = Canvas(8.0, 8.0, paint, rng, px_per_mm=4.0)
    canvas.mottle(mottle, 3.0)
    return canvas.surface()


def from_below(surface: Surface) -> Surface:
    """A picture laid on from above that is to be read when the thing lies upside down (turned about x)."""
    return Surface(
        albedo=surface.albedo[::-1],
        roughness=surface.roughness[::-1],
        metal=surface.metal[::-1],
        bump_mm=surface.bump_mm[::-1],
        mm_per_px=surface.mm_per_px,
    )


def wrapped(outline: Polygon, profile_mm: list[tuple[float, float]], surface: Surface) -> Part:
    """A wall that follows ``outline``, its surface wrapped around (u from the outline's first point on, v along the
    run). ``profile_mm`` lists (inset, z) from the bottom up; an inset shrinks the outline towards its middle."""
    path = np.asarray(orient(outline).exterior.coords)[:, :2]
    middle, span = path[:-1].mean(axis=0), np.abs(path[:-1] - path[:-1].mean(axis=0)).max()
    rings = [
        np.column_stack([middle + (path - middle) * (1 - inset / span), np.full(len(path), z)])
        for inset, z in profile_mm
    ]
    around = np.r_[0.0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
    run = np.r_[0.0, np.cumsum(np.hypot(*np.diff(np.asarray(profile_mm), axis=0).T))]
    places = np.column_stack(
        [np.tile(around / around[-1], len(rings)), np.repeat(run / max(float(run[-1]), 1e-9), len(path))]
    )
    return finished(np.concatenate(rings), _grid_faces(len(rings), len(path)), places, surface)


def flat_sided(radius_mm: float, half_flat_mm: float, points: int = 96) -> Polygon:
    """A circle cut by two flats at x = ±``half_flat_mm``, its outline beginning at +x."""
    angle = np.linspace(0, TAU, points, endpoint=False)
    x = np.clip(radius_mm * np.cos(angle), -half_flat_mm, half_flat_mm)
    return Polygon(np.column_stack([x, radius_mm * np.sin(angle)]))


def curved(points_mm: ArrayF64, thickness_mm: float, surface: Surface) -> Part:
    """A curved sheet through a grid of points (n, m, 3); its surface lies on both sides, u along m, v along n."""
    along, across = np.gradient(points_mm, axis=0), np.gradient(points_mm, axis=1)
    normal = np.cross(across, along)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-9)
    rows, columns = points_mm.shape[:2]
    front, back = points_mm + 0.5 * thickness_mm * normal, points_mm - 0.5 * thickness_mm * normal
    faces = _grid_faces(rows, columns)
    offset = rows * columns
    rim = np.r_[
        np.arange(columns),
        np.arange(1, rows) * columns + columns - 1,
        (rows - 1) * columns + np.arange(columns - 2, -1, -1),
        np.arange(rows - 2, 0, -1) * columns,
    ]
    following = np.roll(rim, -1)
    edge = np.concatenate(
        [
            np.column_stack([rim, rim + offset, following + offset]),
            np.column_stack([rim, following + offset, following]),
        ]
    )
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    places = np.tile(np.column_stack([u.ravel(), v.ravel()]), (2, 1))
    corners = np.concatenate([front.reshape(-1, 3), back.reshape(-1, 3)])
    return finished(corners, np.concatenate([faces, faces[:, ::-1] + offset, edge]), places, surface)


def stretched(part: Part, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Part:
    """Scaled about the origin along each axis."""
    scale = np.array([x, y, z])
    normals = part.normals / scale
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return replace(part, corners_mm=part.corners_mm * scale, normals=normals)


def whole(outline: BaseGeometry) -> Polygon:
    """The largest piece of what cutting left."""
    pieces = [piece for piece in getattr(outline, "geoms", (outline,)) if isinstance(piece, Polygon)]
    return max(pieces, key=lambda piece: float(piece.area))


def along_x(part: Part, axis_height_mm: float) -> Part:
    """A body made about z, laid so that its axis is x at that height: its +x side comes to lie at +y, its +y on top."""
    return part.turned(Z_ALONG_X).moved((0.0, 0.0, axis_height_mm))


def gear(radius_mm: float, teeth: int, depth_mm: float, bore_mm: float = 0.0) -> Polygon:
    """A pinion's outline."""
    angle = np.arange(teeth * 4) * TAU / (teeth * 4)
    radius = np.where(np.arange(teeth * 4) % 4 < 2, radius_mm, radius_mm - depth_mm)
    rim = Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    return rim.difference(circle(bore_mm, segments=16)) if bore_mm > 0 else rim


def rod(radius_mm: float, bottom_mm: float, top_mm: float, surface: Surface, *, segments: int = 20) -> Part:
    """An upright rod, both its ends chamfered and closed."""
    edge = min(0.25 * radius_mm, 0.4 * (top_mm - bottom_mm))
    profile = [(0.0, bottom_mm), (radius_mm - edge, bottom_mm), (radius_mm, bottom_mm + edge)]
    profile += [(radius_mm, top_mm - edge), (radius_mm - edge, top_mm), (0.0, top_mm)]
    return lathe(profile, surface, segments=segments)


def disc_plate(radius_mm: float, bottom_mm: float, top_mm: float, surface: Surface, bevel_mm: float = 0.5) -> Part:
    """A round plate whose surface is laid on from above."""
    return slab(circle(radius_mm, segments=64), bottom_mm, top_mm, surface, bevel_mm=bevel_mm)


def ring_outline(outer_mm: float, inner_mm: float, segments: int = 64) -> Polygon:
    """A flat ring."""
    return circle(outer_mm, segments=segments).difference(circle(inner_mm, segments=segments))


def stray_wire(
    rng: np.random.Generator,
    start_mm: Vector3,
    heading_rad: float,
    length_mm: float,
    radius_mm: float,
    paint: Paint,
    *,
    curl: float = 0.05,
) -> tuple[Part, ...]:
    """A wire that leaves an item, falls to the belt and wanders on it; its end stripped to the copper.

    ``curl``: how much it bends, rad per mm. In the frame of the item as it lies.
    """
    count = max(6, int(length_mm / 2.5))
    step = length_mm / count
    bend = np.cumsum(rng.normal(0, 0.35 * curl, count)) + rng.normal(0, curl)
    heading = heading_rad + np.r_[0.0, 0.0, np.cumsum(np.clip(bend, -2.5 * curl, 2.5 * curl) * step)][:count]
    plan = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * step, axis=0) + np.array(start_mm[:2])
    fall = np.clip(np.arange(1, count + 1) * step / max(1.6 * start_mm[2], 5.0), 0, 1)
    height = radius_mm + (start_mm[2] - radius_mm) * (1 - fall * fall * (3 - 2 * fall))
    height = np.maximum(height, radius_mm) + 0.35 * radius_mm * (1 + np.sin(np.arange(count) * 0.9 + rng.uniform(0, 6)))
    path = np.concatenate([[start_mm], np.column_stack([plan, height])])
    parts = [tube(path, radius_mm, plain(paint, rng), sides=8)]
    if rng.random() < 0.75:
        ahead = (path[-1] - path[-2]) * (1.0, 1.0, 0.0)
        ahead /= np.linalg.norm(ahead)
        bare = path[-1] + np.outer(np.linspace(-0.5, rng.uniform(2, 5), 4), ahead)
        parts.append(tube(bare, 0.55 * radius_mm, plain(COPPER, rng), sides=6))
    return tuple(parts)


def _grid_faces(rows: int, columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Faces of a grid of corners, counter-clockwise when columns run around a body and rows rise."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel()
    lower = np.column_stack([first, first + 1, first + columns + 1])
    upper = np.column_stack([first, first + columns + 1, first + columns])
    return np.concatenate([lower, upper]).astype(np.int32)


def loft(
    rings_mm: list[ArrayF64], surface: Surface, *, thickness_mm: float = 0.0, missing: ArrayF64 | None = None
) -> Part:
    """A skin through rings (n, 3) of corners that run around and rise, its surface laid on from above.

    ``thickness_mm``: a second skin that far inside (towards the axis), so that it shows from both sides.
    ``missing`` (rings - 1, n) marks what is cut out or torn away.
    """
    closed = [np.concatenate([ring, ring[:1]]) for ring in rings_mm]
    columns = len(closed[0])
    faces = _grid_faces(len(closed), columns)
    if missing is not None:
        kept = ~np.asarray(missing, dtype=bool).ravel()
        faces = faces[np.tile(kept, 2)]
    corners = np.concatenate(closed)
    if thickness_mm > 0:
        reach = np.maximum(np.hypot(corners[:, 0], corners[:, 1]), 1e-6)
        inner = corners * np.column_stack([1 - thickness_mm / reach, 1 - thickness_mm / reach, np.ones(len(reach))])
        inner[:, 2] += 0.5 * thickness_mm
        faces = np.concatenate([faces, faces[:, ::-1] + len(corners)])
        corners = np.concatenate([corners, inner])
    return from_above(corners, faces, surface)
