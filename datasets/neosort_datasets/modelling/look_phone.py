"""Phones, from keypad phones to slabs of glass: screen up, back up, some cracked, some with the back cover off."""

from __future__ import annotations

from dataclasses import replace

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
    STEEL,
    Canvas,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.phone_backs import camera_block, centre_marks
from neosort_datasets.modelling.phone_faces import Damage, FaceDesign, draw_bare_midframe, draw_display, draw_keypad
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
        draw_bare_midframe(sheet, shape, panel, rng)
    elif shape.era == "keypad":
        draw_keypad(view, shape, face, rng)
    else:
        draw_display(view, shape, face, rng)
    if face.damage in ("few", "web"):
        _crack(sheet, shape, rng, 0.15 if face.damage == "few" else float(rng.uniform(0.5, 1.0)))
    sheet.scratches(int(8 + 60 * shape.wear), length_mm=35, strength=0.28)
    sheet.smears(int(rng.integers(3, 12)))
    sheet.wear_edges(0.1 + 0.5 * shape.wear, beneath=tinted(shape.frame, 1.2))
    sheet.dust(0.1 + 0.55 * shape.wear)
    sheet.grime(0.12 * shape.wear)
    return view


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
        start, end = rng.permutation([0.6, 1.5])
        ramp = np.linspace(float(start), float(end), cols, dtype=np.float32)
        tint = rng.uniform(0.75, 1.25, 3).astype(np.float32)
        sheet.albedo *= ramp[None, :, None] ** tint
    elif style == 1:
        dots = np.add.outer(np.arange(rows) % 5 < 2, np.arange(cols) % 5 < 2) == 2
        sheet.bump_mm -= np.float32(0.06) * dots
    elif style == 2:
        sheet.brushed(0.6, float(rng.choice([0, 90, 45])))
    sheet.mottle(0.02, 12.0)
