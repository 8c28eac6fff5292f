"""A phone whose back cover is off: battery, boards under their shields, ribbons, loudspeaker."""

from __future__ import annotations

import numpy as np
from shapely.geometry import LineString, Polygon, box

from neosort_datasets.modelling.circuits import Circuit
from neosort_datasets.modelling.labels import aged_paper, serial
from neosort_datasets.modelling.paint import (
    ALUMINIUM,
    BLACK_PLASTIC,
    GOLD,
    INK,
    KAPTON,
    PCB_BLACK,
    PCB_BLUE,
    PCB_GREEN,
    STEEL,
    WHITE_INK,
    Paint,
    rougher,
    tinted,
    varied,
)
from neosort_datasets.modelling.phone_shapes import PhoneShape
from neosort_datasets.modelling.shapes import rounded_rectangle
from neosort_datasets.modelling.topview import TopView

WRAPS = (
    Paint((38, 38, 40), 0.45),
    Paint((186, 188, 190), 0.35, 0.9),
    Paint((222, 222, 218), 0.5),
    Paint((60, 66, 78), 0.4),
)
LENS = Paint((9, 9, 13), 0.04)


def draw_phone_insides(shape: PhoneShape, rng: np.random.Generator, px_per_mm: float) -> TopView:
    """Seen from the back, its top end at −x."""
    view = TopView(shape.length_mm, shape.width_mm, shape.frame, rng, px_per_mm=px_per_mm)
    high = shape.height_mm
    outline = rounded_rectangle(shape.length_mm, shape.width_mm, shape.corner_mm)
    well = outline.buffer(-1.7)
    view.slab(outline, 0.0, 0.45 * high, 1.2)
    view.slab(outline.difference(well), 0.45 * high - 0.4, high - 0.5, 0.4)
    view.sheet.polygon(well, varied(tinted(ALUMINIUM, 0.55) if rng.random() < 0.5 else BLACK_PLASTIC, rng, 6))
    split_top = float(rng.uniform(-0.24, -0.14)) * shape.length_mm
    split_low = float(rng.uniform(0.26, 0.33)) * shape.length_mm
    _battery(view, shape, rng, split_top + 1.5, split_low - 1.5)
    _main_board(view, shape, rng, split_top)
    _lower_block(view, shape, rng, split_low)
    _ribbons(view, shape, rng, split_top, split_low)
    view.sheet.scratches(int(10 + 30 * shape.wear), length_mm=18, strength=0.35)
    view.sheet.dust(0.15 + 0.5 * shape.wear)
    view.sheet.grime(0.15)
    return view


def _battery(view: TopView, shape: PhoneShape, rng: np.random.Generator, x0: float, x1: float) -> None:
    """A pouch or a hard pack; some were taken, leaving glue strips and contacts."""
    sheet, high, half_y = view.sheet, shape.height_mm, 0.5 * shape.width_mm
    low, top = -half_y + float(rng.uniform(3.5, 8)), half_y - float(rng.uniform(3.5, 12))
    if rng.random() < 0.2:
        sheet.rect(x0, low, x1, top, tinted(ALUMINIUM, 0.45), radius_mm=1.5, raised_mm=-0.4)
        for y in (low + 6, top - 9):
            sheet.rect(x0 + 4, y, x1 - 4, y + 3.5, Paint((226, 226, 222), 0.5), raised_mm=0.1)
        return
    wraps = (
        Paint((38, 38, 40), 0.45),
        Paint((186, 188, 190), 0.35, 0.9),
        Paint((222, 222, 218), 0.5),
        Paint((60, 66, 78), 0.4),
    )
    wrap = varied(wraps[int(rng.integers(4))], rng, 5)
    ink = INK if sum(wrap.srgb) > 360 else WHITE_INK
    sheet.rect(x0, low, x1, top, wrap, radius_mm=1.5)
    view.slab(box(x0, low, x1, top).buffer(-1).buffer(1), 0.3 * high, high - 0.9, 0.7)
    middle = 0.5 * (low + top)
    wide = x1 - x0
    sheet.rect(x0 + 0.06 * wide, low + 2.5, x0 + 0.2 * wide, top - 2.5, varied(tinted(wrap, 0.8), rng, 3))
    sheet.text(shape.brand, x0 + 0.3 * wide, middle, 3.2, ink, angle_deg=90, font="bold", fit_mm=0.6 * (top - low))
    sheet.text("Li-ion  3.8 V", x0 + 0.42 * wide, middle, 2.6, ink, angle_deg=90, fit_mm=0.7 * (top - low))
    sheet.text(f"{rng.integers(11, 48) * 100} mAh", x0 + 0.52 * wide, middle, 2.6, ink, angle_deg=90, font="bold")
    for row in range(5):
        x, text = x0 + (0.6 + 0.035 * row) * wide, f"{serial(rng, 18)} {serial(rng, 9)}"
        sheet.text(text, x, middle, 1.0, ink, angle_deg=90, fit_mm=0.75 * (top - low))
    sheet.square_code(
        serial(rng), x0 + 0.8 * wide, low + 4, 0.15 * wide, ink, wrap if wrap.metal < 0.5 else aged_paper(rng)
    )
    sheet.mottle(0.03, 9.0)


