"""Hard disks, 3.5- and 2.5-inch: lid up, board up, or with the lid torn off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely.geometry import LineString, Polygon, box
from shapely.ops import unary_union

from neosort_datasets.modelling.disk_boards import draw_board_side
from neosort_datasets.modelling.disk_insides import draw_insides
from neosort_datasets.modelling.disk_shapes import DiskShape
from neosort_datasets.modelling.labels import band_paint, brand, disk_label, tear_off
from neosort_datasets.modelling.paint import (
    ALUMINIUM,
    ANODISED_BLACK,
    CAST_ALUMINIUM,
    DARK_STEEL,
    INK,
    PCB_BLACK,
    PCB_BLUE,
    PCB_GREEN,
    STEEL,
    Canvas,
    Drive,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import circle, pieces, rounded_rectangle
from neosort_datasets.modelling.solid import Solid
from neosort_datasets.modelling.topview import TopView
from neosort_hardware.twin.bodies import TURNED_OVER, ItemModel, Pose

BLACK_COAT = Paint((46, 46, 48), 0.42, 0.0)
LABEL_SHARES = ((0.62, 0.62), (0.42, 0.8), (0.5, 0.56), (0.7, 0.8), (0.34, 0.72))
"""Length and width of labels over the disk's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LidDesign:
    """What tells one disk's lid from another's."""

    paint: Paint
    margin_mm: float
    outline: int
    stamping: int
    brushed_deg: float
    label_share: tuple[float, float]
    label_turns: int
    label_side: float
    torn: bool
    bare: bool
    missing_screws: int


