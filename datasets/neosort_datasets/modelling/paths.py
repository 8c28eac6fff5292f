"""Smooth ways in space (wires, cables) and outlines as breaking and wear leave them."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import Polygon

from neosort_hardware.types import ArrayF64

Rng = np.random.Generator


def smooth_path(points_mm: ArrayF64, step_mm: float) -> ArrayF64:
    """A curve (n, 3) through points (Catmull-Rom), in steps of about ``step_mm``."""
    points = np.asarray(points_mm, dtype=np.float64)
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    pieces = []
    for before, start, end, after in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True):
        count = max(2, math.ceil(float(np.linalg.norm(end - start)) / step_mm))
        t = np.linspace(0, 1, count, endpoint=False)[:, None]
        pieces.append(
            0.5
            * (
                2 * start
                + (end - before) * t
                + (2 * before - 5 * start + 4 * end - after) * t**2
                + (3 * start - before - 3 * end + after) * t**3
            )
        )
    return np.concatenate([*pieces, points[-1:]])


def shard(rng: Rng, length_mm: float, width_mm: float, corners: int, *, jag_mm: float = 0.0) -> Polygon:
    """A broken piece, mostly convex, that fills a rectangle about the origin; ``jag_mm``: roughness of its breaks."""
    angle = np.sort(rng.uniform(0, 2 * math.pi, corners) * 0.35 + np.linspace(0, 2 * math.pi, corners, endpoint=False))
    reach = rng.uniform(0.7, 1.0, corners)
    points = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    outline = Polygon(points).buffer(0)
    if jag_mm > 0:
        outline = jagged(rng, filling(outline, length_mm, width_mm), jag_mm)
    return filling(outline, length_mm, width_mm)


def filling(outline: Polygon, length_mm: float, width_mm: float) -> Polygon:
    """Stretched and moved so as to fill the rectangle about the origin."""
    low_x, low_y, high_x, high_y = outline.bounds
    scale = np.array([length_mm / (high_x - low_x), width_mm / (high_y - low_y)])
    middle = np.array([0.5 * (low_x + high_x), 0.5 * (low_y + high_y)])
    return shapely.transform(outline, lambda points: (points - middle) * scale)


def jagged(rng: Rng, outline: Polygon, by_mm: float, step_mm: float = 4.0) -> Polygon:
    """Its edges roughened."""
    points = np.asarray(shapely.segmentize(outline, step_mm).exterior.coords)[:-1, :2]
    rough = biggest(Polygon(points + rng.normal(0, by_mm, points.shape)).buffer(0))
    return Polygon(rough.exterior)


def broken_off(rng: Rng, outline: Polygon, share: float, jag_mm: float = 1.2) -> Polygon:
    """What is left when a corner or an end of about ``share`` of its extent breaks off along a ragged line."""
    low_x, low_y, high_x, high_y = outline.bounds
    span = np.array([high_x - low_x, high_y - low_y])
    heading = rng.uniform(0, 2 * math.pi)
    out = np.array([math.cos(heading), math.sin(heading)])
    along = np.array([-out[1], out[0]])
    reach = 0.5 * float(np.abs(out) @ span)
    middle = np.array([0.5 * (low_x + high_x), 0.5 * (low_y + high_y)]) + out * reach * (1 - 2 * share)
    run = np.linspace(-1.5, 1.5, 40)[:, None] * float(np.hypot(*span))
    edge = middle + run * along + np.cumsum(rng.normal(0, jag_mm, (40, 1)), axis=0) * out
    far = 3 * float(np.hypot(*span))
    gone = Polygon(np.concatenate([edge, [edge[-1] + far * out, edge[0] + far * out]])).buffer(0)
    return biggest(outline.difference(gone))


def biggest(shape: shapely.Geometry) -> Polygon:
    """The largest polygon of a shape that may have fallen into several."""
    pieces = [piece for piece in shapely.get_parts(shape) if isinstance(piece, Polygon)]
    return max(pieces, key=lambda piece: float(piece.area))
