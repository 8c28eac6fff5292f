"""Heatsinks: extruded combs, pin fields, plates with a fan's frame; bare, black or coloured."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import shapely

from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import ALUMINIUM, ANODISED_BLACK, COPPER, Paint, tinted, varied
from neosort_datasets.modelling.shapes import circle, rounded_rectangle, slab
from neosort_datasets.modelling.sheets import bent_along, one_picture, sheet
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose

Rng = np.random.Generator

COATS = (ALUMINIUM, ALUMINIUM, ALUMINIUM, ANODISED_BLACK, ANODISED_BLACK, Paint((170, 136, 64), 0.36, 0.7),
         Paint((48, 76, 140), 0.36, 0.7), COPPER)  # fmt: skip
PASTE = (
    Paint((196, 196, 192), 0.5),
    Paint((150, 150, 152), 0.45),
    Paint((228, 226, 222), 0.7),
    Paint((206, 120, 150), 0.7),
)


def heatsink(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """Fins upwards as made; the base is smooth, with what is left of the thermal paste."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    paint = varied(COATS[int(rng.integers(len(COATS)))], rng, 6)
    kind = int(rng.integers(4))
    base = min(rng.uniform(0.12, 0.28) * height, 8.0)
    px_per_mm = 4.0 if length < 80 else 3.0
    top, under = (Canvas(length, width, paint, rng, px_per_mm=px_per_mm) for _ in range(2))
    blank = Canvas(1.0, 1.0, paint, rng).surface()
    holes = _holes(rng, length, width)
    plate = rounded_rectangle(length, width, 0.5).difference(shapely.union_all(holes))
    parts = [slab(plate, 0.0, base, blank, bevel_mm=0.4)]
    if kind == 3:
        parts += _pins(rng, length, width, base, height, blank)
    else:
        parts += _fins(rng, model, base, kind, blank)
    top.brushed(0.12, 0.0)
    under.brushed(0.25, float(rng.choice([0.0, 90.0])))
    _paste(under, rng, length, width)
    for canvas in (top, under):
        canvas.scratches(int(rng.integers(3, 14)), length_mm=0.3 * length, strength=0.4)
        canvas.smears(int(rng.integers(0, 4)))
        canvas.grime(rng.uniform(0.05, 0.5))
        canvas.dust(rng.uniform(0.1, 0.7))
    low, high = (-0.5 * length, -0.5 * width), (0.5 * length, 0.5 * width)
    bottom = slab(plate, 0.0, 0.5 * base, blank, bevel_mm=0.4)
    parts[0] = slab(plate, 0.5 * base, base, blank, bevel_mm=0.2)
    return Solid(
        parts=(
            one_picture(parts, top.surface(), low, high),
            one_picture([bottom], under.surface(), low, high, seen_from_below=True),
        )
    )


def _holes(rng: Rng, length: float, width: float) -> list[shapely.Polygon]:
    count = int(rng.integers(0, 5))
    spots = [(x * length, y * width) for x in (-0.42, 0.42) for y in (-0.36, 0.36)]
    return [circle(min(1.8, 0.04 * width), spot, 20) for spot in spots[:count]]


def _fins(rng: Rng, model: ItemModel, base: float, kind: int, blank: Surface) -> list[Part]:
    """Upright plates along x, some leaning where the sink was dropped; a flat middle for a clip; cut across."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    pitch = rng.uniform(2.2, 6.5)
    count = max(4, int(width / pitch))
    thick = min(rng.uniform(0.7, 1.6), 0.45 * width / count)
    pieces = [(-0.5 * length, 0.5 * length)]
    if kind == 1:
        gap = rng.uniform(0.05, 0.12) * length
        pieces = [(-0.5 * length, -gap), (gap, 0.5 * length)]
    elif kind == 2:
        cuts = np.linspace(-0.5, 0.5, int(rng.integers(4, 8))) * length
        pieces = [(a + 0.6, b - 0.6) for a, b in pairwise(cuts)]
    bent = set(rng.integers(0, count, int(rng.integers(0, 4))).tolist()) if thick < 1.2 else set()
    crowned = rng.random() < 0.3
    parts = []
    for index in range(count):
        y = (index / (count - 1) - 0.5) * (width - thick - 0.3)
        top = height * (1 - (0.3 * (2 * y / width) ** 2 if crowned else 0.0))
        for start, end in pieces:
            if index in bent:
                parts.append(_leaning(rng, start, end, y, base, top, thick, blank, width))
            else:
                outline = rounded_rectangle(end - start, thick, 0.0, (0.5 * (start + end), y))
                parts.append(slab(outline, base - 0.1, top, blank, bevel_mm=0.22 * thick))
    return parts


def _leaning(
    rng: Rng, start: float, end: float, y: float, base: float, top: float, thick: float, blank: Surface, width: float
) -> Part:
    """A fin bent over towards one end."""
    lean = float(rng.normal(0, 0.3)) * (top - base)
    room = 0.5 * width - abs(y) - thick
    lean = math.copysign(min(abs(lean), max(room, 0.0)), lean)
    rise = np.linspace(0, 1, 7)
    path = np.column_stack([rise * (top - base - 0.2 * abs(lean)), lean * rise**2])
    lay, cuts = bent_along(path)
    run = float(np.hypot(*np.diff(path, axis=0).T).sum())
    part = sheet(shapely.box(0.0, start, run, end), thick, blank, lay, cuts_x_mm=cuts)
    # (x, y, z) of the bent sheet are the fin's (rise, along, lean)
    return part.turned(((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))).moved((0.0, y, base))


def _pins(rng: Rng, length: float, width: float, base: float, height: float, blank: Surface) -> list[Part]:
    pitch = max(rng.uniform(3.2, 6.5), math.sqrt(length * width / 300))
    size = rng.uniform(0.35, 0.55) * pitch
    square = rng.random() < 0.5
    parts = []
    for x in np.linspace(-0.5, 0.5, max(3, int(length / pitch))) * (length - size - 0.6):
        for y in np.linspace(-0.5, 0.5, max(3, int(width / pitch))) * (width - size - 0.6):
            if rng.random() < 0.015:
                continue
            shape = rounded_rectangle(size, size, 0.0, (x, y)) if square else circle(0.5 * size, (x, y), 10)
            parts.append(slab(shape, base - 0.1, height, blank, bevel_mm=0.12 * size))
    return parts


def _paste(canvas: Canvas, rng: Rng, length: float, width: float) -> None:
    """Dried paste or a torn pad where the chip was."""
    paint = varied(PASTE[int(rng.integers(len(PASTE)))], rng, 8)
    side = rng.uniform(0.25, 0.6) * min(length, width)
    x, y = rng.uniform(0.35, 0.65) * length, rng.uniform(0.4, 0.6) * width
    edge = shapely.segmentize(rounded_rectangle(side, side * rng.uniform(0.7, 1.2), 1.0, (x, y)), 1.5)
    points = np.asarray(edge.exterior.coords)[:-1, :2]
    canvas.polygon(points + rng.normal(0, 0.03 * side, points.shape), paint, raised_mm=0.15)
    if rng.random() < 0.6:
        inner = rounded_rectangle(0.72 * side, 0.72 * side, 0.5, (x, y))
        canvas.polygon(inner, tinted(paint, 0.82), raised_mm=-0.1)
