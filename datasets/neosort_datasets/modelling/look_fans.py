"""Fans of computers and power supplies: a frame with its blades before, struts and motor behind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.forms import (
    TAU,
    curved,
    disc_plate,
    from_below,
    ring_outline,
    stray_wire,
    wrapped,
)
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    GREEN_PLASTIC,
    GREY_PLASTIC,
    INK,
    PCB_GREEN,
    RED_PLASTIC,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose

FRAMES = (BLACK_PLASTIC, BLACK_PLASTIC, BLACK_PLASTIC, GREY_PLASTIC, BEIGE_PLASTIC, WHITE_PLASTIC)
CLEAR = Paint((150, 160, 168), 0.15)
BLADES = (GREY_PLASTIC, WHITE_PLASTIC, BLUE_PLASTIC, RED_PLASTIC, GREEN_PLASTIC, CLEAR, BEIGE_PLASTIC)
PAPERS = (Paint((200, 200, 204), 0.35, 0.7), WHITE_INK, BLUE_PLASTIC, Paint((34, 34, 36), 0.4), GREEN_PLASTIC,
          Paint((190, 150, 60), 0.4), RED_PLASTIC)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fan:
    """``half_mm`` of the frame's edge, ``bore_mm`` radius of its opening, ``hub_mm`` of its hub."""

    half_mm: float
    high_mm: float
    bore_mm: float
    hub_mm: float
    frame: Paint
    blade: Paint
    paper: Paint
    blades: int
    broken: tuple[int, ...]
    sweep: float
    open_corners: bool
    struts: int
    maker: str
    number: str
    angle: float


