"""Panel meters of old: bezel, dial and needle under glass; the barrel with its studs behind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.forms import disc_plate, from_below, plain, ring_outline, rod
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    BRASS,
    GREY_PLASTIC,
    INK,
    PAPER,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    ZINC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose

BEZELS = (BLACK_PLASTIC, BLACK_PLASTIC, BLACK_PLASTIC, GREY_PLASTIC, BEIGE_PLASTIC, Paint((64, 44, 34), 0.3))
DIALS = (PAPER, PAPER, Paint((222, 208, 168), 0.6), Paint((30, 30, 32), 0.6), Paint((214, 188, 120), 0.6))
UNITS = ("V", "A", "mA", "µA", "VU", "Ω", "kV", "dB", "Hz", "°C", "%")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dial:
    """Its window's edges, where its needle turns (x, y from the window's middle) and how its scale runs (rad)."""

    wide_mm: float
    high_mm: float
    pivot_mm: float
    reach_mm: float
    half_rad: float
    paper: Paint
    unit: str
    top: int
    maker: str
    broken: bool


def meter(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A meter, its face up as made."""
    length, width, high = model.length_mm, model.width_mm, model.height_mm
    round_face = bool(rng.random() < 0.35) and width > 0.9 * length
    bezel = varied(BEZELS[rng.integers(len(BEZELS))], rng, 7)
    flange = high * float(rng.uniform(0.28, 0.4))
    dial = _drawn(length, width, round_face, rng)
    middle = (0.5 - 0.5 * float(rng.uniform(0.84, 0.92))) * width if not round_face else 0.0
    parts = [part.moved((0.0, 0.0 if round_face else middle, 0.0)) for part in _window(dial, high, round_face, rng)]
    outline = circle(0.5 * width, segments=80) if round_face else rounded_rectangle(length, width, 0.06 * width)
    opening = (
        circle(0.5 * dial.wide_mm, segments=64)
        if round_face
        else rounded_rectangle(dial.wide_mm, dial.high_mm, 1.5, (0.0, middle))
    )
    parts.append(
        slab(
            outline.difference(opening),
            high - flange,
            high,
            _bezel(outline.bounds, bezel, dial, round_face, rng),
            bevel_mm=1.0,
        )
    )
    parts.append(slab(outline.buffer(-0.3), high - flange - 0.1, high - flange + 1.5, plain(bezel, rng), bevel_mm=0.1))
    parts += _barrel(min(length, width), high - flange, bezel, rng)
    return Solid(parts=tuple(parts))


def _drawn(length: float, width: float, round_face: bool, rng: np.random.Generator) -> _Dial:
    wide = 0.8 * width if round_face else 0.9 * length
    high = wide if round_face else float(rng.uniform(0.55, 0.72)) * width
    return _Dial(
        wide_mm=wide,
        high_mm=high,
        pivot_mm=-0.3 * high if round_face else -0.42 * high,
        reach_mm=0.6 * high if round_face else 0.7 * high,
        half_rad=float(rng.uniform(0.65, 0.85)),
        paper=varied(DIALS[rng.integers(len(DIALS))], rng, 8),
        unit=str(rng.choice(UNITS)),
        top=int(rng.choice([1, 3, 5, 10, 15, 30, 50, 100, 250, 500])),
        maker=brand(rng),
        broken=bool(rng.random() < 0.3),
    )


