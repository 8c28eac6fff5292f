"""Drawings of motors and fans. Ferrite and NdFeB motors share them: a picture alone must not tell which it is."""

from __future__ import annotations

import numpy as np

from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.looks_canvas import (
    BLACK,
    BRASS,
    COPPER,
    STEEL,
    WHITE,
    Canvas,
    Colour,
    alloy,
    brand,
    pick,
    tinted,
    varied,
)
from neosort_hardware.twin.looks_shapes import arc
from neosort_hardware.types import ArrayF32, ImageU8

_BELLS: tuple[Colour, ...] = ((38, 38, 42), (168, 34, 36), (40, 66, 160), (150, 150, 154), (184, 120, 34))
_END_CAPS: tuple[Colour, ...] = ((36, 36, 38), (224, 220, 206), (40, 66, 170), (150, 40, 40))
_CASES: tuple[Colour, ...] = ((34, 34, 38), (40, 60, 130), (120, 124, 128), (196, 192, 180))
_WIRES: tuple[Colour, ...] = ((178, 34, 36), (30, 30, 32), (206, 176, 40), (206, 206, 202))


def draw_motor(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A small motor: can on its side, can on its end, outrunner, or a servo's box."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    choice = rng.random()
    if model.length_mm < 1.3 * model.width_mm:
        (_outrunner if choice < 0.7 else _can_end)(board, rng)
    elif choice < 0.62 or model.length_mm > 2.6 * model.width_mm:
        _can(board, rng)
    else:
        _servo(board, rng)
    board.scratches(int(rng.integers(2, 9)), rng)
    board.mottle(0.05, 6.0, rng)
    if rng.random() < 0.3:
        board.grime((98, 74, 52), rng.uniform(0.04, 0.25), 0.3 * board.width_mm, rng)
    return board.finish()


def barrel(board: Canvas, y0: float, y1: float, shine: float = 0.9) -> ArrayF32:
    """Brightness over the rows of a lying cylinder between y0 and y1, lit from above: (h,) float32, 1 outside."""
    rows = (np.arange(board.alpha.shape[0]) + 0.5) / board.alpha.shape[0] * board.width_mm
    place = np.clip((rows - y0) / (y1 - y0), 0, 1)
    slope = np.sqrt(np.clip(1 - (2 * place - 1) ** 2, 0.02, 1))
    gloss = np.exp(-(((place - 0.33) / 0.07) ** 2)) + 0.45 * np.exp(-(((place - 0.72) / 0.05) ** 2))
    inside = (rows >= y0) & (rows <= y1)
    return np.where(inside, 0.35 + 0.6 * slope + shine * 0.55 * gloss, 1.0).astype(np.float32)


def _can(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    shaft = rng.uniform(0.1, 0.2) * length
    metal = alloy(pick((STEEL, (160, 158, 152), (52, 52, 56), (176, 176, 178)), rng), rng)
    shaft_half = rng.uniform(0.05, 0.1) * width
    mid = 0.5 * width
    board.rect(0, mid - shaft_half, shaft + 1, mid + shaft_half, (190, 188, 182), body=True)
    if rng.random() < 0.55:  # pinion
        board.rect(0, mid - 0.15 * width, 0.7 * shaft, mid + 0.15 * width, BRASS, radius=0.4, body=True)
        for y in np.arange(mid - 0.13 * width, mid + 0.13 * width, 0.8):
            board.line([(0, y), (0.7 * shaft, y)], tinted(BRASS, 0.6), 0.25)
    board.rect(0.72 * shaft, mid - 0.22 * width, shaft + 2, mid + 0.22 * width, tinted(metal, 0.8), body=True)
    tail = rng.uniform(0.05, 0.1) * length
    for y in (0.3, 0.7):
        board.rect(length - tail, y * width - 0.6, length, y * width + 0.6, BRASS, body=True)
    end = length - 0.6 * tail
    board.rect(shaft, 0, end, width, metal, radius=0.06 * width, body=True)
    cap = end - rng.uniform(0.08, 0.16) * length
    board.rect(cap, 0.02 * width, end, 0.98 * width, varied(pick(_END_CAPS, rng), rng, 6), radius=0.04 * width)
    for x in (shaft + 0.06 * length, cap - 0.03 * length):
        board.line([(x, 0), (x, width)], tinted(metal, 0.55), 0.35)
    if rng.random() < 0.5:
        paper = pick((WHITE, (210, 200, 150), BLACK), rng)
        x0, x1 = shaft + 0.15 * length, shaft + rng.uniform(0.42, 0.6) * length
        board.rect(x0, 0.3 * width, min(x1, cap - 1), 0.66 * width, paper)
        ink = BLACK if sum(paper) > 380 else WHITE
        board.text(brand(rng), x0 + 1, 0.36 * width, 0.1 * width, ink, fit_mm=min(x1, cap - 1) - x0 - 2)
        board.text("12V DC", x0 + 1, 0.52 * width, 0.08 * width, (120, 120, 120))
    board.brushed(0.03, rng, across=True)
    board.gain(barrel(board, 0, width)[:, None])


def _can_end(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    x, y, radius = 0.5 * length, 0.5 * width, 0.5 * width
    metal = alloy(pick((STEEL, (168, 166, 160), (60, 60, 64)), rng), rng)
    board.disc(x, y, radius, metal, body=True)
    ear = (length - width) / 2
    if ear > 0.5:
        board.rect(0, y - 0.14 * width, length, y + 0.14 * width, metal, radius=1.0, body=True)
        for side in (0.7 * ear + 0.5, length - 0.7 * ear - 0.5):
            board.disc(side, y, 0.06 * width, (34, 34, 36))
    board.raised(arc(x, y, 0.84 * radius), tinted(metal, 1.06), 0.4)
    board.raised(arc(x, y, 0.36 * radius), tinted(metal, 0.92), 0.6)
    for angle in np.arange(3) * 2.09 + rng.uniform(0, 2):
        board.disc(x + 0.6 * radius * np.cos(angle), y + 0.6 * radius * np.sin(angle), 0.1 * radius, (28, 28, 30))
    board.raised(arc(x, y, 0.13 * radius), (196, 194, 188), 0.4)
    board.bevel(1.0, 0.5)


def _outrunner(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    radius = 0.5 * width
    x, y = length - radius, radius
    for k, colour in enumerate(_WIRES[:3]):  # leads fill what the bell leaves free of the rectangle
        start = y + (k - 1) * 0.12 * width
        bend = rng.uniform(0.1, 0.9) * width
        board.line([(x - 0.6 * radius, start), (0.3 * (length - width), start), (0.4, bend)], colour, 1.3, body=True)
    bell = varied(pick(_BELLS, rng), rng, 8)
    board.disc(x, y, radius, bell, body=True)
    board.disc(x, y, 0.8 * radius, (22, 22, 24))
    spokes = int(rng.integers(5, 10))
    for k in range(2 * spokes):
        angle = k * np.pi / spokes
        coil = arc(x + 0.56 * radius * np.cos(angle), y + 0.56 * radius * np.sin(angle), 0.1 * radius)
        board.raised(coil, varied(COPPER, rng, 8), 0.3)
    for k in range(spokes):
        angle = 2 * np.pi * k / spokes + 0.3
        tip = (x + 0.85 * radius * np.cos(angle), y + 0.85 * radius * np.sin(angle))
        board.line([(x, y), tip], tinted(bell, 1.1), 0.12 * radius)
    board.raised(arc(x, y, 0.34 * radius), tinted(bell, 1.12), 0.4)
    board.raised(arc(x, y, 0.11 * radius), (184, 182, 176), 0.3)
    for angle in np.arange(4) * np.pi / 2 + 0.7:
        board.disc(x + 0.23 * radius * np.cos(angle), y + 0.23 * radius * np.sin(angle), 0.045 * radius, (20, 20, 20))
    board.bevel(1.4, 0.5)


def _servo(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    case = varied(pick(_CASES, rng), rng, 6)
    ear = 0.12 * length
    board.rect(0, 0.06 * width, length, 0.94 * width, tinted(case, 0.9), radius=1.0, body=True)
    board.rect(ear, 0, length - ear, width, case, radius=1.2, body=True)
    for x in (0.4 * ear, length - 0.4 * ear):
        for y in (0.28, 0.72):
            board.disc(x, y * width, 0.05 * width, (16, 16, 18))
    hub = (length - ear - 0.42 * width, 0.5 * width)
    board.raised(arc(*hub, 0.4 * width), tinted(case, 1.1), 0.5)
    board.raised(arc(*hub, 0.15 * width), WHITE if rng.random() < 0.5 else BRASS, 0.4)
    board.screw(*hub, 0.07 * width)
    x0 = ear + 0.05 * length
    board.rect(x0, 0.16 * width, x0 + 0.34 * length, 0.84 * width, pick((WHITE, (190, 40, 40), (206, 176, 40)), rng))
    board.text(brand(rng), x0 + 1, 0.3 * width, 0.13 * width, BLACK, fit_mm=0.3 * length)
    board.text(f"SV-{int(rng.integers(10, 99))}", x0 + 1, 0.58 * width, 0.11 * width, BLACK)
    board.bevel(1.2, 0.5)


def draw_fan(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A box fan: square frame, seven or nine blades, a label on the hub."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    frame = varied(pick((BLACK, (44, 44, 46), (190, 184, 160), (120, 124, 128)), rng), rng, 5)
    x, y, radius = 0.5 * length, 0.5 * width, 0.47 * min(length, width)
    board.rect(0, 0, length, width, frame, radius=0.07 * width, body=True)
    board.raised(arc(x, y, radius), (14, 14, 15), -0.8)
    _blades(board, rng, (x, y), radius, frame)
    for cx in (0.07, 0.93):
        for cy in (0.07, 0.93):
            board.disc(cx * length, cy * width, 0.042 * width, tinted(frame, 0.6))
            board.cut(arc(cx * length, cy * width, 0.03 * width))
    board.bevel(1.5, 0.45)
    board.grime((128, 122, 112), rng.uniform(0.02, 0.25), 0.25 * width, rng)
    return board.finish()


def _blades(board: Canvas, rng: np.random.Generator, centre: tuple[float, float], radius: float, frame: Colour) -> None:
    blade = tinted(frame, 1.2) if rng.random() < 0.7 else varied((206, 208, 210), rng, 6)
    count, hub = int(rng.choice([5, 7, 7, 9, 11])), rng.uniform(0.36, 0.46) * radius
    turn, sweep = rng.uniform(0, 1), 2 * np.pi / count
    for k in range(count):
        start = turn + k * sweep
        steps = np.linspace(0, 1, 8)
        reach = hub + steps * (0.95 * radius - hub)
        front, back = start + 0.55 * steps, start + 0.82 * sweep + 0.45 * steps
        edge = np.column_stack([reach * np.cos(front), reach * np.sin(front)])
        rim = np.column_stack([reach * np.cos(back), reach * np.sin(back)])[::-1]
        light = 1.0 + 0.22 * np.cos(start + 0.25 * np.pi + np.pi)
        board.polygon(np.vstack([edge, rim]) + centre, tinted(blade, float(light)))
        board.line(edge + centre, tinted(blade, float(light) * 1.35), 0.5)
    board.raised(arc(*centre, hub), tinted(blade, 1.05), 0.7)
    paper = pick((WHITE, BLACK, (40, 84, 160), (186, 160, 60)), rng)
    ink = BLACK if sum(paper) > 400 else WHITE
    board.disc(*centre, 0.84 * hub, paper)
    board.text(brand(rng), centre[0] - 0.66 * hub, centre[1] - 0.4 * hub, 0.24 * hub, ink, fit_mm=1.3 * hub)
    for k, words in enumerate(("DC 12V 0.21A", "BRUSHLESS")):
        board.text(words, centre[0] - 0.6 * hub, centre[1] + (0.0 + 0.27 * k) * hub, 0.15 * hub, ink, fit_mm=1.2 * hub)
    if rng.random() < 0.6:  # struts of the side with the lead
        for angle in turn + np.array([0.3, 1.87, 3.44, 5.01]):
            tip = (centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle))
            root = (centre[0] + hub * np.cos(angle), centre[1] + hub * np.sin(angle))
            board.line([root, tip], tinted(frame, 1.25), 0.09 * radius)
