"""Phones, from keypad phones to slabs of glass: screen up, back up, some cracked, some with the back cover off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from shapely.geometry import Polygon

from neosort_datasets.modelling.cracks import shatter
from neosort_datasets.modelling.labels import brand
from neosort_datasets.modelling.paint import (
    ALUMINIUM,
    BLACK_PLASTIC,
    CHROME,
    GOLD,
    GREY_PLASTIC,
    INK,
    STEEL,
    WHITE_PLASTIC,
    Canvas,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.phone_backs import camera_block, centre_marks
from neosort_datasets.modelling.phone_insides import draw_phone_insides
from neosort_datasets.modelling.phone_shapes import Era, PhoneShape
from neosort_datasets.modelling.shapes import rounded_rectangle
from neosort_datasets.modelling.solid import Solid
from neosort_datasets.modelling.topview import TopView
from neosort_hardware.twin.bodies import TURNED_OVER, ItemModel, Pose

PX_PER_MM = 4.2
BACKS = (
    (26, 27, 30), (30, 40, 62), (34, 62, 124), (20, 92, 150), (196, 202, 206), (232, 230, 224), (214, 190, 160),
    (224, 172, 162), (176, 28, 38), (58, 92, 74), (126, 150, 134), (96, 78, 130), (180, 168, 200), (206, 128, 48),
    (226, 202, 84), (70, 74, 80), (112, 118, 124), (40, 30, 44), (14, 96, 104), (90, 54, 40),
)  # fmt: skip
FRAMES = (
    ALUMINIUM,
    tinted(ALUMINIUM, 0.5),
    BLACK_PLASTIC,
    GOLD,
    CHROME,
    GREY_PLASTIC,
    STEEL,
    Paint((46, 47, 50), 0.35, 0.8),
)
DARK_FACE = Paint((17, 17, 19), 0.07)
LIGHT_FACE = Paint((222, 222, 220), 0.09)
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


def build(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A phone: its top end lies at −x, its loudspeaker at +x."""
    shape = _shape(model, rng)
    face = _face_design(rng, shape)
    cover_off = bool(rng.random() < (0.28 if shape.era != "modern" else 0.14))
    front, rear, inner = (np.random.default_rng(seed) for seed in rng.integers(2**31, size=3))
    if pose.sprite == "screen":
        return Solid(parts=_screen_side(shape, face, front).parts())
    view = draw_phone_insides(shape, inner, PX_PER_MM) if cover_off else _back_side(shape, rear)
    middle = (0.0, 0.0, 0.5 * model.height_mm)
    return Solid(parts=tuple(part.turned(TURNED_OVER, middle) for part in view.parts()))


def _shape(model: ItemModel, rng: np.random.Generator) -> PhoneShape:
    modern = float(np.clip((model.length_mm - 112) / 40, 0.0, 1.0))
    era: Era = "modern" if rng.random() < modern else "keypad" if rng.random() < 0.45 else "classic"
    colour = BACKS[int(rng.integers(len(BACKS)))]
    gloss = {"modern": (0.07, 0.3, 0.5), "classic": (0.2, 0.4, 0.55), "keypad": (0.3, 0.45, 0.6)}[era]
    back = varied(Paint(colour, gloss[int(rng.integers(3))], 0.85 if rng.random() < 0.16 else 0.0), rng, 6)
    frame = varied(FRAMES[int(rng.integers(len(FRAMES)))], rng, 6)
    if rng.random() < 0.35:
        frame = replace(back, roughness=0.35)
    return PhoneShape(
        length_mm=model.length_mm,
        width_mm=model.width_mm,
        height_mm=model.height_mm,
        era=era,
        corner_mm=float(rng.uniform(6.5, 11.5)) if era != "keypad" else float(rng.uniform(9, 18)),
        frame=frame,
        back=back,
        brand=brand(rng),
        wear=float(rng.beta(1.5, 2.0)),
        glass_back=era == "modern" and back.roughness < 0.2,
    )


def _face_design(rng: np.random.Generator, shape: PhoneShape) -> FaceDesign:
    light = shape.era == "classic" and rng.random() < 0.35
    if shape.era == "keypad":
        glass = shape.back if rng.random() < 0.5 else varied(BLACK_PLASTIC, rng, 5)
    else:
        glass = varied(LIGHT_FACE if light else DARK_FACE, rng, 3)
    tints = ((11, 12, 15), (20, 22, 27), (30, 34, 38), (14, 14, 20), (24, 30, 30))
    damages: tuple[Damage, ...] = ("none", "few", "web", "gone")
    likely = [0.42, 0.22, 0.29, 0.07] if shape.era != "keypad" else [0.8, 0.2, 0.0, 0.0]
    return FaceDesign(
        glass=glass,
        display=Paint(tints[int(rng.integers(len(tints)))], float(rng.uniform(0.04, 0.1))),
        cutout=int(rng.integers(4)),
        damage=damages[int(rng.choice(4, p=likely))],
        bottom_key=int(rng.integers(4)),
    )


