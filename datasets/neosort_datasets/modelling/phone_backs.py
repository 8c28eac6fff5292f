"""The back of a phone: cameras, names and marks. Drawn as seen, the phone's top end at −x."""

from __future__ import annotations

import math

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.labels import serial
from neosort_datasets.modelling.paint import ALUMINIUM, CHROME, GOLD, INK, Canvas, Font, Paint, rougher, tinted, varied
from neosort_datasets.modelling.phone_shapes import PhoneShape
from neosort_datasets.modelling.shapes import circle, rounded_rectangle
from neosort_datasets.modelling.topview import TopView

LENS = Paint((9, 9, 13), 0.04)
FLASH = Paint((236, 226, 180), 0.25)


def camera_block(view: TopView, shape: PhoneShape, rng: np.random.Generator, face_mm: float, top_mm: float) -> None:
    """The cameras in a corner, in the middle, or in a bar across; raised over the back's face."""
    sheet, modern = view.sheet, shape.era == "modern"
    style = int(rng.integers(5)) if modern else int(rng.integers(5, 7))
    side = float(rng.choice([-1, 1]))
    radius = float(rng.uniform(4.2, 5.8)) if modern else float(rng.uniform(2.6, 4.2))
    island, middles = _layout(style, shape, side, radius, int(rng.integers(2, 4)))
    plate = shape.back if rng.random() < 0.45 else varied(ALUMINIUM if rng.random() < 0.4 else INK, rng, 6)
    sheet.polygon(island, rougher(tinted(plate, 0.95), 0.18))
    view.slab(island, face_mm - 0.8, top_mm - 0.35 * (top_mm - face_mm), 0.25)
    for x, y in middles:
        _lens(view, (x, y), radius, face_mm, top_mm, shape, rng)
    x, y = middles[-1]
    spot = (x, -5 * side) if style == 5 else (x + 1.55 * radius, y - 0.9 * side * radius)
    sheet.disc(*spot, 1.7, tinted(FLASH, 0.8), raised_mm=0.05)
    sheet.disc(*spot, 1.2, FLASH)


def _layout(
    style: int, shape: PhoneShape, side: float, radius: float, count: int
) -> tuple[Polygon, list[tuple[float, float]]]:
    """The island that the cameras stand on (may be empty) and where they stand."""
    left, half_y = -0.5 * shape.length_mm, 0.5 * shape.width_mm
    if style == 0:
        x, y = left + 21, side * (half_y - 19.5)
        return rounded_rectangle(30, 28, 8, (x, y)), _grid(x, y, 6.8, count + 1)
    if style == 1:
        y = side * (half_y - 13)
        return rounded_rectangle(38, 15, 7, (left + 26, y)), [(left + 14 + 12 * k, y) for k in range(count)]
    if style == 2:
        bar = rounded_rectangle(15, 0.9 * shape.width_mm, 6, (left + 23, 0.0))
        return bar, [(left + 23, side * (half_y - 14 - 12.5 * k)) for k in range(count)]
    if style == 3:
        return circle(16.5, (left + 25, 0.0)), _grid(left + 25, 0.0, 6.6, count + 1)
    if style == 4:
        return Polygon(), [(left + 13 + 15 * k, side * (half_y - 12)) for k in range(count)]
    alone = (left + 14, 3.5 * side) if style == 5 else (left + 15, side * (half_y - 15))
    return rounded_rectangle(11, 20, 3, (left + 14, 0.0)) if style == 5 else circle(radius + 2.4, alone), [alone]


def _grid(x: float, y: float, step: float, count: int) -> list[tuple[float, float]]:
    spots = [(x - step, y + step), (x + step, y - step), (x - step, y - step), (x + step, y + step)]
    return spots[:count]


