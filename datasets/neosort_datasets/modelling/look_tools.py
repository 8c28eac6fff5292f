"""Hand tools that fell into the scrap: spanners, screwdrivers, one half of a pair of pliers."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from neosort_datasets.modelling.labels import brand
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    CHROME,
    DARK_STEEL,
    GREEN_PLASTIC,
    ORANGE_PLASTIC,
    RED_PLASTIC,
    STEEL,
    YELLOW_PLASTIC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.paths import biggest, filling
from neosort_datasets.modelling.shapes import box, circle, lathe, slab
from neosort_datasets.modelling.sheets import one_picture
from neosort_datasets.modelling.solid import Part, Solid
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.parts import Z_ALONG_X

Rng = np.random.Generator

GRIPS = (
    RED_PLASTIC,
    BLUE_PLASTIC,
    YELLOW_PLASTIC,
    GREEN_PLASTIC,
    ORANGE_PLASTIC,
    BLACK_PLASTIC,
    Paint((52, 60, 84), 0.3),
)


def tool(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """One of the three, worn."""
    maker = (_spanner, _screwdriver, _pliers_half)[int(rng.integers(3))]
    return maker(model, rng)


def _finished(canvas: Canvas, rng: Rng, length: float) -> None:
    canvas.scratches(int(rng.integers(6, 20)), length_mm=0.15 * length, strength=0.5)
    if rng.random() < 0.5:
        canvas.rust(rng.uniform(0.1, 0.6))
    canvas.grime(rng.uniform(0.1, 0.6))
    canvas.dust(rng.uniform(0.05, 0.35))


def _spanner(model: ItemModel, rng: Rng) -> Solid:
    """Open at one end, ring or open at the other; the size stamped into its shaft."""
    length, width = model.length_mm, model.width_mm
    shaft = 0.42 * width
    outline = shapely.box(-0.5 * length + 0.4 * width, -0.5 * shaft, 0.5 * length - 0.4 * width, 0.5 * shaft)
    kinds = (True, rng.random() < 0.5)
    for side, is_open in zip((1.0, -1.0), kinds, strict=True):
        radius = 0.5 * width * (1.0 if side > 0 else rng.uniform(0.8, 1.0))
        middle = (side * (0.5 * length - radius), 0.0)
        outline = outline.union(circle(radius, middle))
        if is_open:
            slant = rng.uniform(0.0, 0.4)
            ahead = side * np.array([math.cos(slant), math.sin(slant)])
            way = LineString([np.array(middle) - 0.15 * radius * ahead, np.array(middle) + 2.2 * radius * ahead])
            outline = outline.difference(way.buffer(0.52 * radius, cap_style="flat"))
        else:
            outline = outline.difference(circle(0.62 * radius, middle, 12))
    outline = filling(biggest(outline.buffer(1.5).buffer(-3.0).buffer(1.5)), length, width)
    paint = varied((CHROME, rougher(CHROME, 0.3), STEEL, DARK_STEEL)[int(rng.integers(4))], rng, 8)
    canvas = Canvas(length, width, paint, rng, px_per_mm=4.0)
    canvas.rect(
        0.3 * length,
        0.5 * width - 0.3 * shaft,
        0.7 * length,
        0.5 * width + 0.3 * shaft,
        rougher(paint, 0.5),
        radius_mm=2.0,
        raised_mm=-0.3,
    )
    size = int(rng.integers(8, 25))
    canvas.text(
        f"{brand(rng)}  {size}",
        0.5 * length,
        0.5 * width,
        0.32 * shaft,
        tinted(paint, 0.8),
        font="bold",
        fit_mm=0.36 * length,
        raised_mm=0.3,
    )
    _finished(canvas, rng, length)
    surface = canvas.surface()
    body = slab(outline, 0.0, model.height_mm * 0.55, surface, bevel_mm=0.9)
    heads = outline.difference(shapely.box(-0.5 * length + 1.1 * width, -width, 0.5 * length - 1.1 * width, width))
    ends = [
        slab(piece, 0.0, model.height_mm, surface, bevel_mm=1.0) for piece in shapely.get_parts(heads) if piece.area > 4
    ]
    half = (0.5 * length, 0.5 * width)
    return Solid(parts=(one_picture([body, *ends], surface, (-half[0], -half[1]), half),))


def _screwdriver(model: ItemModel, rng: Rng) -> Solid:
    """A fluted handle and its blade, flat or cross."""
    length = model.length_mm
    radius = 0.5 * min(model.width_mm, model.height_mm)
    handle = length * rng.uniform(0.38, 0.52)
    grip = varied(GRIPS[int(rng.integers(len(GRIPS)))], rng, 8)
    canvas = Canvas(2 * math.pi * radius, handle, rougher(grip, 0.3), rng, px_per_mm=4.0)
    second = BLACK_PLASTIC if rng.random() < 0.6 else tinted(grip, 0.6)
    for lane in range(6):
        x = (lane + 0.5) * 2 * math.pi * radius / 6
        canvas.rect(
            x - 0.22 * radius,
            0.12 * handle,
            x + 0.22 * radius,
            0.85 * handle,
            second,
            radius_mm=0.2 * radius,
            raised_mm=-0.5,
        )
    for x in (0.0, 0.5):
        canvas.text(
            brand(rng),
            (x + 0.25) * 2 * math.pi * radius,
            0.5 * handle,
            0.3 * radius,
            Paint((220, 220, 216), 0.5),
            angle_deg=90,
            fit_mm=0.5 * handle,
        )
    canvas.scratches(10, length_mm=12.0, strength=0.4)
    canvas.grime(rng.uniform(0.1, 0.6))
    shape = [
        (0.01, 0.0),
        (0.75, 0.0),
        (0.95, 0.05),
        (1.0, 0.16),
        (1.0, 0.6),
        (0.78, 0.78),
        (0.72, 0.86),
        (0.86, 0.94),
        (0.8, 1.0),
        (0.01, 1.0),
    ]
    body = lathe([(r * radius, z * handle) for r, z in shape], canvas.surface(), segments=48)
    parts = [body.turned(Z_ALONG_X).moved((-0.5 * length, 0.0, radius))]
    steel = varied((CHROME, STEEL, DARK_STEEL)[int(rng.integers(3))], rng, 6)
    metal = Canvas(40.0, 40.0, steel, rng, px_per_mm=3.0)
    _finished(metal, rng, 40.0)
    surface = metal.surface()
    rod, start = min(radius * rng.uniform(0.22, 0.34), 4.0), -0.5 * length + handle - 2.0
    reach = 0.5 * length - start
    tip = 3.5 * rod
    profile = [(rod, 0.0), (rod, reach - tip), (0.5 * rod, reach - 0.3 * rod), (0.12 * rod, reach)]
    if rng.random() < 0.5:
        profile = [(rod, 0.0), (rod, reach - tip), (0.7 * rod, reach - 0.5 * tip)]
        blade = Polygon(
            [(-tip, -rod), (-0.5 * tip, -1.25 * rod), (0.0, -rod), (0.0, rod), (-0.5 * tip, 1.25 * rod), (-tip, rod)]
        )
        parts.append(slab(blade, -0.2 * rod, 0.2 * rod, surface, bevel_mm=0.1).moved((0.5 * length, 0.0, radius)))
    parts.append(lathe(profile, surface, segments=20).turned(Z_ALONG_X).moved((start, 0.0, radius)))
    return Solid(parts=tuple(parts))


def _pliers_half(model: ItemModel, rng: Rng) -> Solid:
    """A jaw, the joint and one curved handle in its sleeve."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    joint = 0.28 * length
    spine = np.array(
        [(-0.5 * length, -0.4 * width), (-0.2 * length, -0.1 * width), (0.1 * length, 0.2 * width), (joint, 0.0)]
    )
    t = np.linspace(0, 1, 24)[:, None]
    curve = (1 - t) ** 3 * spine[0] + 3 * t * (1 - t) ** 2 * spine[1] + 3 * t**2 * (1 - t) * spine[2] + t**3 * spine[3]
    arm = LineString(curve).buffer(0.15 * width)
    jaw = Polygon([(joint - 0.3 * width, -0.35 * width), (joint, 0.45 * width), (0.42 * length, 0.24 * width),
                       (0.5 * length, 0.1 * width),
                   (0.5 * length, -0.05 * width), (joint + 0.2 * width, -0.1 * width)])  # fmt: skip
    metal = biggest(arm.union(jaw).union(circle(0.42 * width, (joint, 0.0))).buffer(1.0).buffer(-2.0).buffer(1.0))
    metal = filling(metal, length, width).difference(circle(0.13 * width, (joint, 0.0), 24))
    sleeve = metal.intersection(shapely.box(-length, -width, -0.02 * length, width)).buffer(0.6)
    sleeve = biggest(sleeve.intersection(shapely.box(-0.5 * length, -0.5 * width, 0.5 * length, 0.5 * width)))
    paint = varied((STEEL, CHROME, DARK_STEEL)[int(rng.integers(3))], rng, 8)
    grip = varied(GRIPS[int(rng.integers(len(GRIPS)))], rng, 8)
    canvas = Canvas(length, width, paint, rng, px_per_mm=4.0)
    for x in np.arange(joint + 0.25 * width, 0.49 * length, 1.4):
        canvas.line(
            [(x + 0.5 * length, 0.2 * width), (x + 0.5 * length, 0.55 * width)], 0.5, tinted(paint, 0.6), raised_mm=-0.3
        )
    canvas.ring(joint + 0.5 * length, 0.5 * width, 0.16 * width, 0.36 * width, tinted(paint, 0.92), raised_mm=-0.3)
    _finished(canvas, rng, length)
    canvas.rect(0.0, 0.0, 0.48 * length, width, grip)
    for x in np.arange(0.08, 0.4, 0.035):
        canvas.line([(x * length, 0), (x * length, width)], 0.9, tinted(grip, 0.8), raised_mm=-0.3)
    canvas.dust(rng.uniform(0.05, 0.35))
    surface = canvas.surface()
    parts: list[Part] = [
        slab(metal, 0.12 * height, 0.8 * height, surface, bevel_mm=0.8),
        slab(sleeve, 0.0, height, surface, bevel_mm=min(2.0, 0.3 * height)),
    ]
    if rng.random() < 0.5:
        parts.append(box((0.3 * width, 0.3 * width, 0.1 * height), (joint, 0.0, 0.83 * height), surface))
    half = (0.5 * length, 0.5 * width)
    return Solid(parts=(one_picture(parts, surface, (-half[0], -half[1]), half),))
