"""Loose magnets: nickel-plated NdFeB as discs, rings, blocks and arcs; bare ferrite as rings and blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import Polygon

from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import DARK_STEEL, FERRITE, NICKEL, STEEL, ZINC, Paint, rougher, tinted, varied
from neosort_datasets.modelling.paths import filling, jagged
from neosort_datasets.modelling.shapes import circle, rounded_rectangle, slab
from neosort_datasets.modelling.sheets import one_picture, sheet
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.types import ArrayF64

Rng = np.random.Generator

BARE_NDFEB = Paint((38, 36, 36), 0.75, 0.2)
GLUE = Paint((150, 134, 96), 0.3)
EPOXY = Paint((42, 43, 46), 0.35)


def magnet_disc(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A disc, its plating scuffed and chipped at the rim."""
    return _plated(model, rng, circle(0.5 * model.length_mm, segments=72))


def magnet_ring(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A disc with a hole."""
    outer = 0.5 * model.length_mm
    hole = outer * rng.uniform(0.25, 0.6)
    return _plated(model, rng, circle(outer, segments=72).difference(circle(hole, segments=56)))


def magnet_block(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A block, now and then with a countersunk hole, or broken."""
    radius = rng.uniform(0.2, 0.12 * model.width_mm)
    outline = rounded_rectangle(model.length_mm, model.width_mm, radius)
    if rng.random() < 0.2:
        outline = outline.difference(circle(0.16 * model.width_mm, segments=32))
    return _plated(model, rng, outline)


def magnet_arc(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A flat segment of a ring as voice coils use it, or a shell of a motor."""
    if rng.random() < 0.5:
        return _plated(model, rng, _segment(model, rng.uniform(0.6, 1.5)))
    return _shell(model, rng)


def ferrite_ring(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A loudspeaker's ring: matt, dark, its edges chipped."""
    outer = 0.5 * model.length_mm
    ring = circle(outer, segments=72).difference(circle(outer * rng.uniform(0.38, 0.6), segments=56))
    return _ferrite(model, rng, ring)


def ferrite_block(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A block or a broken piece of one."""
    outline = rounded_rectangle(model.length_mm, model.width_mm, 0.6)
    if rng.random() < 0.35:
        cut = rng.uniform(0.15, 0.35)
        corner = Polygon([(0.5, 0.5 - cut), (0.5, 0.5), (0.5 - 1.3 * cut, 0.5)])
        outline = outline.difference(shapely.transform(corner, lambda at: at * (model.length_mm, model.width_mm)))
        outline = filling(jagged(rng, outline, 0.15, 3.0), model.length_mm, model.width_mm)
    return _ferrite(model, rng, outline)


def _segment(model: ItemModel, sweep_rad: float) -> Polygon:
    angle = np.linspace(-0.5 * sweep_rad, 0.5 * sweep_rad, 24)
    outer = np.column_stack([np.sin(angle), np.cos(angle)])
    ring = Polygon(np.concatenate([outer, 0.52 * outer[::-1]]))
    return filling(ring, model.length_mm, model.width_mm)


def _shell(model: ItemModel, rng: Rng) -> Solid:
    """A curved plate: its surface wraps over the bow."""
    wall = model.height_mm * rng.uniform(0.42, 0.6)
    rise = model.height_mm - wall
    half = 0.5 * model.width_mm
    radius = (half * half + rise * rise) / (2 * rise)
    sweep = math.asin(min(0.95, half / (radius + 0.5 * wall)))
    middle = radius + 0.0 * wall
    arc_mm = 2 * sweep * (middle + 0.5 * wall)
    flat = rounded_rectangle(model.length_mm, arc_mm, 0.4)
    canvas = Canvas(model.length_mm, arc_mm, _coat(rng), rng, px_per_mm=_resolution(model))
    _worn(canvas, model.length_mm, arc_mm, flat, rng)
    top_mm = model.height_mm - 0.5 * wall

    def lay(points: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
        angle = points[:, 1] / (middle + 0.5 * wall)
        normal = np.column_stack([np.zeros(len(points)), np.sin(angle), np.cos(angle)])
        places = np.column_stack([points[:, 0], middle * normal[:, 1], top_mm - middle + middle * normal[:, 2]])
        return places, normal

    cuts = np.linspace(-0.5 * arc_mm, 0.5 * arc_mm, 17)[1:-1]
    return Solid(parts=(sheet(flat, wall, canvas.surface(), lay, cuts_y_mm=cuts),))


def _plated(model: ItemModel, rng: Rng, outline: Polygon) -> Solid:
    canvas = Canvas(model.length_mm, model.width_mm, _coat(rng), rng, px_per_mm=_resolution(model))
    _worn(canvas, model.length_mm, model.width_mm, outline, rng)
    surface = canvas.surface()
    bevel = min(0.5, 0.12 * model.height_mm)
    return Solid(parts=(_whole(model, [slab(outline, 0.0, model.height_mm, surface, bevel_mm=bevel)], surface),))


def _whole(model: ItemModel, parts: Sequence[Part], surface: Surface) -> Part:
    half = (0.5 * model.length_mm, 0.5 * model.width_mm)
    return one_picture(parts, surface, (-half[0], -half[1]), half)


def _coat(rng: Rng) -> Paint:
    """Nickel mostly; zinc, black epoxy or worn bare now and then."""
    coat = (NICKEL, NICKEL, NICKEL, rougher(NICKEL, 0.14), ZINC, EPOXY)[int(rng.integers(6))]
    return varied(coat, rng, 8)


def _worn(canvas: Canvas, length: float, width: float, outline: Polygon, rng: Rng) -> None:
    """Scratches, chips at the rim that show the black sinter, glue left on a face."""
    canvas.mottle(0.1, 3.0)
    canvas.scratches(int(rng.integers(4, 16)), length_mm=0.6 * width, strength=0.45)
    if rng.random() < 0.25:
        _blot(canvas, rng, length, width, varied(GLUE, rng, 14), 0.09 * width)
    for _ in range(int(rng.integers(1, 7))):
        _chip(canvas, rng, outline, length, width)
    if rng.random() < 0.3:
        canvas.rust(rng.uniform(0.05, 0.3))
    canvas.grime(rng.uniform(0.05, 0.4))
    canvas.smears(int(rng.integers(0, 4)))
    canvas.dust(rng.uniform(0.05, 0.35))


def _chip(canvas: Canvas, rng: Rng, outline: Polygon, length: float, width: float) -> None:
    place = outline.exterior.interpolate(float(rng.uniform(0, outline.exterior.length)))
    radius = rng.uniform(0.03, 0.11) * min(length, width)
    angle = np.linspace(0, 2 * math.pi, 11)
    reach = radius * rng.uniform(0.5, 1.3, 11)
    x, y = place.x + 0.5 * length + reach * np.cos(angle), place.y + 0.5 * width + reach * np.sin(angle)
    canvas.polygon(np.column_stack([x, y]), rougher(tinted(STEEL, 0.8), 0.5), raised_mm=-0.05)
    middle = (x.mean(), y.mean())
    canvas.polygon(np.column_stack([middle[0] + 0.8 * (x - middle[0]), middle[1] + 0.8 * (y - middle[1])]),
                   varied(BARE_NDFEB, rng, 6), raised_mm=-0.15)  # fmt: skip


def _blot(canvas: Canvas, rng: Rng, length: float, width: float, paint: Paint, radius: float) -> None:
    x, y = rng.uniform(0.2, 0.8) * length, rng.uniform(0.2, 0.8) * width
    angle = np.linspace(0, 2 * math.pi, 15, endpoint=False)
    reach = radius * rng.uniform(0.5, 1.6, 15)
    points = np.column_stack([x + 1.6 * reach * np.cos(angle), y + reach * np.sin(angle)])
    canvas.polygon(points, paint, raised_mm=0.12)


def _ferrite(model: ItemModel, rng: Rng, outline: Polygon) -> Solid:
    paint = varied(tinted(FERRITE, rng.uniform(0.75, 1.25)), rng, 5)
    canvas = Canvas(model.length_mm, model.width_mm, paint, rng, px_per_mm=_resolution(model))
    canvas.mottle(0.16, 5.0)
    canvas.brushed(0.12, float(rng.uniform(0, 180)))
    for _ in range(int(rng.integers(3, 12))):
        place = outline.boundary.interpolate(float(rng.uniform(0, outline.boundary.length)))
        radius = rng.uniform(0.02, 0.07) * model.width_mm
        canvas.polygon(_rough_disc(rng, place.x + 0.5 * model.length_mm, place.y + 0.5 * model.width_mm, radius),
                       tinted(paint, rng.uniform(0.6, 0.85)), raised_mm=-0.4)  # fmt: skip
    if rng.random() < 0.3:
        _blot(canvas, rng, model.length_mm, model.width_mm, varied(GLUE, rng, 14), 0.07 * model.width_mm)
    if rng.random() < 0.3:
        _blot(canvas, rng, model.length_mm, model.width_mm, DARK_STEEL, 0.06 * model.width_mm)
    canvas.scratches(int(rng.integers(2, 9)), length_mm=0.4 * model.width_mm, strength=0.35)
    canvas.dust(rng.uniform(0.15, 0.6))
    surface = canvas.surface()
    bevel = min(0.35 if len(outline.exterior.coords) < 60 else 0.8, 0.1 * model.height_mm)
    return Solid(parts=(_whole(model, [slab(outline, 0.0, model.height_mm, surface, bevel_mm=bevel)], surface),))


def _rough_disc(rng: Rng, x: float, y: float, radius: float) -> ArrayF64:
    angle = np.linspace(0, 2 * math.pi, 9, endpoint=False)
    reach = radius * rng.uniform(0.5, 1.4, 9)
    return np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])


def _resolution(model: ItemModel) -> float:
    return 8.0 if model.length_mm < 40 else 5.0
