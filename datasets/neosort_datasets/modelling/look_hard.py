"""Hard things that do not belong on the belt: wood, stones, broken glass."""

from __future__ import annotations

import math

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import GLASS_BLACK, INK, Paint, rougher, tinted, varied
from neosort_datasets.modelling.paths import biggest, filling, jagged, shard
from neosort_datasets.modelling.shapes import from_above, slab
from neosort_datasets.modelling.sheets import one_picture
from neosort_datasets.modelling.solid import ArrayI32, Solid
from neosort_hardware.twin.bodies import ItemModel, Pose

Rng = np.random.Generator

WOODS = (
    Paint((188, 150, 100), 0.7),
    Paint((150, 104, 62), 0.7),
    Paint((208, 180, 132), 0.75),
    Paint((118, 100, 84), 0.85),
)
STONES = (
    Paint((128, 124, 118), 0.9),
    Paint((156, 142, 122), 0.9),
    Paint((92, 92, 94), 0.85),
    Paint((150, 90, 70), 0.9),
)
GLASSES = (
    Paint((120, 150, 138), 0.05), Paint((60, 96, 60), 0.05), Paint((96, 62, 30), 0.05),
    Paint((150, 160, 162), 0.05), GLASS_BLACK,
)  # fmt: skip


def wood(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A splintered slat or a bit of chipboard, the grain along x."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    paint = varied(WOODS[int(rng.integers(len(WOODS)))], rng, 9)
    canvas = Canvas(length, width, paint, rng, px_per_mm=4.0)
    if rng.random() < 0.25:
        _chipboard(canvas, rng, paint, length, width)
    else:
        _grain(canvas, rng, paint, length, width)
    canvas.scratches(int(rng.integers(3, 10)), length_mm=0.3 * length, strength=0.3)
    canvas.grime(rng.uniform(0.1, 0.6))
    canvas.dust(rng.uniform(0.1, 0.5))
    outline = _splintered(rng, length, width)
    return Solid(parts=(slab(outline, 0.0, height, canvas.surface(), bevel_mm=min(0.8, 0.15 * height)),))


def _grain(canvas: Canvas, rng: Rng, paint: Paint, length: float, width: float) -> None:
    x = np.linspace(0, length, 30)
    knots = [
        (rng.uniform(0.1, 0.9) * length, rng.uniform(0.1, 0.9) * width, rng.uniform(1.5, 4.0))
        for _ in range(int(rng.integers(0, 3)))
    ]
    for y in np.cumsum(rng.uniform(0.6, 2.4, int(width / 1.0))):
        path = y + 0.8 * np.sin(x / rng.uniform(20, 50) + rng.uniform(0, 6))
        for knot_x, knot_y, size in knots:
            away = path - knot_y
            path = path + np.sign(away) * 1.6 * size * np.exp(
                -(((x - knot_x) / (3 * size)) ** 2) - (away / (3 * size)) ** 2
            )
        canvas.line(
            np.column_stack([x, path]), rng.uniform(0.3, 0.9), tinted(paint, rng.uniform(0.72, 0.95)), raised_mm=-0.05
        )
    for knot_x, knot_y, size in knots:
        canvas.disc(knot_x, knot_y, size, tinted(paint, 0.5), raised_mm=-0.1)
        canvas.ring(knot_x, knot_y, 0.5 * size, 0.7 * size, tinted(paint, 0.36))


def _chipboard(canvas: Canvas, rng: Rng, paint: Paint, length: float, width: float) -> None:
    for _ in range(int(min(900, length * width / 9))):
        x, y, heading = rng.uniform(0, length), rng.uniform(0, width), rng.uniform(0, math.pi)
        out = rng.uniform(1, 4) * np.array([math.cos(heading), math.sin(heading)])
        canvas.line(
            np.array([(x, y), (x + out[0], y + out[1])]),
            rng.uniform(0.6, 1.6),
            tinted(paint, rng.uniform(0.65, 1.2)),
            raised_mm=0.04,
        )


def _splintered(rng: Rng, length: float, width: float) -> Polygon:
    """Straight along the grain, broken across it."""
    ends = []
    for side in (-0.5, 0.5):
        y = np.sort(np.r_[rng.uniform(-0.5, 0.5, 16), -0.5, 0.5]) * width
        depth = np.abs(np.cumsum(rng.normal(0.0, 0.035, 18))) + rng.exponential(0.02, 18)
        x = side * length * (1 - np.clip(depth, 0.0, 0.5) * (rng.random() < 0.7))
        ends.append(np.column_stack([x, y]))
    return filling(biggest(Polygon(np.concatenate([ends[0][::-1], ends[1]])).buffer(0)), length, width)


def stone(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A pebble, a lump of rubble or concrete."""
    latitudes, around = 22, 40
    up, angle = np.meshgrid(
        np.linspace(-0.5 * math.pi, 0.5 * math.pi, latitudes), np.linspace(0, 2 * math.pi, around + 1), indexing="ij"
    )
    ball = np.stack([np.cos(up) * np.cos(angle), np.cos(up) * np.sin(angle), np.sin(up)], axis=-1)
    reach = np.ones(ball.shape[:2])
    angular = rng.random() < 0.55
    for _ in range(14):
        facing = rng.normal(size=3)
        facing /= np.linalg.norm(facing)
        if angular:  # cut flat faces
            reach = np.minimum(reach, rng.uniform(0.62, 0.95) / np.maximum(ball @ facing, 0.3))
        else:
            reach = reach * (1 + 0.05 * np.sin(rng.uniform(1, 4) * (ball @ facing) + rng.uniform(0, 6)))
    corners = (ball * reach[..., None]).reshape(-1, 3)
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.array([model.length_mm, model.width_mm, model.height_mm])
    corners = (corners - 0.5 * (low + high)) / (high - low) * size + (0.0, 0.0, 0.5 * model.height_mm)
    paint = varied(STONES[int(rng.integers(len(STONES)))], rng, 9)
    canvas = Canvas(model.length_mm, model.width_mm, paint, rng, px_per_mm=4.0)
    canvas.mottle(0.1, 3.0)
    canvas.mottle(0.08, 14.0)
    for _ in range(int(rng.integers(60, 220))):
        x, y = rng.uniform(0, model.length_mm), rng.uniform(0, model.width_mm)
        canvas.disc(
            x, y, rng.uniform(0.2, 0.9), tinted(paint, rng.uniform(0.6, 1.4)), raised_mm=float(rng.uniform(-0.2, 0.15))
        )
    canvas.orange_peel(0.8)
    canvas.dust(rng.uniform(0.3, 0.9))
    return Solid(parts=(from_above(corners, _ball_faces(latitudes, around + 1), canvas.surface()),))


def _ball_faces(rows: int, columns: int) -> ArrayI32:
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel()
    lower = np.column_stack([first, first + 1, first + columns + 1])
    upper = np.column_stack([first, first + columns + 1, first + columns])
    return np.concatenate([lower, upper]).astype(np.int32)


def glass(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A splinter of a pane, a bottle or a screen: dark and mirror-like on the belt, its broken edges light."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    paint = varied(tinted(GLASSES[int(rng.integers(len(GLASSES)))], rng.uniform(0.35, 0.75)), rng, 5)
    outline = filling(jagged(rng, shard(rng, length, width, int(rng.integers(4, 7))), 0.15, 9.0), length, width)
    canvas = Canvas(length, width, paint, rng, px_per_mm=4.0)
    edge = outline.exterior
    points = np.asarray(edge.coords)[:, :2] + (0.5 * length, 0.5 * width)
    canvas.line(points, 2.4, rougher(tinted(paint, 1.5), 0.1))
    canvas.line(points, 1.0, Paint((196, 214, 208), 0.15))
    for _ in range(int(rng.integers(1, 5))):  # conchoidal chips and cracks
        start = edge.interpolate(float(rng.uniform(0, edge.length)))
        way = np.array([start.x + 0.5 * length, start.y + 0.5 * width]) + np.concatenate(
            [
                np.zeros((1, 2)),
                np.cumsum(rng.normal(0, 0.07 * width, (5, 2)) - 0.05 * np.array([start.x, start.y]), axis=0),
            ]
        )
        canvas.line(way, 0.35, Paint((206, 218, 214), 0.3))
    if rng.random() < 0.3:
        canvas.text(str(rng.choice(["TEMPERED", "43R-00112", "AS3"])), 0.5 * length, 0.5 * width, 2.0, tinted(INK, 2.5))
    canvas.smears(int(rng.integers(1, 5)))
    canvas.dust(rng.uniform(0.05, 0.45))
    half = (0.5 * length, 0.5 * width)
    body = slab(outline, 0.0, height, canvas.surface(), bevel_mm=min(0.5, 0.2 * height))
    return Solid(parts=(one_picture([body], body.surface, (-half[0], -half[1]), half),))
