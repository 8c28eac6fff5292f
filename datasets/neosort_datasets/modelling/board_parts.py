"""Chips, capacitors and the small parts of circuit boards: drawn on the board's picture, as meshes on top."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.board_spots import Rng, Spot, framed, plain_box
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    CERAMIC,
    CHIP,
    INK,
    RED_PLASTIC,
    SOLDER,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import lathe
from neosort_datasets.modelling.solid import Part, Surface

GREY_PRINT = Paint((150, 150, 150), 0.6)


SLEEVES = (Paint((26, 28, 34), 0.35), Paint((22, 34, 74), 0.35), Paint((70, 44, 30), 0.35), Paint((34, 62, 48), 0.35))


def chip(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A black package with legs on two or four sides."""
    x, y = spot.on_canvas
    four = 0.75 < spot.long / spot.wide < 1.33
    long, wide = 0.82 * spot.long, (0.82 if four else 0.72) * spot.wide
    pitch = max(0.65, spot.long / 22)
    for step in np.arange(-0.44 * long, 0.441 * long, pitch):
        canvas.rect(
            x + step - 0.25 * pitch,
            y - 0.5 * spot.wide,
            x + step + 0.25 * pitch,
            y + 0.5 * spot.wide,
            SOLDER,
            raised_mm=0.25,
        )
    if four:
        for step in np.arange(-0.44 * wide, 0.441 * wide, pitch):
            canvas.rect(
                x - 0.5 * spot.long,
                y + step - 0.25 * pitch,
                x + 0.5 * spot.long,
                y + step + 0.25 * pitch,
                SOLDER,
                raised_mm=0.25,
            )
    package = varied(CHIP, rng, 5)
    x0, _, _, y1 = framed(canvas, spot, long, wide, package)
    canvas.disc(x0 + 0.12 * long, y1 - 0.14 * wide, min(0.5, 0.05 * long), tinted(package, 1.5), raised_mm=-0.05)
    line = min(1.6, 0.14 * wide)
    canvas.text(brand(rng), x, y + 0.16 * wide, line, GREY_PRINT, font="bold", fit_mm=0.7 * long)
    canvas.text(serial(rng, 8), x, y - 0.08 * wide, 0.8 * line, GREY_PRINT, fit_mm=0.75 * long)
    canvas.text(serial(rng, 6), x, y - 0.28 * wide, 0.8 * line, GREY_PRINT, fit_mm=0.6 * long)
    return [spot.block(blank, long, wide, rng.uniform(1.2, 2.2), bevel=0.2)]


def capacitor(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """An electrolytic can, upright: sleeve, stripe, vent cross."""
    x, y = spot.on_canvas
    radius = 0.47 * min(spot.long, spot.wide)
    sleeve = varied(SLEEVES[int(rng.integers(len(SLEEVES)))], rng, 6)
    canvas.disc(x, y, 1.08 * radius, sleeve)
    facing = rng.uniform(0, 2 * math.pi)
    wedge = facing + np.linspace(-0.5, 0.5, 7)
    canvas.polygon(
        np.column_stack([x + 1.06 * radius * np.cos(wedge), y + 1.06 * radius * np.sin(wedge)]), tinted(WHITE_INK, 0.85)
    )
    canvas.disc(x, y, 0.84 * radius, rougher(ALUMINIUM, 0.3))
    for turn in (0.0, math.pi / 3, 2 * math.pi / 3) if rng.random() < 0.5 else (0.0, math.pi / 2):
        step = 0.62 * radius * np.array([math.cos(facing + turn), math.sin(facing + turn)])
        canvas.line(
            np.array([(x - step[0], y - step[1]), (x + step[0], y + step[1])]),
            0.12 * radius,
            tinted(ALUMINIUM, 0.6),
            raised_mm=-0.2,
        )
    height = min(spot.room_mm, radius * rng.uniform(1.6, 4.0))
    top = spot.base_mm + height
    bulge = 0.25 * radius if rng.random() < 0.15 else 0.0
    profile = [(radius, spot.base_mm), (radius, top - 0.5), (0.93 * radius, top - 0.05), (0.84 * radius, top - 0.1),
               (0.83 * radius, top - 0.3), (0.001, top - 0.3 + min(bulge, 0.3))]  # fmt: skip
    return [lathe(profile, blank, segments=28).moved((spot.x, spot.y, 0.0))]


def film_capacitor(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A box of yellow, grey, red or blue plastic with print."""
    paints = (YELLOW_PLASTIC, Paint((136, 140, 146), 0.45), RED_PLASTIC, BLUE_PLASTIC, WHITE_PLASTIC, BLACK_PLASTIC)
    paint = varied(paints[int(rng.integers(len(paints)))], rng, 10)
    long, wide = 0.94 * spot.long, 0.94 * spot.wide
    framed(canvas, spot, long, wide, paint)
    x, y = spot.on_canvas
    ink = INK if sum(paint.srgb) > 300 else WHITE_INK
    line = min(2.2, 0.22 * wide)
    canvas.text(
        f"{rng.choice(['0.1', '0.22', '0.47', '1.0', '2.2'])}µF K", x, y + 0.6 * line, line, ink, fit_mm=0.85 * long
    )
    canvas.text(
        "275V~ X2" if rng.random() < 0.5 else "MKP 400V", x, y - 0.9 * line, 0.8 * line, ink, fit_mm=0.85 * long
    )
    return [spot.block(blank, long, wide, rng.uniform(5, 16), bevel=0.4)]


def small_part(spot: Spot, canvas: Canvas, blank: Surface, rng: Rng) -> list[Part]:
    """A chip resistor, ceramic capacitor or diode with tinned ends."""
    paints = (
        CERAMIC,
        CERAMIC,
        tinted(CHIP, 0.8),
        tinted(CHIP, 0.8),
        Paint((96, 74, 52), 0.4),
        YELLOW_PLASTIC,
        WHITE_PLASTIC,
    )
    long, wide = spot.long, spot.wide
    if long < wide:
        x0, y0, x1, y1 = framed(canvas, spot, long, wide, SOLDER)
        canvas.rect(x0, y0 + 0.24 * wide, x1, y1 - 0.24 * wide, varied(paints[int(rng.integers(7))], rng, 10))
    else:
        x0, y0, x1, y1 = framed(canvas, spot, long, wide, SOLDER)
        canvas.rect(x0 + 0.24 * long, y0, x1 - 0.24 * long, y1, varied(paints[int(rng.integers(7))], rng, 10))
    return [plain_box(spot.x, spot.y, long, wide, spot.base_mm - 0.2, spot.base_mm + rng.uniform(0.5, 1.1), blank)]