def _main_board(view: TopView, shape: PhoneShape, rng: np.random.Generator, x1: float) -> None:
    """The board at the top end: shields, cameras, screws."""
    high, x0, half_y = shape.height_mm, -0.5 * shape.length_mm + 2.5, 0.5 * shape.width_mm - 2.6
    room = rounded_rectangle(shape.length_mm - 5, shape.width_mm - 5, shape.corner_mm)
    place = box(x0, -half_y, x1, half_y).intersection(room)
    paint = varied((PCB_GREEN, PCB_BLUE, PCB_BLACK)[int(rng.integers(3))], rng, 6)
    top = 0.62 * high
    view.slab(place, 0.4 * high, top, 0.2)
    circuit = Circuit(view, place, paint, top, high - 1.0, rng)
    cameras = [(x0 + 9.0 + 11 * k, float(rng.choice([-1, 1])) * (half_y - 8)) for k in range(int(rng.integers(1, 3)))]
    for x, y in cameras:
        circuit.reserve(box(x - 6, y - 6, x + 6, y + 6))
    cans = _shield_places(place, rng)
    for can in cans:
        circuit.reserve(can.buffer(0.6))
    circuit.draw(chips_up=True, scale=0.8)
    for can in cans:
        _shield(view, can, top, rng)
    for spot in cameras:
        _camera(view, spot, high, rng)
    for x, y in ((x0 + 3.5, 0.0), (x1 - 3, half_y - 3), (x1 - 3, -half_y + 3)):
        view.sheet.screw(x, y, 1.3, STEEL, "cross")


def _shield_places(board: Polygon, rng: np.random.Generator) -> list[Polygon]:
    """Rectangles on the board that do not overlap."""
    x0, y0, x1, y1 = board.bounds
    cans: list[Polygon] = []
    for _ in range(int(rng.integers(2, 5))):
        wide, tall = float(rng.uniform(9, 17)), float(rng.uniform(9, 20))
        x = float(rng.uniform(x0 + 4, max(x1 - 4 - wide, x0 + 5)))
        y = float(rng.uniform(y0 + 3, y1 - 3 - tall))
        can = box(x, y, x + wide, y + tall)
        if board.contains(can) and not any(can.intersects(other.buffer(0.6)) for other in cans):
            cans.append(can)
    return cans


def _shield(view: TopView, can: Polygon, board_mm: float, rng: np.random.Generator) -> None:
    """A can of tinned sheet over a part of the board."""
    sheet, x, y = view.sheet, can.centroid.x, can.centroid.y
    sheet.polygon(can, varied(rougher(STEEL if rng.random() < 0.6 else ALUMINIUM, 0.4), rng, 6))
    view.slab(can, board_mm - 0.2, board_mm + 1.2, 0.25)
    for hole in range(int(rng.integers(0, 6))):
        sheet.disc(x - 3 + 1.5 * hole, y + 3, 0.4, tinted(INK, 0.7), raised_mm=-0.2)
    if rng.random() < 0.5:
        sheet.square_code(serial(rng), x - 2, y - 2.5, 4.0, INK, WHITE_INK)


