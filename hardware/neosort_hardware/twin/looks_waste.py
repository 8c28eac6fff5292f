"""Drawings of cables, plastic pieces, lithium cells and foreign matter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    smooth_noise,
    tinted,
    varied,
)
from neosort_hardware.twin.looks_motion import barrel
from neosort_hardware.twin.looks_shapes import arc, ellipse, rounded
from neosort_hardware.types import ImageU8

Spot = npt.NDArray[np.float64]

_SHEATHS: tuple[Colour, ...] = (
    (40, 40, 42),
    (54, 54, 56),
    (206, 206, 202),
    (150, 152, 154),
    (178, 40, 40),
    (40, 70, 150),
)
_PLASTICS: tuple[Colour, ...] = (
    (70, 100, 176), (188, 40, 44), (36, 36, 38), (220, 218, 210), (196, 188, 160), (60, 130, 80), (150, 152, 154),
    (214, 170, 40))  # fmt: skip
_WRAPS: tuple[Colour, ...] = (
    (36, 96, 190),
    (220, 110, 30),
    (60, 150, 80),
    (176, 50, 130),
    (40, 160, 170),
    (120, 124, 128),
)


def draw_cable(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A lead lying in loops, a plug at each end."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    sheath = varied(pick(_SHEATHS, rng), rng, 6)
    bore = min(rng.uniform(3.0, 6.0), 0.12 * width)
    turns = rng.uniform(1.6, 3.2) if length < 2.5 * width else rng.uniform(0.6, 1.2)
    steps = np.linspace(0, 1, 240)
    angle = rng.uniform(0, 6.28) + 2 * np.pi * turns * steps
    wobble = 1.0 + 0.07 * np.sin(3 * angle + rng.uniform(0, 6)) - 0.22 * steps
    x = (0.5 * length - bore) * wobble * np.cos(angle)
    y = (0.5 * width - bore) * wobble * np.sin(angle)
    path = _fitted(np.column_stack([x, y]), length, width, bore)
    for start in range(0, 240, 12):  # in pieces, so that a later turn casts its edge on an earlier one
        board.line(path[start : start + 14], tinted(sheath, 0.55), bore, body=True)
        longer = path[max(0, start - 12) : start + 14]  # the joint to the piece before lies under this one's sheen
        board.line(longer, sheath, 0.74 * bore)
        board.line(longer - 0.15 * bore, tinted(sheath, 1.35), 0.2 * bore)
    for ends in ((path[4], path[0]), (path[-5], path[-1])):
        _plug(board, rng, ends, sheath, bore)
    board.mottle(0.04, 6.0, rng)
    return board.finish()


def _fitted(path: npt.NDArray[np.float64], length: float, width: float, margin: float) -> npt.NDArray[np.float64]:
    low, high = path.min(axis=0), path.max(axis=0)
    share = (path - low) / np.maximum(high - low, 1e-6)
    return np.asarray(margin + share * (np.array([length, width]) - 2 * margin), dtype=np.float64)


def _plug(board: Canvas, rng: np.random.Generator, ends: tuple[Spot, Spot], sheath: Colour, bore: float) -> None:
    tip, way = ends[1], ends[1] - ends[0]
    ahead = way / max(float(np.hypot(*way)), 1e-6)
    side = np.array([-ahead[1], ahead[0]])
    centre = np.clip(tip, 2.2 * bore, np.array([board.length_mm, board.width_mm]) - 2.2 * bore)
    corners = np.array([[-2.2, -1.3], [1.4, -1.3], [1.4, 1.3], [-2.2, 1.3]]) * bore
    nose = np.array([[1.4, -0.9], [2.4, -0.9], [2.4, 0.9], [1.4, 0.9]]) * bore
    metal = pick((ALUMINIUM, BRASS, (190, 190, 192)), rng)
    for shape, colour in ((nose, metal), (corners, tinted(sheath, 0.8))):
        placed = centre + shape[:, :1] * ahead + shape[:, 1:] * side
        board.polygon(placed, colour, body=True)
        board.raised(centre + 0.8 * (placed - centre), tinted(colour, 1.08), 0.3)


def ragged(
    rng: np.random.Generator, length: float, width: float, corners: int, depth: float
) -> npt.NDArray[np.float64]:
    """Outline of a torn or broken piece that touches all four sides of its rectangle."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners) * 0.3 + np.linspace(0, 2 * np.pi, corners, endpoint=False))
    reach = 1.0 - depth * rng.random(corners)
    outline = np.column_stack([reach * np.cos(angles), reach * np.sin(angles)])
    return _fitted(outline, length, width, 0.0)


