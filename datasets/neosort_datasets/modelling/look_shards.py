"""Shards of housings: smooth outside, ribs, screw posts and clips inside, edges as they broke."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import Polygon

from neosort_datasets.modelling.labels import brand
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    GREEN_PLASTIC,
    GREY_PLASTIC,
    INK,
    ORANGE_PLASTIC,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.paths import biggest, broken_off, filling, shard
from neosort_datasets.modelling.shapes import circle, rounded_rectangle, slab
from neosort_datasets.modelling.sheets import Lay, one_picture, sheet
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.types import ArrayF64

Rng = np.random.Generator

COLOURS = (
    BLACK_PLASTIC, BLACK_PLASTIC, BLACK_PLASTIC, GREY_PLASTIC, GREY_PLASTIC, WHITE_PLASTIC, WHITE_PLASTIC,
    BEIGE_PLASTIC,
    BLUE_PLASTIC, RED_PLASTIC, GREEN_PLASTIC, YELLOW_PLASTIC, ORANGE_PLASTIC, Paint((186, 188, 190), 0.4),
    Paint((70, 78, 92), 0.5),
)  # fmt: skip


def plastic(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A shell, its outside up as made; the inside carries what held the parts."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    paint = varied(COLOURS[int(rng.integers(len(COLOURS)))], rng, 9)
    paint = rougher(paint, float(rng.choice([0.16, 0.35, 0.5, 0.65])))
    wall = min(rng.uniform(1.6, 2.6), 0.6 * height)
    outline = _broken(rng, length, width)
    sides = min(0.5 * height, wall) if height < 6 else 0.0
    px_per_mm = 4.5 if length < 100 else 3.0
    outside, inside = (Canvas(length, width, paint, rng, px_per_mm=px_per_mm) for _ in range(2))
    blank = Canvas(1.0, 1.0, paint, rng).surface()
    holes = _openings(rng, outline, width)
    cut = outline.difference(shapely.union_all(holes)) if holes else outline
    plate = biggest(cut)
    bow = 0.0 if height < 6 else rng.uniform(0.0, 0.35) * (height - wall)
    lay_top, lay_under = (_bowed(length, height - 0.5 * share * wall, bow) for share in (0.5, 1.5))
    grid = np.linspace(-0.5 * length, 0.5 * length, 25)[1:-1] if bow > 0 else np.array([])
    top = sheet(plate, 0.5 * wall, blank, lay_top, cuts_x_mm=grid)
    under = sheet(plate, 0.5 * wall, blank, lay_under, cuts_x_mm=grid)
    fittings = _rim(rng, outline, height, wall, blank) if sides == 0.0 and rng.random() < 0.75 else []
    fittings += _inner(rng, plate, length, height - wall - bow, bow, blank)
    _dressed(outside, rng, paint, length, width)
    _marked(inside, rng, paint, length, width)
    for canvas in (outside, inside):
        canvas.scratches(int(rng.integers(4, 20)), length_mm=0.3 * length, strength=0.4)
        canvas.grime(rng.uniform(0.03, 0.28))
        canvas.dust(rng.uniform(0.1, 0.7))
    low, high = (-0.5 * length, -0.5 * width), (0.5 * length, 0.5 * width)
    return Solid(
        parts=(
            one_picture([top], outside.surface(), low, high),
            one_picture([under, *fittings], inside.surface(), low, high, seen_from_below=True),
        )
    )


def _broken(rng: Rng, length: float, width: float) -> Polygon:
    """Half a housing with rounded corners that broke, or a splinter."""
    if rng.random() < 0.35:
        return shard(rng, length, width, int(rng.integers(5, 9)), jag_mm=0.35)
    outline = rounded_rectangle(length, width, rng.uniform(2.0, 0.25 * width))
    for _ in range(int(rng.integers(1, 4))):
        outline = broken_off(rng, outline, rng.uniform(0.08, 0.3), 0.8)
    return filling(outline.simplify(0.15), length, width)


def _bowed(length: float, crown_mm: float, bow_mm: float) -> Lay:
    def lay(flat: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
        share = 2 * flat[:, 0] / length
        slope = -4 * bow_mm * share / length
        normal = np.column_stack([-slope, np.zeros(len(flat)), np.ones(len(flat))])
        places = np.column_stack([flat, crown_mm - bow_mm * share**2])
        return places, normal / np.linalg.norm(normal, axis=1, keepdims=True)

    return lay


def _openings(rng: Rng, outline: Polygon, width: float) -> list[Polygon]:
    """Vents in rows, round holes, a window."""
    room = outline.buffer(-4.0)
    if room.is_empty:
        return []
    kind, (x, y) = int(rng.integers(4)), (rng.uniform(-0.25, 0.25) * width, rng.uniform(-0.15, 0.15) * width)
    if kind == 0:
        rows = int(rng.integers(4, 10))
        wanted = [rounded_rectangle(0.35 * width, 1.8, 0.8, (x, y + 4.0 * (row - 0.5 * rows))) for row in range(rows)]
    elif kind == 1:
        wanted = [circle(1.3, (x + 4.0 * a, y + 4.0 * b), 14) for a in range(-3, 4) for b in range(-2, 3)]
    elif kind == 2:
        wanted = [rounded_rectangle(0.4 * width, 0.3 * width, 2.0, (x, y)), circle(2.2, (x, y + 0.25 * width), 20)]
    else:
        wanted = [circle(rng.uniform(1.2, 3.0), (x + 0.5 * width, y), 20)]
    return [hole for hole in wanted if room.contains(hole)]


def _rim(rng: Rng, outline: Polygon, height: float, wall: float, blank: Surface) -> list[Part]:
    """What is left of the side walls."""
    ring = outline.difference(outline.buffer(-wall, join_style="mitre"))
    low_x, low_y, high_x, high_y = outline.bounds
    kept = shapely.box(low_x, low_y, low_x + rng.uniform(0.15, 0.8) * (high_x - low_x), high_y)
    if rng.random() < 0.5:
        kept = kept.union(shapely.box(low_x, high_y - rng.uniform(3, 8), high_x, high_y))
    bottom = rng.uniform(0.0, 0.3) * height
    return [
        slab(piece, bottom, height - 0.4 * wall, blank, bevel_mm=0.25)
        for piece in shapely.get_parts(ring.intersection(kept))
        if isinstance(piece, Polygon) and piece.area > 3.0
    ]


def _inner(rng: Rng, plate: Polygon, length: float, ceiling: float, bow: float, blank: Surface) -> list[Part]:
    """Ribs and screw posts that hang from the plate down to about z = 0."""
    room, parts = plate.buffer(-2.0), []
    if ceiling < 1.5:
        return []
    low_x, low_y, high_x, high_y = plate.bounds
    for _ in range(int(rng.integers(3, 8))):
        x, y = rng.uniform(low_x, high_x), rng.uniform(low_y, high_y)
        if rng.random() < 0.5:
            bar = shapely.box(low_x, y - 0.6, high_x, y + 0.6)
        else:
            bar = shapely.box(x - 0.6, low_y, x + 0.6, high_y)
        foot = ceiling * rng.uniform(0.2, 0.8)
        for piece in shapely.get_parts(room.intersection(bar)):
            if isinstance(piece, Polygon) and piece.area > 4.0:
                parts.append(slab(piece, foot, ceiling + 0.5 * bow + 0.4, blank, bevel_mm=0.2))
    for _ in range(int(rng.integers(2, 6))):
        x, y = rng.uniform(low_x, high_x), rng.uniform(low_y, high_y)
        radius = rng.uniform(2.2, 3.6)
        post = circle(radius, (x, y), 24)
        if room.contains(post):
            bore = post.difference(circle(0.45 * radius, (x, y), 16))
            parts.append(slab(bore, rng.uniform(0.0, 0.4) * ceiling, ceiling + 0.5 * bow + 0.4, blank, bevel_mm=0.3))
    return parts


def _dressed(canvas: Canvas, rng: Rng, paint: Paint, length: float, width: float) -> None:
    """Grain, print, seams, stress marks of the outside."""
    canvas.orange_peel(rng.uniform(0.1, 0.6))
    canvas.mottle(0.05, 12.0)
    ink = INK if sum(paint.srgb) > 380 else WHITE_INK
    if rng.random() < 0.5:
        x, y = rng.uniform(0.3, 0.7) * length, rng.uniform(0.3, 0.7) * width
        canvas.text(
            brand(rng),
            x,
            y,
            min(9.0, 0.12 * width),
            ink,
            font="bold",
            angle_deg=float(rng.choice([0, 0, 180, 90])),
            fit_mm=0.4 * length,
        )
    if rng.random() < 0.4:
        y = rng.uniform(0.2, 0.8) * width
        canvas.line([(0, y), (length, y)], 0.7, tinted(paint, 0.6), raised_mm=-0.4)
    for _ in range(int(rng.integers(0, 4))):  # whitened where it was bent
        x, y, heading = rng.uniform(0, length), rng.uniform(0, width), rng.uniform(0, math.pi)
        out = 0.08 * length * np.array([math.cos(heading), math.sin(heading)])
        canvas.line(
            np.array([(x - out[0], y - out[1]), (x + out[0], y + out[1])]), 0.6, varied(tinted(paint, 1.35), rng, 4)
        )
    if rng.random() < 0.3:
        canvas.screw(rng.uniform(0.2, 0.8) * length, rng.uniform(0.2, 0.8) * width, 2.2, STEEL, "cross")


def _marked(canvas: Canvas, rng: Rng, paint: Paint, length: float, width: float) -> None:
    """Moulded marks of the inside: recycling sign, mould number, ejector pins."""
    canvas.mottle(0.05, 12.0)
    x, y = rng.uniform(0.3, 0.7) * length, rng.uniform(0.3, 0.7) * width
    size = min(3.2, 0.05 * width)
    canvas.text(
        f">{rng.choice(['ABS', 'PC+ABS', 'PP', 'HIPS', 'PA66-GF30'])}<", x, y, size, tinted(paint, 1.08), raised_mm=0.25
    )
    for _ in range(int(rng.integers(4, 10))):
        canvas.ring(rng.uniform(0, length), rng.uniform(0, width), 2.2, 2.6, tinted(paint, 0.88), raised_mm=-0.15)