def _camera(view: TopView, at_mm: tuple[float, float], high_mm: float, rng: np.random.Generator) -> None:
    sheet, (x, y) = view.sheet, at_mm
    sheet.rect(x - 4.6, y - 4.6, x + 4.6, y + 4.6, varied(STEEL, rng, 6), radius_mm=0.6)
    sheet.disc(x, y, 3.6, BLACK_PLASTIC)
    sheet.disc(x, y, 2.2, LENS)
    view.slab(box(x - 4.6, y - 4.6, x + 4.6, y + 4.6), 0.4 * high_mm, high_mm - 0.7, 0.3)
    view.disc(x, y, 3.6, high_mm - 0.9, high_mm - 0.3, 0.2)


def _lower_block(view: TopView, shape: PhoneShape, rng: np.random.Generator, x0: float) -> None:
    """Loudspeaker box, vibrator, charging board with gold contacts."""
    sheet, high = view.sheet, shape.height_mm
    x1, half_y = 0.5 * shape.length_mm - 2.5, 0.5 * shape.width_mm - 2.6
    room = rounded_rectangle(shape.length_mm - 5, shape.width_mm - 5, shape.corner_mm)
    board = box(x0, -half_y, x1, half_y).intersection(room)
    paint = varied(PCB_BLACK if rng.random() < 0.5 else PCB_GREEN, rng, 6)
    view.slab(board, 0.4 * high, 0.55 * high, 0.2)
    # the back is seen turned over: the loudspeaker that stands at +y in the item lies at −y here
    horn = box(x0 + 3, -half_y + 1, x1 - 1, -0.02 * shape.width_mm).intersection(room.buffer(-0.8))
    circuit = Circuit(view, board, paint, 0.55 * high, high - 1.0, rng)
    circuit.reserve(horn)
    circuit.draw(chips_up=True, scale=0.6)
    sheet.polygon(horn, varied(BLACK_PLASTIC, rng, 5))
    view.slab(horn, 0.4 * high, high - 0.9, 0.5)
    x, y = horn.centroid.x, horn.centroid.y
    sheet.rect(x - 6, y - 5, x + 6, y + 5, varied(STEEL, rng, 6), radius_mm=2.0, raised_mm=0.15)
    sheet.screw(x0 + 5.5, -half_y + 4, 1.3, STEEL, "cross")
    sheet.screw(x1 - 4, -0.02 * shape.width_mm - 3, 1.3, STEEL, "cross")
    coin = (0.38 * shape.length_mm, 0.3 * shape.width_mm)
    sheet.disc(*coin, 4.6, varied(rougher(STEEL, 0.25), rng, 5))
    sheet.ring(*coin, 3.4, 3.7, tinted(STEEL, 0.7), raised_mm=-0.1)
    view.disc(*coin, 4.6, 0.4 * high, 0.85 * high, 0.4)
    for pin in range(5):
        sheet.rect(x0 + 1.0, -2 + 2.0 * pin, x0 + 3.2, -1 + 2.0 * pin, GOLD)


def _ribbons(view: TopView, shape: PhoneShape, rng: np.random.Generator, x0: float, x1: float) -> None:
    sheet, high = view.sheet, shape.height_mm
    for _ in range(int(rng.integers(1, 3))):
        y = float(rng.uniform(-0.3, 0.3)) * shape.width_mm
        film = varied(KAPTON if rng.random() < 0.6 else INK, rng, 10)
        path = LineString([(x0 - 5, y), (x0 + 6, y + 2), (x1 - 5, y + 2), (x1 + 4, y)])
        strip = path.buffer(float(rng.uniform(1.2, 3.2)), cap_style="flat")
        sheet.polygon(strip, film)
        view.slab(strip, high - 1.0, high - 0.75, 0.05)
        for x in (x0 - 4, x1 + 3):
            sheet.rect(x - 1.6, y - 4.5, x + 1.6, y + 4.5, tinted(INK, 1.2), radius_mm=0.4, raised_mm=0.4)