def draw_plastic(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A housing part or a shard of one."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    colour = varied(pick(_PLASTICS, rng), rng, 8)
    if model.fill > 0.85 or rng.random() < 0.35:
        board.rect(0, 0, length, width, colour, radius=rng.uniform(0.02, 0.2) * width, body=True)
        inset = 0.08 * width
        board.raised(
            rounded(inset, inset, length - inset, width - inset, inset), tinted(colour, 0.96), rng.choice([-0.7, 0.7])
        )
        for x in np.linspace(0.2, 0.8, int(rng.integers(3, 12))) * length:
            board.rect(x, 0.3 * width, x + 0.9, rng.uniform(0.5, 0.75) * width, tinted(colour, 0.55))
    else:
        board.polygon(ragged(rng, length, width, int(rng.integers(5, 9)), 0.55), colour, body=True)
        start = rng.uniform((0.2 * length, 0.2 * width), (0.5 * length, 0.8 * width))
        board.line([tuple(start), (start[0] + 0.4 * length, start[1] + rng.normal(0, 4))], tinted(colour, 1.25), 0.9)
    for _ in range(int(rng.integers(0, 4))):
        x, y = rng.uniform(0.2, 0.8) * length, rng.uniform(0.2, 0.8) * width
        boss = min(2.6, 0.08 * width)
        board.raised(arc(x, y, boss), tinted(colour, 1.1), 0.5)
        board.disc(x, y, 0.5 * boss, tinted(colour, 0.4))
    board.bevel(1.4, 0.45)
    board.mottle(0.04, 12.0, rng)
    board.scratches(int(rng.integers(2, 12)), rng, 1.2)
    board.grime((112, 106, 98), rng.uniform(0.02, 0.2), 0.3 * width, rng)
    return board.finish()


def draw_lithium_cell(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A wrapped round cell on its side, or a pouch."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    (_round_cell if model.height_mm > 0.7 * model.width_mm else _pouch)(board, rng)
    board.scratches(int(rng.integers(1, 8)), rng, 1.25)
    return board.finish()


def _round_cell(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    wrap = varied(pick(_WRAPS, rng), rng, 8)
    board.rect(0, 0.3 * width, 0.1 * length, 0.7 * width, (190, 190, 188), radius=0.6, body=True)
    board.rect(0.02 * length, 0, length, width, wrap, radius=0.08 * width, body=True)
    board.rect(0.02 * length, 0, 0.05 * length, width, (170, 170, 170))
    board.rect(0.975 * length, 0, length, width, (176, 176, 174))
    board.text(brand(rng), 0.2 * length, 0.3 * width, 0.22 * width, WHITE)
    board.text("INR18650 3.7V", 0.2 * length, 0.64 * width, 0.12 * width, WHITE)
    board.gain(barrel(board, 0, width, 0.55)[:, None])


def _pouch(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    foil = varied(pick(((178, 178, 178), (160, 160, 164), (60, 60, 64)), rng), rng, 8)
    strip = 0.09 * length
    board.rect(0, 0, length, width, foil, radius=0.8, body=True)
    height, cols = board.alpha.shape
    board.gain(1.0 + np.float32(0.12) * smooth_noise(height, cols, 3.0 * board.px_per_mm, rng))
    board.raised(rounded(strip + 1, 0.03 * width, length - 1, 0.97 * width, 1.5), foil, 0.6)
    board.mottle(0.08, 5.0, rng)
    board.rect(0, 0, strip, width, (206, 128, 34))
    for k, lead in enumerate(((176, 34, 36), BLACK)):
        board.line([(0, (0.3 + 0.3 * k) * width), (0.8 * strip, (0.36 + 0.24 * k) * width)], lead, 1.2)
    paper = pick((WHITE, (44, 44, 46)), rng)
    ink = BLACK if sum(paper) > 380 else WHITE
    x0 = rng.uniform(0.2, 0.4) * length
    board.rect(x0, 0.18 * width, x0 + 0.5 * length, 0.8 * width, paper, radius=0.5)
    board.text(f"{int(rng.integers(8, 50)) * 100} mAh", x0 + 2, 0.26 * width, 0.12 * width, ink, fit_mm=0.44 * length)
    board.text(brand(rng), x0 + 2, 0.46 * width, 0.09 * width, ink)
    board.text("3.7V Li-Po", x0 + 2, 0.62 * width, 0.08 * width, ink)
    board.bevel(1.0, 0.5)


def draw_foreign(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """What does not belong in e-waste: wood, cardboard, stone, textile, glass."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    (_wood, _cardboard, _stone, _textile, _glass)[int(rng.integers(5))](board, rng)
    board.mottle(0.06, 0.3 * board.width_mm, rng)
    return board.finish()


def _wood(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    colour = varied(pick(((172, 132, 84), (128, 92, 58), (196, 164, 116)), rng), rng, 8)
    ends = [(rng.uniform(0, 0.04) * length, y) for y in np.linspace(width, 0, 7)]
    far = [(length - rng.uniform(0, 0.04) * length, y) for y in np.linspace(0, width, 7)]
    board.polygon([*far, *ends], colour, body=True)
    for y in rng.uniform(0, width, int(6 + width / 2)):
        steps = np.linspace(0, length, 12)
        board.line(np.column_stack([steps, y + np.cumsum(rng.normal(0, 0.25, 12))]), tinted(colour, 0.78), 0.4)
    board.brushed(0.05, rng)
    board.bevel(1.2, 0.4)


def _cardboard(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    colour = varied((178, 144, 104), rng, 8)
    board.polygon(ragged(rng, length, width, 12, 0.25), colour, body=True)
    for x in np.arange(0, length, 3.2):
        board.line([(x, 0), (x, width)], tinted(colour, 0.94), 0.8)
    board.line([(0, 0.4 * width), (length, rng.uniform(0.3, 0.6) * width)], tinted(colour, 0.7), 0.8)
    board.bevel(0.8, 0.35)


def _stone(board: Canvas, rng: np.random.Generator) -> None:
    colour = varied(pick(((132, 126, 118), (104, 104, 106), (160, 148, 130)), rng), rng, 8)
    outline = ragged(rng, board.length_mm, board.width_mm, 14, 0.18)
    board.polygon(outline, colour, body=True)
    board.mottle(0.16, 3.0, rng)
    board.bevel(0.22 * board.width_mm, 0.35)


def _textile(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    colour = varied(pick(((96, 104, 130), (150, 60, 60), (190, 186, 176), (70, 90, 70)), rng), rng, 8)
    board.polygon(ragged(rng, length, width, 22, 0.35), colour, body=True)
    for step in np.arange(0, length + width, 1.6):
        board.line([(step, 0), (step - width, width)], tinted(colour, 0.82), 0.4)
    height, cols = board.alpha.shape
    board.gain(1.0 + np.float32(0.2) * smooth_noise(height, cols, 0.16 * cols, rng))
    board.bevel(1.6, 0.35)


def _glass(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    colour = varied(pick(((120, 150, 140), (84, 112, 76), (150, 158, 164)), rng), rng, 8)
    outline = ragged(rng, length, width, 6, 0.4)
    board.polygon(outline, colour, body=True)
    board.cut(outline, alpha=190)  # one sees a little of the belt through it
    board.polygon(ellipse(0.4 * length, 0.35 * width, 0.2 * length, 0.08 * width), (226, 232, 232))
    board.bevel(1.6, 0.8)
