"""Servos of models and small robots: a case in three layers with flanges, an arm on its spline, a ribbon of wires."""

from __future__ import annotations

import math

import numpy as np
from shapely import affinity

from neosort_datasets.modelling.forms import disc_plate, plain, rod, stray_wire
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    BRASS,
    GREY_PLASTIC,
    INK,
    ORANGE_PLASTIC,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose

CASES = (
    BLACK_PLASTIC,
    BLACK_PLASTIC,
    Paint((30, 62, 128), 0.25),
    GREY_PLASTIC,
    Paint((52, 54, 60), 0.4, 0.6),
    RED_PLASTIC,
)
BANDS = (RED_PLASTIC, BLUE_PLASTIC, ORANGE_PLASTIC, YELLOW_PLASTIC, WHITE_INK, Paint((30, 30, 32), 0.4), ALUMINIUM)
RIBBONS = ((Paint((92, 56, 34), 0.5), RED_PLASTIC, ORANGE_PLASTIC), (BLACK_PLASTIC, RED_PLASTIC, WHITE_PLASTIC),
           (BLACK_PLASTIC, RED_PLASTIC, YELLOW_PLASTIC))  # fmt: skip


def servo(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A servo, its arm or bare spline on top."""
    length, width, high = model.length_mm, model.width_mm, model.height_mm
    case = varied(CASES[rng.integers(len(CASES))], rng, 8)
    middle = case if rng.random() < 0.6 else varied(ALUMINIUM, rng, 12)
    body = length * float(rng.uniform(0.7, 0.78))
    roof = high * float(rng.uniform(0.72, 0.78))
    radius = float(rng.uniform(0.4, 1.6))
    parts: list[Part] = []
    for low, top, paint in ((0.0, 0.24 * roof, case), (0.25 * roof, 0.66 * roof, middle), (0.67 * roof, roof, case)):
        parts.append(
            slab(
                rounded_rectangle(body, width, radius),
                low,
                top,
                _case(paint, body, width, rng, top == roof),
                bevel_mm=0.35,
            )
        )
    seam = plain(tinted(case, 0.5), rng)
    parts.append(box((body - 0.8, width - 0.8, 0.6 * roof), (0, 0, 0.45 * roof), seam, bevel_mm=0.1))
    parts += _flanges(length, width, body, roof, case, rng)
    parts += _stickers(body, width, roof, rng)
    parts += _output(body, width, roof, high, case, rng)
    return Solid(parts=tuple(parts), loose=_ribbon(model, pose, body, roof, rng))


def _case(paint: Paint, long: float, wide: float, rng: np.random.Generator, screws: bool) -> Surface:
    canvas = Canvas(long, wide, paint, rng)
    if screws:
        for sx in (0.07, 0.93):
            for sy in (0.12, 0.88):
                canvas.screw(sx * long, sy * wide, 0.04 * long, STEEL, drive="cross")
    canvas.scratches(int(rng.integers(5, 20)), length_mm=8.0, strength=0.5)
    canvas.dust(float(rng.uniform(0.1, 0.5)))
    return canvas.surface()


def _flanges(
    length: float, width: float, body: float, roof: float, case: Paint, rng: np.random.Generator
) -> list[Part]:
    """Ears with slots; one broken off now and then."""
    broken = int(rng.integers(0, 2)) if rng.random() < 0.25 else -1
    parts: list[Part] = []
    ear = 0.5 * (length - body)
    for number, side in enumerate((-1, 1)):
        left = 0.35 if number == broken else 1.0
        outline = rounded_rectangle(ear * left + 1.0, width, 1.0, (side * (0.5 * body + 0.5 * ear * left - 0.5), 0.0))
        for across in (-0.26, 0.26):
            hole = circle(0.09 * width, (side * (0.5 * body + 0.58 * ear), across * width), 18)
            outline = outline.difference(affinity.translate(hole, side * 0.12 * ear, 0).union(hole).convex_hull)
        if outline.geom_type == "Polygon":
            parts.append(
                slab(outline, 0.68 * roof, 0.68 * roof + max(1.6, 0.06 * roof), plain(case, rng), bevel_mm=0.3)
            )
    return parts


def _stickers(body: float, width: float, roof: float, rng: np.random.Generator) -> list[Part]:
    """A label on each long side."""
    paper, name, number = BANDS[rng.integers(len(BANDS))], brand(rng), serial(rng, 7)
    torque = f"{rng.integers(2, 45)} kg·cm"
    parts: list[Part] = []
    ink = INK if sum(paper.srgb) > 330 else WHITE_INK
    for side in (-1, 1):
        long, high = 0.86 * body, 0.5 * roof
        canvas = Canvas(long, high, paper, rng, px_per_mm=5.0)
        canvas.rect(0, 0, long, 0.28 * high, varied(BANDS[rng.integers(len(BANDS))], rng, 6))
        canvas.text(name, 0.5 * long, 0.72 * high, 0.26 * high, ink, font="oblique", fit_mm=0.85 * long)
        canvas.text(f"{number} DIGITAL", 0.5 * long, 0.43 * high, 0.13 * high, ink, fit_mm=0.85 * long)
        canvas.text(torque, 0.5 * long, 0.14 * high, 0.14 * high, WHITE_INK, font="bold", fit_mm=0.7 * long)
        canvas.scratches(6, length_mm=6.0)
        canvas.grime(float(rng.uniform(0.0, 0.3)))
        plate = box((long, high, 0.16), (0.0, 0.0, 0.0), canvas.surface(), bevel_mm=0.05)
        flat = plate.turned(turn("x", -side * 0.5 * math.pi))
        parts.append(flat.moved((0.0, side * (0.5 * width - 0.02), 0.38 * roof)))
    return parts


def _output(body: float, width: float, roof: float, high: float, case: Paint, rng: np.random.Generator) -> list[Part]:
    """Gear dome, spline and the arm."""
    at = 0.5 * body - 0.5 * width
    dome = roof + 0.35 * (high - roof)
    metal = varied(BRASS, rng, 8) if rng.random() < 0.5 else case
    parts = [disc_plate(0.46 * width, roof - 0.2, dome, plain(case, rng), 0.6).moved((at, 0, 0))]
    if rng.random() < 0.4:
        parts.append(
            disc_plate(0.26 * width, roof - 0.2, dome * 0.5 + roof * 0.5, plain(case, rng), 0.6).moved(
                (at - 0.55 * width, 0, 0)
            )
        )
    parts.append(rod(0.2 * width, dome - 0.2, high - 0.5, plain(metal, rng)).moved((at, 0, 0)))
    form = str(rng.choice(["none", "arm", "cross", "disc", "double"]))
    horn = varied((WHITE_PLASTIC, BLACK_PLASTIC, ALUMINIUM)[rng.integers(3)], rng, 6)
    reach = 0.8 * width if form != "disc" else 0.4 * width
    outline = circle(0.28 * width, segments=32)
    angles = {"none": (), "arm": (2.6,), "cross": (0.4, 1.97, 3.54, 5.11), "disc": (), "double": (1.2, 4.34)}[form]
    for angle in angles:
        run = min(reach, 0.48 * width) if form != "arm" else reach
        bar = rounded_rectangle(run, 0.26 * width, 0.12 * width, (0.5 * run, 0.0))
        outline = outline.union(affinity.rotate(bar, angle, origin=(0, 0), use_radians=True))
        for hole in (0.5, 0.75):
            spot = (hole * run * math.cos(angle), hole * run * math.sin(angle))
            outline = outline.difference(circle(0.04 * width + 0.2, spot, 10))
    if form == "disc":
        outline = circle(reach, segments=40)
    if form != "none":
        parts.append(slab(outline, high - 2.2, high, plain(horn, rng), bevel_mm=0.3).moved((at, 0, 0)))
        parts.append(rod(0.1 * width, high - 1.0, high, plain(STEEL, rng)).moved((at, 0, 0)))
    return parts


def _ribbon(model: ItemModel, pose: Pose, body: float, roof: float, rng: np.random.Generator) -> tuple[Part, ...]:
    paints = RIBBONS[rng.integers(len(RIBBONS))]
    length, heading = float(rng.uniform(14, 55)), math.pi + 0.3 * float(rng.normal())
    state = rng.bit_generator.state
    parts: list[Part] = []
    side = pose.sprite == "side"
    x, y = -0.5 * body, 0.5 * model.height_mm - 0.15 * roof
    for number, paint in enumerate(paints):
        rng.bit_generator.state = state  # the three lie side by side
        offset = (number - 1) * 1.1
        start = (x, (y if side else 0.0) + offset, (0.5 * model.width_mm) if side else 0.15 * roof)
        parts += stray_wire(rng, start, heading, length, 0.6, paint, curl=0.025)
    return tuple(parts)
