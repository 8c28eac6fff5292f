"""Mains transformers: a stack of sheet steel around a taped coil, with a frame, lugs or leads."""

from __future__ import annotations

import math

import numpy as np
import shapely

from neosort_datasets.modelling.forms import plain, stray_wire
from neosort_datasets.modelling.labels import aged_paper, brand, serial, type_plate
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    BRASS,
    COPPER,
    DARK_STEEL,
    KAPTON,
    RED_PLASTIC,
    SOLDER,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    ZINC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, lathe, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid
from neosort_hardware.twin.bodies import ItemModel, Pose

Rng = np.random.Generator

TAPES = (
    YELLOW_PLASTIC,
    KAPTON,
    WHITE_PLASTIC,
    BLUE_PLASTIC,
    Paint((60, 120, 70), 0.4),
    Paint((44, 44, 46), 0.4),
    COPPER,
    COPPER,
)
LACQUER = (
    rougher(DARK_STEEL, 0.45),
    Paint((70, 62, 56), 0.4, 0.6),
    Paint((46, 46, 50), 0.4, 0.4),
    Paint((120, 116, 110), 0.45, 0.9),
)


def transformer(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """The core stands on edge, its sheets upright; the coil bulges from both windows."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    stack = width * rng.uniform(0.4, 0.55)
    feet = 2.0 if rng.random() < 0.6 else 0.0
    core = _core(rng, length, stack, height - 0.14 * height, feet)
    parts: list[Part] = [*core, *_coil(rng, model, stack)]
    if feet:
        parts += _frame(rng, model, stack)
    loose: list[Part] = []
    if rng.random() < 0.5:
        parts += _lugs(rng, model, stack)
    else:
        for _ in range(int(rng.integers(2, 6))):
            side = float(rng.choice([-1.0, 1.0]))
            colour = (RED_PLASTIC, BLUE_PLASTIC, YELLOW_PLASTIC, BLACK_PLASTIC, WHITE_PLASTIC)[int(rng.integers(5))]
            start = (rng.uniform(-0.25, 0.25) * length, side * 0.42 * width, 0.7 * height)
            loose += stray_wire(
                rng, start, side * math.pi / 2 + rng.normal(0, 0.5), rng.uniform(15, 50), rng.uniform(0.6, 1.0), colour
            )
    return Solid(parts=tuple(parts), loose=tuple(loose))


def _core(rng: Rng, length: float, stack: float, top: float, feet: float) -> list[Part]:
    """The sheets, seen on edge from above: lines along x; bolts through the corners."""
    paint = varied(LACQUER[int(rng.integers(len(LACQUER)))], rng, 6)
    canvas = Canvas(length, stack, paint, rng, px_per_mm=6.0)
    for y in np.arange(0.3, stack, 0.6):
        canvas.line(
            [(0, y), (length, y)],
            0.22,
            tinted(paint, rng.uniform(0.55, 1.2)),
            raised_mm=float(rng.uniform(-0.15, 0.05)),
        )
    canvas.line([(0.33 * length, 0), (0.33 * length, stack)], 0.3, tinted(paint, 0.5))
    if rng.random() < 0.6:
        canvas.rust(rng.uniform(0.15, 0.7))
    canvas.grime(rng.uniform(0.1, 0.5))
    canvas.dust(rng.uniform(0.2, 0.6))
    surface = canvas.surface()
    body = slab(rounded_rectangle(length, stack, 0.3), feet, top, surface, bevel_mm=0.5)
    bolt = plain(ZINC, rng)
    head = [(0.01, 0.0), (2.4, 0.0), (2.4, 1.6), (0.01, 1.6)]
    bolts = []
    if rng.random() < 0.6:
        for x in (-0.42, 0.42):
            for side in (-1.0, 1.0):
                stud = lathe(head, bolt, segments=6).turned(((1.0, 0.0, 0.0), (0.0, 0.0, side), (0.0, -side, 0.0)))
                bolts.append(stud.moved((x * length, side * 0.5 * stack, 0.84 * top)))
    return [body, *bolts]


def _coil(rng: Rng, model: ItemModel, stack: float) -> list[Part]:
    """Winding under its tape, between two flanges, a plate with the ratings on top."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    tape = varied(TAPES[int(rng.integers(len(TAPES)))], rng, 10)
    long = 0.6 * length
    canvas = Canvas(long, width, tape, rng, px_per_mm=6.0)
    if tape.metal > 0.5:
        for x in np.arange(0.3, long, 0.7):
            canvas.line([(x, 0), (x, width)], 0.4, tinted(tape, rng.uniform(0.7, 1.0)), raised_mm=0.15)
    else:
        for y in rng.uniform(0, width, 5):
            canvas.line([(0, y), (long, y + rng.normal(0, 1))], 0.3, tinted(tape, 0.85), raised_mm=0.1)
    if rng.random() < 0.7 and long > 18:
        volts = rng.choice(["230V / 12V", "230V / 2x9V", "115-230V / 24V", "220V 50Hz"])
        lines = [brand(rng), str(volts), f"{rng.integers(4, 60)} VA  ta 40/B", serial(rng, 8)]
        type_plate(canvas, rng, 0.12 * long, 0.24 * width, 0.88 * long, 0.76 * width, lines, paper=aged_paper(rng))
    canvas.grime(rng.uniform(0.1, 0.5))
    canvas.dust(rng.uniform(0.2, 0.6))
    winding = slab(rounded_rectangle(long, width, 4.0), 0.14 * height, height, canvas.surface(), bevel_mm=0.1 * height)
    flange = plain(varied((WHITE_PLASTIC, BLACK_PLASTIC, Paint((150, 60, 40), 0.5))[int(rng.integers(3))], rng, 8), rng)
    walls = [
        box((1.2, 0.98 * width, 0.84 * height), (side * (0.5 * long + 0.2), 0.0, 0.5 * height), flange, radius_mm=0.5)
        for side in (-1, 1)
    ]
    return [winding, *walls]


def _frame(rng: Rng, model: ItemModel, stack: float) -> list[Part]:
    """A bent strip with two ears to screw down."""
    surface = plain(varied(ZINC, rng, 8), rng)
    foot = rounded_rectangle(model.length_mm, 0.7 * model.width_mm, 2.0)
    ears = foot.difference(
        shapely.union_all(
            [circle(1.8, (x * model.length_mm, y * model.width_mm), 16) for x in (-0.44, 0.44) for y in (-0.3, 0.3)]
        )
    )
    straps = [
        box(
            (1.4, 0.8 * stack, 0.84 * model.height_mm),
            (x * (model.length_mm - 1.4), 0, 0.42 * model.height_mm),
            surface,
        )
        for x in (-0.5, 0.5)
    ]
    return [slab(ears, 0.0, 2.0, surface, bevel_mm=0.3), *straps]


def _lugs(rng: Rng, model: ItemModel, stack: float) -> list[Part]:
    """Solder lugs along a flange."""
    metal = plain(BRASS if rng.random() < 0.5 else SOLDER, rng)
    return [
        box(
            (1.0, 5.0, 0.6),
            (float(x), side * (0.5 * model.width_mm - 2.4), 0.93 * model.height_mm),
            metal,
            bevel_mm=0.1,
        )
        for x in np.linspace(-0.24, 0.24, int(rng.integers(3, 6))) * model.length_mm
        for side in (-1, 1)
    ]
