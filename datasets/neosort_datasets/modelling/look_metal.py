"""Steel parts: bent brackets, bolts, tools, washers and nuts."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import Polygon

from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BRASS,
    DARK_STEEL,
    STEEL,
    ZINC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.paths import filling
from neosort_datasets.modelling.shapes import circle, lathe, rounded_rectangle, slab
from neosort_datasets.modelling.sheets import bent_along, sheet
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.types import ArrayF64

Rng = np.random.Generator

PAINTED = (Paint((44, 46, 50), 0.5), Paint((150, 152, 150), 0.5), Paint((206, 200, 184), 0.5), Paint((58, 74, 92), 0.5))
BRASSY_ZINC = Paint((198, 176, 118), 0.36, 1.0)


def bracket(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """Bent sheet with holes and slots: an angle, a channel, a step, a flat bar or a torn piece of a chassis."""
    thickness = rng.uniform(0.9, 1.8)
    path = _profile(model, rng, thickness)
    lay, cuts = bent_along(path)
    steps = np.diff(path, axis=0)
    unrolled = float(np.hypot(steps[:, 0], steps[:, 1]).sum())
    outline = _blank(rng, unrolled, model.width_mm)
    px_per_mm = 3.0 if unrolled > 110 else 4.5
    canvas = Canvas(unrolled, model.width_mm, _finish(rng), rng, px_per_mm=px_per_mm)
    _weather(canvas, rng, unrolled, model.width_mm)
    flat = shapely.transform(outline, lambda points: points + np.array([0.0, 0.5 * model.width_mm]))
    flat = flat.difference(shapely.union_all(_holes(rng, flat, unrolled, model.width_mm)))
    part = sheet(flat, thickness, canvas.surface(), lay, cuts_x_mm=cuts)
    return Solid(parts=(part.moved((0.0, -0.5 * model.width_mm, 0.0)),))


def _profile(model: ItemModel, rng: Rng, thickness: float) -> ArrayF64:
    """Middle of the sheet, (x, z), within the model's box."""
    left, right = -0.5 * model.length_mm + 0.5 * thickness, 0.5 * model.length_mm - 0.5 * thickness
    low, high = 0.5 * thickness, model.height_mm - 0.5 * thickness
    if high - low < 2.5 * thickness:
        high = low + 0.6
    step = rng.uniform(0.25, 0.7)
    middle = left + step * (right - left)
    shapes = {
        "angle": [(left, high), (left, low), (right, low)],
        "channel": [(left, high), (left, low), (right, low), (right, high)],
        "step": [(left, low), (middle, low), (middle + 0.6 * (high - low), high), (right, high)],
        "hat": [(left, low), (0.7 * left, low), (0.6 * left, high), (0.6 * right, high), (0.7 * right, low),
                (right, low)],
        "lips": [(left + 4, high), (left, high), (left, low), (right, low), (right, high)],
    }  # fmt: skip
    names = list(shapes)
    return _rounded_bends(np.array(shapes[names[int(rng.integers(len(names)))]]), 1.6 * thickness)


