"""Drawings of steel pieces, loose magnets and heatsinks. Small steel blanks and magnets look alike on purpose."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.looks_canvas import (
    ALUMINIUM,
    BLACK,
    NICKEL,
    STEEL,
    Canvas,
    Colour,
    alloy,
    pick,
    smooth_noise,
    tinted,
)
from neosort_hardware.twin.looks_motion import barrel
from neosort_hardware.twin.looks_shapes import arc, ellipse, regular, rounded
from neosort_hardware.types import ImageU8

_RUST: Colour = (124, 70, 40)


def draw_magnet(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A loose Ni-coated magnet: disc or ring where its body is a cylinder, else block or arc."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    round_body = any(magnet.shape == "cylinder" for magnet in model.magnets) or model.fill < 0.8
    if round_body and model.length_mm < 1.15 * model.width_mm:
        _shiny_disc(board, rng, hole=0.45 if model.fill < 0.7 else 0.0)
    elif model.length_mm > 1.4 * model.width_mm and (model.fill < 0.9 or rng.random() < 0.45):
        _shiny_arc(board, rng)
    else:
        _shiny_block(board, rng)
    return board.finish()


def _shine(board: Canvas, rng: np.random.Generator) -> None:
    """The finish that magnets and bright steel blanks share: reflections, small chips, dull spots."""
    height, width = board.alpha.shape
    board.gain(1.0 + np.float32(0.13) * smooth_noise(height, width, 0.55 * width, rng))
    board.brushed(0.02, rng, across=bool(rng.random() < 0.5))
    board.sheen(rng.uniform(0.1, 0.4), rng)
    board.bevel(0.9, 0.75)
    board.scratches(int(rng.integers(1, 6)), rng, 1.3)
    if rng.random() < 0.4:
        board.grime((84, 78, 72), rng.uniform(0.03, 0.2), 0.3 * board.width_mm, rng)


def _shiny_disc(board: Canvas, rng: np.random.Generator, hole: float) -> None:
    x, y = 0.5 * board.length_mm, 0.5 * board.width_mm
    metal = alloy(tinted(NICKEL, rng.uniform(0.75, 1.08)), rng)
    board.polygon(ellipse(x, y, x, y), metal, body=True)
    if hole:
        board.polygon(ellipse(x, y, (hole + 0.05) * x, (hole + 0.05) * y), tinted(metal, 0.55))
        board.cut(ellipse(x, y, hole * x, hole * y))
    _shine(board, rng)


def _shiny_block(board: Canvas, rng: np.random.Generator) -> None:
    metal = alloy(tinted(NICKEL, rng.uniform(0.75, 1.08)), rng)
    board.rect(0, 0, board.length_mm, board.width_mm, metal, radius=min(0.8, 0.1 * board.width_mm), body=True)
    _shine(board, rng)


def _shiny_arc(board: Canvas, rng: np.random.Generator) -> None:
    """A segment of a ring that just fits the rectangle."""
    length, width = board.length_mm, board.width_mm
    metal = alloy(tinted(NICKEL, rng.uniform(0.75, 1.08)), rng)
    board.polygon(_segment(length, width, rng.uniform(0.5, 0.65) * width), metal, body=True)
    _shine(board, rng)


def _segment(length: float, width: float, thickness: float) -> npt.NDArray[np.float64]:
    """Outline of a bow of ``thickness`` in its rectangle: circles of one centre, ends cut square to the chord."""
    rise = width - thickness * 0.6
    radius = (0.25 * length**2 + rise**2) / (2 * rise)
    half = float(np.arcsin(min(1.0, 0.5 * length / radius)))
    outer = arc(0.5 * length, radius, radius, 1.5 * np.pi - half, 1.5 * np.pi + half)
    inner_half = half * 0.94
    inner = arc(0.5 * length, radius, radius - thickness, 1.5 * np.pi + inner_half, 1.5 * np.pi - inner_half)
    outline = np.vstack([outer, inner])
    low, high = outline.min(axis=0), outline.max(axis=0)
    return np.asarray((outline - low) / (high - low) * (length, width), dtype=np.float64)


def draw_steel(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A bracket, screw, spanner, washer, nut or a bright blank."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    aspect, choice = model.length_mm / model.width_mm, rng.random()
    small = model.length_mm <= 60
    if small and aspect < 1.15 and choice < 0.65:
        _shiny_disc(board, rng, hole=float(rng.choice([0.0, 0.45])))
    elif small and choice < 0.4:
        (_shiny_arc if aspect > 1.4 and rng.random() < 0.45 else _shiny_block)(board, rng)
    elif aspect < 1.2 and small:
        _nut(board, rng)
    elif aspect > 3.2:
        (_screw if model.width_mm < 22 and choice < 0.7 else _spanner)(board, rng)
    else:
        _bracket(board, rng)
    if rng.random() < 0.35:
        board.grime(_RUST, rng.uniform(0.04, 0.4), 0.3 * board.width_mm, rng)
    return board.finish()


def _steel_tone(rng: np.random.Generator) -> Colour:
    return alloy(pick((STEEL, (166, 164, 158), (92, 92, 94), (146, 142, 128)), rng), rng)


def _nut(board: Canvas, rng: np.random.Generator) -> None:
    x, y = 0.5 * board.length_mm, 0.5 * board.width_mm
    metal = _steel_tone(rng)
    board.polygon(regular(x, y, min(x, y) * 1.0, 6), metal, body=True)
    board.raised(arc(x, y, 0.78 * min(x, y)), tinted(metal, 1.1), 0.3)
    board.disc(x, y, 0.55 * min(x, y), tinted(metal, 0.4))
    board.cut(arc(x, y, 0.46 * min(x, y)))
    board.bevel(0.8, 0.6)


def _screw(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    metal = _steel_tone(rng)
    head, half = rng.uniform(0.12, 0.2) * length, rng.uniform(0.25, 0.34) * width
    mid = 0.5 * width
    board.rect(head * 0.9, mid - half, length - 0.5 * half, mid + half, metal, radius=0.3, body=True)
    board.polygon([(length - half, mid - half), (length, mid - 0.5 * half), (length, mid + 0.5 * half),
                   (length - half, mid + half)], metal, body=True)  # fmt: skip
    pitch = max(1.0, 0.25 * half)
    for x in np.arange(head + rng.uniform(0.5, 0.3 * length), length - 0.5, pitch):
        board.line([(x, mid - half), (x + 0.5 * pitch, mid + half)], tinted(metal, 0.5), 0.35 * pitch)
    board.gain(barrel(board, mid - half, mid + half, 0.7)[:, None])
    board.rect(0, 0, head, width, tinted(metal, 1.05), radius=0.12 * width, body=True)
    for y in (0.27, 0.73):
        board.line([(0, y * width), (head, y * width)], tinted(metal, 0.6), 0.3)
    board.bevel(0.8, 0.5)


def _spanner(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    metal = _steel_tone(rng)
    half, mid, radius = 0.2 * width, 0.5 * width, 0.5 * width
    board.rect(radius, mid - half, length - radius, mid + half, metal, radius=1, body=True)
    board.disc(radius, mid, radius, metal, body=True)
    board.disc(length - 0.85 * radius, mid, 0.85 * radius, metal, body=True)
    board.cut(regular(length - 0.85 * radius, mid, 0.5 * radius, 6))
    board.cut([(-1, mid - 0.45 * radius), (0.9 * radius, mid - 0.42 * radius), (1.2 * radius, mid),
               (0.9 * radius, mid + 0.42 * radius), (-1, mid + 0.45 * radius)])  # fmt: skip
    board.raised(
        rounded(1.6 * width, mid - 0.5 * half, length - 1.6 * width, mid + 0.5 * half, 1), tinted(metal, 0.9), -0.3
    )
    board.mottle(0.06, 5.0, rng)
    board.bevel(1.2, 0.65)
    board.scratches(8, rng)


def _bracket(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    metal = _steel_tone(rng)
    board.rect(0, 0, length, width, metal, radius=1.5, body=True)
    if rng.random() < 0.55:  # L shape
        board.cut(rounded(rng.uniform(0.3, 0.55) * length, rng.uniform(0.35, 0.55) * width, length + 3, width + 3, 2))
    if rng.random() < 0.5:  # folded edge
        fold = rng.uniform(0.08, 0.2) * length
        board.rect(0, 0, fold, width, tinted(metal, 1.25))
        board.line([(fold, 0), (fold, width)], tinted(metal, 0.6), 0.6)
    _spangle(board, rng)
    board.sheen(rng.uniform(0.05, 0.25), rng)
    holes, y = int(rng.integers(2, 5)), rng.uniform(0.13, 0.3) * width
    for x in (np.arange(holes) + rng.uniform(0.4, 0.6)) / holes * length:
        hole = min(rng.uniform(1.5, 3.5), 0.1 * width, 0.14 * length / holes)
        slot = rounded(x - hole * rng.choice([1, 1, 2.4]), y - hole, x + hole, y + hole, hole)
        board.raised(slot, tinted(metal, 0.6), -0.4)
        board.cut(slot)
    board.bevel(1.0, 0.55)
    board.scratches(int(rng.integers(3, 12)), rng)


def _spangle(board: Canvas, rng: np.random.Generator) -> None:
    """The crystals of a galvanised surface: nearest of random seeds, each with its own brightness."""
    height, width = board.alpha.shape
    seeds = rng.uniform(0, 1, (24, 2)) * (height, width)
    rows, cols = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
    distance = (rows[..., None] - seeds[:, 0]) ** 2 + (cols[..., None] - seeds[:, 1]) ** 2
    tone = (1.0 + 0.07 * rng.standard_normal(24))[np.argmin(distance, axis=-1)].astype(np.float32)
    board.gain(np.repeat(np.repeat(tone, 4, axis=0), 4, axis=1)[:height, :width])


def draw_heatsink(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A finned block of aluminium, bright or black anodised, sometimes with pins instead of fins."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    metal = alloy(pick((ALUMINIUM, ALUMINIUM, (150, 152, 156), (46, 46, 48), BLACK, (168, 130, 60)), rng), rng)
    board.rect(0, 0, length, width, tinted(metal, 0.42), radius=0.6, body=True)
    fins = int(rng.integers(8, 18))
    pitch = width / fins
    for k in range(fins):
        y = (k + 0.2) * pitch
        board.rect(0, y, length, y + 0.5 * pitch, metal)
        board.rect(0, y, length, y + 0.14 * pitch, tinted(metal, 1.45))
    if rng.random() < 0.4:
        for x in np.linspace(0.1, 0.9, int(rng.integers(4, 9))) * length:
            board.rect(x, 0, x + 0.35 * pitch + 0.6, width, tinted(metal, 0.38))
    if rng.random() < 0.5:
        for x in (0.08, 0.92):
            board.screw(x * length, 0.5 * width, min(3.0, 0.06 * width))
    board.brushed(0.04, rng)
    board.bevel(1.2, 0.5)
    board.grime((130, 126, 118), rng.uniform(0.02, 0.2), 0.3 * width, rng)
    return board.finish()
