"""Lithium cells: round ones in a printed wrap, pouches of foil."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.forms import plain, stray_wire
from neosort_datasets.modelling.labels import aged_paper, brand, label_sheet, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    BLUE_PLASTIC,
    INK,
    KAPTON,
    NICKEL,
    PAPER,
    PCB_GREEN,
    RED_PLASTIC,
    SOLDER,
    WHITE_INK,
    YELLOW_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, lathe, rounded_rectangle
from neosort_datasets.modelling.sheets import draped, sheet
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.parts import Z_ALONG_X
from neosort_hardware.types import ArrayF64

Rng = np.random.Generator

WRAPS = (
    Paint((214, 74, 24), 0.35), Paint((30, 92, 178), 0.35), Paint((34, 140, 74), 0.35), Paint((122, 50, 148), 0.35),
    Paint((196, 32, 44), 0.35), Paint((226, 190, 40), 0.35), Paint((222, 226, 226), 0.35), Paint((196, 84, 138), 0.35),
    Paint((60, 168, 178), 0.35), Paint((44, 46, 52), 0.35), Paint((150, 170, 190), 0.35), Paint((120, 74, 44), 0.35),
)  # fmt: skip
FOIL = Paint((214, 216, 220), 0.26, 1.0)
TAPES = (
    KAPTON,
    Paint((226, 116, 26), 0.35),
    Paint((226, 116, 26), 0.35),
    YELLOW_PLASTIC,
    BLUE_PLASTIC,
    Paint((40, 42, 44), 0.5),
)


def round_cell(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A cell on its side, along x: wrap around, its plus end at +x; welded tabs, torn wrap, dents."""
    radius, length = 0.5 * model.height_mm, model.length_mm
    can = varied(NICKEL, rng, 6)
    around = 2 * math.pi * radius
    groove = length - rng.uniform(3.4, 4.4)
    profile = [
        (0.01, 0.0), (0.84 * radius, 0.0), (0.97 * radius, 0.4), (radius, 1.2), (radius, groove),
        (0.95 * radius, groove + 0.5),
        (radius, groove + 1.1), (0.985 * radius, length - 1.2), (0.86 * radius, length - 0.8),
        (0.8 * radius, length - 1.1),
        (0.42 * radius, length - 1.1), (0.4 * radius, length - 0.1), (0.3 * radius, length), (0.01, length),
    ]  # fmt: skip
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(np.asarray(profile), axis=0).T))])
    canvas = Canvas(around, float(run[-1]), can, rng, px_per_mm=5.0)
    if rng.random() < 0.35:
        canvas.rust(rng.uniform(0.1, 0.4))
    _wrap(canvas, rng, around, float(run[1]) + 0.3, float(run[8]))
    canvas.scratches(int(rng.integers(3, 14)), length_mm=12.0, strength=0.4)
    canvas.grime(rng.uniform(0.05, 0.4))
    canvas.dust(rng.uniform(0.05, 0.4))
    shown = turn("z", rng.uniform(0, 2 * math.pi))
    body = lathe(profile, canvas.surface(), segments=64).turned(shown)
    parts = [body.turned(Z_ALONG_X).moved((-0.5 * length, 0.0, radius))]
    if rng.random() < 0.3:
        parts.append(_tab(rng, length, radius))
    return Solid(parts=tuple(parts))


