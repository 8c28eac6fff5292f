"""Relays with a magnet of their own: sealed blocks, ones under a clear cover, open ones on their base."""

from __future__ import annotations

import numpy as np

from neosort_datasets.modelling.forms import along_x, from_below, plain, rod
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    BRASS,
    COPPER,
    GREY_PLASTIC,
    INK,
    NICKEL,
    ORANGE_PLASTIC,
    PCB_BROWN,
    RED_PLASTIC,
    SOLDER,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    ZINC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose

BLOCKS = (
    BLUE_PLASTIC,
    BLACK_PLASTIC,
    BLACK_PLASTIC,
    WHITE_PLASTIC,
    ORANGE_PLASTIC,
    GREY_PLASTIC,
    RED_PLASTIC,
    BEIGE_PLASTIC,
)
TAPES = (
    YELLOW_PLASTIC,
    Paint((196, 150, 60), 0.35),
    Paint((34, 76, 60), 0.4),
    WHITE_PLASTIC,
    Paint((150, 60, 34), 0.35),
)
BASES = (PCB_BROWN, BLACK_PLASTIC, Paint((86, 52, 34), 0.5), BEIGE_PLASTIC)


def relay(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A relay standing on its pins as made."""
    form = str(rng.choice(["block", "clear", "open", "open"]))
    length, width, high = model.length_mm, model.width_mm, model.height_mm
    base = varied(BASES[rng.integers(len(BASES))], rng, 8)
    pins = min(4.5, 0.16 * high)
    parts = _pins(length, width, pins, rng)
    under = _underside(length, width, base, rng)
    parts.append(slab(rounded_rectangle(length, width, 1.0), pins, pins + 2.2, under, bevel_mm=0.3))
    if form == "block":
        paint = varied(BLOCKS[rng.integers(len(BLOCKS))], rng, 8)
        body = rounded_rectangle(length, width, float(rng.uniform(0.4, 1.6)))
        parts.append(slab(body, pins + 0.8, high, _print(length, width, paint, rng), bevel_mm=0.7))
    elif form == "clear":
        parts += _works(length, width, pins + 2.2, 0.55 * (high - pins) + pins, rng)
        parts += _clear_cover(length, width, pins + 2.2, high, rng)
    else:
        parts += _works(length, width, pins + 2.2, high, rng)
    return Solid(parts=tuple(parts))


def _pins(length: float, width: float, reach: float, rng: np.random.Generator) -> list[Part]:
    metal = plain(varied((SOLDER, BRASS, NICKEL)[rng.integers(3)], rng, 8), rng)
    rows, flat = int(rng.integers(3, 6)), bool(rng.random() < 0.5)
    parts = []
    for row in range(rows):
        x = (row / (rows - 1) - 0.5) * 0.8 * length
        for side in (-1, 1):
            if rng.random() < 0.1:  # broken off
                continue
            size = (0.8, 3.2, reach + 0.4) if flat else (1.0, 1.0, reach + 0.4)
            lean = float(rng.normal(0, 0.3))
            parts.append(box(size, (x + lean, side * 0.34 * width, 0.5 * reach + 0.2), metal, bevel_mm=0.2))
    parts.append(box((1.0, 1.0, reach + 0.4), (0.4 * length, 0.0, 0.5 * reach + 0.2), metal, bevel_mm=0.2))
    return parts


def _underside(length: float, width: float, base: Paint, rng: np.random.Generator) -> Surface:
    canvas = Canvas(length, width, base, rng)
    canvas.text(
        serial(rng, 6), 0.5 * length, 0.5 * width, 0.08 * width, tinted(base, 1.5), font="mono", fit_mm=0.5 * length
    )
    canvas.rect(0.06 * length, 0.08 * width, 0.94 * length, 0.12 * width, tinted(base, 0.7), raised_mm=-0.3)
    canvas.mottle(0.12, 5.0)
    canvas.scratches(6, length_mm=10.0)
    canvas.grime(float(rng.uniform(0.1, 0.5)))
    return from_below(canvas.surface())


def _print(length: float, width: float, paint: Paint, rng: np.random.Generator) -> Surface:
    """The top of a sealed one: maker, type, ratings, the contacts' scheme."""
    canvas = Canvas(length, width, paint, rng, px_per_mm=5.0)
    ink = WHITE_INK if sum(paint.srgb) < 400 else INK
    canvas.text(brand(rng), 0.36 * length, 0.78 * width, 0.13 * width, ink, font="bold", fit_mm=0.55 * length)
    canvas.text(
        f"{serial(rng, 4)}-{serial(rng, 4)}", 0.36 * length, 0.58 * width, 0.09 * width, ink, fit_mm=0.55 * length
    )
    volts = f"{rng.choice([5, 12, 24, 48, 110])} V"
    canvas.text(volts, 0.36 * length, 0.38 * width, 0.14 * width, ink, font="bold")
    canvas.text(f"{rng.integers(1, 16)}A 250V~", 0.36 * length, 0.2 * width, 0.08 * width, ink, fit_mm=0.55 * length)
    x, y = 0.8 * length, 0.5 * width
    canvas.rect(x - 0.09 * length, y - 0.3 * width, x + 0.09 * length, y - 0.06 * width, ink)
    canvas.rect(x - 0.08 * length, y - 0.28 * width, x + 0.08 * length, y - 0.08 * width, paint)
    canvas.line(
        [
            (x - 0.09 * length, y + 0.06 * width),
            (x + 0.02 * length, y + 0.16 * width),
            (x + 0.02 * length, y + 0.32 * width),
        ],
        0.35,
        ink,
    )
    canvas.line([(x - 0.09 * length, y + 0.26 * width), (x - 0.03 * length, y + 0.26 * width)], 0.35, ink)
    canvas.scratches(int(rng.integers(6, 25)), length_mm=10.0)
    canvas.smears(int(rng.integers(0, 3)))
    canvas.dust(float(rng.uniform(0.1, 0.5)))
    return canvas.surface()


def _works(length: float, width: float, low: float, high: float, rng: np.random.Generator) -> list[Part]:
    """Coil between its cheeks, yoke, armature, springs with their contacts."""
    room = high - low
    radius = 0.5 * min(0.86 * room, 0.56 * width)
    tape = varied(TAPES[rng.integers(len(TAPES))] if rng.random() < 0.6 else COPPER, rng, 9)
    wound = Canvas(30.0, 20.0, tape, rng)
    for y in np.arange(0.4, 20, 0.9):
        wound.line([(0, y), (30, y)], 0.3, tinted(tape, 0.75), raised_mm=-0.1)
    wound.dust(0.3)
    y = -0.16 * width
    coil = along_x(rod(radius, -0.22 * length, 0.22 * length, wound.surface(), segments=40), low + radius + 0.6)
    cheek = plain(varied((WHITE_PLASTIC, BLACK_PLASTIC, PCB_BROWN)[rng.integers(3)], rng, 8), rng)
    parts = [coil.moved((-0.12 * length, y, 0.0))]
    for x in (-0.35, 0.11):
        parts.append(box((1.4, 2.15 * radius, 2.1 * radius), (x * length, y, low + radius + 0.6), cheek, bevel_mm=0.4))
    iron = varied((ZINC, STEEL, NICKEL)[rng.integers(3)], rng, 8)
    yoke = Canvas(0.52 * length, 0.5 * width, iron, rng)
    yoke.scratches(8, length_mm=8.0)
    if rng.random() < 0.4:
        yoke.rust(0.25)
    parts.append(
        box((1.8, 0.5 * width, room - 0.4), (-0.4 * length, y, low + 0.5 * room), plain(iron, rng), bevel_mm=0.3)
    )
    parts.append(box((0.58 * length, 0.26 * width, 1.6), (-0.12 * length, y, high - 0.8), yoke.surface(), bevel_mm=0.3))
    return parts + _springs(length, width, low, high, rng)


def _springs(length: float, width: float, low: float, high: float, rng: np.random.Generator) -> list[Part]:
    brass = plain(varied(BRASS, rng, 9), rng)
    comb = plain(varied((WHITE_PLASTIC, BLACK_PLASTIC, RED_PLASTIC)[rng.integers(3)], rng, 8), rng)
    silver = plain(varied(Paint((216, 214, 208), 0.3, 1.0), rng, 6), rng)
    count, parts = int(rng.integers(3, 6)), []
    for spring in range(count):
        y = width * (0.16 + 0.29 * spring / (count - 1))
        blade = (0.66 * length, 0.5, 0.34 * (high - low))
        z = low + (0.5 + 0.1 * (spring % 2)) * (high - low)
        parts.append(box(blade, (0.06 * length + float(rng.normal(0, 0.3)), y, z), brass, bevel_mm=0.1))
        parts.append(box((2.0, 1.2, 2.0), (0.36 * length, y, z), silver, bevel_mm=0.4))
    parts.append(
        box(
            (0.12 * length, 0.36 * width, 0.7 * (high - low)),
            (-0.24 * length, 0.3 * width, low + 0.36 * (high - low)),
            comb,
            bevel_mm=0.4,
        )
    )
    parts.append(box((1.6, 0.4 * width, 1.4), (0.28 * length, 0.28 * width, high - 1.2), comb, bevel_mm=0.3))
    return parts


def _clear_cover(length: float, width: float, low: float, high: float, rng: np.random.Generator) -> list[Part]:
    """A hood that was clear once: its works show dimly through the yellowed top."""
    hood = varied(rougher(Paint((118, 112, 96), 0.14), 0.14), rng, 10)
    canvas = Canvas(length, width, hood, rng, px_per_mm=5.0)
    tape = varied(TAPES[rng.integers(len(TAPES))], rng, 9)
    canvas.rect(
        0.16 * length, 0.14 * width, 0.6 * length, 0.56 * width, rougher(tinted(tape, 0.72), 0.14), radius_mm=1.0
    )
    for row in range(4):
        y = (0.66 + 0.075 * row) * width
        canvas.line(
            [(0.2 * length, y), (0.86 * length, y)], 0.7, rougher(tinted(Paint((180, 150, 90), 0.14), 0.8), 0.14)
        )
    canvas.rect(0.7 * length, 0.16 * width, 0.8 * length, 0.9 * width, rougher(tinted(STEEL, 0.5), 0.14))
    canvas.mottle(0.15, 6.0)
    canvas.text(brand(rng), 0.4 * length, 0.35 * width, 0.12 * width, WHITE_INK, font="bold", fit_mm=0.4 * length)
    canvas.scratches(int(rng.integers(10, 35)), length_mm=12.0, strength=0.6)
    canvas.dust(float(rng.uniform(0.1, 0.5)))
    return [slab(rounded_rectangle(0.98 * length, 0.98 * width, 1.4), low - 0.4, high, canvas.surface(), bevel_mm=0.9)]