def _window(dial: _Dial, high: float, round_face: bool, rng: np.random.Generator) -> list[Part]:
    """The dial under its glass (a gloss on what lies below it), and the needle."""
    face = Canvas(dial.wide_mm, dial.high_mm, rougher(dial.paper, 0.12), rng, px_per_mm=6.0)
    _scale(face, dial, rng)
    angle = 0.5 * math.pi + dial.half_rad * float(rng.uniform(0.6, 1.05)) * (1.0 if rng.random() < 0.7 else -0.6)
    needle_paint = (INK, INK, RED_PLASTIC, WHITE_INK)[rng.integers(4)]
    if sum(dial.paper.srgb) < 200:
        needle_paint = WHITE_INK
    x, y = 0.5 * dial.wide_mm, 0.5 * dial.high_mm + dial.pivot_mm
    if dial.broken:
        _cracks(face, dial, rng)
    else:
        face.smears(int(rng.integers(0, 3)))
    face.dust(float(rng.uniform(0.0, 0.4)))
    level = high - float(rng.uniform(1.6, 3.4))
    outline = (
        circle(0.5 * dial.wide_mm, segments=64) if round_face else rounded_rectangle(dial.wide_mm, dial.high_mm, 1.5)
    )
    parts = [slab(outline, level - 1.5, level, face.surface(), bevel_mm=0.1)]
    run = 0.92 * dial.reach_mm
    needle = box((run, 0.7, 0.3), (0.5 * run, 0.0, 0.0), plain(needle_paint, rng), bevel_mm=0.05).turned(
        turn("z", angle)
    )
    parts.append(needle.moved((x - 0.5 * dial.wide_mm, y - 0.5 * dial.high_mm, level + 0.7)))
    if not round_face:
        cover = circle(0.24 * dial.high_mm, (0.0, dial.pivot_mm), 40).intersection(outline.buffer(-0.1))
        if cover.geom_type == "Polygon":
            parts.append(slab(cover, level, level + 1.2, plain(varied(BLACK_PLASTIC, rng, 6), rng), bevel_mm=0.4))
    return parts


def _scale(face: Canvas, dial: _Dial, rng: np.random.Generator) -> None:
    """Arc, ticks, numbers, unit and the maker's small print."""
    ink = WHITE_INK if sum(dial.paper.srgb) < 200 else INK
    x0, y0 = 0.5 * dial.wide_mm, 0.5 * dial.high_mm + dial.pivot_mm
    angles = 0.5 * math.pi + dial.half_rad * np.linspace(1, -1, 61)
    reach = dial.reach_mm
    arc = np.column_stack([x0 + reach * np.cos(angles), y0 + reach * np.sin(angles)])
    face.line(arc, 0.45, ink)
    if rng.random() < 0.4:
        face.line(arc[44:] * 1.0, 1.3, RED_PLASTIC)
    if rng.random() < 0.3:  # a mirror against parallax
        mirror = (arc - (x0, y0)) * 0.9 + (x0, y0)
        face.line(mirror, 1.5, Paint((190, 196, 200), 0.08, 1.0))
    divisions = int(rng.choice([4, 5, 6, 10]))
    for tick in range(divisions * 5 + 1):
        angle = 0.5 * math.pi + dial.half_rad * (1 - 2 * tick / (divisions * 5))
        long = 1.1 if tick % 5 == 0 else 1.055
        cos, sin = math.cos(angle), math.sin(angle)
        face.line(
            [(x0 + reach * cos, y0 + reach * sin), (x0 + long * reach * cos, y0 + long * reach * sin)],
            0.5 if tick % 5 == 0 else 0.28,
            ink,
        )
        text = f"{dial.top * tick / (divisions * 5):g}"
        if tick % 5 == 0 and divisions <= 6 and len(text) <= 4:
            face.text(
                text,
                x0 + 1.19 * reach * cos,
                y0 + 1.19 * reach * sin,
                0.06 * dial.high_mm,
                ink,
                angle_deg=math.degrees(angle) - 90,
            )
    face.text(dial.unit, x0, y0 + 0.58 * reach, 0.13 * dial.high_mm, ink, font="bold")
    face.text(dial.maker, x0 - 0.28 * dial.wide_mm, y0 + 0.16 * reach, 0.04 * dial.high_mm, ink)
    face.text(f"CL. 2.5  {serial(rng, 5)}", x0 + 0.27 * dial.wide_mm, y0 + 0.16 * reach, 0.035 * dial.high_mm, ink)
    face.mottle(0.05, 8.0)