def _wrap(canvas: Canvas, rng: Rng, around: float, low: float, high: float) -> None:
    paint = varied(WRAPS[int(rng.integers(len(WRAPS)))], rng, 8)
    light = sum(paint.srgb) > 420
    ink = INK if light else WHITE_INK
    canvas.rect(0, low, around, high, paint, raised_mm=0.1)
    if rng.random() < 0.4:  # a second colour
        band = rng.uniform(0.15, 0.4) * (high - low)
        canvas.rect(0, high - band, around, high, varied(WRAPS[int(rng.integers(len(WRAPS)))], rng, 8))
    name, capacity = brand(rng), int(rng.integers(15, 36)) * 100
    middle = 0.5 * (low + high)
    for share in (0.13, 0.63):
        x = share * around
        canvas.text(name, x, middle, 5.0, ink, angle_deg=90, font="bold", fit_mm=0.62 * (high - low))
        canvas.text(
            f"ICR18650-{capacity // 100} {capacity}mAh 3.7V",
            x + 5.6,
            middle,
            2.0,
            ink,
            angle_deg=90,
            fit_mm=0.8 * (high - low),
        )
        canvas.text(f"Li-ion {serial(rng, 9)}", x + 9.0, middle, 1.7, ink, angle_deg=90, fit_mm=0.7 * (high - low))
        canvas.text("+", x, high - 4, 4.0, ink, font="bold")
    canvas.line([(0.42 * around, low), (0.42 * around, high)], 0.3, tinted(paint, 0.8), raised_mm=0.08)
    if rng.random() < 0.35:  # torn
        x, y, reach = rng.uniform(0, around), rng.uniform(low, high), rng.uniform(3, 12)
        angle = np.linspace(0, 2 * math.pi, 13, endpoint=False)
        jag = reach * rng.uniform(0.4, 1.2, 13)
        canvas.polygon(
            np.column_stack([x + 0.6 * jag * np.cos(angle), y + jag * np.sin(angle)]), NICKEL, raised_mm=-0.1
        )


def _tab(rng: Rng, length: float, radius: float) -> Part:
    """A strip of nickel welded to the plus end, torn off the next cell."""
    strip = box((0.2, 6.0, 2 * radius * rng.uniform(0.6, 0.9)), (0.5 * length - 0.12, 0.0, radius), plain(NICKEL, rng))
    return strip.turned(turn("x", rng.uniform(-0.6, 0.6)), (0.0, 0.0, radius))


