"""Brushed and brushless can motors, some with a gear head: shaft along x, terminals at the other end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.forms import (
    TAU,
    along_x,
    disc_plate,
    flat_sided,
    gear,
    plain,
    rod,
    stray_wire,
    wrapped,
)
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ANODISED_BLACK,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    BRASS,
    COPPER,
    GREEN_PLASTIC,
    INK,
    NICKEL,
    ORANGE_PLASTIC,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    ZINC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose

CANS = (ZINC, ZINC, NICKEL, STEEL, ANODISED_BLACK, Paint((206, 190, 140), 0.38, 1.0))
CAPS = (WHITE_PLASTIC, BLACK_PLASTIC, BLUE_PLASTIC, RED_PLASTIC, GREEN_PLASTIC, ORANGE_PLASTIC, YELLOW_PLASTIC)
HOLE = Paint((14, 13, 13), 0.9)
WIRES = (RED_PLASTIC, BLACK_PLASTIC, BLUE_PLASTIC, YELLOW_PLASTIC, WHITE_PLASTIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Motor:
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


def can_motor(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A motor with its can, caps, shaft end and print; wires on some."""
    motor = _drawn(model, rng)
    parts = [
        along_x(part, 0.5 * model.height_mm)
        for part in (*_can(motor, rng), *_nose(motor, rng), *_gear_head(motor, rng), *_rear(motor, model, rng))
    ]
    parts += [along_x(part, 0.5 * model.height_mm) for part in _shaft(motor, model, rng)]
    if pose.sprite == "rolled":  # a flat side is what it rests on
        parts = [part.moved((0.0, motor.flat_mm - motor.radius_mm, 0.0)) for part in parts]
    return Solid(parts=tuple(parts), loose=_wires(motor, model, pose, rng))


def _drawn(model: ItemModel, rng: np.random.Generator) -> _Motor:
    length, radius = model.length_mm, 0.5 * model.height_mm
    flat = radius * float(rng.uniform(0.76, 0.88)) if rng.random() < 0.3 else radius
    brushless = bool(rng.random() < 0.2)
    end = str(rng.choice(["pinion", "pinion", "bare", "bare", "pulley", "weight", "gear_head"]))
    gear_mm = length * float(rng.uniform(0.2, 0.32)) if end == "gear_head" else 0.0
    rear = -0.5 * length + (1.2 if brushless else min(3.5, 0.07 * length))
    return _Motor(
        radius_mm=radius,
        flat_mm=radius if end in ("gear_head", "weight") else flat,
        rear_mm=rear,
        cap_mm=length * float(rng.uniform(0.05, 0.16)),
        nose_mm=0.5 * length - length * float(rng.uniform(0.14, 0.26)) - gear_mm,
        gear_mm=gear_mm,
        can=varied(CANS[rng.integers(len(CANS))], rng, 9),
        cap=varied(CAPS[rng.integers(len(CAPS))], rng, 8),
        end=end,
        dress=str(rng.choice(["label", "label", "print", "sleeve", "bare", "strap"])),
        brushless=brushless,
        vents=int(rng.integers(0, 5)),
    )


