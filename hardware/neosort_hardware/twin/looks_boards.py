"""Drawings of circuit boards, memory modules and phones."""

from __future__ import annotations

import numpy as np

from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.looks_canvas import (
    ALUMINIUM,
    BLACK,
    BRASS,
    WHITE,
    Canvas,
    Colour,
    brand,
    pick,
    tinted,
    varied,
)
from neosort_hardware.twin.looks_shapes import arc, rounded
from neosort_hardware.types import ImageU8

_SOLDER_MASKS: tuple[Colour, ...] = (
    (26, 104, 58), (32, 120, 66), (150, 34, 36), (34, 64, 146), (34, 38, 40), (168, 138, 84))  # fmt: skip
_PHONES: tuple[Colour, ...] = (
    (40, 62, 140), (188, 40, 44), (226, 226, 224), (198, 156, 138), (34, 34, 38), (92, 124, 112),
    (150, 152, 158), (84, 66, 118))  # fmt: skip


def draw_pcb(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A populated circuit board, whole or broken off."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    mask = varied(pick(_SOLDER_MASKS, rng), rng, 8)
    outline = rounded(0, 0, length, width, 1.5)
    if rng.random() < 0.45:  # broken corner
        bite = rng.uniform(0.1, 0.35)
        share = [(0, 0), (1, 0), (1, 1 - bite), (1 - 0.4 * bite, 0.93), (1 - bite, 1), (0, 1)]
        outline = np.array(share) * (length, width)
    board.polygon(outline, mask, body=True)
    _tracks(board, rng, tinted(mask, 1.3))
    _parts(board, rng)
    hole = min(2.2, 0.05 * width)
    for x, y in ((0.05, 0.08), (0.95, 0.08), (0.05, 0.92)):
        board.disc(x * length, y * width, 1.7 * hole, tinted(BRASS, 1.1))
        board.cut(arc(x * length, y * width, hole))
    board.bevel(0.8, 0.4)
    board.grime((120, 114, 104), 0.12, 0.3 * width, rng)
    return board.finish()


def _tracks(board: Canvas, rng: np.random.Generator, copper: Colour) -> None:
    length, width = board.length_mm, board.width_mm
    for _ in range(int(10 + length * width / 180)):
        x, y = rng.uniform(0, length), rng.uniform(0, width)
        run = rng.uniform(0.05, 0.3) * length
        turn = rng.choice([-1.0, 1.0]) * rng.uniform(1, 0.2 * width + 1)
        board.line([(x, y), (x + run, y), (x + run + abs(turn), y + turn)], copper, 0.4)


def _parts(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    for _ in range(int(10 + length * width / 90)):  # small chips of resistors and ceramic capacitors
        x, y = rng.uniform(0.04 * length, 0.93 * length), rng.uniform(0.05 * width, 0.92 * width)
        a, b = rng.uniform(0.8, 1.9, 2)
        board.raised(rounded(x, y, x + a, y + b, 0), pick((BLACK, (158, 132, 96), (200, 200, 200)), rng), 0.2)
    for _ in range(max(2, int(length * width / 1100))):
        side = rng.uniform(0.1, 0.24) * width
        package(board, rng, rng.uniform(0.06 * length, 0.9 * length - side), rng.uniform(0.06, 0.66) * width, side)
    for _ in range(max(1, int(length * width / 1500))):
        radius = min(rng.uniform(2.0, 6.5), 0.16 * width)
        x, y = rng.uniform(2 * radius, length - radius), rng.uniform(radius, width - radius)
        can = varied(pick(((44, 44, 50), (30, 44, 92), (176, 176, 178)), rng), rng, 6)
        board.raised(arc(x, y, radius), can, 0.7)
        board.disc(x, y, 0.78 * radius, tinted(ALUMINIUM, 0.95))
        board.polygon(arc(x, y, radius, 0.2, 1.5), tinted(can, 0.6))
    plug = rng.uniform(0.25, 0.5) * width
    top = rng.uniform(0.05 * width, 0.9 * width - plug)
    board.raised(rounded(0.5, top, 0.12 * length, top + plug, 0.5), pick((WHITE, BLACK, (190, 190, 192)), rng), 0.7)
    board.text(brand(rng), 0.45 * length, 0.86 * width, min(3.0, 0.06 * width), WHITE)


def package(board: Canvas, rng: np.random.Generator, x: float, y: float, side: float) -> None:
    """A black chip with its rows of legs."""
    tall = side * rng.uniform(0.5, 1.0)
    for leg in np.linspace(0.08, 0.88, 7):
        board.rect(x + leg * side, y - 0.8, x + (leg + 0.05) * side, y + tall + 0.8, (186, 186, 184))
    board.raised(rounded(x, y, x + side, y + tall, 0.2), varied((40, 40, 42), rng, 4), 0.4)
    board.rect(x + 0.18 * side, y + 0.3 * tall, x + 0.8 * side, y + 0.38 * tall, (110, 110, 110))
    board.rect(x + 0.18 * side, y + 0.5 * tall, x + 0.6 * side, y + 0.57 * tall, (100, 100, 100))
    board.disc(x + 0.12 * side, y + 0.85 * tall, 0.05 * side, (90, 90, 90))


def draw_ram(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A memory module."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    mask = varied(pick(_SOLDER_MASKS[:5], rng), rng, 8)
    board.rect(0, 0, length, width, mask, body=True)
    _tracks(board, rng, tinted(mask, 1.25))
    chips = int(rng.choice([4, 8, 8, 9]))
    pitch = 0.9 * length / chips
    for k in range(chips):
        package(board, rng, 0.05 * length + k * pitch + 0.12 * pitch, 0.2 * width, 0.72 * pitch)
    for x in np.arange(0.03 * length, 0.97 * length, 1.3):
        board.rect(x, 0.88 * width, x + 0.85, width, tinted(BRASS, 1.12))
    notch = rng.uniform(0.4, 0.6) * length
    board.cut(rounded(notch, 0.86 * width, notch + 2, width, 0))
    for x in (0.0, length):
        board.cut(arc(x, 0.55 * width, 1.8))
    label = rng.uniform(0.1, 0.5) * length
    if rng.random() < 0.7:
        board.rect(label, 0.18 * width, label + 0.36 * length, 0.6 * width, varied(WHITE, rng, 8))
        board.text(brand(rng), label + 2, 0.24 * width, 0.16 * width, BLACK, fit_mm=0.32 * length)
        board.rect(label + 2, 0.48 * width, label + 0.3 * length, 0.52 * width, (120, 120, 120))
    board.bevel(0.6, 0.35)
    return board.finish()


def draw_phone(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A phone, back or screen up."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    radius = rng.uniform(0.08, 0.18) * width
    frame = pick((ALUMINIUM, (60, 60, 64), BRASS), rng)
    board.rect(0, 0, length, width, frame, radius=radius, body=True)
    edge = rng.uniform(0.8, 1.8)
    panel = rounded(edge, edge, length - edge, width - edge, radius - edge)
    if rng.random() < 0.62:
        colour = varied(pick(_PHONES, rng), rng, 8)
        board.polygon(panel, colour)
        _phone_back(board, rng, colour)
    else:
        board.polygon(panel, (20, 20, 24))
        _phone_screen(board, rng, edge, radius)
    board.bevel(1.2, 0.4)
    board.scratches(int(rng.integers(3, 18)), rng, 1.25)
    board.grime((150, 146, 140), 0.06, 0.3 * width, rng)
    return board.finish()


def _phone_back(board: Canvas, rng: np.random.Generator, colour: Colour) -> None:
    length, width = board.length_mm, board.width_mm
    y, x, size = rng.uniform(0.06, 0.12) * width, 0.04 * length, rng.uniform(0.24, 0.42) * width
    tall = size * rng.uniform(0.5, 1.4)
    bump = tinted(colour, 0.75) if rng.random() < 0.6 else (44, 44, 48)
    board.raised(rounded(x, y, x + tall, y + size, 0.2 * size), bump, 0.6)
    lens = 0.18 * size
    for k in range(int(rng.integers(1, 4))):
        cx, cy = x + tall * (0.3 + 0.4 * (k % 2)), y + size * (0.28 + 0.44 * (k // 2 + 0.5 * (k % 2)))
        board.raised(arc(cx, cy, 1.15 * lens), (96, 96, 100), 0.3)
        board.disc(cx, cy, lens, (14, 14, 20))
        board.disc(cx - 0.3 * lens, cy - 0.3 * lens, 0.25 * lens, (96, 108, 150))
    ink = tinted(colour, 0.55) if sum(colour) > 330 else tinted(colour, 1.9)
    board.text(brand(rng), 0.5 * length, 0.3 * width, 0.07 * width, ink, upright=True, fit_mm=0.4 * width)
    for k in range(3):
        board.line([(0.88 * length + k, 0.38 * width), (0.88 * length + k, rng.uniform(0.5, 0.66) * width)], ink, 0.25)
    board.sheen(rng.uniform(0.05, 0.25), rng)


def _phone_screen(board: Canvas, rng: np.random.Generator, edge: float, radius: float) -> None:
    length, width = board.length_mm, board.width_mm
    old = rng.random() < 0.4
    head = 0.11 * length if old else 2.2 * edge
    glass = varied((34, 36, 44), rng, 4)
    board.rect(head, 2.0 * edge, length - head, width - 2.0 * edge, glass, radius=1.0 if old else 0.7 * radius)
    glare = [(0.5 * length, 2 * edge), (0.7 * length, 2 * edge), (0.45 * length, width - 2 * edge),
             (0.25 * length, width - 2 * edge)]  # fmt: skip
    board.polygon(glare, tinted(glass, 1.35))
    board.line([(0.5 * head, 0.42 * width), (0.5 * head, 0.58 * width)], (70, 70, 74), 0.9)
    if old:
        board.raised(arc(length - 0.5 * head, 0.5 * width, 0.3 * head), (52, 52, 58), -0.4)
    if rng.random() < 0.65:
        hit = rng.uniform((0.15 * length, 0.1 * width), (0.85 * length, 0.9 * width))
        for angle in np.sort(rng.uniform(0, 2 * np.pi, 11)):
            steps = np.cumsum(rng.uniform(0.02, 0.12, 5) * length)[:, None]
            wobble = rng.normal(0, 0.08, 5)
            path = hit + steps * np.column_stack([np.cos(angle + wobble), np.sin(angle + wobble)])
            board.line(np.vstack([hit, path]), (122, 126, 132), 0.3)
        for ring in (0.05, 0.11):
            board.line(arc(hit[0], hit[1], ring * length)[:30], (104, 108, 114), 0.3)