def _lens(
    view: TopView,
    at: tuple[float, float],
    radius: float,
    face_mm: float,
    top_mm: float,
    shape: PhoneShape,
    rng: np.random.Generator,
) -> None:
    sheet = view.sheet
    rim = varied(CHROME if shape.frame.metal > 0.5 and rng.random() < 0.6 else Paint((30, 30, 32), 0.3, 0.6), rng, 8)
    sheet.disc(*at, radius, rim)
    sheet.disc(*at, 0.84 * radius, LENS, raised_mm=-0.15)
    sheet.ring(*at, 0.44 * radius, 0.52 * radius, Paint((46, 46, 56), 0.25))
    sheet.disc(*at, 0.34 * radius, Paint((14, 12, 30), 0.04))
    sheet.disc(at[0] - 0.1 * radius, at[1] + 0.12 * radius, 0.1 * radius, Paint((70, 70, 110), 0.1))
    if rng.random() < 0.15:
        for angle in rng.uniform(0, 2 * math.pi, 5):
            end = (at[0] + 0.8 * radius * math.cos(angle), at[1] + 0.8 * radius * math.sin(angle))
            sheet.line([at, end], 0.15, Paint((200, 200, 204), 0.5))
    view.disc(*at, radius, face_mm - 0.8, top_mm, 0.2)


def centre_marks(sheet: Canvas, shape: PhoneShape, rng: np.random.Generator) -> None:
    """Maker's name or sign, a sensor, marks of approval, loudspeaker holes, screws of older covers."""
    half_x = 0.5 * shape.length_mm
    light = sum(shape.back.srgb) > 360
    ink = tinted(shape.back, 0.5) if light else tinted(varied(ALUMINIUM, rng, 5), float(rng.uniform(0.6, 0.95)))
    if shape.back.metal < 0.5 and rng.random() < 0.25:
        ink = rougher(GOLD, 0.25)
    x = float(rng.choice([-0.08, 0.0, 0.22, 0.3])) * shape.length_mm
    if rng.random() < 0.78:
        font: Font = "bold" if rng.random() < 0.5 else "sans"
        sheet.text(
            shape.brand, x, 0.0, float(rng.uniform(3, 5.2)), ink, angle_deg=90, font=font, fit_mm=0.5 * shape.width_mm
        )
    else:
        sheet.ring(x, 0.0, 4.2, 5.4, ink)
        sheet.line([(x - 4.6, 0.0), (x + 1.5, 3.0), (x + 1.5, -3.0), (x - 4.6, 0.0)], 0.9, ink)
    if (shape.era != "modern" and rng.random() < 0.5) or rng.random() < 0.2:
        sheet.disc(-0.22 * shape.length_mm, 0.0, 6.0, tinted(shape.back, 0.8), raised_mm=-0.4)
        sheet.ring(-0.22 * shape.length_mm, 0.0, 5.8, 6.2, CHROME)
    fine = tinted(shape.back, 0.55 if light else 2.0)
    for row, text in enumerate(
        (f"MODEL {serial(rng, 6)}", f"IMEI {serial(rng, 15)}", "CE 0560  FC ID  MADE FOR EXPORT")
    ):
        if rng.random() < 0.7:
            sheet.text(text, half_x - 14 + 2.4 * row, 0.0, 1.2, fine, angle_deg=90, fit_mm=0.6 * shape.width_mm)
    if shape.era != "modern" and rng.random() < 0.7:
        for row in range(3):
            for hole in range(8):
                sheet.disc(
                    half_x - 6 - 1.5 * row, -0.3 * shape.width_mm + 1.6 * hole, 0.5, tinted(INK, 0.6), raised_mm=-0.2
                )
    if shape.era == "keypad" and rng.random() < 0.6:
        seam = rounded_rectangle(
            0.62 * shape.length_mm, 0.86 * shape.width_mm, 5, (0.14 * shape.length_mm, 0.0)
        ).exterior
        sheet.line(np.asarray(seam.coords), 0.35, tinted(shape.back, 0.35), raised_mm=-0.3)
