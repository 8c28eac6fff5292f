"""The bulky things on circuit boards: transformers, heatsinks, plugs, relays; drawn on the picture, meshes on top."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.board_spots import Rng, Spot, framed
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    ANODISED_BLACK,
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    COPPER,
    GOLD,
    INK,
    KAPTON,
    NICKEL,
    ORANGE_PLASTIC,
    RED_PLASTIC,
    SOLDER,
    WHITE_INK,
    WHITE_PLASTIC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import circle, lathe, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Surface


def transformer(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A ferrite core over a taped coil."""
    long, wide = 0.95 * spot.long, 0.95 * spot.wide
    tape = varied(
        (Paint((214, 176, 60), 0.3), KAPTON, Paint((230, 226, 190), 0.35), BLUE_PLASTIC)[int(rng.integers(4))], rng, 10
    )
    core = varied(Paint((66, 64, 64), 0.6), rng, 5)
    height = min(spot.room_mm, rng.uniform(9, 18))
    framed(canvas, spot, long, wide, tinted(BLACK_PLASTIC, 0.9))
    framed(canvas, spot, 0.62 * long, 0.98 * wide, tape)
    framed(canvas, spot, long, 0.46 * wide, core)
    x, y = spot.on_canvas
    canvas.rect(
        x - 0.32 * long,
        y - 0.22 * wide,
        x + 0.32 * long,
        y + 0.22 * wide,
        WHITE_PLASTIC if rng.random() < 0.5 else tape,
    )
    canvas.text(brand(rng), x, y + 0.06 * wide, min(2.0, 0.1 * wide), INK, fit_mm=0.55 * long)
    canvas.text(serial(rng, 8), x, y - 0.1 * wide, min(1.6, 0.08 * wide), INK, fit_mm=0.55 * long)
    return [
        spot.block(blank, long, wide, 0.35 * height),
        spot.block(blank, 0.62 * long, 0.98 * wide, 0.9 * height, bevel=1.2),
        spot.block(blank, long, 0.46 * wide, height, bevel=0.5),
    ]