def build(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A disk of either size."""
    shape = _shape(model, rng)
    lid = _lid_design(rng, shape)
    # each face draws from a stream of its own, so that neither depends on how much the other draws
    streams = {name: np.random.default_rng(seed) for name, seed in
               zip(("lid", "board", "open"), rng.integers(2**31, size=3), strict=True)}  # fmt: skip
    drawn = streams[pose.sprite if pose.sprite in streams else "lid"]
    if pose.sprite == "board":
        parts = draw_board_side(shape, drawn)
        middle = (0.0, 0.0, 0.5 * shape.height_mm)
        return Solid(parts=tuple(part.turned(TURNED_OVER, middle) for part in parts))
    if pose.sprite == "open":
        return Solid(parts=draw_insides(shape, drawn))
    return Solid(parts=_lid_side(shape, lid, drawn).parts())


def _shape(model: ItemModel, rng: np.random.Generator) -> DiskShape:
    big = model.length_mm > 120
    coats = (CAST_ALUMINIUM, tinted(CAST_ALUMINIUM, 0.86), rougher(ALUMINIUM, 0.42), BLACK_COAT)
    boards = (PCB_GREEN, PCB_BLUE, PCB_BLACK, Paint((22, 74, 84), 0.32), Paint((14, 60, 40), 0.3))
    return DiskShape(
        length_mm=model.length_mm,
        width_mm=model.width_mm,
        height_mm=model.height_mm,
        scale=model.length_mm / 147.0,
        spindle_mm=(22.0, 0.0) if big else (15.0, 0.0),
        coil_mm=(-50.0, 22.0) if big else (-34.0, 15.0),
        pivot_mm=(-29.0, 31.0) if big else (-19.5, 21.0),
        platter_mm=47.5 if big else 32.5,
        casting=varied(coats[int(rng.choice(4, p=[0.42, 0.26, 0.14, 0.18]))], rng, 5),
        board=varied(boards[int(rng.integers(len(boards)))], rng, 6),
        brand=brand(rng),
        band=band_paint(rng),
        drive="torx" if rng.random() < 0.8 else "cross",
        board_missing=bool(rng.random() < 0.15),
        wear=float(rng.beta(1.4, 2.2)),
    )


def _lid_design(rng: np.random.Generator, shape: DiskShape) -> LidDesign:
    steels = (ALUMINIUM, rougher(ALUMINIUM, 0.46), STEEL, tinted(STEEL, 0.9), BLACK_COAT, ANODISED_BLACK)
    share = LABEL_SHARES[int(rng.integers(len(LABEL_SHARES)))]
    return LidDesign(
        paint=varied(steels[int(rng.choice(6, p=[0.3, 0.24, 0.18, 0.12, 0.12, 0.04]))], rng, 5),
        margin_mm=float(rng.uniform(0.6, 3.2)) * shape.scale,
        outline=int(rng.integers(4)),
        stamping=int(rng.integers(5)),
        brushed_deg=float(rng.choice([0.0, 90.0])),
        label_share=(share[0] * float(rng.uniform(0.92, 1.08)), share[1] * float(rng.uniform(0.92, 1.05))),
        label_turns=int(rng.choice(4, p=[0.2, 0.35, 0.1, 0.35])),
        label_side=float(rng.uniform(-1, 1)),
        torn=bool(rng.random() < 0.14),
        bare=bool(rng.random() < 0.07),
        missing_screws=int(rng.choice([0, 0, 0, 1, 2, 5])),
    )


def _lid_side(shape: DiskShape, design: LidDesign, rng: np.random.Generator) -> TopView:
    view = TopView(shape.length_mm, shape.width_mm, shape.casting, rng, px_per_mm=shape.px_per_mm)
    sheet, high = view.sheet, shape.height_mm
    sheet.mottle(0.06, 8.0)
    outline = _lid_outline(shape, design)
    body = shape.outline()
    lip = 0.62 * high
    view.slab(body, 0.0, lip, 0.6)
    view.slab(body.buffer(-0.5 * shape.scale), lip - 0.2, high - 1.5, 0.5)
    view.slab(outline, high - 1.7, high - 0.45, 0.4)
    sheet.polygon(outline, design.paint)
    sheet.polygon(LineString(outline.exterior.coords).buffer(0.25), tinted(DARK_STEEL, 0.7))
    if design.paint.metal > 0.5:
        sheet.brushed(float(rng.uniform(0.1, 0.7)), design.brushed_deg + float(rng.normal(0, 2)))
    sheet.mottle(float(rng.uniform(0.03, 0.09)), 22.0)
    _stamp(sheet, shape, design, rng)
    for _ in range(int(rng.choice([0, 0, 1, 2, 3]))):
        x, y = rng.uniform(-0.45, 0.45, 2) * (shape.length_mm, shape.width_mm)
        sheet.dent(float(x), float(y), float(rng.uniform(3, 9)), float(rng.uniform(0.3, 1.3)))
    if not design.bare:
        _label(sheet, shape, design, rng)
    _stickers(sheet, shape, rng)
    _screws(view, shape, design, outline, rng)
    sheet.scratches(int(10 + 70 * shape.wear), length_mm=40 * shape.scale, strength=0.55)
    sheet.smears(int(rng.integers(2, 9)))
    sheet.grime(0.1 + 0.35 * shape.wear)
    sheet.dust(0.1 + 0.5 * shape.wear)
    return view


def _lid_outline(shape: DiskShape, design: LidDesign) -> Polygon:
    """The lid's edge: a plain rectangle, one with ears left out, waisted, or following the platter."""
    m, s = design.margin_mm, shape.scale
    half_x, half_y = 0.5 * shape.length_mm - m, 0.5 * shape.width_mm - m
    plain = rounded_rectangle(2 * half_x, 2 * half_y, 4.0 * s)
    if design.outline == 0:
        return plain
    if design.outline == 1:
        bites = [
            rounded_rectangle(13 * s, 9 * s, 2 * s, (x * half_x, y * half_y)) for x in (-1, 0.05, 1) for y in (-1, 1)
        ]
    elif design.outline == 2:
        bites = [box(-20 * s, side * half_y - 4 * s, 24 * s, side * half_y + 4 * s) for side in (-1, 1)]
    else:
        reach = shape.platter_mm + 4 * s
        corner = box(shape.spindle_mm[0], -half_y, half_x, half_y).difference(circle(reach, shape.spindle_mm))
        ears = [circle(6.5 * s, (half_x - 5 * s, side * (half_y - 5 * s))) for side in (-1, 1)]
        bites = [corner.difference(unary_union(ears))]
    cut = plain.difference(unary_union(bites)).buffer(-1.6 * s).buffer(3.0 * s).buffer(-1.4 * s).intersection(plain)
    return max(pieces(cut), key=lambda piece: piece.area)


def _stamp(sheet: Canvas, shape: DiskShape, design: LidDesign, rng: np.random.Generator) -> None:
    """Ribs and hollows pressed into the lid."""
    s, spindle, reach = shape.scale, shape.spindle_mm, shape.platter_mm
    deep = float(rng.uniform(0.35, 0.8))
    coil = circle(float(rng.uniform(15, 21)) * s, shape.coil_mm)
    tail = box(-0.46 * shape.length_mm, -0.42 * shape.width_mm, -0.2 * shape.length_mm, 0.42 * shape.width_mm)
    if design.stamping == 0:
        sheet.emboss(circle(reach * 0.96, spindle), -deep, 0.7 * s)
        sheet.emboss(circle(reach * 0.45, spindle), 0.6 * deep, 0.6 * s)
    elif design.stamping == 1:
        ring = circle(reach * 0.8, spindle).difference(circle(reach * 0.8 - 2.2 * s, spindle))
        sheet.emboss(ring, deep, 0.5 * s)
        sheet.emboss(coil, -0.8 * deep, 0.7 * s)
    elif design.stamping == 2:
        whole = unary_union([circle(reach * 0.98, spindle), tail.buffer(3)]).buffer(6).buffer(-6)
        sheet.emboss(whole, deep, 0.9 * s)
        sheet.emboss(circle(6 * s, spindle), -deep, 0.5 * s)
    elif design.stamping == 3:
        for angle in np.radians(rng.uniform(0, 60) + np.arange(6) * 60):
            way = np.array([math.cos(angle), math.sin(angle)])
            rib = LineString([spindle + 0.35 * reach * way, spindle + 0.85 * reach * way]).buffer(1.8 * s)
            sheet.emboss(rib, deep, 0.5 * s)
        sheet.emboss(circle(reach * 0.22, spindle), -deep, 0.6 * s)
    else:
        sheet.emboss(rounded_rectangle(0.8 * shape.length_mm, 0.72 * shape.width_mm, 8 * s), -deep, 0.8 * s)
        sheet.emboss(coil, 0.7 * deep, 0.6 * s)
    groove = float(rng.uniform(0.52, 0.72)) * reach
    if rng.random() < 0.6:
        sheet.emboss(circle(groove, spindle).difference(circle(groove - 0.7 * s, spindle)), -0.3, 0.25)


def _label(sheet: Canvas, shape: DiskShape, design: LidDesign, rng: np.random.Generator) -> None:
    wide, high = design.label_share[0] * shape.length_mm, design.label_share[1] * shape.width_mm
    size = (wide, high) if design.label_turns % 2 == 0 else (high, wide)
    label = Canvas(size[0], size[1], design.paint, rng, px_per_mm=shape.px_per_mm)
    disk_label(label, rng, 0, 0, size[0], size[1], name=shape.brand, band=shape.band, under=design.paint)
    label.mottle(0.015, 12.0)
    if design.torn:
        tear_off(label, rng, 0, 0, size[0], size[1], design.paint, float(rng.uniform(0.2, 0.9)))
    free = 0.5 * shape.length_mm - 7 * shape.scale - 0.5 * wide
    x, y = design.label_side * max(free, 0.0), float(rng.uniform(-0.3, 0.3)) * (0.9 * shape.width_mm - high)
    sheet.paste(label, x - 0.5 * wide, y - 0.5 * high, design.label_turns)


def _stickers(sheet: Canvas, shape: DiskShape, rng: np.random.Generator) -> None:
    """Foil over the breather and the holes of assembly, a breather hole, a warranty seal."""
    s = shape.scale
    foil = varied(rougher(ALUMINIUM, 0.3), rng, 4)
    for x, y, radius in ((-50, -34, 5.0), (-29, 31, 6.0), (58, 38, 4.0)):
        if rng.random() < 0.55:
            spot = (x * s + float(rng.normal(0, 1)), y * s + float(rng.normal(0, 1)))
            white = rng.random() < 0.4
            sheet.disc(*spot, radius * s, Paint((222, 222, 218), 0.6) if white else foil, raised_mm=0.08)
    hole = (float(rng.uniform(-60, -40)) * s, float(rng.uniform(-10, 0)) * s)
    sheet.disc(*hole, 0.9 * s, tinted(INK, 0.4), raised_mm=-0.4)
    if rng.random() < 0.35:
        seal = Canvas(22 * s, 8 * s, band_paint(rng), rng, px_per_mm=shape.px_per_mm)
        seal.text("WARRANTY VOID", 11 * s, 5.4 * s, 1.5 * s, INK, font="bold", fit_mm=19 * s)
        seal.text("IF SEAL BROKEN", 11 * s, 2.6 * s, 1.5 * s, INK, font="bold", fit_mm=19 * s)
        sheet.paste(seal, float(rng.uniform(-60, 30)) * s, float(rng.choice([-0.5, 0.38])) * shape.width_mm)


def _screws(view: TopView, shape: DiskShape, design: LidDesign, outline: Polygon, rng: np.random.Generator) -> None:
    s, drive = shape.scale, shape.drive
    half_x, half_y = 0.5 * shape.length_mm - 6.5 * s, 0.5 * shape.width_mm - 6.0 * s
    spots = [(x * half_x, y * half_y) for x in (-1, float(rng.uniform(-0.1, 0.15)), 1) for y in (-1, 1)]
    spots += [shape.pivot_mm] if rng.random() < 0.6 else []
    spots += [shape.spindle_mm] if rng.random() < 0.4 else []
    missing = set(rng.choice(len(spots), min(design.missing_screws, len(spots)), replace=False).tolist())
    head = varied(STEEL if rng.random() < 0.7 else DARK_STEEL, rng, 6)
    for index, (x, y) in enumerate(spots):
        _screw(view, (x, y), 2.5 * s + 0.4, None if index in missing else head, drive, shape.height_mm)


def _screw(
    view: TopView, at: tuple[float, float], radius: float, head: Paint | None, drive: Drive, high_mm: float
) -> None:
    if head is None:
        view.sheet.disc(*at, 1.3 * radius, tinted(DARK_STEEL, 0.9), raised_mm=-0.4)
        view.sheet.disc(*at, 0.55 * radius, tinted(INK, 0.5), raised_mm=-0.5)
        return
    view.sheet.disc(*at, 1.4 * radius, tinted(STEEL, 0.72), raised_mm=-0.3)
    view.sheet.screw(*at, radius, head, drive)
    view.disc(*at, radius, high_mm - 0.6, high_mm - 0.05, 0.25)
