"""Soft and thin things that do not belong on the belt: rags, torn board."""

from __future__ import annotations

import math

import numpy as np
import shapely

from neosort_datasets.modelling.labels import brand
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    CARDBOARD,
    INK,
    PAPER,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.paths import filling, jagged, shard
from neosort_datasets.modelling.shapes import rounded_rectangle
from neosort_datasets.modelling.sheets import draped, sheet
from neosort_datasets.modelling.solid import Part, Solid
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.types import ArrayF64

Rng = np.random.Generator

CLOTHS = (
    Paint((52, 66, 104), 0.95), Paint((150, 40, 44), 0.95), Paint((190, 186, 176), 0.95), Paint((96, 98, 96), 0.95),
    Paint((58, 92, 66), 0.95), Paint((40, 40, 44), 0.95), Paint((196, 160, 92), 0.95), Paint((120, 86, 130), 0.95),
)  # fmt: skip


def textile(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A rag: woven, creased, frayed."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    paint = varied(CLOTHS[int(rng.integers(len(CLOTHS)))], rng, 8)
    canvas = Canvas(length, width, paint, rng, px_per_mm=4.0)
    second = varied(CLOTHS[int(rng.integers(len(CLOTHS)))], rng, 8)
    pattern = int(rng.integers(3))
    if pattern:
        step = rng.uniform(5, 16)
        for y in np.arange(step, width, step):
            canvas.rect(0, y, length, y + 0.3 * step, second)
        for x in np.arange(step, length, step) if pattern == 2 else ():
            canvas.rect(x, 0, x + 0.3 * step, width, tinted(second, 0.9))
    for y in np.arange(0.4, width, 0.9):
        canvas.line([(0, y), (length, y)], 0.35, tinted(paint, 0.8), raised_mm=-0.15)
    canvas.mottle(0.15, 3.0)
    canvas.grime(rng.uniform(0.1, 0.6))
    canvas.dust(rng.uniform(0.1, 0.5))
    outline = filling(
        jagged(rng, rounded_rectangle(length, width, 0.2 * width), 0.03 * width, 8.0), length - 0.6, width - 0.6
    )
    return Solid(parts=(_cloth(outline, 0.7, canvas, rng, height, folds=7),))


def _cloth(outline: shapely.Polygon, thick: float, canvas: Canvas, rng: Rng, height: float, folds: int) -> Part:
    """Draped with folds that run any way, within the height."""
    low_x, low_y, high_x, high_y = outline.bounds
    span = min(high_x - low_x, high_y - low_y)
    heading, phase = rng.uniform(0, math.pi, folds), rng.uniform(0, 2 * math.pi, folds)
    pitch, strength = rng.uniform(0.15, 0.6, folds) * span, rng.uniform(0.3, 1.0, folds)
    free = height - thick - 0.1

    def rise(x: ArrayF64, y: ArrayF64) -> ArrayF64:
        waves = [
            s
            * (
                1
                - np.abs(
                    np.sin(
                        (x * math.cos(h) + y * math.sin(h)) * math.pi / p
                        + f
                        + 0.4 * np.sin(0.09 * (y * math.cos(h) - x * math.sin(h)))
                    )
                )
            )
            ** 1.6
            for h, f, p, s in zip(heading, phase, pitch, strength, strict=True)
        ]
        return np.asarray(0.5 * thick + free * np.clip(np.sum(waves, axis=0) / (0.55 * strength.sum()), 0.0, 1.0))

    cells = max(2.0, (high_x - low_x) / 46)
    xs, ys = np.arange(low_x + cells, high_x, cells), np.arange(low_y + cells, high_y, cells)
    return sheet(outline, thick, canvas.surface(), draped(rise), cuts_x_mm=xs, cuts_y_mm=ys)


def cardboard(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A torn piece of a carton: print, tape, creases, flutes at the edge."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    paint = varied(CARDBOARD if rng.random() < 0.8 else PAPER, rng, 9)
    canvas = Canvas(length, width, paint, rng, px_per_mm=3.5)
    canvas.mottle(0.06, 2.0)
    for x in np.arange(0, length, 3.2):
        canvas.line([(x, 0), (x, width)], 1.2, tinted(paint, 0.97), raised_mm=-0.06)
    ink = varied(INK if rng.random() < 0.6 else Paint((150, 40, 36), 0.7), rng, 8)
    if rng.random() < 0.75:
        canvas.text(
            brand(rng),
            rng.uniform(0.3, 0.7) * length,
            0.62 * width,
            0.14 * width,
            ink,
            font="bold",
            fit_mm=0.7 * length,
        )
        canvas.text(
            str(rng.choice(["FRAGILE", "THIS SIDE UP", "QTY 20 PCS", "MADE FOR EXPORT", "12 x 500 g"])),
            0.5 * length,
            0.35 * width,
            0.07 * width,
            ink,
            fit_mm=0.6 * length,
        )
    if rng.random() < 0.5:
        y = rng.uniform(0.1, 0.8) * width
        canvas.rect(0, y, length, y + 0.16 * width, Paint((150, 112, 66), 0.18), raised_mm=0.05)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, length), rng.uniform(0, width)
        canvas.line(
            [(x, y), (x + rng.normal(0, 0.4) * length, y + rng.normal(0, 0.4) * width)],
            1.0,
            tinted(paint, 0.8),
            raised_mm=-0.3,
        )
    canvas.grime(rng.uniform(0.1, 0.7))
    canvas.dust(rng.uniform(0.05, 0.3))
    outline = shard(rng, length - 1.6, width - 1.6, int(rng.integers(4, 8)), jag_mm=0.6)
    return Solid(parts=(_cloth(outline, min(2.4, 0.45 * height), canvas, rng, height, folds=2),))
