"""Magnetrons of microwave ovens: fins in a steel yoke, a ring magnet at either end, the aerial's dome on top."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.forms import disc_plate, from_below, plain, ring_outline, rod
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    BLACK_PLASTIC,
    COPPER,
    FERRITE,
    INK,
    ORANGE_PLASTIC,
    PAPER,
    STEEL,
    ZINC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, lathe, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose

CERAMIC_PINK = Paint((196, 150, 142), 0.6)
CERAMIC_WHITE = Paint((206, 202, 192), 0.6)


def magnetron(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A magnetron, aerial up as made; on its side one looks between its fins."""
    length, width, high = model.length_mm, model.width_mm, model.height_mm
    yoke = varied((ZINC, ZINC, STEEL, Paint((196, 184, 140), 0.4, 1.0))[rng.integers(4)], rng, 9)
    rusty = float(rng.uniform(0.05, 0.4)) if rng.random() < 0.45 else 0.0
    lower, upper = (magnet.centre_mm[2] for magnet in model.magnets)
    parts = _yoke(length, width, lower - 5.5, upper + 5.0, yoke, rusty, rng)
    parts += _magnets(model, rng)
    parts += _fins(length, width, lower + 5.0, upper - 5.0, rng)
    parts += _aerial(upper + 6.4, high, 0.5 * model.magnets[1].size_mm[0], rng)
    parts += _filter_box(length, width, lower - 7.0, yoke, rng)
    return Solid(parts=tuple(parts))


def _steel_sheet(
    long: float, wide: float, paint: Paint, rusty: float, rng: np.random.Generator, *, printed: bool
) -> Surface:
    canvas = Canvas(long, wide, paint, rng, px_per_mm=3.0)
    canvas.spangle(5.0)
    if printed:
        canvas.rect(0.1 * long, 0.08 * wide, 0.62 * long, 0.3 * wide, PAPER, radius_mm=0.5, raised_mm=0.1)
        canvas.text(brand(rng), 0.36 * long, 0.24 * wide, 0.06 * wide, INK, font="bold", fit_mm=0.45 * long)
        canvas.text(
            f"2M{serial(rng, 5)}  4.{rng.integers(0, 6)}kV HIGH VOLTAGE",
            0.36 * long,
            0.14 * wide,
            0.035 * wide,
            INK,
            fit_mm=0.48 * long,
        )
    canvas.scratches(int(rng.integers(8, 30)), length_mm=25.0)
    canvas.grime(float(rng.uniform(0.1, 0.5)))
    if rusty:
        canvas.rust(rusty)
    return canvas.surface()


def _yoke(
    length: float, width: float, low: float, high: float, paint: Paint, rusty: float, rng: np.random.Generator
) -> list[Part]:
    """Top and bottom plates with their two side walls, bolted through ears."""
    wide = 0.98 * width
    parts = []
    for level, top in ((low, False), (high, True)):
        plate = rounded_rectangle(0.92 * length, wide, 2.0).union(rounded_rectangle(length, 0.5 * wide, 3.0))
        plate = plate.difference(circle(9.0, segments=32))
        for sx in (-1, 1):
            for sy in (-1, 1):
                plate = plate.difference(circle(2.1, (sx * 0.46 * length, sy * 0.18 * wide), 16))
        sheet = _steel_sheet(length, wide, paint, rusty, rng, printed=top)
        parts.append(slab(plate, level, level + 1.4, sheet if top else from_below(sheet), bevel_mm=0.3))
    for side in (-1, 1):
        wall = _steel_sheet(high - low, wide, paint, rusty, rng, printed=False)
        upright = slab(rounded_rectangle(high - low, wide, 1.0), -0.7, 0.7, wall, bevel_mm=0.3).turned(
            turn("y", 0.5 * math.pi)
        )
        parts.append(upright.moved((side * 0.45 * length, 0.0, 0.5 * (low + high))))
    return parts


def _magnets(model: ItemModel, rng: np.random.Generator) -> list[Part]:
    parts = []
    for magnet in model.magnets:
        radius, half = 0.5 * magnet.size_mm[0], 0.5 * magnet.size_mm[2]
        dark = plain(varied(FERRITE, rng, 6), rng, 0.2)
        middle = magnet.centre_mm[2]
        parts.append(slab(ring_outline(radius, 0.42 * radius), middle - half, middle + half, dark, bevel_mm=0.7))
    return parts


