"""Earbuds, wireless or with their wire: a shell, a nozzle with its mesh and silicone tip, a stem on some."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.forms import (
    disc_plate,
    plain,
    rod,
    stray_wire,
    stretched,
)
from neosort_datasets.modelling.labels import brand
from neosort_datasets.modelling.look_earcups import SHELLS
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    GOLD,
    INK,
    PCB_GREEN,
    RUBBER,
    STEEL,
    WHITE_INK,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, lathe
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose

TIPS = (Paint((40, 40, 42), 0.6), Paint((196, 196, 194), 0.5), Paint((150, 40, 40), 0.6))


def earbud(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A bud, wireless or with its wire: its back up as made, the nozzle below."""
    half_y, high = 0.5 * model.width_mm, model.height_mm
    shell = varied(SHELLS[rng.integers(len(SHELLS))], rng, 8)
    tip = varied(TIPS[rng.integers(len(TIPS))], rng, 8)
    stem = bool(rng.random() < 0.55) and model.length_mm > 1.25 * model.width_mm
    stretch = 1.0 if stem else model.length_mm / model.width_mm
    at = -0.5 * model.length_mm + half_y if stem else 0.0
    gloss = Canvas(2 * half_y, 2 * half_y, shell, rng, px_per_mm=5.0)
    ink = WHITE_INK if sum(shell.srgb) < 330 else INK
    gloss.text(brand(rng)[0].upper(), half_y, half_y, 0.5 * half_y, ink, font="bold")
    if rng.random() < 0.5:
        gloss.ring(half_y, half_y, 0.6 * half_y, 0.66 * half_y, tinted(ALUMINIUM, 0.9), raised_mm=0.1)
    gloss.scratches(int(rng.integers(3, 14)), length_mm=6.0)
    gloss.grime(float(rng.uniform(0.0, 0.4)))
    seat = float(rng.uniform(0.34, 0.45)) * high
    bow = np.linspace(-1.2, 0.5 * math.pi, 14)
    profile = [
        (half_y * math.cos(b), seat + (high - seat) * (math.sin(b) if b > 0 else 0.5 * math.sin(b))) for b in bow
    ]
    split = 7  # the print is on the upper half alone
    under, over = (
        lathe(profile[: split + 1], plain(shell, rng), segments=48),
        lathe(profile[split:], gloss.surface(), segments=48, laid="above"),
    )
    body = [stretched(part, x=stretch).moved((at, 0.0, 0.0)) for part in (under, over)]
    parts = [*body, *(_nozzle(half_y, seat, shell, tip, at, rng))]
    if stem:
        parts += _stem(model, half_y, seat, high, shell, rng)
    loose: tuple[Part, ...] = ()
    if rng.random() < 0.5:
        start = (0.5 * model.length_mm - 1.0, 0.0, 0.5 * high)
        loose = stray_wire(rng, start, 0.4 * float(rng.normal()), float(rng.uniform(15, 60)), 0.7, shell, curl=0.04)
    return Solid(parts=tuple(parts), loose=loose)


def _nozzle(half_y: float, seat: float, shell: Paint, tip: Paint, at: float, rng: np.random.Generator) -> list[Part]:
    """Nozzle with its mesh; the silicone tip, where it is still on."""
    low = seat - 0.43 * seat
    parts = [rod(0.34 * half_y, 0.12 * seat, seat, plain(shell, rng), segments=32)]
    mesh: Surface = plain(varied(STEEL, rng, 10), rng, 0.4)
    parts.append(disc_plate(0.27 * half_y, 0.05 * seat, 0.3 * seat, mesh, 0.1))
    if rng.random() < 0.65:
        rubber = plain(tip, rng)
        skirt = [
            (0.3 * half_y, 0.0),
            (0.42 * half_y, 0.05 * seat),
            (0.6 * half_y, 0.4 * seat),
            (0.66 * half_y, 0.75 * seat),
            (0.6 * half_y, 0.8 * seat),
        ]
        parts.append(lathe(skirt, rubber, segments=40))
        parts.append(disc_plate(0.6 * half_y, 0.7 * seat, 0.8 * seat, rubber))
    grille = disc_plate(0.16 * half_y, low, low + 0.3, plain(RUBBER, rng)).moved((0.62 * half_y, 0.3 * half_y, 0.0))
    return [part.moved((at, 0.0, 0.0)) for part in (*parts, grille)]


def _stem(
    model: ItemModel, half_y: float, seat: float, high: float, shell: Paint, rng: np.random.Generator
) -> list[Part]:
    thick = min(0.62 * half_y, 0.3 * high)
    run = model.length_mm - 1.1 * half_y
    bar = rod(thick, 0.0, run, plain(shell, rng), segments=28).turned(turn("y", 0.5 * math.pi))
    middle = seat + 0.35 * (high - seat)
    end = 0.5 * model.length_mm - run
    parts = [bar.moved((end, 0.0, middle))]
    for side in (-1, 1):
        pad = box(
            (1.6, 1.2, 0.5),
            (0.5 * model.length_mm - 2.0, side * 0.4 * thick, middle - 0.94 * thick),
            plain(GOLD, rng),
            bevel_mm=0.2,
        )
        parts.append(pad)
    if rng.random() < 0.25:  # its end broken open
        parts.append(
            box((2.0, thick, 0.8), (0.5 * model.length_mm - 0.8, 0.0, middle), plain(PCB_GREEN, rng), bevel_mm=0.1)
        )
    return parts
