"""Hollow skins: fridge seals and crushed drinks cans."""

from __future__ import annotations

import math

import numpy as np
import shapely

from neosort_datasets.modelling.labels import BRANDS
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    BEIGE_PLASTIC,
    GREY_PLASTIC,
    INK,
    RUBBER,
    WHITE_INK,
    WHITE_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import finished
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.types import ArrayF64

Rng = np.random.Generator

TINS = (
    Paint((190, 24, 32), 0.25, 0.4), Paint((28, 78, 160), 0.25, 0.4), Paint((38, 128, 66), 0.25, 0.4),
    Paint((222, 120, 30), 0.25, 0.4),
    Paint((40, 42, 48), 0.25, 0.4), Paint((214, 216, 218), 0.25, 0.7), Paint((206, 180, 60), 0.25, 0.5),
    Paint((122, 50, 132), 0.25, 0.4),
)  # fmt: skip


SEALS = (WHITE_PLASTIC, WHITE_PLASTIC, BEIGE_PLASTIC, GREY_PLASTIC, RUBBER)


def fridge_seal(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A strip of door seal: bellows, the pocket with the rubber magnet, a barbed foot; yellowed and mouldy."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    paint = varied(SEALS[int(rng.integers(len(SEALS)))], rng, 10)
    section = np.array([
        (-0.5, 0.12), (-0.5, 0.5), (-0.4, 0.62), (-0.34, 0.5), (-0.3, 0.9), (-0.2, 1.0), (0.1, 1.0), (0.2, 0.92),
        (0.24, 0.7),
        (0.3, 0.62), (0.34, 0.82), (0.42, 0.86), (0.5, 0.7), (0.5, 0.12), (0.4, 0.0), (-0.4, 0.0),
    ]) * (width, height)  # fmt: skip
    stations = np.linspace(-0.5 * length, 0.5 * length, 41)
    bend = rng.uniform(-1.0, 1.0)
    wave = 0.5 * np.sin(stations / length * rng.uniform(2, 6) + rng.uniform(0, 6)) * bend
    pinch = 1.0 - 0.35 * np.exp(-(((stations - rng.uniform(-0.4, 0.4) * length) / 9.0) ** 2)) * rng.random()
    squeeze = 1.0 - 0.12 * np.abs(bend)
    rings = []
    for x, side, high in zip(stations, wave, pinch, strict=True):
        rings.append(
            np.column_stack(
                [np.full(len(section), x), squeeze * section[:, 0] + 0.06 * width * side, section[:, 1] * high]
            )
        )
    run = np.r_[0.0, np.cumsum(np.hypot(*np.diff(section, axis=0).T))]
    canvas = Canvas(length, float(run[-1]), paint, rng, px_per_mm=4.0)
    for y in (0.25, 0.42, 0.6, 0.75):
        canvas.line([(0, y * run[-1]), (length, y * run[-1])], 0.8, tinted(paint, 0.72), raised_mm=-0.2)
    for _ in range(int(rng.integers(2, 9))):
        x = rng.uniform(0, length)
        canvas.line(
            [(x, 0.3 * run[-1]), (x + rng.normal(0, 3), 0.7 * run[-1])], 0.5, tinted(paint, 0.5), raised_mm=-0.2
        )
    canvas.grime(rng.uniform(0.3, 0.9))
    canvas.dust(rng.uniform(0.1, 0.5))
    return Solid(parts=(_lofted(np.stack(rings), run, canvas.surface()),))


def _lofted(rings: ArrayF64, run: ArrayF64, surface: Surface) -> Part:
    """A profile carried along x: (stations, corners, 3), open at no side; capped."""
    if not shapely.LinearRing(rings[0][:, 1:]).is_ccw:
        rings, run = rings[:, ::-1], run[-1] - run[::-1]
    stations, corners = rings.shape[:2]
    closed = np.concatenate([rings, rings[:, :1]], axis=1)
    count = corners + 1
    first = (np.arange(stations - 1)[:, None] * count + np.arange(corners)[None]).ravel()
    faces = [
        np.column_stack([first, first + 1, first + count + 1]),
        np.column_stack([first, first + count + 1, first + count]),
    ]
    places = np.stack(
        np.broadcast_arrays(np.linspace(0, 1, stations)[:, None], 1.0 - np.r_[run / run.max(), 1.0][None]), axis=-1
    )
    points, spots, strips = [closed.reshape(-1, 3)], [places.reshape(-1, 2)], faces
    total = stations * count
    outline = shapely.Polygon(rings[0][:, 1:])
    triangles = np.array(
        [np.asarray(t.exterior.coords)[:3] for t in shapely.constrained_delaunay_triangles(outline.buffer(0)).geoms]
    )
    for end in (0, -1):
        x = float(rings[end, 0, 0])
        shift = rings[end, :, 1:].mean(axis=0) - rings[0, :, 1:].mean(axis=0)
        cap = np.column_stack([np.full(3 * len(triangles), x), triangles.reshape(-1, 2) + np.array([shift[0], 0.0])])
        points.append(cap)
        spots.append(np.full((len(cap), 2), 0.5))
        index = np.arange(len(cap)).reshape(-1, 3) + total
        ahead = np.cross(cap[1] - cap[0], cap[2] - cap[0])[0]
        strips.append(index if (ahead > 0) == (end == -1) else index[:, ::-1])
        total += len(cap)
    return finished(np.concatenate(points), np.concatenate(strips), np.concatenate(spots), surface)


def drinks_can(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A can trodden flat across its middle, x along its axis."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    around = 2.2 * (width + 0.3 * height)
    canvas = Canvas(length, around, ALUMINIUM, rng, px_per_mm=3.0)
    paint = varied(TINS[int(rng.integers(len(TINS)))], rng, 8)
    second = varied(TINS[int(rng.integers(len(TINS)))], rng, 8)
    canvas.rect(0.06 * length, 0, 0.94 * length, around, paint)
    for share in rng.uniform(0.0, 1.0, 2):
        y = share * around
        canvas.polygon(
            [
                (0.06 * length, y),
                (0.94 * length, y + 0.2 * around),
                (0.94 * length, y + 0.3 * around),
                (0.06 * length, y + 0.12 * around),
            ],
            second,
        )
    name = BRANDS[int(rng.integers(len(BRANDS)))].title()
    ink = WHITE_INK if sum(paint.srgb) < 420 else INK
    for share in (0.5, 0.04):
        canvas.text(name, 0.5 * length, share * around, 0.13 * around, ink, font="oblique", fit_mm=0.72 * length)
        canvas.text(
            "COLA 330 ml" if rng.random() < 0.5 else "LEMON 0.33 l", 0.5 * length, (share - 0.12) * around, 3.0, ink
        )
    canvas.scratches(20, length_mm=25.0, strength=0.5)
    canvas.grime(rng.uniform(0.1, 0.5))
    canvas.dust(rng.uniform(0.1, 0.4))
    stations, corners = 49, 56
    along = np.linspace(-1, 1, stations)
    angle = np.linspace(-0.5 * math.pi, 1.5 * math.pi, corners, endpoint=False)
    creases = [(rng.uniform(1, 6), rng.uniform(-5, 5), rng.uniform(0, 6)) for _ in range(6)]
    buckle = rng.uniform(-0.12, 0.12)
    rings = []
    for share in along:
        neck = 1.0 - 0.22 * max(0.0, (abs(share) - 0.88) / 0.12)
        flat = 0.45 + 0.55 * share**2
        dent = sum(np.abs(np.sin(a * share + b * np.sin(angle) + p)) - 0.6 for a, b, p in creases) / 3
        reach = neck * (1.0 + 0.13 * dent * (1 - share**4))
        y = 0.4 * width * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.8 * reach + buckle * width * share**2
        z = 0.5 * height * (1 + np.sin(angle) * (0.4 * flat + 0.35) * neck * (1 + 0.55 * dent))
        rings.append(np.column_stack([np.full(corners, 0.5 * length * share), y, np.clip(z, 0.2, height)]))
    stack = np.stack(rings)
    stack[..., 1] *= 0.5 * width / np.abs(stack[..., 1]).max()
    run = np.linspace(0, 1, corners)
    return Solid(parts=(_lofted(stack, run, canvas.surface()),))