def _fins(length: float, width: float, low: float, high: float, rng: np.random.Generator) -> list[Part]:
    """The anode and its aluminium fins, some bent."""
    copper = varied(COPPER, rng, 10)
    anode = Canvas(20.0, 20.0, copper, rng)
    anode.mottle(0.25, 4.0)
    parts = [rod(17.0, low - 3.0, high + 3.0, anode.surface(), segments=48)]
    count = int(rng.choice([5, 6, 6, 7, 8]))
    plate = varied(ALUMINIUM, rng, 8)
    for fin in range(count):
        sheet = Canvas(0.86 * length, 0.94 * width, plate, rng, px_per_mm=1.5)
        sheet.mottle(0.15, 12.0)
        sheet.dust(float(rng.uniform(0.1, 0.5)))
        z = low + (high - low) * (fin + 0.5) / count
        outline = rounded_rectangle(0.86 * length, 0.94 * width, 1.0)
        tilt = float(rng.normal(0, 0.012)) if rng.random() < 0.8 else float(rng.normal(0, 0.05))
        flat = slab(outline, -0.35, 0.35, sheet.surface(), bevel_mm=0.1).turned(turn("x", tilt))
        parts.append(flat.moved((0.0, 0.0, z)))
        for side in (-1, 1):  # the folded edge of each fin
            lip = box(
                (0.8 * length, 0.7, 0.55 * (high - low) / count),
                (0.0, side * 0.465 * width, z + 1.2),
                plain(plate, rng),
                bevel_mm=0.1,
            )
            if rng.random() < 0.55:
                parts.append(lip)
    return parts


def _aerial(low: float, top: float, magnet_mm: float, rng: np.random.Generator) -> list[Part]:
    """Mesh gasket, ceramic ring and the metal cap; the cap may be gone."""
    mesh = Canvas(40.0, 6.0, varied(Paint((150, 146, 138), 0.5, 0.9), rng, 8), rng)
    mesh.mottle(0.4, 0.8)
    parts = [slab(ring_outline(0.85 * magnet_mm, 0.6 * magnet_mm), low, low + 2.2, mesh.surface(), bevel_mm=0.8)]
    ceramic = varied(CERAMIC_PINK if rng.random() < 0.6 else CERAMIC_WHITE, rng, 8)
    metal = varied((STEEL, COPPER, STEEL)[rng.integers(3)], rng, 8)
    parts.append(rod(8.5, low - 2.0, low + 0.25 * (top - low), plain(metal, rng), segments=36))
    parts.append(rod(7.6, low, low + 0.6 * (top - low), plain(ceramic, rng), segments=36))
    if rng.random() < 0.85:
        cap = [
            (7.9, low + 0.52 * (top - low)),
            (7.9, top - 2.0),
            (6.9, top - 0.5),
            (5.0, top),
            (2.4, top),
            (2.0, top - 1.0),
            (0.0, top - 1.0),
        ]
        parts.append(lathe(cap, plain(metal, rng), segments=36))
    else:
        parts.append(rod(2.2, low, top - 1.0, plain(COPPER, rng)))
    return parts


def _filter_box(length: float, width: float, top: float, paint: Paint, rng: np.random.Generator) -> list[Part]:
    """The tin below with its choke's plug at the side."""
    wide = 0.86 * width
    tin = _steel_sheet(0.72 * length, wide, paint, 0.0, rng, printed=False)
    parts = [box((0.72 * length, wide, top), (0.0, 0.0, 0.5 * top), from_below(tin), bevel_mm=0.6, radius_mm=1.5)]
    socket = varied((BLACK_PLASTIC, ORANGE_PLASTIC, Paint((206, 200, 186), 0.5))[rng.integers(3)], rng, 8)
    y = 0.5 * wide
    parts.append(
        box((24.0, 6.0, min(11.0, 0.9 * top)), (0.12 * length, y, 0.5 * top), plain(socket, rng), bevel_mm=0.8)
    )
    for side in (-1, 1):
        tab = box(
            (6.0, 5.0, 0.9),
            (0.12 * length + side * 6.0, y + 3.0, 0.5 * top),
            plain(tinted(ZINC, 1.05), rng),
            bevel_mm=0.2,
        )
        parts.append(tab)
    return [*parts, disc_plate(3.0, top - 0.1, top + 0.5, plain(STEEL, rng)).moved((0.3 * length, 0.3 * width, 0.0))]
