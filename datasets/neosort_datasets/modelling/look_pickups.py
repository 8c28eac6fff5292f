"""Guitar pick-ups: single coils, covered and open humbuckers; wound wire, base plate and leads beneath."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.forms import disc_plate, from_below, plain, rod, stray_wire, wrapped
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    BRASS,
    CHROME,
    COPPER,
    GOLD,
    NICKEL,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose

COVERS = (BLACK_PLASTIC, WHITE_PLASTIC, BEIGE_PLASTIC, BLACK_PLASTIC)
METAL_COVERS = (CHROME, NICKEL, GOLD, Paint((54, 54, 56), 0.25, 0.8))
FIBRE = (Paint((32, 31, 31), 0.7), Paint((128, 118, 100), 0.8), Paint((74, 44, 34), 0.7))


def pickup(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A pick-up, its poles up as made."""
    form = str(rng.choice(["single", "single", "covered", "open", "ring"]))
    length, width, high = model.length_mm, model.width_mm, model.height_mm
    single = form == "single"
    parts = _single(length, width, high, rng) if single else _humbucker(length, width, high, form, rng)
    return Solid(parts=tuple(parts), loose=_leads(length, high, pose, rng))


def _wound(outline: Polygon, low: float, top: float, rng: np.random.Generator) -> Part:
    """A coil of fine wire, or its tape."""
    taped = rng.random() < 0.4
    paint = (
        varied(Paint((30, 30, 32), 0.4), rng, 5)
        if taped
        else varied((COPPER, Paint((128, 52, 30), 0.35, 0.7))[rng.integers(2)], rng, 9)
    )
    side = Canvas(80.0, 10.0, paint, rng, px_per_mm=3.0)
    for y in np.arange(0.3, 10, 0.7):
        side.line([(0, y), (80, y)], 0.25, tinted(paint, 0.7), raised_mm=-0.05)
    return wrapped(outline, [(0.2, low), (0.0, low + 0.4), (0.0, top - 0.4), (0.2, top)], side.surface())


def _pole_spots(length: float, count: int = 6) -> list[float]:
    step = 0.62 * length / (count - 1)
    return [(number - 0.5 * (count - 1)) * step for number in range(count)]


def _single(length: float, width: float, high: float, rng: np.random.Generator) -> list[Part]:
    """Two fibre bobbins with six magnets, mostly under a plastic cover with rounded ends."""
    covered = rng.random() < 0.65
    cover, fibre = varied(COVERS[rng.integers(len(COVERS))], rng, 7), varied(FIBRE[rng.integers(len(FIBRE))], rng, 7)
    body = rounded_rectangle(0.84 * length, 0.72 * width, 0.35 * width)
    base = rounded_rectangle(length, 0.6 * width, 0.3 * width).union(
        rounded_rectangle(0.72 * length, width, 0.24 * width)
    )
    top, floor = high - 1.2, 0.22 * high
    parts = [slab(base, floor, floor + 2.2, _bottom(base, fibre, rng), bevel_mm=0.3)]
    if covered:
        parts.append(slab(body, floor + 1.0, top, _top(body, cover, rng, name=rng.random() < 0.5), bevel_mm=1.2))
    else:
        inner = rounded_rectangle(0.74 * length, 0.6 * width, 0.3 * width)
        parts.append(_wound(inner, floor + 1.5, top - 2.0, rng))
        parts.append(slab(body.buffer(-0.5), top - 2.2, top, _top(body, fibre, rng, name=False), bevel_mm=0.3))
    stagger = rng.uniform(0.0, 1.2, 6)
    steel = plain(varied(Paint((156, 152, 146), 0.4, 1.0), rng, 8), rng, 0.2)
    for x, up in zip(_pole_spots(0.84 * length), stagger, strict=True):
        parts.append(rod(2.4, 0.0, top + 1.2 - float(up), steel).moved((x, 0.0, 0.0)))
    for side in (-1, 1):
        eyelet = disc_plate(1.5, 0.7 * floor, floor, plain(BRASS, rng)).moved(
            (side * 0.12 * length, -0.36 * width, 0.0)
        )
        parts.append(eyelet)
    return parts


def _top(body: Polygon, paint: Paint, rng: np.random.Generator, *, name: bool) -> Surface:
    x0, y0, x1, y1 = body.bounds
    canvas = Canvas(x1 - x0, y1 - y0, paint, rng)
    if name:
        ink = WHITE_INK if sum(paint.srgb) < 330 else tinted(paint, 0.5)
        canvas.text(
            brand(rng), 0.5 * (x1 - x0), 0.2 * (y1 - y0), 0.1 * (y1 - y0), ink, font="oblique", fit_mm=0.4 * (x1 - x0)
        )
    canvas.mottle(0.08, 5.0)
    canvas.scratches(int(rng.integers(6, 30)), length_mm=14.0)
    canvas.grime(float(rng.uniform(0.0, 0.4)))
    return canvas.surface()


