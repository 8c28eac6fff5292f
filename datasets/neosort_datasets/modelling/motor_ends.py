"""The two ends of a can motor: nose, gear head and what its shaft carries; the cap with brushes and terminals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.forms import (
    TAU,
    disc_plate,
    flat_sided,
    gear,
    plain,
    rod,
    wrapped,
)
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BLACK_PLASTIC,
    BRASS,
    NICKEL,
    STEEL,
    WHITE_PLASTIC,
    ZINC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, slab
from neosort_datasets.modelling.solid import Part, Surface
from neosort_hardware.twin.bodies import ItemModel

HOLE = Paint((14, 13, 13), 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motor:
    """What a motor of a model is like. ``flat_mm``: half its width across the flats; x of rear, can, gear and nose."""

    radius_mm: float
    flat_mm: float
    rear_mm: float
    cap_mm: float
    nose_mm: float
    gear_mm: float
    can: Paint
    cap: Paint
    end: str
    dress: str
    brushless: bool
    vents: int


def _face(motor: Motor, rng: np.random.Generator, paint: Paint, holes: bool) -> Surface:
    """The round face at either end, seen along the shaft."""
    radius = motor.radius_mm
    canvas = Canvas(2 * radius, 2 * radius, paint, rng)
    canvas.brushed(0.3, float(rng.uniform(0, 180)))
    canvas.ring(radius, radius, 0.78 * radius, 0.82 * radius, tinted(paint, 0.75), raised_mm=-0.1)
    count = int(rng.choice([3, 4, 5, 6, 8]))
    for hole in range(count if holes else 0):
        low, high = TAU * (hole + 0.2) / count, TAU * (hole + 0.8) / count
        arc = np.linspace(low, high, 9)
        points = [(radius + 0.68 * radius * math.cos(a), radius + 0.68 * radius * math.sin(a)) for a in arc]
        points += [(radius + 0.5 * radius * math.cos(a), radius + 0.5 * radius * math.sin(a)) for a in arc[::-1]]
        canvas.polygon(points, HOLE, raised_mm=-0.6)
    for side in (-1, 1):
        canvas.screw(radius + side * 0.42 * radius, radius, 0.09 * radius, STEEL, drive="cross")
    canvas.grime(float(rng.uniform(0.1, 0.4)))
    canvas.scratches(8, length_mm=8.0)
    return canvas.surface()


def nose(motor: Motor, rng: np.random.Generator) -> list[Part]:
    face = _face(motor, rng, motor.can if rng.random() < 0.7 else motor.cap, motor.vents > 0)
    outline = flat_sided(0.915 * motor.radius_mm, motor.flat_mm - 0.085 * motor.radius_mm)
    boss, bush = float(rng.uniform(0.26, 0.4)) * motor.radius_mm, varied(BRASS, rng, 8)
    high = motor.nose_mm + min(2.5, 0.16 * motor.radius_mm)
    return [
        slab(outline, motor.nose_mm - 1.0, motor.nose_mm + 0.05, face, bevel_mm=0.2),
        rod(boss, motor.nose_mm, high, plain(motor.can, rng), segments=32),
        rod(0.6 * boss, high - 0.5, high + 0.6, plain(bush, rng), segments=24),
    ]


def gear_head(motor: Motor, rng: np.random.Generator) -> list[Part]:
    if motor.end != "gear_head":
        return []
    shell = varied((STEEL, BRASS, ZINC, BLACK_PLASTIC)[rng.integers(4)], rng, 8)
    wall = Canvas(TAU * motor.radius_mm, motor.gear_mm, shell, rng)
    wall.brushed(0.5)
    for turn in range(4):
        x = TAU * motor.radius_mm * (turn + 0.4) / 4
        wall.rect(x, 0.3 * motor.gear_mm, x + 2.2, 0.55 * motor.gear_mm, HOLE, radius_mm=0.5, raised_mm=-0.4)
    wall.line([(0, 0.75 * motor.gear_mm), (TAU * motor.radius_mm, 0.75 * motor.gear_mm)], 0.4, HOLE, raised_mm=-0.2)
    wall.grime(0.3)
    low, high = motor.nose_mm + 0.4, motor.nose_mm + motor.gear_mm
    outline = circle(motor.radius_mm * (0.98 if motor.flat_mm == motor.radius_mm else 0.9), segments=72)
    return [
        wrapped(outline, [(0.4, low), (0.0, low + 0.4), (0.0, high - 0.5), (0.5, high)], wall.surface()),
        slab(outline.buffer(-0.4), high - 0.6, high + 0.1, _face(motor, rng, shell, False), bevel_mm=0.3),
        slab(outline.buffer(-0.4), low - 0.1, low + 0.3, plain(shell, rng), bevel_mm=0.1),
    ]


def rear(motor: Motor, model: ItemModel, rng: np.random.Generator) -> list[Part]:
    """The end cap with its brushes and terminals."""
    start = motor.rear_mm
    outline = flat_sided(0.94 * motor.radius_mm, motor.flat_mm - 0.06 * motor.radius_mm)
    parts = [slab(outline, start, start + motor.cap_mm + 0.5, plain(motor.cap, rng), bevel_mm=0.08 * motor.radius_mm)]
    parts.append(rod(0.3 * motor.radius_mm, start - 1.2, start + 0.5, plain(motor.can, rng), segments=32))
    back = -0.5 * model.length_mm
    if motor.brushless:
        board = Canvas(6.0, 6.0, Paint((30, 96, 58), 0.35), rng)
        parts.append(
            box(
                (1.1 * motor.radius_mm, 0.7 * motor.radius_mm, 1.2),
                (0.0, -0.5 * motor.radius_mm, start - 0.6),
                board.surface(),
            )
        )
        return parts
    reach = 0.68 * motor.flat_mm
    for side in (-1, 1):
        tab = (0.9, 0.22 * motor.radius_mm, start - back + 0.5)
        parts.append(box(tab, (side * reach, 0.0, 0.5 * (start + back + 0.5)), plain(BRASS, rng), bevel_mm=0.15))
        bump = (0.3 * motor.radius_mm, 0.4 * motor.radius_mm, 1.6)
        parts.append(box(bump, (side * reach * 0.85, 0.0, start - 0.4), plain(motor.cap, rng), bevel_mm=0.4))
    if rng.random() < 0.35:
        disc = rod(0.28 * motor.radius_mm, -0.8, 0.8, plain(Paint((190, 120, 44), 0.4), rng))
        parts.append(disc.moved((0.0, 0.45 * motor.radius_mm, start - 0.9)))
    return parts


def shaft_end(motor: Motor, model: ItemModel, rng: np.random.Generator) -> list[Part]:
    low, high = motor.nose_mm, 0.5 * model.length_mm
    radius = max(0.8, motor.radius_mm * float(rng.uniform(0.09, 0.15))) * (1.35 if motor.gear_mm else 1.0)
    at = 0.35 * motor.radius_mm * float(rng.integers(0, 2)) if motor.gear_mm else 0.0
    shaft = rod(radius, low, high, plain(tinted(NICKEL, 1.05), rng)).moved((at, 0.0, 0.0))
    base = low + motor.gear_mm + min(3.4, 0.2 * motor.radius_mm) + 0.6
    if motor.end == "pinion" and high - base > 2.0:
        brass = varied((BRASS, BRASS, STEEL, WHITE_PLASTIC)[rng.integers(4)], rng, 8)
        toothed = gear(2.1 * radius + 0.6, int(rng.integers(8, 15)), 0.5 * radius + 0.25)
        return [shaft, slab(toothed, base, high - 0.5, plain(brass, rng), bevel_mm=0.25)]
    if motor.end == "pulley" and high - base > 2.0:
        outer, wheel = min(4.2 * radius, 0.6 * motor.radius_mm), plain(motor.cap, rng)
        third = (high - base) / 3
        return [
            shaft,
            disc_plate(outer, base, base + third, wheel),
            disc_plate(0.75 * outer, base + third, base + 2 * third, wheel),
            disc_plate(outer, base + 2 * third, high - 0.3, wheel),
        ]
    if motor.end == "weight" and high - base > 2.0:
        outer = 0.7 * motor.radius_mm
        half = circle(outer).intersection(
            Polygon([(-outer, -0.3 * outer), (outer, -0.3 * outer), (outer, outer), (-outer, outer)])
        )
        return [shaft, slab(half, base, high - 0.8, plain(tinted(STEEL, 0.8), rng), bevel_mm=0.5)]
    return [shaft]
