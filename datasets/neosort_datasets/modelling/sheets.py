"""Sheets that are bent, draped or crumpled, and meshes that share one picture laid on from above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LinearRing, Polygon
from shapely.geometry.polygon import orient

from neosort_datasets.modelling.shapes import finished
from neosort_datasets.modelling.solid import ArrayI32, Part, Surface
from neosort_hardware.types import ArrayF64

Lay = Callable[[ArrayF64], tuple[ArrayF64, ArrayF64]]
"""Where points (n, 2) of a flat sheet come to lie: places (n, 3) in the sheet's middle and unit normals (n, 3)."""


def sheet(
    outline: Polygon,
    thickness_mm: float,
    surface: Surface,
    lay: Lay,
    *,
    cuts_x_mm: Sequence[float] | ArrayF64 = (),
    cuts_y_mm: Sequence[float] | ArrayF64 = (),
) -> Part:
    """A sheet cut along ``outline`` (holes allowed) in the flat, then laid by ``lay``.

    It can bend only at its cuts. Its surface covers the outline's bounding rectangle, the same on both faces.
    """
    outline = orient(outline)
    xs, ys = np.asarray(cuts_x_mm, dtype=np.float64), np.asarray(cuts_y_mm, dtype=np.float64)
    flat, faces = _filled(outline, xs, ys)
    middle, normal = lay(flat)
    corners = [middle + 0.5 * thickness_mm * normal, middle - 0.5 * thickness_mm * normal]
    strips = [faces, faces[:, ::-1] + len(flat)]
    places = [flat, flat]
    count = 2 * len(flat)
    for ring in (outline.exterior, *outline.interiors):
        path = _cut_ring(ring, xs, ys)
        at, out = lay(path)
        corners += [at - 0.5 * thickness_mm * out, at + 0.5 * thickness_mm * out]
        places += [path, path]
        first = np.arange(len(path))
        second = (first + 1) % len(path)
        low, high = count, count + len(path)
        strips.append(np.column_stack([first + low, second + low, second + high]))
        strips.append(np.column_stack([first + low, second + high, first + high]))
        count += 2 * len(path)
    low_x, low_y, high_x, high_y = outline.bounds
    extent = np.maximum([high_x - low_x, high_y - low_y], 1e-9)
    shares = np.clip((np.concatenate(places) - (low_x, low_y)) / extent, 0.0, 1.0)
    return finished(np.concatenate(corners), np.concatenate(strips), shares, surface)


def bent_along(path_mm: ArrayF64) -> tuple[Lay, ArrayF64]:
    """How a sheet follows a path (n, 2) of (x, z) that starts at the sheet's x = 0; and the cuts this needs."""
    steps = np.diff(path_mm, axis=0)
    run = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
    ahead = np.gradient(path_mm, run, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)

    def lay(flat: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
        along = flat[:, 0]
        x, z = np.interp(along, run, path_mm[:, 0]), np.interp(along, run, path_mm[:, 1])
        normal = np.column_stack(
            [-np.interp(along, run, ahead[:, 1]), np.zeros(len(flat)), np.interp(along, run, ahead[:, 0])]
        )
        return np.column_stack([x, flat[:, 1], z]), normal / np.linalg.norm(normal, axis=1, keepdims=True)

    return lay, run[1:-1]


def draped(height_mm: Callable[[ArrayF64, ArrayF64], ArrayF64]) -> Lay:
    """A sheet that lies flat but for a height over (x, y)."""

    def lay(flat: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
        x, y = flat[:, 0], flat[:, 1]
        step = 0.05
        normal = np.column_stack(
            [
                (height_mm(x - step, y) - height_mm(x + step, y)) / (2 * step),
                (height_mm(x, y - step) - height_mm(x, y + step)) / (2 * step),
                np.ones(len(flat)),
            ]
        )
        return np.column_stack([x, y, height_mm(x, y)]), normal / np.linalg.norm(normal, axis=1, keepdims=True)

    return lay


def one_picture(
    parts: Sequence[Part],
    surface: Surface,
    low_mm: tuple[float, float],
    high_mm: tuple[float, float],
    *,
    seen_from_below: bool = False,
) -> Part:
    """Parts as one mesh, one picture laid on all of them over a rectangle of x and y.

    ``seen_from_below``: the picture is drawn as one sees it when the item lies turned over about its length.
    """
    corners = np.concatenate([part.corners_mm for part in parts])
    places = (corners[:, :2] - low_mm) / (np.asarray(high_mm) - np.asarray(low_mm))
    if seen_from_below:
        places[:, 1] = 1.0 - places[:, 1]
    starts = np.cumsum([0] + [len(part.corners_mm) for part in parts[:-1]])
    return Part(
        corners_mm=corners,
        normals=np.concatenate([part.normals for part in parts]),
        places=np.clip(places, 0.0, 1.0),
        faces=np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32),
        surface=surface,
    )


def _filled(outline: Polygon, xs: ArrayF64, ys: ArrayF64) -> tuple[ArrayF64, ArrayI32]:
    """Points and counter-clockwise triangles that fill an outline and break at the cuts."""
    low_x, low_y, high_x, high_y = outline.bounds
    xs = np.concatenate([[low_x], xs[(xs > low_x) & (xs < high_x)], [high_x]])
    ys = np.concatenate([[low_y], ys[(ys > low_y) & (ys < high_y)], [high_y]])
    cells = shapely.box(xs[:-1, None], ys[None, :-1], xs[1:, None], ys[None, 1:]).ravel()
    shapely.prepare(outline)
    pieces = shapely.get_parts(shapely.intersection(outline, cells))
    pieces = pieces[(shapely.get_type_id(pieces) == 3) & (shapely.area(pieces) > 1e-6)]
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(pieces))
    if shapely.get_type_id(triangles).max() != 3:
        triangles = shapely.get_parts(triangles)
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    ahead, aside = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    turned = ahead[:, 0] * aside[:, 1] - ahead[:, 1] * aside[:, 0] < 0
    corners[turned] = corners[turned][:, ::-1]
    points, index = np.unique(np.round(corners.reshape(-1, 2), 6), axis=0, return_inverse=True)
    return points, index.reshape(-1, 3).astype(np.int32)


def _cut_ring(ring: LinearRing, xs: ArrayF64, ys: ArrayF64) -> ArrayF64:
    """Points of a ring, its edges broken at the cuts."""
    points = np.asarray(ring.coords)[:, :2]
    path: list[ArrayF64] = []
    for start, end in pairwise(points):
        step = end - start
        if np.hypot(*step) < 1e-9:
            continue
        shares = [np.array([0.0])]
        for cuts, axis in ((xs, 0), (ys, 1)):
            if abs(step[axis]) > 1e-9 and len(cuts):
                share = (cuts - start[axis]) / step[axis]
                shares.append(share[(share > 1e-6) & (share < 1 - 1e-6)])
        path.append(start + np.unique(np.concatenate(shares))[:, None] * step)
    return np.concatenate(path)