def heatsink(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """An aluminium comb, bare or black."""
    paint = varied(ALUMINIUM if rng.random() < 0.6 else ANODISED_BLACK, rng, 6)
    long, wide = 0.95 * spot.long, 0.95 * spot.wide
    framed(canvas, spot, long, wide, paint)
    height = min(spot.room_mm, rng.uniform(7, 18))
    parts = [spot.block(blank, long, wide, 0.2 * height)]
    count = max(3, int(long / 3.0))
    for place in np.linspace(-0.5, 0.5, count):
        x = spot.x + place * (long - 1.0)
        outline = rounded_rectangle(1.0, wide, 0.0, (x, spot.y))
        parts.append(slab(outline, spot.base_mm, spot.base_mm + height, blank, bevel_mm=0.2))
        if place < 0.5:
            cx = spot.on_canvas[0] + place * (long - 1.0)
            canvas.rect(
                cx + 0.6,
                spot.on_canvas[1] - 0.48 * wide,
                cx + long / count - 0.4,
                spot.on_canvas[1] + 0.48 * wide,
                tinted(paint, 0.6),
            )
    return parts


def connector(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A plug housing with a row or two of pins."""
    paints = (WHITE_PLASTIC, BLACK_PLASTIC, BEIGE_PLASTIC, BLUE_PLASTIC, RED_PLASTIC, ORANGE_PLASTIC)
    paint = varied(paints[int(rng.integers(len(paints)))], rng, 8)
    long, wide = 0.96 * spot.long, 0.96 * spot.wide
    x0, y0, x1, y1 = framed(canvas, spot, long, wide, paint)
    wall = min(0.9, 0.14 * wide)
    canvas.rect(x0 + wall, y0 + wall, x1 - wall, y1 - wall, tinted(paint, 0.55), raised_mm=-0.8)
    rows = 2 if wide > 5.5 else 1
    pin = GOLD if rng.random() < 0.5 else SOLDER
    pitch = float(rng.choice([2.0, 2.54, 2.54, 3.96]))
    for row in range(rows):
        y = y0 + wide * (row + 1) / (rows + 1)
        for x in np.arange(x0 + 0.6 * pitch + wall, x1 - 0.5 * pitch, pitch):
            canvas.rect(x - 0.4, y - 0.4, x + 0.4, y + 0.4, pin, raised_mm=0.8)
    return [spot.block(blank, long, wide, rng.uniform(5, 11), bevel=0.3)]


def shell(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A metal socket as of USB, network or video, or a shielding can."""
    long, wide = 0.96 * spot.long, 0.96 * spot.wide
    tin = varied(rougher(NICKEL, 0.33), rng, 8)
    x0, y0, x1, _ = framed(canvas, spot, long, wide, tin)
    for share in (0.28, 0.72):
        canvas.rect(
            x0 + share * long - 0.9,
            y0 + 0.3 * wide,
            x0 + share * long + 0.9,
            y0 + 0.75 * wide,
            tinted(tin, 0.7),
            raised_mm=-0.3,
        )
    canvas.rect(x0, y0, x1, y0 + 0.06 * wide, tinted(INK, 0.6))
    canvas.line([(x0, y0 + 0.85 * wide), (x1, y0 + 0.85 * wide)], 0.3, tinted(tin, 0.6))
    return [spot.block(blank, long, wide, rng.uniform(3, 12), bevel=0.4)]


def relay(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A sealed block with a printed top."""
    paint = varied((BLUE_PLASTIC, BLACK_PLASTIC, WHITE_PLASTIC, ORANGE_PLASTIC)[int(rng.integers(4))], rng, 8)
    long, wide = 0.94 * spot.long, 0.94 * spot.wide
    framed(canvas, spot, long, wide, paint)
    ink = INK if sum(paint.srgb) > 400 else WHITE_INK
    x, y = spot.on_canvas
    canvas.text(brand(rng), x, y + 0.2 * wide, min(2.4, 0.18 * wide), ink, font="bold", fit_mm=0.8 * long)
    canvas.text("12VDC 10A", x, y - 0.1 * wide, min(1.8, 0.12 * wide), ink, fit_mm=0.8 * long)
    canvas.text(serial(rng, 8), x, y - 0.3 * wide, min(1.5, 0.1 * wide), ink, fit_mm=0.7 * long)
    return [spot.block(blank, long, wide, rng.uniform(8, 16), bevel=0.5)]


def toroid(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A ring core wound with copper wire."""
    x, y = spot.on_canvas
    radius = 0.46 * min(spot.long, spot.wide)
    core = varied(
        (Paint((150, 140, 52), 0.5), Paint((60, 110, 70), 0.5), Paint((60, 60, 62), 0.6))[int(rng.integers(3))], rng, 10
    )
    canvas.disc(x, y, radius, core)
    wire = varied(COPPER, rng, 10)
    turns = int(rng.integers(18, 34))
    for angle in np.arange(turns) * 5.4 / turns + rng.uniform(0, 6):
        ray = np.array([math.cos(angle), math.sin(angle)])
        canvas.line(
            np.array([(x, y) + 0.3 * radius * ray, (x, y) + 1.05 * radius * ray]), 0.11 * radius, wire, raised_mm=0.25
        )
    canvas.disc(x, y, 0.36 * radius, tinted(INK, 0.8), raised_mm=-0.5)
    bow = np.linspace(-0.2, math.pi + 0.2, 9)
    height = min(spot.room_mm, rng.uniform(4, 9))
    middle, wall = 0.69 * radius, 0.33 * radius
    profile = [
        (middle + wall * math.cos(a), spot.base_mm + height * (0.35 + 0.65 * max(0.0, math.sin(a)))) for a in bow
    ]
    return [lathe([(middle + wall, spot.base_mm), *profile], blank, segments=36).moved((spot.x, spot.y, 0.0))]


def coin_cell(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A button cell in its black holder, or an empty holder."""
    x, y = spot.on_canvas
    radius = 0.46 * min(spot.long, spot.wide)
    canvas.disc(x, y, 1.05 * radius, BLACK_PLASTIC)
    if rng.random() < 0.7:
        canvas.disc(x, y, 0.88 * radius, NICKEL)
        canvas.text("3V", x, y + 0.3 * radius, 0.2 * radius, tinted(NICKEL, 0.6), raised_mm=-0.05)
        canvas.text("CR2032 +", x, y - 0.1 * radius, 0.2 * radius, tinted(NICKEL, 0.6), raised_mm=-0.05)
    canvas.rect(x - 1.2 * radius, y - 0.14 * radius, x - 0.55 * radius, y + 0.14 * radius, SOLDER, raised_mm=0.3)
    height = spot.base_mm + min(5.0, spot.room_mm)
    return [slab(circle(radius, (spot.x, spot.y), 36), spot.base_mm, height, blank, bevel_mm=0.5)]
