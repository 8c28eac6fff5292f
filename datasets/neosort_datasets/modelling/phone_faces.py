"""The screen side of a phone: display, notch, keys, or what is left when the screen was torn off; top end at −x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.paint import (
    ALUMINIUM,
    CHROME,
    GREY_PLASTIC,
    INK,
    WHITE_PLASTIC,
    Canvas,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.phone_shapes import PhoneShape
from neosort_datasets.modelling.shapes import rounded_rectangle
from neosort_datasets.modelling.topview import TopView

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")
Damage = Literal["none", "few", "web", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceDesign:
    """The screen side."""

    glass: Paint
    display: Paint
    cutout: int
    damage: Damage
    bottom_key: int


def draw_display(view: TopView, shape: PhoneShape, face: FaceDesign, rng: np.random.Generator) -> None:
    """Display, camera, slit and keys; ``classic`` phones have wide bezels."""
    sheet, half_x, half_y = view.sheet, 0.5 * shape.length_mm, 0.5 * shape.width_mm
    modern = shape.era == "modern"
    side = float(rng.uniform(2.2, 3.6)) if modern else float(rng.uniform(3.5, 5.5))
    top = float(rng.uniform(3.0, 8.0)) if modern else float(rng.uniform(13, 19))
    bottom = float(rng.uniform(3.5, 8.0)) if modern else float(rng.uniform(13, 20))
    left, right = -half_x + top, half_x - bottom
    corner = 0.7 * shape.corner_mm if modern and rng.random() < 0.6 else 0.4
    sheet.rect(left, -half_y + side, right, half_y - side, face.display, radius_mm=corner)
    edge = rounded_rectangle(right - left, shape.width_mm - 2 * side, corner, (0.5 * (left + right), 0.0)).exterior
    sheet.line(np.asarray(edge.coords), 0.2, tinted(face.glass, 1.5 if modern else 0.8))
    lens = Paint((8, 8, 14), 0.05)
    hole = tinted(face.display, 0.5)
    if modern and face.cutout == 0:
        sheet.rect(-half_x + 1.5, -0.24 * shape.width_mm, left + 4.5, 0.24 * shape.width_mm, face.glass, radius_mm=2.5)
        sheet.disc(left + 1.6, 0.16 * shape.width_mm, 1.5, tinted(lens, 2.5))
        sheet.disc(left + 1.6, 0.16 * shape.width_mm, 0.9, lens)
    elif modern and face.cutout <= 2:
        y = 0.0 if face.cutout == 1 else 0.36 * shape.width_mm
        sheet.disc(left + 4.2, y, 2.3, hole)
        sheet.ring(left + 4.2, y, 1.1, 1.5, tinted(INK, 1.8))
    else:
        sheet.disc(-half_x + 0.45 * top, 0.2 * shape.width_mm, 1.4, tinted(lens, 2.5))
        sheet.disc(-half_x + 0.45 * top, 0.2 * shape.width_mm, 0.8, lens)
    slit = -half_x + (0.5 * top if not modern else 1.9)
    sheet.rect(slit - 0.6, -5.5, slit + 0.6, 5.5, Paint((52, 52, 54), 0.7), radius_mm=0.6, raised_mm=-0.2)
    if not modern:
        _bottom_keys(sheet, shape, face, half_x - 0.5 * bottom)
        if rng.random() < 0.7:
            ink = tinted(face.glass, 0.45) if sum(face.glass.srgb) > 300 else Paint((150, 150, 152), 0.3)
            sheet.text(shape.brand, -half_x + 0.76 * top, 0.0, 2.0, ink, angle_deg=90, font="bold", fit_mm=22)


def _bottom_keys(sheet: Canvas, shape: PhoneShape, face: FaceDesign, x: float) -> None:
    light = sum(face.glass.srgb) > 300
    mark = tinted(face.glass, 0.6) if light else Paint((120, 120, 122), 0.4)
    if face.bottom_key == 0:
        sheet.disc(x, 0.0, 5.0, tinted(face.glass, 0.92 if light else 1.4), raised_mm=-0.35)
        sheet.ring(x, 0.0, 4.7, 5.1, CHROME)
        sheet.rect(x - 1.4, -1.4, x + 1.4, 1.4, mark, radius_mm=0.5)
        sheet.rect(x - 1.1, -1.1, x + 1.1, 1.1, tinted(face.glass, 0.92 if light else 1.4), radius_mm=0.3)
    elif face.bottom_key == 1:
        sheet.rect(x - 2.3, -7.0, x + 2.3, 7.0, CHROME, radius_mm=2.3, raised_mm=0.25)
        sheet.rect(x - 1.9, -6.6, x + 1.9, 6.6, tinted(face.glass, 0.95 if light else 1.5), radius_mm=1.9)
    if face.bottom_key in (1, 2):
        for y in (-0.3, 0.3) if face.bottom_key == 1 else (-0.3, 0.0, 0.3):
            sheet.line(np.array([(x - 1.0, y * shape.width_mm - 1.2), (x + 1.0, y * shape.width_mm)]), 0.4, mark)
            sheet.line(np.array([(x + 1.0, y * shape.width_mm), (x - 1.0, y * shape.width_mm + 1.2)]), 0.4, mark)


def draw_keypad(view: TopView, shape: PhoneShape, face: FaceDesign, rng: np.random.Generator) -> None:
    """A small window above a navigation key and twelve keys; some keys have fallen out."""
    sheet, half_x, half_y = view.sheet, 0.5 * shape.length_mm, 0.5 * shape.width_mm
    window = varied(Paint((22, 24, 26), 0.1), rng, 4)
    left, right = -half_x + 9, -half_x + 0.42 * shape.length_mm
    sheet.rect(left - 3, -half_y + 5, right + 3, half_y - 5, window, radius_mm=3.0)
    screen = Paint((96, 108, 88), 0.12) if rng.random() < 0.5 else Paint((34, 37, 42), 0.08)
    sheet.rect(left, -half_y + 9, right, half_y - 9, varied(screen, rng, 6), radius_mm=0.5)
    sheet.rect(-half_x + 3.4, -5, -half_x + 4.8, 5, tinted(INK, 0.8), radius_mm=0.7, raised_mm=-0.3)
    sheet.text(shape.brand, right + 5.5, 0.0, 2.2, WHITE_PLASTIC, angle_deg=90, font="bold", fit_mm=24)
    key = varied(GREY_PLASTIC if rng.random() < 0.4 else face.glass, rng, 12)
    ink = INK if sum(key.srgb) > 330 else WHITE_PLASTIC
    pad = rounded_rectangle(11, 15, 4.5, (right + 15, 0.0))
    sheet.polygon(pad, varied(CHROME, rng, 8))
    view.slab(pad, shape.height_mm - 1.5, shape.height_mm - 0.01, 0.04)
    sheet.rect(right + 12, -4, right + 18, 4, key, radius_mm=2.0, raised_mm=0.3)
    start = right + 24
    step = (half_x - 6 - start) / 4
    wide = (shape.width_mm - 14) / 3
    for index, name in enumerate(KEYS):
        x, y = start + (index // 3 + 0.5) * step, (index % 3 - 1) * wide
        lost = rng.random() < 0.05 * shape.wear
        paint = tinted(INK, 0.7) if lost else key
        sheet.rect(x - 0.42 * step, y - 0.44 * wide, x + 0.42 * step, y + 0.44 * wide, paint, radius_mm=1.6,
                   raised_mm=-0.5 if lost else 0.6)  # fmt: skip
        if not lost:
            sheet.text(name, x, y, 2.6, ink, angle_deg=90, font="bold")


def draw_bare_midframe(sheet: Canvas, shape: PhoneShape, panel: Polygon, rng: np.random.Generator) -> None:
    """The screen was torn off: a plate of magnesium with glue along its rim, holes and a ribbon."""
    plate = varied(tinted(ALUMINIUM, 0.62), rng, 8)
    sheet.polygon(panel.buffer(-0.6), rougher(plate, 0.5), raised_mm=-0.3)
    sheet.polygon(panel.buffer(-0.8).difference(panel.buffer(-2.6)), varied(Paint((40, 40, 40), 0.8), rng, 6))
    for _ in range(9):
        x, y = rng.uniform(-0.44, 0.44, 2) * (shape.length_mm, shape.width_mm)
        sheet.disc(float(x), float(y), float(rng.uniform(0.6, 2.4)), tinted(plate, 0.3), raised_mm=-0.3)
    x = float(rng.uniform(0.1, 0.35)) * shape.length_mm
    sheet.rect(x, -9, x + 16, -3, Paint((176, 108, 30), 0.35), radius_mm=1, raised_mm=0.2)
    sheet.rect(-0.3 * shape.length_mm, -14, 0.1 * shape.length_mm, 14, tinted(plate, 0.75), radius_mm=2, raised_mm=-0.2)
    sheet.mottle(0.1, 8.0)