def pouch_cell(model: ItemModel, pose: Pose, rng: Rng) -> Solid:
    """A pouch of foil: label, taped top with its board, leads; some swollen, some crumpled."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    swollen = rng.random() < 0.3
    dark = rng.random() < 0.25
    paint = varied(Paint((46, 47, 50), 0.4) if dark else FOIL, rng, 6)
    canvas = Canvas(length, width, paint, rng, px_per_mm=5.0)
    canvas.mottle(0.1, 6.0)
    tape = varied(TAPES[int(rng.integers(len(TAPES)))], rng, 8)
    deep = rng.uniform(5.0, 0.12 * length + 4.0)
    canvas.rect(length - deep, 0, length, width, tape, raised_mm=0.1)
    for _ in range(8):
        x, y = rng.uniform(0, length - deep), rng.uniform(0, width)
        away = rng.normal(0, 0.15 * width, 2)
        canvas.line([(x, y), (x + away[0], y + away[1])], 0.5, paint, raised_mm=float(rng.choice([-0.12, 0.12])))
    _pouch_print(canvas, rng, length - deep, width, dark)
    canvas.scratches(int(rng.integers(3, 12)), length_mm=15.0, strength=0.4)
    canvas.smears(int(rng.integers(0, 3)))
    canvas.dust(rng.uniform(0.05, 0.35))
    surface = canvas.surface()
    upper, lower = (_half(model, rng, surface, up, swollen) for up in (True, False))
    parts = [upper, lower]
    if rng.random() < 0.55:
        board = Canvas(3.0, 0.6 * width, PCB_GREEN, rng, px_per_mm=6.0)
        for y in np.linspace(2, 0.6 * width - 2, 5):
            board.rect(0.6, y - 0.8, 2.4, y + 0.8, SOLDER, raised_mm=0.2)
        parts.append(
            box((3.0, 0.6 * width, 1.4), (0.5 * length - 1.4, 0.0, 0.5 * height), board.surface(), bevel_mm=0.1)
        )
    loose: list[Part] = []
    if rng.random() < 0.7:
        for lane, colour in ((-1.6, RED_PLASTIC), (1.6, Paint((34, 34, 36), 0.5))):
            start = (0.5 * length - 1.0, lane + rng.uniform(-1, 1), 0.5 * height)
            loose += stray_wire(rng, start, rng.normal(0, 0.5), rng.uniform(14, 45), 0.65, varied(colour, rng, 8))
    elif rng.random() < 0.6:
        for y in (-0.2 * width, 0.2 * width):
            parts.append(box((5.0, 4.0, 0.2), (0.5 * length - 2.5, y, 0.5 * height - 0.3), plain(NICKEL, rng)))
    return Solid(parts=tuple(parts), loose=tuple(loose))


def _pouch_print(canvas: Canvas, rng: Rng, length: float, width: float, dark: bool) -> None:
    ink = INK
    if dark or rng.random() < 0.25:
        ink = WHITE_INK if dark else INK
        x0, y0, x1, y1 = 0.12 * length, 0.15 * width, 0.85 * length, 0.85 * width
    else:
        x0, x1 = rng.uniform(0.06, 0.2) * length, rng.uniform(0.7, 0.95) * length
        y0, y1 = rng.uniform(0.06, 0.2) * width, rng.uniform(0.75, 0.95) * width
        paper = aged_paper(rng) if rng.random() < 0.6 else varied(Paint((40, 42, 46), 0.5), rng, 5)
        ink = INK if sum(paper.srgb) > 330 else WHITE_INK
        label_sheet(canvas, rng, x0, y0, x1, y1, paper, torn=0.25)
    tall = y1 - y0
    x, fit = 0.5 * (x0 + x1), 0.85 * (x1 - x0)
    size = int(rng.integers(5, 50)) * 100
    lines = (
        f"{brand(rng)}",
        f"{size} mAh",
        f"3.7V {3.7e-3 * size:.2f}Wh Li-Polymer",
        f"P/N {serial(rng, 10)}",
        "DO NOT DISPOSE IN FIRE",
    )
    for row, (line, share) in enumerate(zip(lines, (0.14, 0.17, 0.07, 0.06, 0.05), strict=True)):
        canvas.text(
            line,
            x,
            y1 - tall * (0.14 + 0.17 * row),
            min(5.0, share * tall),
            ink,
            font="bold" if row < 2 else "sans",
            fit_mm=fit,
        )
    side = 0.26 * tall
    if rng.random() < 0.5:
        canvas.square_code(serial(rng, 10), x1 - side - 1.0, y0 + 1.0, side, INK, PAPER)
    else:
        canvas.bar_code(x0 + 1.5, y0 + 0.03 * tall, x0 + 0.5 * (x1 - x0), y0 + 0.13 * tall, INK, PAPER)


def _half(model: ItemModel, rng: Rng, surface: Surface, up: bool, swollen: bool) -> Part:
    """One skin of the pouch, its rim at half height."""
    length, width, height = model.length_mm, model.width_mm, model.height_mm
    reach = 0.5 * height - 0.12
    soft = 0.45 * min(length, width) if swollen else 1.6

    def rise(x: ArrayF64, y: ArrayF64) -> ArrayF64:
        edge = np.minimum(0.5 * length - 0.8 - np.abs(x), 0.5 * width - 0.8 - np.abs(y))
        share = np.clip(edge / soft, 0.0, 1.0)
        wave = 0.0 if swollen else 0.12 * np.sin(0.31 * x + 1.0) * np.sin(0.37 * y)
        return np.asarray(np.sqrt(np.clip(1 - (1 - share) ** 2, 0, 1)) * (reach - 0.12 + wave))

    sign = 1.0 if up else -1.0
    lay = draped(lambda x, y: 0.5 * height + sign * rise(x, y))
    inner = np.array([0.8, 1.2, 1.7, 2.4])
    grid_x = np.concatenate(
        [-0.5 * length + inner, np.linspace(-0.5 * length + 4, 0.5 * length - 4, 14), 0.5 * length - inner[::-1]]
    )
    grid_y = np.concatenate(
        [-0.5 * width + inner, np.linspace(-0.5 * width + 4, 0.5 * width - 4, 12), 0.5 * width - inner[::-1]]
    )
    return sheet(rounded_rectangle(length, width, 1.2), 0.15, surface, lay, cuts_x_mm=grid_x, cuts_y_mm=grid_y)
