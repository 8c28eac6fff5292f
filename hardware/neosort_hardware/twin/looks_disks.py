"""Drawings of hard disks: lid or circuit side up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.looks_canvas import (
    ALUMINIUM,
    BLACK,
    WHITE,
    Canvas,
    Colour,
    alloy,
    brand,
    pick,
    tinted,
    varied,
)
from neosort_hardware.twin.looks_shapes import arc, rounded
from neosort_hardware.types import ImageU8

Area = tuple[float, float, float, float]

_BANDS: tuple[Colour, ...] = ((28, 96, 184), (34, 132, 70), (178, 34, 38), (40, 40, 44), (214, 120, 26), (104, 62, 150))
_BOARDS: tuple[Colour, ...] = ((36, 74, 150), (28, 96, 60), (30, 34, 38))


def draw_hdd35(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A 3.5" disk."""
    return _disk(model, rng, px_per_mm, corner_mm=3.0, screw_mm=2.2)


def draw_hdd25(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A 2.5" disk."""
    return _disk(model, rng, px_per_mm, corner_mm=2.2, screw_mm=1.5)


def _disk(
    model: ItemModel, rng: np.random.Generator, px_per_mm: float, corner_mm: float, screw_mm: float
) -> tuple[ImageU8, ImageU8]:
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    metal = alloy(tinted(ALUMINIUM, rng.uniform(0.62, 1.05)), rng)
    board.rect(0, 0, board.length_mm, board.width_mm, metal, radius=corner_mm, body=True)
    if rng.random() < 0.72:
        _lid(board, rng, metal, screw_mm)
    else:
        _circuit_side(board, rng, metal)
    board.sheen(rng.uniform(0.05, 0.2), rng)
    board.bevel(1.6, 0.45)
    board.scratches(int(rng.integers(4, 16)), rng)
    board.mottle(0.035, 14.0, rng)
    if rng.random() < 0.5:
        board.grime((96, 90, 82), rng.uniform(0.01, 0.12), 0.3 * board.width_mm, rng)
    return board.finish()


def _lid(board: Canvas, rng: np.random.Generator, metal: Colour, screw_mm: float) -> None:
    length, width = board.length_mm, board.width_mm
    board.brushed(0.03, rng)
    board.mottle(0.05, 20.0, rng)
    margin = rng.uniform(0.015, 0.05) * length
    plate = tinted(metal, rng.uniform(0.9, 1.25)) if rng.random() < 0.85 else alloy((58, 58, 62), rng)
    board.raised(_cover(board, rng, margin, 2.5 * screw_mm), plate, 0.6)
    spindle_x, spindle_y, radius = 0.65 * length, 0.5 * width, rng.uniform(0.25, 0.42) * width
    for step, size in enumerate((1.0, 0.93, 0.55)[: int(rng.integers(1, 4))]):
        board.raised(
            arc(spindle_x, spindle_y, size * radius), tinted(plate, 0.97 + 0.03 * step), (-0.5, 0.4, -0.4)[step]
        )
    pivot = (0.18 * length, rng.uniform(0.26, 0.32) * width)
    if rng.random() < 0.75:
        board.raised(arc(*pivot, rng.uniform(0.09, 0.15) * width), tinted(plate, 0.96), -0.4)
    for x in (0.07, 0.5, 0.93):
        for y in (0.07, 0.93):
            board.screw(x * length, y * width, screw_mm)
    board.screw(*pivot, screw_mm)
    board.disc(0.9 * length, rng.choice([0.28, 0.72]) * width, 0.028 * length, (214, 214, 210))
    inner = rng.uniform(0.1, 0.38) * length
    disk_label(board, rng, inner, min(inner + rng.uniform(0.3, 0.6) * length, 0.9 * length))
    if rng.random() < 0.6:
        board.screw(spindle_x, spindle_y, 1.2 * screw_mm, tinted(metal, 0.9))


def _cover(board: Canvas, rng: np.random.Generator, margin: float, radius: float) -> npt.NDArray[np.float64]:
    """Outline of the lid: plain, waisted, or with a corner left out."""
    length, width = board.length_mm, board.width_mm
    style = int(rng.integers(3))
    if style == 0:
        return rounded(margin, margin, length - margin, width - margin, radius)
    bite = rng.uniform(0.03, 0.1) * width
    left, right, low, high = margin, length - margin, margin, width - margin
    if style == 1:
        waist = [(0.42 * length, low + bite), (0.58 * length, low + bite)]
        lower = [(0.58 * length, high - bite), (0.42 * length, high - bite)]
        return np.array([(left, low), (0.36 * length, low), *waist, (0.64 * length, low), (right, low), (right, high),
                         (0.64 * length, high), *lower, (0.36 * length, high), (left, high)])  # fmt: skip
    return np.array([(left, low), (right - 2 * bite, low), (right, low + 2 * bite), (right, high),
                     (left + 3 * bite, high), (left + 2 * bite, high - bite), (left, high - bite)])  # fmt: skip


def disk_label(board: Canvas, rng: np.random.Generator, x0: float, x1: float) -> None:
    """A paper label with a maker's band, small print, bar code and a square code."""
    width = board.width_mm
    paper = varied(WHITE, rng, 6) if rng.random() < 0.75 else varied(BLACK, rng, 4)
    ink = BLACK if sum(paper) > 380 else WHITE
    y0, y1 = rng.uniform(0.07, 0.2) * width, rng.uniform(0.76, 0.92) * width
    board.rect(x0, y0, x1, y1, paper, radius=1.5)
    band = varied(pick(_BANDS, rng), rng, 8) if rng.random() < 0.8 else tinted(paper, 0.92)
    split = x0 + rng.uniform(0.24, 0.34) * (x1 - x0)
    board.rect(x0, y0, split, y1, band, radius=1.0)
    letters = WHITE if sum(band) < 480 else BLACK
    name = brand(rng)
    name_mm = board.text_mm(name, 0.5 * (split - x0), 0.46 * width)
    board.text(
        name, x0 + 0.18 * (split - x0), y1 - name_mm - 2, 0.5 * (split - x0), letters, upright=True, fit_mm=0.46 * width
    )
    capacity = str(rng.choice(["500GB", "1.0TB", "2.0TB", "4.0TB", "320GB", "8.0TB"]))
    board.text(
        capacity,
        x0 + 0.3 * (split - x0),
        y0 + 0.03 * width,
        0.32 * (split - x0),
        letters,
        upright=True,
        fit_mm=0.18 * width,
    )
    small_print(board, rng, (split + 2, y0 + 3, x1 - 2, y0 + 0.52 * (y1 - y0)), ink)
    bar_code(board, rng, (split + 0.35 * (x1 - split), y0 + 0.56 * (y1 - y0), x1 - 3, y1 - 4), ink)
    side = 0.26 * (x1 - x0)
    square_code(board, rng, (split + 2, y1 - 1.2 * side - 2, split + 2 + side, y1 - 0.2 * side - 2), (paper, ink))


def small_print(board: Canvas, rng: np.random.Generator, area: Area, ink: Colour) -> None:
    """Lines of print too small to read, running along the width."""
    x0, y0, x1, y1 = area
    pitch = max(1.6, (x1 - x0) / 9)
    for x in np.arange(x0 + 0.5 * pitch, x1, pitch):
        y = y1
        stop = y0 + rng.uniform(0, 0.5) * (y1 - y0)
        while y > stop:
            word = rng.uniform(1.5, 6.0)
            board.rect(x, max(y - word, y0), x + 0.42 * pitch, y, tinted(ink, 1.6) if sum(ink) < 200 else ink)
            y -= word + 1.2


def bar_code(board: Canvas, rng: np.random.Generator, area: Area, ink: Colour) -> None:
    """Two rows of bars."""
    x0, y0, x1, y1 = area
    half = 0.42 * (x1 - x0)
    for left in (x0, x1 - half):
        y = y0
        while y < y1 - 1.0:
            bar = rng.choice([0.5, 0.9, 1.3])
            board.rect(left, y, left + 0.7 * half, y + bar, ink)
            y += bar + rng.choice([0.5, 0.9])


def square_code(board: Canvas, rng: np.random.Generator, area: Area, inks: tuple[Colour, Colour]) -> None:
    """A square code of 11 × 11 cells; ``inks``: paper and print."""
    x, y, side = area[0], area[1], area[2] - area[0]
    paper, ink = inks
    dark, light = (ink, paper) if sum(ink) < sum(paper) else (paper, ink)
    board.rect(x, y, x + side, y + side, light)
    cell = side / 11
    cells = rng.random((11, 11)) < 0.5
    for row, col in zip(*np.nonzero(cells), strict=True):
        board.rect(x + col * cell, y + row * cell, x + (col + 1) * cell, y + (row + 1) * cell, dark)


def _circuit_side(board: Canvas, rng: np.random.Generator, metal: Colour) -> None:
    length, width = board.length_mm, board.width_mm
    board.mottle(0.07, 8.0, rng)
    fibre = varied(pick(_BOARDS, rng), rng, 6)
    right = rng.uniform(0.5, 0.62) * length
    outline = np.array([(0.03 * length, 0.06 * width), (right, 0.06 * width), (right, 0.5 * width),
                        (0.8 * right, 0.62 * width), (0.8 * right, 0.94 * width),
                        (0.03 * length, 0.94 * width)])  # fmt: skip
    board.raised(outline, fibre, 0.7)
    for _ in range(22):
        x, y = rng.uniform(0.06 * length, 0.75 * right), rng.uniform(0.1 * width, 0.88 * width)
        size = rng.uniform(0.012, 0.035) * length
        part = pick((BLACK, (150, 130, 96), (168, 168, 168)), rng)
        board.raised(rounded(x, y, x + size, y + 0.6 * size, 0), part, 0.25)
    for _ in range(2):
        x, y, side = rng.uniform(0.1, 0.3) * length, rng.uniform(0.15, 0.7) * width, 0.09 * length
        board.raised(rounded(x, y, x + side, y + side, 0.5), BLACK, 0.5)
    centre, radius = (0.42 * length, 0.5 * width), 0.2 * width
    board.raised(arc(*centre, 1.1 * radius), tinted(metal, 0.8), -0.7)
    board.raised(arc(*centre, radius), tinted(metal, 1.08), 0.6)
    board.raised(arc(*centre, 0.35 * radius), tinted(metal, 0.9), -0.4)
    for x, y in ((0.06, 0.1), (0.06, 0.9), (0.93, 0.08), (0.93, 0.92), (0.55, 0.94)):
        board.screw(x * length, y * width, 0.014 * length)
    board.raised(rounded(0.68 * length, 0.2 * width, 0.92 * length, 0.7 * width, 4), tinted(metal, 1.04), 0.6)