def _cracks(face: Canvas, dial: _Dial, rng: np.random.Generator) -> None:
    """Glass broken from one blow: rays, and rings between them."""
    x, y = float(rng.uniform(0.2, 0.8)) * dial.wide_mm, float(rng.uniform(0.2, 0.8)) * dial.high_mm
    light = Paint((206, 212, 214), 0.4)
    for ray in range(int(rng.integers(5, 12))):
        angle = math.tau * ray / 9 + float(rng.normal(0, 0.25))
        run = np.linspace(0, float(rng.uniform(0.3, 1.0)) * dial.wide_mm, 7)
        bend = angle + np.cumsum(rng.normal(0, 0.07, 7))
        face.line(np.column_stack([x + run * np.cos(bend), y + run * np.sin(bend)]), 0.25, light)


def _bezel(
    bounds: tuple[float, float, float, float], paint: Paint, dial: _Dial, round_face: bool, rng: np.random.Generator
) -> Surface:
    wide, high = bounds[2] - bounds[0], bounds[3] - bounds[1]
    canvas = Canvas(wide, high, paint, rng)
    if not round_face:
        canvas.text(
            dial.maker,
            0.5 * wide,
            0.09 * high,
            0.05 * high,
            WHITE_INK if sum(paint.srgb) < 330 else INK,
            font="bold",
            fit_mm=0.4 * wide,
        )
    else:
        for angle in (0.8, 2.34, 3.94, 5.48):
            canvas.screw(
                (0.5 + 0.45 * math.cos(angle)) * wide, (0.5 + 0.45 * math.sin(angle)) * high, 1.6, STEEL, drive="cross"
            )
    canvas.screw(0.5 * wide, 0.17 * high if not round_face else 0.07 * high, 1.4, STEEL, drive="cross")
    canvas.scratches(int(rng.integers(6, 30)), length_mm=15.0)
    canvas.dust(float(rng.uniform(0.1, 0.6)))
    return canvas.surface()


def _barrel(across: float, top: float, bezel: Paint, rng: np.random.Generator) -> list[Part]:
    """What sat behind the panel: the movement's can, two studs with nuts, a slip of paper."""
    radius = across * float(rng.uniform(0.34, 0.42))
    paint = varied(bezel if rng.random() < 0.6 else ZINC, rng, 8)
    back = Canvas(2 * radius, 2 * radius, paint, rng)
    paper = varied(Paint((214, 204, 176), 0.8), rng, 8)
    back.rect(0.45 * radius, 1.25 * radius, 1.55 * radius, 1.62 * radius, paper, raised_mm=0.1)
    back.text(serial(rng, 8), radius, 1.43 * radius, 0.12 * radius, INK, font="mono", fit_mm=0.9 * radius)
    back.ring(radius, radius, 0.86 * radius, 0.89 * radius, tinted(paint, 0.7), raised_mm=-0.3)
    back.scratches(int(rng.integers(5, 20)), length_mm=12.0)
    back.grime(float(rng.uniform(0.1, 0.5)))
    floor = 0.28 * top
    parts = [disc_plate(radius, floor, top, from_below(back.surface()), 1.4)]
    brass = varied(BRASS, rng, 8)
    for side in (-1, 1):
        x, y = side * 0.5 * radius, -0.25 * radius
        parts.append(rod(1.9, 0.0, floor + 1.0, plain(brass, rng)).moved((x, y, 0.0)))
        parts.append(slab(circle(3.6, (x, y), 6), 0.4 * floor, 0.8 * floor, plain(brass, rng), bevel_mm=0.3))
        parts.append(
            slab(ring_outline(4.2, 2.0, 24), 0.82 * floor, floor, plain(STEEL, rng), bevel_mm=0.1).moved((x, y, 0.0))
        )
    return parts
