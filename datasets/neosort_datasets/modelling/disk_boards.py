"""A hard disk from below: cast base, circuit board, motor and connector. Drawn as seen, in the turned-over frame."""

from __future__ import annotations

import math

import numpy as np
from shapely.geometry import LineString, Polygon, box
from shapely.ops import unary_union

from neosort_datasets.modelling.circuits import Circuit
from neosort_datasets.modelling.disk_shapes import DiskShape
from neosort_datasets.modelling.paint import (
    BLACK_PLASTIC,
    DARK_STEEL,
    FOAM,
    GOLD,
    INK,
    KAPTON,
    STEEL,
    Canvas,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import circle, pieces
from neosort_datasets.modelling.solid import Part
from neosort_datasets.modelling.topview import TopView


def draw_board_side(shape: DiskShape, rng: np.random.Generator) -> tuple[Part, ...]:
    """Its parts, z up from the lid on which it lies."""
    view = TopView(shape.length_mm, shape.width_mm, shape.casting, rng, px_per_mm=shape.px_per_mm)
    s, high, sheet = shape.scale, shape.height_mm, view.sheet
    sheet.orange_peel(0.7)
    sheet.mottle(0.07, 10.0)
    motor = circle(float(rng.uniform(13.5, 18.0)) * s, shape.spindle_mm)
    board = _board_outline(shape, rng)
    well = unary_union([board.buffer(1.0 * s), motor.buffer(2.0 * s), _connector(shape, rng)[0].buffer(0.8)])
    view.slab(shape.outline(), 0.0, high - 3.4 * s, 0.8)
    view.slab(shape.outline().difference(well), high - 4.0 * s, high - 0.3, 0.5)
    _cast_ribs(sheet, shape, well, rng)
    _motor(view, shape, motor, rng)
    if shape.board_missing:
        _bare_well(sheet, shape, board, rng)
    else:
        _board(view, shape, board, rng)
    for x in (-0.42, 0.02, 0.4):
        for y in (-0.455, 0.455):
            spot = (x * shape.length_mm, y * shape.width_mm)
            sheet.disc(*spot, 1.7 * s, tinted(DARK_STEEL, 0.8), raised_mm=-0.3)
            sheet.disc(*spot, 1.2 * s, tinted(INK, 0.5), raised_mm=-0.6)
    sheet.scratches(int(8 + 40 * shape.wear), length_mm=30 * s, strength=0.5)
    sheet.grime(0.15 + 0.4 * shape.wear)
    sheet.dust(0.12 + 0.5 * shape.wear)
    return view.parts()


def _board_outline(shape: DiskShape, rng: np.random.Generator) -> Polygon:
    """Half the base, an L, nearly all of it, or a strip at the connector; always clear of the motor."""
    s, left = shape.scale, -0.5 * shape.length_mm + 1.2
    low, top = -0.5 * shape.width_mm + 4.5 * s, 0.5 * shape.width_mm - 4.5 * s
    style = int(rng.integers(4))
    if style == 0:
        plain = box(left, low, float(rng.uniform(8, 34)) * s, top)
    elif style == 1:
        cut = float(rng.uniform(-16, -2)) * s
        plain = unary_union([box(left, low, cut, top), box(left, low, 62 * s, float(rng.uniform(-26, -18)) * s)])
    elif style == 2:
        plain = box(left, low, 0.5 * shape.length_mm - 5 * s, top)
    else:
        plain = box(left, low, float(rng.uniform(-38, -22)) * s, top)
    bite = circle(float(rng.uniform(20, 25)) * s, shape.spindle_mm)
    cut_out = plain.difference(bite).buffer(-1.2).buffer(1.2)
    return max(pieces(cut_out), key=lambda piece: piece.area)


def _connector(shape: DiskShape, rng: np.random.Generator) -> tuple[Polygon, str]:
    """Where the plugs go in: SATA pair, or the wide one of older disks."""
    s, left = shape.scale, -0.5 * shape.length_mm
    if shape.brand < "N":
        return box(left, -34 * s, left + 8.5 * s, 12 * s), "sata"
    return box(left, -40 * s, left + 9.5 * s, 40 * s), "ide"


def _cast_ribs(sheet: Canvas, shape: DiskShape, well: Polygon, rng: np.random.Generator) -> None:
    s, spindle = shape.scale, shape.spindle_mm
    free = shape.outline().buffer(-3 * s).difference(well.buffer(2.5 * s))
    if free.is_empty:
        return
    style = int(rng.integers(3))
    if style == 0:
        sheet.emboss(free.buffer(-1.5).buffer(1.5), -0.9, 0.5)
    for angle in np.linspace(0, 2 * math.pi, 10, endpoint=False) + float(rng.uniform(0, 1)):
        ray = LineString([spindle, (spindle[0] + 80 * math.cos(angle), spindle[1] + 80 * math.sin(angle))])
        if style != 2:
            sheet.emboss(ray.buffer(1.0 * s).intersection(free), 0.7, 0.4)
    for reach in (0.62, 0.95):
        rim = circle(reach * shape.platter_mm, spindle)
        sheet.emboss(rim.exterior.buffer(0.9 * s).intersection(free), 0.6, 0.4)


def _motor(view: TopView, shape: DiskShape, motor: Polygon, rng: np.random.Generator) -> None:
    s, high, sheet = shape.scale, shape.height_mm, view.sheet
    x, y = shape.spindle_mm
    radius = 0.5 * (motor.bounds[2] - motor.bounds[0])
    steel = varied(STEEL if rng.random() < 0.6 else shape.casting, rng, 6)
    sheet.ring(x, y, radius, radius + 2.0 * s, tinted(shape.casting, 0.6))
    sheet.disc(x, y, radius, steel)
    sheet.ring(x, y, 0.72 * radius, 0.76 * radius, tinted(steel, 0.6), raised_mm=-0.3)
    sheet.ring(x, y, 0.3 * radius, 0.34 * radius, tinted(steel, 0.7), raised_mm=-0.2)
    sheet.disc(x, y, 0.16 * radius, tinted(steel, 0.75), raised_mm=-0.4)
    view.disc(x, y, radius, high - 3.8 * s, high - 1.0 * s, 0.6)
    view.disc(x, y, 0.74 * radius, high - 1.4 * s, high - 0.5 * s, 0.3)
    turn = float(rng.uniform(0, 2))
    for angle in turn + np.arange(3) * 2 * math.pi / 3:
        spot = (x + 0.88 * radius * math.cos(angle), y + 0.88 * radius * math.sin(angle))
        sheet.screw(*spot, 1.5 * s, steel, shape.drive)
    strip = box(x - radius - 9 * s, y - 3.2 * s, x - 0.55 * radius, y + 3.2 * s)
    sheet.polygon(strip, varied(KAPTON, rng, 10))
    view.slab(strip, high - 2.6 * s, high - 0.4 * s, 0.1)
    for row in (-1.6, -0.5, 0.5, 1.6):
        sheet.rect(x - radius - 8 * s, y + (row - 0.3) * s, x - radius - 4 * s, y + (row + 0.3) * s, GOLD)


def _bare_well(sheet: Canvas, shape: DiskShape, board: Polygon, rng: np.random.Generator) -> None:
    """The board was taken: casting, a pad of foam and the contacts of the heads and the motor remain."""
    s = shape.scale
    sheet.polygon(board.buffer(1.0 * s), tinted(shape.casting, 0.8))
    sheet.emboss(board.buffer(-4 * s), -0.6, 0.4)
    x0, y0, x1, y1 = board.bounds
    pad = board.buffer(-5 * s).intersection(box(x0, y0, x0 + 0.45 * (x1 - x0), y1))
    for piece in pieces(pad):
        if rng.random() < 0.7:
            sheet.polygon(piece, varied(FOAM, rng, 6), raised_mm=0.3)
    x, y = shape.pivot_mm[0], -shape.pivot_mm[1] * 0.6
    sheet.rect(x - 9 * s, y - 4 * s, x + 9 * s, y + 4 * s, BLACK_PLASTIC, radius_mm=1.0, raised_mm=0.5)
    for pin in range(10):
        for row in (-1.4, 1.4):
            sheet.disc(x + (pin - 4.5) * 1.5 * s, y + row * s, 0.45 * s, GOLD, raised_mm=0.2)


def _board(view: TopView, shape: DiskShape, board: Polygon, rng: np.random.Generator) -> None:
    s, high = shape.scale, shape.height_mm
    top = high - 2.0 * s
    view.slab(board, top - 1.1 * s, top, 0.15)
    plug, kind = _connector(shape, rng)
    circuit = Circuit(view, board, shape.board, top, high - 0.1, rng)
    circuit.reserve(plug)
    circuit.reserve(circle(21 * s, shape.spindle_mm))
    circuit.draw(chips_up=bool(rng.random() < 0.6), scale=s)
    _plug(view, shape, plug, kind)
    x0, y0, x1, y1 = board.bounds
    inset = 4.2 * s
    for x, y in (
        (x0 + 13 * s, y0 + inset),
        (x0 + 13 * s, y1 - inset),
        (x1 - inset, y0 + inset),
        (x1 - inset, y1 - inset),
    ):
        if board.buffer(-1.5 * s).contains(circle(1.0, (x, y))) and rng.random() < 0.9:
            view.sheet.disc(x, y, 3.4 * s, rougher(tinted(GOLD, 0.95), 0.4))
            view.sheet.screw(x, y, 2.5 * s, STEEL, shape.drive)
            view.disc(x, y, 2.5 * s, top, top + 1.0 * s, 0.3)


def _plug(view: TopView, shape: DiskShape, plug: Polygon, kind: str) -> None:
    s, high, sheet = shape.scale, shape.height_mm, view.sheet
    x0, y0, x1, y1 = plug.bounds
    view.slab(plug, high - 3.8 * s, high - 0.2, 0.3)
    sheet.polygon(plug, BLACK_PLASTIC)
    if kind == "sata":
        for low, top in ((y0 + 2 * s, y0 + 0.62 * (y1 - y0)), (y0 + 0.68 * (y1 - y0), y1 - 2 * s)):
            sheet.rect(x0 - 1, low, x0 + 4.5 * s, top, tinted(BLACK_PLASTIC, 0.5), raised_mm=-1.2)
            for y in np.arange(low + 1.5 * s, top - 1.0 * s, 1.27):
                sheet.rect(x0, y, x0 + 3.6 * s, y + 0.6, GOLD)
    else:
        sheet.rect(x0 - 1, y0 + 2 * s, x0 + 5 * s, y1 - 2 * s, tinted(BLACK_PLASTIC, 0.5), raised_mm=-1.2)
        for y in np.arange(y0 + 3.5 * s, y1 - 24 * s, 2.54 * s):
            sheet.rect(x0, y, x0 + 4.5 * s, y + 0.7 * s, GOLD, raised_mm=0.3)
        for y in np.arange(y1 - 18 * s, y1 - 3 * s, 5.0 * s):
            sheet.disc(x0 + 2.5 * s, y, 1.1 * s, GOLD, raised_mm=0.4)
    for y in np.arange(y0 + 2 * s, y1 - 1.5 * s, 1.27 * max(s, 0.8)):
        sheet.rect(x1 - 0.4, y, x1 + 1.4 * s, y + 0.55 * s, tinted(STEEL, 1.15))
