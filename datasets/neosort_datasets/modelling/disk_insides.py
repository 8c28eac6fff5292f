"""A hard disk whose lid was torn off: platters, hub, actuator with its coil and yoke, in the cast tub."""

from __future__ import annotations

import math

import numpy as np
from shapely.geometry import LineString, Polygon, box
from shapely.ops import unary_union

from neosort_datasets.modelling.disk_shapes import DiskShape, Spot
from neosort_datasets.modelling.paint import (
    ALUMINIUM,
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    CHROME,
    COPPER,
    DARK_STEEL,
    INK,
    KAPTON,
    NICKEL,
    RUBBER,
    STEEL,
    WHITE_PLASTIC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import circle
from neosort_datasets.modelling.solid import Part
from neosort_datasets.modelling.topview import TopView
from neosort_hardware.types import ArrayF64


def draw_insides(shape: DiskShape, rng: np.random.Generator) -> tuple[Part, ...]:
    """Its parts, z up from the board on which it lies."""
    view = TopView(shape.length_mm, shape.width_mm, shape.casting, rng, px_per_mm=shape.px_per_mm)
    sheet, s, high = view.sheet, shape.scale, shape.height_mm
    sheet.mottle(0.06, 9.0)
    sheet.orange_peel(0.4)
    cavity = _cavity(shape)
    floor = 0.25 * high
    view.slab(shape.outline(), 0.0, floor, 0.6)
    view.slab(shape.outline().difference(cavity), floor - 0.5, high - 1.0, 0.5)
    sheet.polygon(cavity, tinted(shape.casting, 0.72))
    sheet.polygon(
        cavity.exterior.buffer(1.3 * s).difference(cavity.buffer(0.3)), varied(RUBBER, rng, 4), raised_mm=0.25
    )
    _rim_holes(view, shape, rng)
    if rng.random() < 0.86:
        _platters(view, shape, rng)
    else:
        _bare_hub(view, shape, rng)
    _actuator(view, shape, rng)
    _yoke(view, shape, rng)
    sheet.scratches(int(6 + 30 * shape.wear), length_mm=30 * s, strength=0.35)
    sheet.smears(int(rng.integers(3, 9)))
    sheet.dust(0.08 + 0.35 * shape.wear)
    return view.parts()


def _cavity(shape: DiskShape) -> Polygon:
    """The tub: a bowl for the platters that opens into the actuator's corner."""
    s = shape.scale
    bowl = circle(shape.platter_mm + 1.4 * s, shape.spindle_mm, 96)
    corner = box(-68 * s, -30 * s, -2 * s, 46 * s)
    inside = unary_union([bowl, corner]).buffer(-3 * s).buffer(3 * s).buffer(4 * s).buffer(-4 * s)
    return inside.intersection(shape.outline().buffer(-1.6))


def _rim_holes(view: TopView, shape: DiskShape, rng: np.random.Generator) -> None:
    s = shape.scale
    half_x, half_y = 0.5 * shape.length_mm - 5 * s, 0.5 * shape.width_mm - 4.2 * s
    for x in (-1.0, float(rng.uniform(-0.25, -0.1)), 1.0):
        for y in (-1.0, 1.0):
            view.sheet.disc(x * half_x, y * half_y, 2.1 * s, tinted(shape.casting, 0.85), raised_mm=0.1)
            view.sheet.disc(x * half_x, y * half_y, 1.2 * s, tinted(INK, 0.4), raised_mm=-0.6)


def _platters(view: TopView, shape: DiskShape, rng: np.random.Generator) -> None:
    """Mirrors of sputtered metal; a crashed head leaves rings, a screwdriver scores and finger marks."""
    sheet, s, high = view.sheet, shape.scale, shape.height_mm
    (x, y), reach = shape.spindle_mm, shape.platter_mm
    tints = ((206, 204, 202), (196, 190, 182), (186, 190, 198), (172, 160, 146))
    mirror = varied(Paint(tints[int(rng.integers(4))], float(rng.uniform(0.05, 0.11)), 1.0), rng, 4)
    sheet.smoothed(circle(reach, (x, y)))
    sheet.disc(x, y, reach, mirror)
    top = high - float(rng.uniform(5.5, 7.5)) * (s if high > 15 else 0.3)
    view.slab(circle(reach, (x, y), 128), top - 1.3, top, 0.25)
    if high > 22:
        view.slab(circle(reach, (x, y), 128), top - 5.2, top - 3.9, 0.2)
    for _ in range(int(rng.choice([0, 0, 1, 3, 6]))):
        at = float(rng.uniform(0.4, 0.97)) * reach
        sheet.ring(x, y, at - float(rng.uniform(0.1, 0.5)), at, rougher(tinted(mirror, 0.8), 0.3))
    hub = float(rng.uniform(14.5, 17.0)) * s
    clamp = varied(ALUMINIUM if rng.random() < 0.6 else STEEL, rng, 5)
    sheet.ring(x, y, hub, hub + 1.2 * s, tinted(mirror, 0.75))
    sheet.disc(x, y, hub, rougher(clamp, 0.28))
    sheet.ring(x, y, 0.5 * hub, 0.54 * hub, tinted(clamp, 0.7), raised_mm=-0.3)
    sheet.disc(x, y, 0.2 * hub, tinted(DARK_STEEL, 0.6), raised_mm=-0.5)
    view.disc(x, y, hub, top - 0.2, min(top + 2.2 * s, high - 0.6), 0.5)
    count = 6 if rng.random() < 0.7 else 3
    for angle in float(rng.uniform(0, 1)) + np.arange(count) * 2 * math.pi / count:
        spot = (x + 0.74 * hub * math.cos(angle), y + 0.74 * hub * math.sin(angle))
        sheet.screw(*spot, 1.9 * s, STEEL, shape.drive)
        view.disc(*spot, 1.9 * s, top + 1.0 * s, min(top + 3.0 * s, high - 0.3), 0.2)


def _bare_hub(view: TopView, shape: DiskShape, rng: np.random.Generator) -> None:
    """The platters were taken: bowl, spindle and its flange."""
    sheet, s, high = view.sheet, shape.scale, shape.height_mm
    (x, y), reach = shape.spindle_mm, shape.platter_mm
    sheet.disc(x, y, reach, tinted(shape.casting, 0.8))
    sheet.ring(x, y, 0.55 * reach, 0.57 * reach, tinted(shape.casting, 0.5), raised_mm=-0.5)
    steel = varied(ALUMINIUM, rng, 5)
    sheet.disc(x, y, 16 * s, steel)
    sheet.ring(x, y, 12.4 * s, 13 * s, tinted(steel, 0.5))
    sheet.disc(x, y, 4 * s, tinted(steel, 0.6))
    view.disc(x, y, 16 * s, 0.2 * high, 0.42 * high, 0.4)
    view.disc(x, y, 12.5 * s, 0.4 * high, 0.84 * high, 0.4)
    for angle in np.arange(6) * math.pi / 3:
        sheet.disc(x + 9 * s * math.cos(angle), y + 9 * s * math.sin(angle), 1.2 * s, tinted(INK, 0.5), raised_mm=-0.6)


def _actuator(view: TopView, shape: DiskShape, rng: np.random.Generator) -> None:
    """Arms from the pivot to the heads, parked on the ramp or stranded on a platter."""
    sheet, s, high = view.sheet, shape.scale, shape.height_mm
    pivot = np.array(shape.pivot_mm)
    away = pivot - np.array(shape.coil_mm)
    heading = math.atan2(away[1], away[0]) + float(rng.choice([-0.95, -0.75, -0.5, -0.3]))
    way = np.array([math.cos(heading), math.sin(heading)])
    side = np.array([-way[1], way[0]])
    long = float(rng.uniform(44, 52)) * s
    metal = varied(ALUMINIUM, rng, 6)
    arm = Polygon(
        [pivot + 9 * s * side, pivot + 0.62 * long * way + 3.0 * s * side, pivot + 0.62 * long * way - 3.0 * s * side,
         pivot - 9 * s * side]
    )  # fmt: skip
    holes = circle(3.2 * s, tuple(pivot + 0.33 * long * way))
    spring = Polygon(
        [pivot + 0.58 * long * way + 2.6 * s * side, pivot + long * way + 0.7 * s * side,
         pivot + long * way - 0.7 * s * side, pivot + 0.58 * long * way - 2.6 * s * side]
    )  # fmt: skip
    top = high - 3.6 * s
    sheet.polygon(spring, varied(STEEL, rng, 5))
    view.slab(spring, top - 0.9 * s, top - 0.4 * s, 0.1)
    sheet.polygon(arm, metal)
    sheet.polygon(holes, tinted(DARK_STEEL, 0.5))
    view.slab(arm.difference(holes), top - 1.6 * s, top, 0.3)
    _pivot(view, shape, metal, top)
    _coil_fork(view, shape, top, rng)
    _ribbon(view, shape, rng, top)
    if rng.random() < 0.7:
        ramp = varied(WHITE_PLASTIC if rng.random() < 0.5 else BEIGE_PLASTIC, rng, 8)
        tip = pivot + 0.98 * long * way
        block = LineString([tip - 3 * s * side, tip - 9 * s * side]).buffer(2.6 * s)
        sheet.polygon(block, ramp, raised_mm=0.2)
        view.slab(block, 0.3 * high, top + 0.3, 0.3)


def _pivot(view: TopView, shape: DiskShape, metal: Paint, top: float) -> None:
    sheet, s = view.sheet, shape.scale
    x, y = shape.pivot_mm
    sheet.disc(x, y, 8.5 * s, metal)
    sheet.ring(x, y, 6.6 * s, 7.1 * s, tinted(metal, 0.6))
    sheet.disc(x, y, 5.2 * s, rougher(CHROME, 0.2))
    sheet.screw(x, y, 2.4 * s, STEEL, shape.drive)
    view.disc(x, y, 8.5 * s, 0.3 * shape.height_mm, top + 0.8 * s, 0.4)
    view.disc(x, y, 5.2 * s, top, top + 1.6 * s, 0.4)


def _coil_fork(view: TopView, shape: DiskShape, top: float, rng: np.random.Generator) -> None:
    """The flat coil of copper that swings in the yoke, in its moulded fork."""
    sheet, s = view.sheet, shape.scale
    pivot, coil = np.array(shape.pivot_mm), np.array(shape.coil_mm)
    way = (coil - pivot) / np.hypot(*(coil - pivot))
    side = np.array([-way[1], way[0]])
    fork = Polygon([pivot + 5 * s * side, pivot + 27 * s * way + 15 * s * side, pivot + 33 * s * way,
                    pivot + 27 * s * way - 15 * s * side, pivot - 5 * s * side]).buffer(2 * s)  # fmt: skip
    sheet.polygon(fork, BLACK_PLASTIC if rng.random() < 0.5 else varied(ALUMINIUM, rng, 5))
    view.slab(fork, top - 2.2 * s, top - 0.8 * s, 0.2)
    loop = fork.buffer(-3 * s)
    wound = loop.difference(loop.buffer(-3.6 * s))
    sheet.polygon(wound, varied(COPPER, rng, 6), raised_mm=0.1)
    for inset in np.arange(0.5, 3.5, 0.8):
        sheet.line(np.asarray(loop.buffer(-inset * s).exterior.coords), 0.2, tinted(COPPER, 0.66))


def _ribbon(view: TopView, shape: DiskShape, rng: np.random.Generator, top: float) -> None:
    """The flexible print from the arm to the connector in the corner."""
    sheet, s = view.sheet, shape.scale
    x, y = shape.pivot_mm
    end: Spot = (x - 14 * s, -22 * s)
    film = varied(KAPTON, rng, 12)
    path = LineString([(x - 2 * s, y - 8 * s), (x + 4 * s, y - 22 * s), (x - 2 * s, y - 36 * s), end])
    strip = path.buffer(1.3 * s)
    sheet.polygon(strip, film)
    view.slab(strip, 0.3 * shape.height_mm, top - 1.0 * s, 0.1)
    plate = box(end[0] - 9 * s, end[1] - 7 * s, end[0] + 8 * s, end[1] + 6 * s).buffer(1.0)
    sheet.polygon(plate, film if rng.random() < 0.5 else varied(ALUMINIUM, rng, 5))
    sheet.rect(
        end[0] - 5 * s, end[1] - 3 * s, end[0] + 3 * s, end[1] + 3 * s, tinted(BLACK_PLASTIC, 0.9), raised_mm=0.3
    )
    sheet.screw(end[0] - 7.5 * s, end[1] - 5 * s, 1.6 * s, STEEL, shape.drive)
    sheet.screw(end[0] + 6.5 * s, end[1] + 4 * s, 1.6 * s, STEEL, shape.drive)
    view.slab(plate, 0.25 * shape.height_mm, 0.5 * shape.height_mm, 0.3)


def _yoke(view: TopView, shape: DiskShape, rng: np.random.Generator) -> None:
    """The upper plate over the magnets; where it was pried off, the lower magnet shows beside the coil."""
    sheet, s, high = view.sheet, shape.scale, shape.height_mm
    pivot, coil = np.array(shape.pivot_mm), np.array(shape.coil_mm)
    axis = math.atan2(*(coil - pivot)[::-1])
    spread = np.linspace(axis - 0.85, axis + 0.85, 24)
    inner, outer = (11.5 * s, 34 * s) if high > 15 else (10.5 * s, 32 * s)
    ring = [pivot + outer * np.array([math.cos(a), math.sin(a)]) for a in spread]
    ring += [pivot + inner * np.array([math.cos(a), math.sin(a)]) for a in spread[::-1]]
    room = _cavity(shape).buffer(-0.8)
    plate = Polygon(ring).buffer(1.5 * s).intersection(room)
    if rng.random() < 0.72:
        steel = varied(NICKEL if rng.random() < 0.6 else STEEL, rng, 6)
        sheet.polygon(plate, steel)
        view.slab(plate, high - 3.2 * s, high - 1.2, 0.6)
        sheet.emboss(plate.buffer(-4 * s), 0.4, 0.5)
        for angle in (spread[2], spread[-3]):
            spot = pivot + 0.5 * (inner + outer) * np.array([math.cos(angle), math.sin(angle)])
            if plate.contains(circle(2.4 * s, (float(spot[0]), float(spot[1])))):
                sheet.screw(float(spot[0]), float(spot[1]), 2.2 * s, STEEL, shape.drive)
        return
    magnet = plate.buffer(-2.5 * s)
    fork_top = high - 4.4 * s
    for half in (magnet.intersection(_half_plane(pivot, axis, 1)), magnet.intersection(_half_plane(pivot, axis, -1))):
        rest = half.difference(circle(21 * s, shape.pivot_mm)) if rng.random() < 0.5 else half
        sheet.polygon(rest, varied(rougher(NICKEL, 0.18), rng, 4))
    view.slab(magnet, 0.25 * high, fork_top, 0.5)


def _half_plane(pivot: ArrayF64, axis: float, side: int) -> Polygon:
    way = np.array([math.cos(axis), math.sin(axis)])
    left = side * np.array([-way[1], way[0]])
    return Polygon([pivot + 0.3 * left, pivot + 90 * way + 0.3 * left, pivot + 90 * way + 90 * left, pivot + 90 * left])
