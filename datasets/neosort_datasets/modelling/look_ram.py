"""Memory modules."""

from __future__ import annotations

import numpy as np
import shapely

from neosort_datasets.modelling.board_parts import GREY_PRINT
from neosort_datasets.modelling.labels import aged_paper, brand, label_sheet, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    CERAMIC,
    CHIP,
    GOLD,
    INK,
    PCB_BLACK,
    PCB_BLUE,
    PCB_GREEN,
    PCB_RED,
    SOLDER,
    WHITE_INK,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import circle, rounded_rectangle, slab
from neosort_datasets.modelling.sheets import one_picture
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose

Rng = np.random.Generator

MASKS = (PCB_GREEN, PCB_GREEN, PCB_BLUE, PCB_BLACK, PCB_RED)
SPREADERS = (ALUMINIUM, Paint((160, 30, 34), 0.35, 0.8), Paint((40, 60, 140), 0.35, 0.8), Paint((40, 42, 46), 0.4, 0.7))
BOARD_MM = 1.3


def ram(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A module with chips on one face or both, a gold edge, labels; some in a heat spreader."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    mask = varied(MASKS[int(rng.integers(len(MASKS)))], rng, 6)
    spreader = varied(SPREADERS[int(rng.integers(4))], rng, 8) if length > 100 and rng.random() < 0.2 else None
    count = int(rng.choice([4, 8])) if length < 100 else int(rng.choice([8, 8, 9, 16]))
    package = varied(CHIP, rng, 6)
    name, number = brand(rng), serial(rng, 9)
    both, missing = rng.random() < 0.6, rng.random() < 0.15
    outline = _outline(length, width, rng)
    low = 0.5 * (height - BOARD_MM)
    halves: list[Part] = []
    for face, below in (("front", False), ("back", True)):
        canvas = Canvas(length, width, mask, rng, px_per_mm=5.0)
        blank = Canvas(1.0, 1.0, mask, rng).surface()
        _tracks(canvas, rng, mask)
        _gold_edge(canvas, length, tinted(GOLD, rng.uniform(0.85, 1.0)))
        parts: list[Part] = []
        start, end = (0.0, low + 0.5 * BOARD_MM) if below else (low + 0.5 * BOARD_MM, height)
        if spreader is not None:
            parts.append(_spreader(canvas, rng, length, width, spreader, name, blank, start, end))
        elif face == "front" or both:
            places = _chips(canvas, rng, length, width, count, package, name, number, missing)
            side = -1.0 if below else 1.0
            for x, y, a, b in places:
                inner, outer = (low, low - 1.0) if below else (low + BOARD_MM, low + BOARD_MM + 1.0)
                cell = rounded_rectangle(a, b, 0.0, (x - 0.5 * length, side * (y - 0.5 * width)))
                parts.append(slab(cell, min(inner, outer), max(inner, outer), blank, bevel_mm=0.15))
        if spreader is None and (face == "front" or rng.random() < 0.3):
            _sticker(canvas, rng, length, width, name, number)
        canvas.scratches(int(rng.integers(2, 9)), length_mm=20.0, strength=0.35)
        canvas.dust(rng.uniform(0.1, 0.5))
        canvas.grime(rng.uniform(0.0, 0.3))
        base = (low, low + 0.5 * BOARD_MM) if below else (low + 0.5 * BOARD_MM, low + BOARD_MM)
        parts.append(slab(outline, *base, blank, bevel_mm=0.12))
        corner = (0.5 * length, 0.5 * width)
        halves.append(one_picture(parts, canvas.surface(), (-corner[0], -corner[1]), corner, seen_from_below=below))
    return Solid(parts=tuple(halves))


def _outline(length: float, width: float, rng: np.random.Generator) -> shapely.Polygon:
    """With the key's notch in the gold edge and latching notches at the ends."""
    outline = rounded_rectangle(length, width, 0.6)
    key = (rng.uniform(0.02, 0.12) - 0.06) * length
    cuts = [rounded_rectangle(2.0, 8.0, 0.9, (key, -0.5 * width))]
    for x in (-0.5 * length, 0.5 * length):
        cuts += [circle(1.6, (x, -0.5 * width + 0.55 * width), 20), circle(1.2, (x, -0.5 * width + 0.24 * width), 20)]
    cut = outline.difference(shapely.union_all(cuts))
    if rng.random() < 0.15:
        bite = rng.uniform(0.04, 0.12) * length
        cut = cut.difference(
            shapely.Polygon(
                [(0.5 * length, 0.5 * width), (0.5 * length - bite, 0.5 * width), (0.5 * length, 0.1 * width)]
            )
        )
    return cut


def _gold_edge(canvas: Canvas, length: float, gold: Paint) -> None:
    for x in np.arange(2.5, length - 2.5, 1.0):
        canvas.rect(x, 0.2, x + 0.68, 3.4, gold, raised_mm=0.04)


def _tracks(canvas: Canvas, rng: np.random.Generator, mask: Paint) -> None:
    length, width = canvas_size(canvas)
    for _ in range(int(length / 2)):
        x, y = rng.uniform(0, length), rng.uniform(0, width)
        canvas.line([(x, y), (x, y + 5), (x + rng.uniform(-6, 6), y + 9)], 0.25, tinted(mask, 1.2), raised_mm=0.02)
        canvas.disc(x, y, 0.3, SOLDER)
    for _ in range(int(length * 0.6)):
        x, y = rng.uniform(2, length - 2), rng.choice([5.2, 6.8, 0.94 * width]) + rng.uniform(-0.3, 0.3)
        canvas.rect(x - 0.7, y - 0.4, x + 0.7, y + 0.4, SOLDER, raised_mm=0.3)
        canvas.rect(
            x - 0.35, y - 0.4, x + 0.35, y + 0.4, CERAMIC if rng.random() < 0.6 else tinted(CHIP, 0.8), raised_mm=0.35
        )


def canvas_size(canvas: Canvas) -> tuple[float, float]:
    """Its width and height, mm."""
    rows, columns = canvas.bump_mm.shape
    return columns / canvas.px_per_mm, rows / canvas.px_per_mm


def _chips(
    canvas: Canvas, rng: np.random.Generator, length: float, width: float, count: int, package: Paint, name: str,
    number: str, missing: bool,
) -> list[tuple[float, float, float, float]]:  # fmt: skip
    """Draw the chips and say where they are: middle and edges on the canvas."""
    rows = 2 if count == 16 else 1
    along = count // rows
    pitch = (length - 8.0) / along
    long, wide = min(0.8 * pitch, 11.5), (0.3 if rows == 2 else min(0.5, 0.42)) * width
    gap = int(rng.integers(count)) if missing else -1
    places = []
    for index in range(count):
        x = 4.0 + (index % along + 0.5) * pitch
        y = (0.62 if rows == 1 else (0.42 if index < along else 0.78)) * width
        for step in np.linspace(-0.42, 0.42, 9):
            canvas.rect(
                x + step * long - 0.2, y - 0.5 * wide - 0.9, x + step * long + 0.2, y + 0.5 * wide + 0.9, SOLDER
            )
        if index == gap:
            continue
        canvas.rect(x - 0.5 * long, y - 0.5 * wide, x + 0.5 * long, y + 0.5 * wide, package)
        canvas.disc(x - 0.4 * long, y - 0.36 * wide, 0.4, tinted(package, 1.5))
        canvas.text(name, x, y + 0.18 * wide, 1.3, GREY_PRINT, font="bold", fit_mm=0.8 * long)
        canvas.text(number[:7], x, y - 0.14 * wide, 1.0, GREY_PRINT, fit_mm=0.8 * long)
        places.append((x, y, long, wide))
    return places


def _sticker(canvas: Canvas, rng: np.random.Generator, length: float, width: float, name: str, number: str) -> None:
    long = rng.uniform(28, 42)
    x0, y0 = rng.uniform(0.08, 0.9 - long / length) * length, 0.42 * width
    paper = aged_paper(rng)
    label_sheet(canvas, rng, x0, y0, x0 + long, y0 + 0.5 * width, paper, torn=0.2)
    size = rng.choice(["512MB", "1GB", "2GB", "4GB", "8GB", "16GB"])
    canvas.text(f"{name} {size}", x0 + 0.5 * long, y0 + 0.38 * width, 2.2, INK, font="bold", fit_mm=0.85 * long)
    canvas.text(
        f"PC{rng.integers(2, 5)}-{rng.integers(53, 256)}00 CL{rng.integers(3, 19)}",
        x0 + 0.5 * long,
        y0 + 0.25 * width,
        1.5,
        INK,
        fit_mm=0.85 * long,
    )
    canvas.bar_code(x0 + 2, y0 + 0.05 * width, x0 + long - 2, y0 + 0.17 * width, INK, paper)


def _spreader(
    canvas: Canvas, rng: np.random.Generator, length: float, width: float, paint: Paint, name: str, blank: Surface,
    low: float, high: float,
) -> Part:  # fmt: skip
    """A pressed sheet over the chips."""
    canvas.rect(1.5, 5.0, length - 1.5, width, paint)
    for x in np.arange(12, length - 10, 8.0):
        canvas.rect(x, 8.0, x + 4.0, 9.2, tinted(paint, 0.75), raised_mm=-0.3)
    canvas.text(name, 0.5 * length, 0.62 * width, 6.0, WHITE_INK, font="oblique", fit_mm=0.6 * length)
    outline = rounded_rectangle(length - 3.0, width - 5.0, 1.0, (0.0, 2.5))
    return slab(outline, low + 0.01, high, blank, bevel_mm=0.5)