def _rounded_bends(corners: ArrayF64, radius: float) -> ArrayF64:
    points = [corners[:1]]
    for before, corner, after in zip(corners[:-2], corners[1:-1], corners[2:], strict=True):
        into, out = before - corner, after - corner
        reach = min(radius, 0.4 * float(np.hypot(*into)), 0.4 * float(np.hypot(*out)))
        start = corner + reach * into / np.hypot(*into)
        end = corner + reach * out / np.hypot(*out)
        t = np.linspace(0, 1, 7)[:, None]
        points.append((1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * end)
    points.append(corners[-1:])
    return np.concatenate(points)


def _blank(rng: Rng, length: float, width: float) -> Polygon:
    """The sheet before bending, x from 0, y about 0: cut corners, steps in its width, a torn end."""
    outline = shapely.box(0.0, -0.5 * width, length, 0.5 * width)
    for x in (0.0, length):
        for y in (-0.5 * width, 0.5 * width):
            cut = rng.uniform(0.05, 0.3) * width
            kind = rng.integers(4)
            if kind == 0:
                way = 1 if x == 0 else -1
                outline = outline.difference(Polygon([(x, y), (x + way * cut, y), (x, y - math.copysign(cut, y))]))
            elif kind == 1:
                outline = outline.difference(shapely.box(x - 1.2 * cut, y - 0.6 * cut, x + 1.2 * cut, y + 0.6 * cut))
    if rng.random() < 0.35:
        x, depth = rng.uniform(0.35, 0.65) * length, rng.uniform(0.15, 0.45) * width
        side = math.copysign(0.5 * width, rng.normal())
        half = rng.uniform(0.06, 0.16) * length
        outline = outline.difference(rounded_rectangle(2 * half, 2 * depth, 2.0, (x, side)))
    return outline.buffer(-0.8).buffer(0.8, quad_segs=4)


def _holes(rng: Rng, outline: Polygon, length: float, width: float) -> list[Polygon]:
    """Round holes, slots, a big cut-out; none through an edge."""
    room = outline.buffer(-1.5)
    found: list[Polygon] = []
    for _ in range(int(rng.integers(3, 10))):
        x, y = rng.uniform(0.06, 0.94) * length, rng.uniform(0.12, 0.88) * width
        radius = rng.uniform(1.3, min(4.0, 0.2 * width))
        kind = rng.integers(5)
        hole = circle(radius, (x, y), 28)
        if kind == 0:
            hole = rounded_rectangle(rng.uniform(3, 6) * radius, 2 * radius, radius, (x, y))
        elif kind == 1 and width > 18:
            hole = rounded_rectangle(rng.uniform(0.1, 0.25) * length, rng.uniform(0.25, 0.5) * width, 2.0, (x, y))
        if room.contains(hole) and all(hole.distance(other) > 1.5 for other in found):
            found.append(hole)
    return found


def _finish(rng: Rng) -> Paint:
    paints = (ZINC, ZINC, ZINC, STEEL, DARK_STEEL, BRASSY_ZINC, *PAINTED)
    return varied(paints[int(rng.integers(len(paints)))], rng, 7)


def _weather(canvas: Canvas, rng: Rng, length: float, width: float) -> None:
    if rng.random() < 0.6:
        canvas.spangle(rng.uniform(5.0, 11.0))
    else:
        canvas.brushed(0.2, 0.0)
    canvas.scratches(int(rng.integers(4, 18)), length_mm=0.4 * max(length, width), strength=0.5)
    if rng.random() < 0.55:
        canvas.rust(rng.uniform(0.1, 0.55))
    canvas.grime(rng.uniform(0.1, 0.5))
    canvas.dust(rng.uniform(0.1, 0.4))


def bolt(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A screw lying on its side: hexagon, cylinder, pan or countersunk head; threads as relief."""
    across = min(model.width_mm, model.height_mm)
    thread = across * rng.uniform(0.42, 0.62)
    head = across * rng.uniform(0.3, 0.55)
    kind = int(rng.integers(4))
    paint = varied((STEEL, ZINC, DARK_STEEL, BRASSY_ZINC, rougher(tinted(DARK_STEEL, 0.4), 0.5), BRASS)[
        int(rng.integers(6))], rng, 8)  # fmt: skip
    rusty = rng.uniform(0.2, 0.7) if rng.random() < 0.35 else 0.0
    pitch = max(0.7, 0.16 * thread)
    shank = model.length_mm - head
    body = lathe(
        _threaded(0.5 * thread, shank, pitch, rng.uniform(0.4, 1.0)), _metal(model, rng, paint, rusty), segments=28
    )
    surface = _metal(model, rng, paint, rusty)
    if model.width_mm > 1.3 * across:
        top = _wing(across, model.width_mm, head, surface)
    else:
        top = _head(kind, across, head, surface, rng)
    parts = [body.moved((0, 0, -shank)), *top]
    lying = [part.turned(turn("y", math.pi / 2)) for part in parts]
    shift = (0.5 * model.length_mm - head, 0.0, 0.5 * across)
    return Solid(parts=tuple(part.moved(shift) for part in lying))


def _threaded(radius: float, length: float, pitch: float, share: float) -> list[tuple[float, float]]:
    profile = [(0.001, 0.0), (0.72 * radius, 0.0)]
    z = 0.5 * pitch
    while z < share * length - pitch:
        profile += [(0.84 * radius, z), (radius, z + 0.4 * pitch), (radius, z + 0.55 * pitch)]
        z += pitch
    return [*profile, (0.86 * radius, z), (0.9 * radius, length + 0.2)]


def _head(kind: int, across: float, height: float, surface: Surface, rng: Rng) -> list[Part]:
    """Standing on z = 0."""
    radius = 0.5 * across
    if kind == 0:
        angle = np.arange(6) * math.pi / 3
        hexagon = Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
        return [slab(hexagon, 0.0, height, surface, bevel_mm=0.08 * across)]
    socket = circle(0.45 * radius, segments=6) if kind == 1 else _cross(0.7 * radius)
    if kind == 1:
        return [slab(circle(radius).difference(socket), 0.0, height, surface, bevel_mm=0.06 * across)]
    bow = np.linspace(0, 1, 7)
    if kind == 2:
        profile = [(0.3 * radius, 0.0), *((radius * math.cos(1.2 * b), height * math.sin(1.5 * b) ** 0.8) for b in bow)]
    else:
        profile = [(0.5 * radius, 0.0), (radius, 0.85 * height), (0.98 * radius, height), (0.001, height)]
    return [lathe(profile, surface, segments=40)]


def _wing(across: float, width: float, height: float, surface: Surface) -> list[Part]:
    """The head of a thumb screw: a hub between two wings along y."""
    hub = slab(circle(0.5 * across), 0.0, 0.7 * height, surface, bevel_mm=0.06 * across)
    long = 0.5 * width - 0.2 * across
    wings = [
        rounded_rectangle(0.3 * across, long, 0.14 * across, (0.0, side * (0.5 * width - 0.5 * long)))
        for side in (-1, 1)
    ]
    return [hub, *(slab(wing, 0.15 * height, height, surface, bevel_mm=0.08 * across) for wing in wings)]


def _cross(reach: float) -> Polygon:
    bars = shapely.union(rounded_rectangle(2 * reach, 0.4 * reach, 0), rounded_rectangle(0.4 * reach, 2 * reach, 0))
    return Polygon(bars.exterior)


def _metal(model: ItemModel, rng: Rng, paint: Paint, rusty: float) -> Surface:
    canvas = Canvas(min(30.0, model.length_mm), min(30.0, model.length_mm), paint, rng, px_per_mm=5.0)
    canvas.scratches(8, length_mm=6.0, strength=0.4)
    if rusty:
        canvas.rust(rusty)
    canvas.grime(rng.uniform(0.1, 0.6))
    return canvas.surface()


def washer(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A washer, a toothed ring, a nut or a gear wheel's blank."""
    radius = 0.5 * model.length_mm
    kind = int(rng.integers(4))
    outline = circle(radius, segments=64)
    if kind == 1 and model.height_mm > 2.5:
        outline = circle(radius, segments=6)
        outline = filling(outline, model.length_mm, model.width_mm).intersection(circle(0.96 * radius))
    elif kind == 2:
        teeth = int(rng.integers(14, 28))
        angle = np.linspace(0, 2 * math.pi, 4 * teeth, endpoint=False)
        reach = radius * np.where(np.arange(4 * teeth) % 4 < 2, 1.0, 0.88)
        outline = Polygon(np.column_stack([reach * np.cos(angle), reach * np.sin(angle)]))
    hole = circle(radius * rng.uniform(0.32, 0.62), segments=48)
    canvas = Canvas(model.length_mm, model.width_mm, _finish(rng), rng, px_per_mm=6.0)
    middle = radius
    for reach in np.sort(rng.uniform(0.5, 0.95, 3)):
        canvas.ring(middle, middle, reach * radius, reach * radius + 0.25, tinted(STEEL, 0.85), raised_mm=-0.05)
    _weather(canvas, rng, model.length_mm, model.width_mm)
    surface = canvas.surface()
    bevel = min(0.6, 0.15 * model.height_mm)
    body = slab(outline.difference(hole), 0.0, model.height_mm, surface, bevel_mm=bevel)
    return Solid(parts=(body,))