def fan(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A fan with real blades; some have lost one."""
    it = _drawn(model, rng)
    parts = [*_frame(it, rng), *_rotor(it, rng), *_motor_side(it, rng)]
    return Solid(parts=tuple(parts), loose=_leads(it, pose, rng))


def _drawn(model: ItemModel, rng: np.random.Generator) -> _Fan:
    half = 0.5 * model.length_mm
    bore = half * float(rng.uniform(0.9, 0.95))
    frame = varied(FRAMES[rng.integers(len(FRAMES))], rng, 7)
    blades = int(rng.choice([5, 7, 7, 9, 9, 11]))
    broken = (
        () if rng.random() < 0.75 else tuple(int(b) for b in rng.choice(blades, int(rng.integers(1, 4)), replace=False))
    )
    return _Fan(
        half_mm=half,
        high_mm=model.height_mm,
        bore_mm=bore,
        hub_mm=max(bore * float(rng.uniform(0.36, 0.5)), 0.18 * model.length_mm),
        frame=frame,
        blade=frame if rng.random() < 0.55 else varied(BLADES[rng.integers(len(BLADES))], rng, 7),
        paper=varied(PAPERS[rng.integers(len(PAPERS))], rng, 8),
        blades=blades,
        broken=broken,
        sweep=float(rng.uniform(0.1, 0.7)) * float(rng.choice([-1, 1])),
        open_corners=bool(rng.random() < 0.5),
        struts=int(rng.choice([3, 4, 4])),
        maker=brand(rng),
        number=serial(rng, 8),
        angle=float(rng.uniform(0, TAU)),
    )


def _frame(it: _Fan, rng: np.random.Generator) -> list[Part]:
    """Two flanges and the duct between; or four full corners."""
    outline = rounded_rectangle(2 * it.half_mm, 2 * it.half_mm, 0.08 * it.half_mm)
    bore = circle(it.bore_mm, segments=80)
    hole = max(1.6, 0.045 * it.half_mm)
    at = it.half_mm - max(2.6, 0.12 * it.half_mm)
    flange = outline.difference(bore)
    for sx in (-1, 1):
        for sy in (-1, 1):
            flange = flange.difference(circle(hole, (sx * at, sy * at), 20))
    thick = min(4.0, 0.18 * it.high_mm) if it.open_corners else 0.5 * it.high_mm
    parts = []
    for low, high in ((0.0, thick), (it.high_mm - thick, it.high_mm)):
        surface = _flange_paint(it, rng, marked=low > 0)
        parts.append(slab(flange, low, high, surface if low > 0 else from_below(surface), bevel_mm=0.5))
    duct = Canvas(40.0, 20.0, it.frame, rng)
    duct.dust(float(rng.uniform(0.2, 0.9)))
    wall = ring_outline(min(it.bore_mm + 1.8, it.half_mm - 0.05), it.bore_mm, 80)
    parts.append(slab(wall, 0.2, it.high_mm - 0.2, duct.surface(), bevel_mm=0.2))
    return parts


def _flange_paint(it: _Fan, rng: np.random.Generator, marked: bool) -> Surface:
    canvas = Canvas(2 * it.half_mm, 2 * it.half_mm, it.frame, rng, px_per_mm=3.0)
    canvas.orange_peel(0.4)
    if marked:
        x, y = 1.93 * it.half_mm, 1.0 * it.half_mm
        canvas.line([(x, y - 5), (x, y + 5)], 0.6, tinted(it.frame, 1.5), raised_mm=0.1)
    canvas.scratches(int(rng.integers(3, 14)), length_mm=10.0, strength=0.4)
    canvas.dust(float(rng.uniform(0.1, 0.8)))
    return canvas.surface()


def _rotor(it: _Fan, rng: np.random.Generator) -> list[Part]:
    top = it.high_mm - float(rng.uniform(0.8, 2.0))
    low = it.high_mm * float(rng.uniform(0.24, 0.34))
    side = Canvas(24.0, 12.0, it.blade, rng)
    side.dust(0.4)
    outline = circle(it.hub_mm, segments=56)
    edge = min(1.6, 0.1 * it.hub_mm)
    profile = [(0.0, low), (0.0, top - edge), (0.35 * edge, top - 0.3 * edge), (edge, top)]
    parts = [wrapped(outline, profile, side.surface())]
    parts.append(disc_plate(it.hub_mm - 0.9 * edge, top - 1.0, top + 0.02, _hub_paint(it, rng), 0.2))
    skin = Canvas(24.0, 24.0, it.blade, rng)
    skin.dust(float(rng.uniform(0.2, 0.9)))
    skin.grime(float(rng.uniform(0.0, 0.5)))
    surface = skin.surface()
    for number in range(it.blades):
        reach = 1.0 if number not in it.broken else float(rng.uniform(0.0, 0.55))
        if reach > 0.08:
            blade = _blade(it, low, top, reach, rng)
            parts.append(curved(blade, 1.1, surface).turned(turn("z", it.angle + TAU * number / it.blades)))
    return parts


def _blade(it: _Fan, low: float, top: float, reach: float, rng: np.random.Generator) -> np.ndarray:
    """(n, m, 3): from the hub (n = 0) outwards, m along its chord; broken off where ``reach`` < 1."""
    tip = it.bore_mm - 1.0
    radius = np.linspace(it.hub_mm - 0.8, tip, 9)
    chord = np.linspace(0, 1, 9)
    span = TAU / it.blades * 0.92
    share = np.clip((radius - it.hub_mm) / (tip - it.hub_mm), 0.0, 1.0)
    out = np.broadcast_to(radius[:, None], (9, 9)).copy()
    if reach < 1:
        ragged = it.hub_mm + (tip - it.hub_mm) * np.clip(reach + rng.normal(0, 0.06, 9), 0.05, 0.9)
        out = it.hub_mm - 0.8 + (ragged[None] - it.hub_mm + 0.8) * np.linspace(0, 1, 9)[:, None]
    angle = (chord - 0.5)[None] * span * (1 - 0.1 * share[:, None]) + (it.sweep * share**1.3)[:, None]
    rise = math.copysign(1.0, it.sweep) * (chord - 0.5)
    bow = 0.12 * (1 - (2 * chord - 1) ** 2)
    z = 0.5 * (low + top) + (top - low - 2.0) * (0.92 * rise + bow)[None] * (1 - 0.25 * share[:, None])
    return np.stack([out * np.cos(angle), out * np.sin(angle), z], axis=2)


def _hub_paint(it: _Fan, rng: np.random.Generator) -> Surface:
    """The hub's face: plain, embossed or with the maker's sticker."""
    radius = it.hub_mm
    canvas = Canvas(2 * radius, 2 * radius, it.blade, rng)
    kind = rng.random()
    if kind < 0.55:
        canvas.disc(radius, radius, 0.8 * radius, it.paper, raised_mm=0.1)
        _print(canvas, it, radius, radius, 0.8 * radius)
    elif kind < 0.8:
        canvas.ring(radius, radius, 0.6 * radius, 0.66 * radius, tinted(it.blade, 1.25), raised_mm=0.3)
        canvas.text(
            it.maker,
            radius,
            radius,
            0.22 * radius,
            tinted(it.blade, 1.35),
            font="bold",
            fit_mm=1.0 * radius,
            raised_mm=0.2,
        )
    canvas.dust(float(rng.uniform(0.1, 0.6)))
    canvas.scratches(5, length_mm=6.0)
    return canvas.surface()


def _print(canvas: Canvas, it: _Fan, x: float, y: float, radius: float) -> None:
    ink = INK if sum(it.paper.srgb) > 330 else WHITE_INK
    rows = ((0.42, it.maker, 0.3, "bold", 1.3), (0.08, "DC BRUSHLESS", 0.13, "sans", 1.6),
            (-0.14, f"MODEL {it.number}", 0.12, "sans", 1.6), (-0.38, f"DC {12 if it.half_mm > 18 else 5}V  0.{it.blades}2A", 0.17, "bold", 1.35),
            (-0.62, "CE  UL", 0.12, "sans", 0.8))  # fmt: skip
    for place, text, size, font, fit in rows:
        canvas.text(text, x, y + place * radius, size * radius, ink, font=font, fit_mm=fit * radius)  # type: ignore[arg-type]


def _motor_side(it: _Fan, rng: np.random.Generator) -> list[Part]:
    """What is seen from behind: the motor's dish on its struts, its sticker, the wires' groove."""
    dish = 0.98 * it.hub_mm
    thick = it.high_mm * 0.2
    canvas = Canvas(2 * dish, 2 * dish, it.frame, rng)
    peeled = rng.random()
    if peeled < 0.12:  # the sticker is gone: circuit board and bearing show
        canvas.disc(dish, dish, 0.85 * dish, PCB_GREEN, raised_mm=-0.5)
        canvas.ring(dish, dish, 0.2 * dish, 0.34 * dish, ALUMINIUM, raised_mm=0.2)
        for angle in np.linspace(0, TAU, 5)[:-1] + it.angle:
            x, y = dish + 0.6 * dish * math.cos(angle), dish + 0.6 * dish * math.sin(angle)
            canvas.rect(x - 1.2, y - 0.9, x + 1.2, y + 0.9, INK, raised_mm=0.4)
    else:
        canvas.disc(dish, dish, 0.88 * dish, it.paper, raised_mm=0.1)
        _print(canvas, it, dish, dish, 0.88 * dish)
    canvas.scratches(int(rng.integers(3, 12)), length_mm=9.0)
    canvas.dust(float(rng.uniform(0.1, 0.5)))
    parts = [disc_plate(dish, 0.25, thick, from_below(canvas.surface()), 0.6)]
    arm = Canvas(12.0, 6.0, it.frame, rng)
    arm.dust(0.5)
    surface, run = arm.surface(), it.bore_mm - dish + 1.5
    skew = float(rng.choice([0.0, 0.35, -0.35]))
    for strut in range(it.struts):
        bar = box(
            (run * 1.04, max(1.6, 0.07 * it.half_mm), thick * 0.85),
            (0.5 * run - 0.6, 0.0, 0.25 + 0.43 * thick),
            surface,
            bevel_mm=0.4,
        )
        where = it.angle + TAU * strut / it.struts
        placed = bar.turned(turn("z", skew)).moved((dish, 0.0, 0.0)).turned(turn("z", where))
        parts.append(placed)
    return parts


def _leads(it: _Fan, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    if rng.random() < 0.2:
        return ()
    count = int(rng.choice([2, 2, 3, 4]))
    paints = (RED_PLASTIC, BLACK_PLASTIC, YELLOW_PLASTIC, BLUE_PLASTIC)[:count]
    length, heading = float(rng.uniform(12, 75)), float(rng.uniform(-0.9, 0.9))
    height = 0.15 * it.high_mm if pose.sprite == "blades" else 0.85 * it.high_mm
    parts: list[Part] = []
    for number, paint in enumerate(paints):
        start = (it.half_mm - 0.5, (0.5 - 0.09 * number) * it.half_mm, max(height, 1.0))
        parts += stray_wire(
            rng,
            start,
            heading + 0.15 * float(rng.normal()),
            length * float(rng.uniform(0.8, 1.05)),
            0.65,
            paint,
            curl=0.03,
        )
    return tuple(parts)