def _body(shape: PhoneShape, rng: np.random.Generator, top_mm: float) -> tuple[TopView, Polygon]:
    """The frame with its rounded rim, and the outline of the panel let into its face."""
    view = TopView(shape.length_mm, shape.width_mm, shape.frame, rng, px_per_mm=PX_PER_MM)
    outline = rounded_rectangle(shape.length_mm, shape.width_mm, shape.corner_mm)
    view.slab(outline, 0.0, top_mm - 0.35, min(1.8, 0.22 * shape.height_mm))
    if shape.frame.metal > 0.5:
        view.sheet.mottle(0.05, 6.0)
    panel = outline.buffer(-float(rng.uniform(0.9, 1.9)))
    return view, panel


def _screen_side(shape: PhoneShape, face: FaceDesign, rng: np.random.Generator) -> TopView:
    high = shape.height_mm
    view, panel = _body(shape, rng, high)
    view.slab(panel, high - 1.2, high - 0.08, 0.5)
    sheet = view.sheet
    sheet.polygon(panel, face.glass)
    if face.damage == "gone":
        _bare_midframe(sheet, shape, panel, rng)
    elif shape.era == "keypad":
        _keypad(view, shape, face, rng)
    else:
        _display(view, shape, face, rng)
    if face.damage in ("few", "web"):
        _crack(sheet, shape, rng, 0.15 if face.damage == "few" else float(rng.uniform(0.5, 1.0)))
    sheet.scratches(int(8 + 60 * shape.wear), length_mm=35, strength=0.28)
    sheet.smears(int(rng.integers(3, 12)))
    sheet.wear_edges(0.1 + 0.5 * shape.wear, beneath=tinted(shape.frame, 1.2))
    sheet.dust(0.1 + 0.55 * shape.wear)
    sheet.grime(0.12 * shape.wear)
    return view


def _display(view: TopView, shape: PhoneShape, face: FaceDesign, rng: np.random.Generator) -> None:
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


def _keypad(view: TopView, shape: PhoneShape, face: FaceDesign, rng: np.random.Generator) -> None:
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


def _bare_midframe(sheet: Canvas, shape: PhoneShape, panel: Polygon, rng: np.random.Generator) -> None:
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


def _crack(sheet: Canvas, shape: PhoneShape, rng: np.random.Generator, severity: float) -> None:
    corner = rng.random() < 0.6
    spread = 0.48 if corner else 0.3
    at = np.array([rng.choice([-1, 1]) * spread * shape.length_mm, rng.choice([-1, 1]) * spread * shape.width_mm])
    at *= rng.uniform(0.75, 0.98, 2)
    shatter(sheet, (float(at[0]), float(at[1])), float(rng.uniform(0.45, 1.05)) * shape.length_mm, severity)


def _back_side(shape: PhoneShape, rng: np.random.Generator) -> TopView:
    high = shape.height_mm
    hump = float(rng.uniform(0.5, 1.1)) if shape.era == "modern" else 0.25
    view, panel = _body(shape, rng, high - hump)
    view.slab(panel, high - hump - 1.4, high - hump - 0.05, 0.6)
    sheet = view.sheet
    sheet.polygon(panel, shape.back)
    _shade(sheet, rng)
    if shape.glass_back and rng.random() < 0.35:
        _crack(sheet, shape, rng, float(rng.uniform(0.2, 0.9)))
    camera_block(view, shape, rng, high - hump, high - 0.02)
    centre_marks(sheet, shape, rng)
    sheet.scratches(int(12 + 90 * shape.wear), length_mm=32, strength=0.4 if shape.glass_back else 0.55)
    sheet.smears(int(rng.integers(2, 9)))
    beneath = tinted(ALUMINIUM, 0.8) if shape.frame.metal > 0.5 else tinted(shape.back, 1.5)
    sheet.wear_edges(0.1 + 0.6 * shape.wear, beneath=beneath)
    sheet.grime(0.08 + 0.25 * shape.wear)
    sheet.dust(0.08 + 0.5 * shape.wear)
    return view


def _shade(sheet: Canvas, rng: np.random.Generator) -> None:
    """Some backs run from one tone to another; some are grained."""
    style = int(rng.integers(5))
    rows, cols = sheet.bump_mm.shape
    if style == 0:
        ramp = np.linspace(*rng.permutation([0.6, 1.5]), cols, dtype=np.float32)
        tint = rng.uniform(0.75, 1.25, 3).astype(np.float32)
        sheet.albedo *= ramp[None, :, None] ** tint
    elif style == 1:
        dots = np.add.outer(np.arange(rows) % 5 < 2, np.arange(cols) % 5 < 2) == 2
        sheet.bump_mm -= np.float32(0.06) * dots
    elif style == 2:
        sheet.brushed(0.6, float(rng.choice([0, 90, 45])))
    sheet.mottle(0.02, 12.0)