def _bottom(base: Polygon, paint: Paint, rng: np.random.Generator) -> Surface:
    """The base plate from below: stamped number, wax, solder."""
    x0, y0, x1, y1 = base.bounds
    wide, high = x1 - x0, y1 - y0
    canvas = Canvas(wide, high, paint, rng)
    ink = WHITE_INK if sum(paint.srgb) < 330 else Paint((40, 38, 36), 0.7)
    canvas.text(serial(rng, 6), 0.5 * wide, 0.24 * high, 0.1 * high, ink, font="mono", fit_mm=0.4 * wide)
    for _ in range(5):
        canvas.disc(
            float(rng.uniform(0.1, 0.9)) * wide,
            float(rng.uniform(0.2, 0.8)) * high,
            float(rng.uniform(1, 4)),
            varied(tinted(paint, 1.2), rng, 6),
            raised_mm=0.1,
        )
    for x in (0.42, 0.5):
        canvas.disc(x * wide, 0.7 * high, 1.3, Paint((214, 214, 216), 0.3, 1.0), raised_mm=0.6)
    for side in (0.05, 0.95):
        canvas.disc(side * wide, 0.5 * high, 1.4, Paint((12, 12, 12), 0.9), raised_mm=-0.5)
    canvas.scratches(int(rng.integers(4, 18)), length_mm=12.0)
    canvas.grime(float(rng.uniform(0.1, 0.6)))
    return from_below(canvas.surface())


def _humbucker(length: float, width: float, high: float, form: str, rng: np.random.Generator) -> list[Part]:
    """Two coils side by side: under a metal cover, open (often of two colours), or in a plastic mounting ring."""
    metal = varied(METAL_COVERS[rng.integers(len(METAL_COVERS))], rng, 6)
    plate = rounded_rectangle(length, 0.3 * width, 2.0).union(rounded_rectangle(0.8 * length, 0.96 * width, 1.5))
    parts = [
        slab(
            plate, 0.0, 1.3, _bottom(plate, varied((NICKEL, BRASS, STEEL)[rng.integers(3)], rng, 8), rng), bevel_mm=0.3
        )
    ]
    top = high - 0.8
    screw = plain(varied(NICKEL if rng.random() < 0.7 else GOLD, rng, 6), rng)
    if form == "covered":
        body = rounded_rectangle(0.8 * length, 0.94 * width, 2.6)
        parts.append(slab(body, 1.2, top, _top(body, metal, rng, name=rng.random() < 0.4), bevel_mm=1.4))
        rows: tuple[float, ...] = (0.24 * width,)
    else:
        first = varied(COVERS[rng.integers(len(COVERS))], rng, 6)
        second = varied(COVERS[rng.integers(len(COVERS))], rng, 6) if rng.random() < 0.5 else first
        for paint, y in ((first, 0.24 * width), (second, -0.24 * width)):
            bobbin = rounded_rectangle(0.78 * length, 0.44 * width, 0.2 * width, (0.0, y))
            core = rounded_rectangle(0.74 * length, 0.39 * width, 0.18 * width, (0.0, y))
            parts.append(_wound(core, 1.4, top - 1.8, rng))
            parts.append(slab(bobbin, top - 2.0, top, _top(bobbin, paint, rng, name=False), bevel_mm=0.5))
        rows = (0.24 * width, -0.24 * width)
    if form == "ring":
        ring = rounded_rectangle(length, width, 1.5).difference(rounded_rectangle(0.81 * length, 0.93 * width, 1.5))
        parts.append(
            slab(
                ring,
                0.5 * high,
                0.66 * high,
                _top(ring.envelope, varied(COVERS[rng.integers(4)], rng, 6), rng, name=False),
                bevel_mm=0.8,
            )
        )
    for row, y in enumerate(rows):
        for x in _pole_spots(0.8 * length):
            radius = 1.7 if row == 0 else 2.3
            parts.append(rod(radius, top - 2.0, high, screw).moved((x, y, 0.0)))
    return parts


def _leads(length: float, high: float, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    if rng.random() < 0.15:
        return ()
    paints = [
        (BLACK_PLASTIC, WHITE_PLASTIC),
        (BLACK_PLASTIC, YELLOW_PLASTIC),
        (Paint((150, 148, 144), 0.5, 0.8),),
        (RED_PLASTIC, BLACK_PLASTIC),
    ][rng.integers(4)]
    heading, reach = float(rng.uniform(-0.5, 0.5)), float(rng.uniform(14, 65))
    z = 0.3 * high if pose.sprite == "face" else 0.75 * high
    parts: list[Part] = []
    for number, paint in enumerate(paints):
        start = (0.36 * length, 1.5 - 3.0 * number, z)
        parts += stray_wire(rng, start, heading + 0.1 * float(rng.normal()), reach, 0.8, paint, curl=0.03)
    return tuple(parts)