def _can(motor: _Motor, rng: np.random.Generator) -> list[Part]:
    start, stop = motor.rear_mm + motor.cap_mm, motor.nose_mm
    edge = 0.07 * motor.radius_mm
    around, run = TAU * motor.radius_mm, stop - start
    canvas = Canvas(around, run, motor.can, rng)
    canvas.brushed(float(rng.uniform(0.2, 0.9)))
    seam = float(rng.uniform(0, around))
    canvas.line([(seam, 0.0), (seam, run)], 0.4, tinted(motor.can, 0.45), raised_mm=-0.15)
    for turn in range(4 if motor.vents > 2 else 2):
        x = around * ((turn + 0.5) / (4 if motor.vents > 2 else 2) % 1.0)
        if motor.vents:
            half = 0.05 * around
            canvas.rect(x - half, 0.1 * run, x + half, 0.22 * run, HOLE, radius_mm=1.0, raised_mm=-0.5)
            canvas.rect(x - 0.6 * half, 0.13 * run, x + 0.4 * half, 0.19 * run, tinted(COPPER, 0.45), radius_mm=0.6)
        canvas.rect(x + 0.09 * around, 0.0, x + 0.11 * around, 0.05 * run, HOLE, raised_mm=-0.3)
    _dressed(canvas, motor, rng, around, run)
    canvas.mottle(0.12, 6.0)
    canvas.scratches(int(rng.integers(5, 30)), length_mm=12.0, strength=0.5)
    canvas.grime(float(rng.uniform(0.05, 0.4)))
    if rng.random() < 0.3:
        canvas.rust(float(rng.uniform(0.05, 0.35)))
    profile = [(0.5 * edge, start), (0.0, start + 0.5 * edge), (0.0, stop - edge)]
    profile += [(0.3 * edge, stop - 0.3 * edge), (1.2 * edge, stop)]
    parts = [wrapped(flat_sided(motor.radius_mm, motor.flat_mm), profile, canvas.surface())]
    if motor.dress == "strap":
        strap = Canvas(around, 0.5 * run, varied(motor.can, rng, 14), rng)
        strap.brushed(0.5, 90.0)
        strap.line([(seam, 0.0), (seam, run)], 0.7, HOLE, raised_mm=-0.3)
        strap.scratches(8, length_mm=8.0)
        thick = min(0.6, 0.05 * motor.radius_mm)
        low, high = start + 0.2 * run, start + 0.7 * run
        profile = [(thick, low), (-0.0, low + 0.2), (-0.0, high - 0.2), (thick, high)]
        inner = [(0.0, start), (0.0, stop - edge), (1.2 * edge, stop)]
        parts = [wrapped(flat_sided(motor.radius_mm - thick, motor.flat_mm - thick), inner, parts[0].surface)]
        parts.append(wrapped(flat_sided(motor.radius_mm, motor.flat_mm), profile, strap.surface()))
    return parts


def _dressed(canvas: Canvas, motor: _Motor, rng: np.random.Generator, around: float, run: float) -> None:
    """Label, print or sleeve; its middle anywhere around, mostly where one of the poses shows it."""
    middle = around * float(rng.choice([0.05, 0.22, 0.27, 0.3, 0.6]))
    name, number = brand(rng), serial(rng)
    volts = f"{rng.choice([3, 6, 9, 12, 18, 24, 36])} V DC  {rng.integers(2, 190) * 100} rpm"
    if motor.dress == "sleeve":
        colour = varied(CAPS[rng.integers(1, len(CAPS))], rng, 10)
        canvas.rect(0.0, 0.28 * run, around, 0.92 * run, colour, raised_mm=0.05)
        for spot in (middle, (middle + 0.5 * around) % around):
            canvas.text(name, spot - 0.07 * around, 0.6 * run, 0.09 * around, WHITE_INK, angle_deg=90, font="bold",
                        fit_mm=0.5 * run)  # fmt: skip
            canvas.text(
                volts, spot + 0.02 * around, 0.6 * run, 0.04 * around, WHITE_INK, angle_deg=90, fit_mm=0.5 * run
            )
    elif motor.dress == "label":
        half = around * float(rng.uniform(0.1, 0.17))
        paper = [WHITE_INK, WHITE_INK, BLUE_PLASTIC, YELLOW_PLASTIC, Paint((196, 198, 202), 0.4, 0.6)][rng.integers(5)]
        ink = WHITE_INK if paper is BLUE_PLASTIC else INK
        middle = float(np.clip(middle, half + 0.5, around - half - 0.5))
        canvas.rect(middle - half, 0.3 * run, middle + half, 0.9 * run, paper, radius_mm=0.8, raised_mm=0.08)
        for place, text, size, font in ((-0.55, name, 0.5, "bold"), (0.02, volts, 0.25, "sans"),
                                        (0.38, f"MODEL {number}", 0.22, "sans"), (0.72, number[::-1], 0.2, "mono")):  # fmt: skip
            canvas.text(text, middle + place * half, 0.6 * run, size * half, ink, angle_deg=90, font=font,  # type: ignore[arg-type]
                        fit_mm=0.55 * run)  # fmt: skip
    elif motor.dress == "print":
        for row, text in enumerate((f"{name} {number[:6]}", volts, number)):
            canvas.text(text, middle + (row - 1) * 0.055 * around, 0.58 * run, 0.038 * around, INK, angle_deg=90,
                        fit_mm=0.7 * run)  # fmt: skip


