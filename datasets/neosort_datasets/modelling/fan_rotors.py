"""The turning part of a fan: its hub and its blades, whole or broken."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.forms import (
    TAU,
    curved,
    disc_plate,
    wrapped,
)
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    INK,
    WHITE_INK,
    Paint,
    tinted,
)
from neosort_datasets.modelling.shapes import circle
from neosort_datasets.modelling.solid import Part, Surface, turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
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


def rotor(it: Fan, rng: np.random.Generator) -> list[Part]:
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


def _blade(it: Fan, low: float, top: float, reach: float, rng: np.random.Generator) -> np.ndarray:
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


def _hub_paint(it: Fan, rng: np.random.Generator) -> Surface:
    """The hub's face: plain, embossed or with the maker's sticker."""
    radius = it.hub_mm
    canvas = Canvas(2 * radius, 2 * radius, it.blade, rng)
    kind = rng.random()
    if kind < 0.55:
        canvas.disc(radius, radius, 0.8 * radius, it.paper, raised_mm=0.1)
        sticker_print(canvas, it, radius, radius, 0.8 * radius)
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


def sticker_print(canvas: Canvas, it: Fan, x: float, y: float, radius: float) -> None:
    ink = INK if sum(it.paper.srgb) > 330 else WHITE_INK
    rows = (
        (0.42, it.maker, 0.3, "bold", 1.3),
        (0.08, "DC BRUSHLESS", 0.13, "sans", 1.6),
        (-0.14, f"MODEL {it.number}", 0.12, "sans", 1.6),
        (-0.38, f"DC {12 if it.half_mm > 18 else 5}V  0.{it.blades}2A", 0.17, "bold", 1.35),
        (-0.62, "CE  UL", 0.12, "sans", 0.8),
    )
    for place, text, size, font, fit in rows:
        canvas.text(text, x, y + place * radius, size * radius, ink, font=font, fit_mm=fit * radius)  # type: ignore[arg-type]
