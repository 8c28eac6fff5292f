"""Drawings of loudspeakers and earphones, and of the AlNiCo parts: relays, panel meters, pick-ups."""

from __future__ import annotations

import numpy as np

from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.looks_canvas import (
    BLACK,
    BRASS,
    COPPER,
    NICKEL,
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
from neosort_hardware.twin.looks_shapes import arc, ellipse, rounded
from neosort_hardware.types import ImageU8

_CONES: tuple[Colour, ...] = ((44, 44, 46), (62, 58, 54), (150, 146, 140), (120, 96, 66), (84, 90, 60))


def draw_speaker(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A loudspeaker, cone or magnet up; long ones are flat-screen speakers."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    basket = alloy(pick((STEEL, (70, 70, 72), BLACK, (166, 164, 158)), rng), rng)
    x, y = 0.5 * length, 0.5 * width
    a, b = 0.5 * length, 0.5 * width
    if length > 1.35 * width or rng.random() < 0.4:
        board.rect(0, 0, length, width, basket, radius=0.12 * width, body=True)
    else:
        board.polygon(ellipse(x, y, 0.94 * a, 0.94 * b), basket, body=True)
        for angle in np.pi / 4 + np.arange(4) * np.pi / 2:
            board.disc(x + 0.92 * a * np.cos(angle), y + 0.92 * b * np.sin(angle), 0.09 * b, basket, body=True)
        board.rect(0, 0.4 * width, length, 0.6 * width, basket, radius=0.02 * width, body=True)
        board.rect(0.4 * length, 0, 0.6 * length, width, basket, radius=0.02 * width, body=True)
    for cx in (0.08, 0.92):
        for cy in (0.08, 0.92):
            board.disc(cx * length, cy * width, 0.035 * width, (20, 20, 22))
    if rng.random() < 0.55:
        _cone(board, rng, a, b)
    else:
        _magnet_side(board, rng, a, b, basket)
    board.bevel(1.4, 0.5)
    board.grime((134, 128, 118), rng.uniform(0.02, 0.2), 0.25 * width, rng)
    return board.finish()


def _cone(board: Canvas, rng: np.random.Generator, a: float, b: float) -> None:
    x, y = 0.5 * board.length_mm, 0.5 * board.width_mm
    cone = varied(pick(_CONES, rng), rng, 6)
    board.raised(ellipse(x, y, 0.88 * a, 0.88 * b), (26, 26, 28), -0.5)
    for k, size in enumerate(np.linspace(0.84, 0.68, 5)):
        board.polygon(ellipse(x, y, size * a, size * b), tinted((38, 38, 40), 1.3 if k % 2 else 0.8))
    for size in np.linspace(0.66, 0.34, 9):
        board.polygon(ellipse(x, y, size * a, size * b), tinted(cone, 0.6 + 0.75 * size))
    cap = tinted(cone, 1.1) if rng.random() < 0.7 else varied((176, 176, 178), rng, 6)
    radius = 0.3 * b
    board.raised(arc(x, y, radius), tinted(cap, 0.9), 0.6)
    board.disc(x - 0.25 * radius, y - 0.25 * radius, 0.5 * radius, tinted(cap, 1.12))


def _magnet_side(board: Canvas, rng: np.random.Generator, a: float, b: float, basket: Colour) -> None:
    x, y = 0.5 * board.length_mm, 0.5 * board.width_mm
    board.raised(ellipse(x, y, 0.86 * a, 0.86 * b), tinted(basket, 0.82), 0.8)
    for angle in np.arange(4) * np.pi / 2 + 0.5:  # windows of the basket
        near, far = arc(x, y, 1.0, angle, angle + 1.0)[::6] - (x, y), arc(x, y, 1.0, angle, angle + 1.0)[::-6] - (x, y)
        window = np.array((x, y)) + np.vstack([near * (0.62 * a, 0.62 * b), far * (0.8 * a, 0.8 * b)])
        board.polygon(window, (30, 29, 28))
    radius = rng.uniform(0.42, 0.6) * b
    magnet = alloy(pick(((58, 58, 60), (150, 148, 142), (36, 36, 38)), rng), rng)
    board.raised(arc(x, y, 1.12 * radius), tinted(magnet, 0.8), 1.0)
    board.raised(arc(x, y, radius), magnet, 0.8)
    if rng.random() < 0.6:
        board.disc(x, y, 0.72 * radius, pick((WHITE, (190, 170, 80), BLACK), rng))
        board.text(brand(rng), x - 0.56 * radius, y - 0.3 * radius, 0.18 * radius, (90, 90, 94), fit_mm=1.1 * radius)
        board.text(str(rng.choice(["4 OHM 8W", "8 OHM 10W", "6 OHM 15W"])), x - 0.5 * radius, y + 0.1 * radius,
                   0.13 * radius, (90, 90, 94))  # fmt: skip
    else:
        board.raised(arc(x, y, 0.3 * radius), tinted(magnet, 0.6), -0.6)
    for side in (-1, 1):
        board.raised(rounded(x + side * 0.1 * a - 1, 0.06 * board.width_mm, x + side * 0.1 * a + 1,
                             0.16 * board.width_mm, 0.3), BRASS, 0.4)  # fmt: skip


def draw_earphone(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """A bare driver, an over-ear cup, or an earbud with its stem."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    length, width = board.length_mm, board.width_mm
    shell = varied(pick((BLACK, WHITE, (60, 62, 66), (160, 40, 44), (176, 176, 180)), rng), rng, 6)
    if length > 1.35 * width:
        radius = 0.5 * width
        board.rect(radius, 0.3 * width, length, 0.7 * width, shell, radius=0.18 * width, body=True)
        board.disc(radius, radius, radius, shell, body=True)
        board.raised(arc(0.85 * radius, radius, 0.6 * radius), tinted(shell, 1.12), 0.4)
        board.raised(arc(0.8 * radius, radius, 0.33 * radius), (70, 70, 72), -0.3)
        board.rect(0.86 * length, 0.34 * width, 0.9 * length, 0.66 * width, (150, 150, 150))
    else:
        board.polygon(ellipse(0.5 * length, 0.5 * width, 0.5 * length, 0.5 * width), shell, body=True)
        _driver(board, rng, shell)
    board.bevel(1.0, 0.5)
    board.mottle(0.04, 4.0, rng)
    return board.finish()


def _driver(board: Canvas, rng: np.random.Generator, shell: Colour) -> None:
    x, y, a, b = 0.5 * board.length_mm, 0.5 * board.width_mm, 0.5 * board.length_mm, 0.5 * board.width_mm
    if rng.random() < 0.5:  # film side
        film = varied(pick(((168, 172, 176), (190, 170, 120), (80, 84, 90)), rng), rng, 6)
        board.raised(ellipse(x, y, 0.86 * a, 0.86 * b), film, -0.4)
        for angle in np.linspace(0, 2 * np.pi, 28, endpoint=False):
            board.line([(x + 0.45 * a * np.cos(angle), y + 0.45 * b * np.sin(angle)),
                        (x + 0.8 * a * np.cos(angle + 0.3), y + 0.8 * b * np.sin(angle + 0.3))],
                       tinted(film, 0.8), 0.3)  # fmt: skip
        board.raised(ellipse(x, y, 0.42 * a, 0.42 * b), tinted(film, 1.1), 0.4)
        board.polygon(ellipse(x - 0.1 * a, y - 0.1 * b, 0.2 * a, 0.2 * b), tinted(film, 1.3))
        return
    board.raised(ellipse(x, y, 0.84 * a, 0.84 * b), tinted(shell, 0.8), 0.4)
    for k in range(8):
        angle = k * np.pi / 4
        board.disc(x + 0.66 * a * np.cos(angle), y + 0.66 * b * np.sin(angle), 0.08 * b, (16, 16, 18))
    board.raised(ellipse(x, y, 0.48 * a, 0.48 * b), varied(NICKEL, rng, 8), 0.6)
    board.disc(x, y, 0.1 * b, (40, 40, 42))
    board.raised(rounded(x - 0.2 * a, 1.6 * b, x + 0.2 * a, 1.8 * b, 0.2), (36, 104, 60), 0.2)


def draw_relay(model: ItemModel, rng: np.random.Generator, px_per_mm: float) -> tuple[ImageU8, ImageU8]:
    """An AlNiCo part: relay, panel meter or guitar pick-up."""
    board = Canvas(model.length_mm, model.width_mm, px_per_mm)
    choice = rng.random()
    if model.length_mm > 2.0 * model.width_mm:
        _pick_up(board, rng)
    elif choice < 0.5:
        _relay_box(board, rng)
    else:
        _panel_meter(board, rng)
    board.bevel(1.2, 0.5)
    board.scratches(int(rng.integers(1, 7)), rng)
    board.grime((140, 132, 118), 0.06, 0.4 * board.width_mm, rng)
    return board.finish()


def _relay_box(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    case = varied(pick((BLACK, (36, 76, 168), (226, 222, 210), (176, 170, 146), (196, 106, 40)), rng), rng, 6)
    pins = 0.08 * length
    for y in np.linspace(0.15, 0.85, int(rng.integers(3, 6))):
        board.rect(length - pins - 1, y * width - 0.6, length, y * width + 0.6, (190, 184, 160), body=True)
    board.rect(0, 0, length - pins, width, case, radius=0.8, body=True)
    if rng.random() < 0.35:  # clear cover: coil and armature show
        board.rect(2, 2, length - pins - 2, width - 2, (118, 112, 100))
        board.raised(rounded(0.12 * length, 0.2 * width, 0.6 * length, 0.65 * width, 1), COPPER, 0.5)
        for x in np.arange(0.14 * length, 0.59 * length, 0.9):
            board.line([(x, 0.21 * width), (x, 0.64 * width)], tinted(COPPER, 0.7), 0.3)
        board.raised(rounded(0.1 * length, 0.7 * width, 0.8 * length, 0.84 * width, 0.4), NICKEL, 0.4)
        return
    ink = BLACK if sum(case) > 380 else WHITE
    board.text(brand(rng), 0.08 * length, 0.14 * width, 0.13 * width, ink, fit_mm=0.75 * length)
    for k, words in enumerate(("RT-24 5VDC", "10A 250VAC", "MADE 0417")):
        board.text(words, 0.08 * length, (0.4 + 0.17 * k) * width, 0.085 * width, ink, fit_mm=0.75 * length)


def _panel_meter(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    board.rect(0, 0, length, width, varied((40, 40, 42), rng, 6), radius=2.0, body=True)
    board.raised(
        rounded(0.05 * length, 0.05 * width, 0.95 * length, 0.66 * width, 1.5), varied((236, 230, 212), rng, 6)
    )
    pivot, reach = (0.5 * length, 0.74 * width), 0.5 * width
    board.line(arc(*pivot, reach, 1.22 * np.pi, 1.78 * np.pi), BLACK, 0.4)
    for angle in np.linspace(1.22, 1.78, 11) * np.pi:
        tip = (pivot[0] + 1.12 * reach * np.cos(angle), pivot[1] + 1.12 * reach * np.sin(angle))
        board.line([(pivot[0] + reach * np.cos(angle), pivot[1] + reach * np.sin(angle)), tip], BLACK, 0.35)
    angle = rng.uniform(1.22, 1.78) * np.pi
    board.line([pivot, (pivot[0] + reach * np.cos(angle), pivot[1] + reach * np.sin(angle))], (170, 30, 30), 0.6)
    board.text(str(rng.choice(["V", "mA", "A", "VU"])), 0.46 * length, 0.42 * width, 0.12 * width, BLACK)
    board.rect(0.05 * length, 0.68 * width, 0.95 * length, 0.95 * width, (26, 26, 28), radius=1.0)
    board.screw(0.5 * length, 0.82 * width, 0.06 * width)


def _pick_up(board: Canvas, rng: np.random.Generator) -> None:
    length, width = board.length_mm, board.width_mm
    cover = varied(pick((BLACK, WHITE, NICKEL, (196, 170, 110)), rng), rng, 6)
    board.rect(0, 0.3 * width, length, 0.7 * width, tinted(cover, 0.7), radius=0.2 * width, body=True)
    board.rect(0.06 * length, 0, 0.94 * length, width, cover, radius=0.4 * width, body=True)
    for k in range(6):
        board.raised(arc((0.2 + 0.12 * k) * length, 0.5 * width, 0.12 * width), varied((170, 168, 162), rng, 6), 0.4)
    for x in (0.03 * length, 0.97 * length):
        board.disc(x, 0.5 * width, 0.06 * width, (20, 20, 20))