def _face(motor: _Motor, rng: np.random.Generator, paint: Paint, holes: bool) -> Surface:
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


def _nose(motor: _Motor, rng: np.random.Generator) -> list[Part]:
    face = _face(motor, rng, motor.can if rng.random() < 0.7 else motor.cap, motor.vents > 0)
    outline = flat_sided(0.915 * motor.radius_mm, motor.flat_mm - 0.085 * motor.radius_mm)
    boss, bush = float(rng.uniform(0.26, 0.4)) * motor.radius_mm, varied(BRASS, rng, 8)
    high = motor.nose_mm + min(2.5, 0.16 * motor.radius_mm)
    return [
        slab(outline, motor.nose_mm - 1.0, motor.nose_mm + 0.05, face, bevel_mm=0.2),
        rod(boss, motor.nose_mm, high, plain(motor.can, rng), segments=32),
        rod(0.6 * boss, high - 0.5, high + 0.6, plain(bush, rng), segments=24),
    ]


def _gear_head(motor: _Motor, rng: np.random.Generator) -> list[Part]:
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


def _rear(motor: _Motor, model: ItemModel, rng: np.random.Generator) -> list[Part]:
    """The end cap with its brushes and terminals."""
    start = motor.rear_mm
    outline = flat_sided(0.94 * motor.radius_mm, motor.flat_mm - 0.06 * motor.radius_mm)
    parts = [slab(outline, start, start + motor.cap_mm + 0.5, plain(motor.cap, rng), bevel_mm=0.08 * motor.radius_mm)]
    parts.append(rod(0.3 * motor.radius_mm, start - 1.2, start + 0.5, plain(motor.can, rng), segments=32))
    back = -0.5 * model.length_mm
    if motor.brushless:
        board = Canvas(6.0, 6.0, Paint((30, 96, 58), 0.35), rng)
        parts.append(box((1.1 * motor.radius_mm, 0.7 * motor.radius_mm, 1.2), (0.0, -0.5 * motor.radius_mm, start - 0.6), board.surface()))  # fmt: skip
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


def _shaft(motor: _Motor, model: ItemModel, rng: np.random.Generator) -> list[Part]:
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
        return [shaft, disc_plate(outer, base, base + third, wheel), disc_plate(0.75 * outer, base + third, base + 2 * third, wheel),
                disc_plate(outer, base + 2 * third, high - 0.3, wheel)]  # fmt: skip
    if motor.end == "weight" and high - base > 2.0:
        outer = 0.7 * motor.radius_mm
        half = circle(outer).intersection(
            Polygon([(-outer, -0.3 * outer), (outer, -0.3 * outer), (outer, outer), (-outer, outer)])
        )
        return [shaft, slab(half, base, high - 0.8, plain(tinted(STEEL, 0.8), rng), bevel_mm=0.5)]
    return [shaft]


def _wires(motor: _Motor, model: ItemModel, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    if rng.random() < 0.45:
        return ()
    pair = [WIRES[0], WIRES[1]] if rng.random() < 0.6 else [WIRES[i] for i in rng.choice(len(WIRES), 2, replace=False)]
    thick = float(np.clip(0.05 * motor.radius_mm, 0.45, 1.1))
    parts: list[Part] = []
    for side, paint in zip((-1, 1), pair, strict=True):
        heading, length = math.pi + 0.3 * float(rng.normal()), float(rng.uniform(8, 40))
        if pose.sprite == "standing":
            start = (-motor.radius_mm * 0.9, side * 2.0, thick + 0.5)
        else:
            start = (0.5 - 0.5 * model.length_mm, side * 0.5 * motor.flat_mm, 0.5 * model.height_mm)
        parts += stray_wire(rng, start, heading, length, thick, paint)
    return tuple(parts)
