"""Brushless motors whose magnets turn inside: machined cans with fins, and bare stators as cordless tools have them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.forms import TAU, along_x, plain, ring_outline, rod, stray_wire, wrapped
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.motor_ends import HOLE
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    ANODISED_BLACK,
    ANODISED_BLUE,
    ANODISED_GOLD,
    ANODISED_GREY,
    ANODISED_RED,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    DARK_STEEL,
    GREEN_PLASTIC,
    GREY_PLASTIC,
    INK,
    NICKEL,
    PCB_BLACK,
    PCB_GREEN,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    WINDINGS,
    YELLOW_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import circle, slab
from neosort_datasets.modelling.solid import Part, Solid, Surface
from neosort_hardware.twin.bodies import ItemModel, Pose

CANS = (
    ANODISED_BLACK,
    ANODISED_BLACK,
    ALUMINIUM,
    ANODISED_RED,
    ANODISED_BLUE,
    ANODISED_GOLD,
    ANODISED_GREY,
)
INSULATORS = (WHITE_PLASTIC, BLACK_PLASTIC, GREY_PLASTIC, GREEN_PLASTIC)
LEADS = (
    (RED_PLASTIC, BLACK_PLASTIC, WHITE_PLASTIC),
    (BLUE_PLASTIC, YELLOW_PLASTIC, RED_PLASTIC),
    (BLACK_PLASTIC,) * 3,
    (YELLOW_PLASTIC, GREEN_PLASTIC, BLUE_PLASTIC),
)
SHARE_OF_STATORS = 0.4  # a: cordless tools and fans; the others are cans


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inrunner:
    """Made about z: rear plate, body, front plate, shaft, from below. ``rear_mm`` … ``front_mm``: the body."""

    radius_mm: float
    low_mm: float
    rear_mm: float
    front_mm: float
    high_mm: float
    shaft_mm: float


def inrunner(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """Three thick leads at the rear of most of them, shaft along x."""
    radius, length = 0.5 * model.height_mm, model.length_mm
    shaft = length * float(rng.uniform(0.12, 0.22))
    end = float(rng.uniform(0.07, 0.13)) * length
    it = _Inrunner(
        radius_mm=radius,
        low_mm=-0.5 * length,
        rear_mm=-0.5 * length + end,
        front_mm=0.5 * length - shaft - end,
        high_mm=0.5 * length - shaft,
        shaft_mm=max(0.8, radius * float(rng.uniform(0.1, 0.16))),
    )
    made = _stator(it, rng) if rng.random() < SHARE_OF_STATORS else _can(it, rng)
    parts = [*made, rod(it.shaft_mm, it.high_mm - 1.0, 0.5 * length, plain(tinted(NICKEL, 1.05), rng))]
    return Solid(
        parts=tuple(along_x(part, 0.5 * model.height_mm) for part in parts), loose=_leads(it, model, pose, rng)
    )


def _can(it: _Inrunner, rng: np.random.Generator) -> list[Part]:
    """A machined can, smooth or with fins around or along, its end plates of the same or another metal."""
    can, plate = (varied(CANS[rng.integers(len(CANS))], rng, 9) for _ in range(2))
    plate = can if rng.random() < 0.4 else plate
    run, around = it.front_mm - it.rear_mm, TAU * it.radius_mm
    wall = Canvas(around, run, can, rng)
    wall.brushed(0.4)
    fins = str(rng.choice(["smooth", "along", "around"], p=[0.4, 0.35, 0.25]))
    dark = tinted(can, 0.35)
    if fins == "along":
        count = int(rng.integers(14, 30))
        for fin in range(count):
            x = around * fin / count
            wall.rect(x, 0.12 * run, x + 0.4 * around / count, 0.88 * run, dark, raised_mm=-0.9)
    elif fins == "around":
        count = int(rng.integers(5, 11))
        for fin in range(count):
            y = run * (0.3 + 0.6 * fin / count)
            wall.rect(0.0, y, around, y + 0.25 * run / count, dark, raised_mm=-0.9)
    _lettered(wall, rng, around, run, fins)
    wall.mottle(0.08, 6.0)
    wall.scratches(int(rng.integers(5, 25)), length_mm=10.0, strength=0.5)
    wall.grime(float(rng.uniform(0.0, 0.35)))
    edge = 0.05 * it.radius_mm
    profile = [(edge, it.rear_mm), (0.0, it.rear_mm + edge), (0.0, it.front_mm - edge), (edge, it.front_mm)]
    return [
        wrapped(circle(it.radius_mm, segments=96), profile, wall.surface()),
        slab(circle(0.97 * it.radius_mm), it.low_mm, it.rear_mm + 0.3, _plate(it, plate, rng), bevel_mm=1.0),
        slab(circle(0.97 * it.radius_mm), it.front_mm - 0.3, it.high_mm, _plate(it, plate, rng), bevel_mm=1.0),
        rod(0.32 * it.radius_mm, it.high_mm - 0.5, it.high_mm + 0.06 * it.radius_mm, plain(plate, rng), segments=32),
    ]


def _lettered(wall: Canvas, rng: np.random.Generator, around: float, run: float, fins: str) -> None:
    """Engraved or printed; a label on some smooth ones."""
    name = f"{brand(rng)} {rng.integers(20, 60)}{rng.integers(20, 90)} {rng.integers(8, 60) * 100}KV"
    for start in (0.08, 0.42, 0.75):
        if fins == "smooth" and rng.random() < 0.5:
            wall.rect(start * around, 0.2 * run, (start + 0.2) * around, 0.85 * run, WHITE_INK, radius_mm=0.6)
            ink, size = INK, 0.06
        else:
            ink, size = WHITE_INK, 0.05
        x = (start + 0.05) * around
        wall.text(name, x, 0.52 * run, size * around, ink, angle_deg=90, font="bold", fit_mm=0.55 * run)
        wall.text(serial(rng), x + 0.08 * around, 0.52 * run, 0.035 * around, ink, angle_deg=90, fit_mm=0.4 * run)


def _plate(it: _Inrunner, paint: Paint, rng: np.random.Generator) -> Surface:
    """An end plate as seen along the shaft: screws, and holes for air in some."""
    radius = it.radius_mm
    canvas = Canvas(2 * radius, 2 * radius, paint, rng)
    canvas.brushed(0.3, float(rng.uniform(0, 180)))
    count, turned = int(rng.choice([3, 4, 6])), float(rng.uniform(0, TAU))
    for screw in range(count):
        a = turned + TAU * screw / count
        place = (radius + 0.72 * radius * math.cos(a), radius + 0.72 * radius * math.sin(a))
        canvas.screw(*place, 0.09 * radius, STEEL, drive="hex")
    if rng.random() < 0.4:
        for hole in range(count):
            a = turned + TAU * (hole + 0.5) / count
            place = (radius + 0.6 * radius * math.cos(a), radius + 0.6 * radius * math.sin(a))
            canvas.disc(*place, 0.15 * radius, HOLE, raised_mm=-0.6)
    canvas.scratches(8, length_mm=8.0)
    canvas.grime(float(rng.uniform(0.0, 0.35)))
    return canvas.surface()


def _stator(it: _Inrunner, rng: np.random.Generator) -> list[Part]:
    """Bare laminations, insulators and windings at both their ends, a board with the sensors at the rear."""
    radius, run = it.radius_mm, it.front_mm - it.rear_mm
    insulator = varied(INSULATORS[rng.integers(len(INSULATORS))], rng, 8)
    winding = varied(WINDINGS[rng.integers(len(WINDINGS))], rng, 9)
    sheets = _laminations(it, run, rng)
    edge = 0.03 * radius
    parts = [
        wrapped(
            circle(radius, segments=96),
            [(edge, it.rear_mm), (0.0, it.rear_mm + edge), (0.0, it.front_mm - edge), (edge, it.front_mm)],
            sheets,
        )
    ]
    for low, high in ((it.low_mm + 1.4, it.rear_mm + 0.3), (it.front_mm - 0.3, it.high_mm)):
        outer = float(rng.uniform(0.86, 0.97)) * radius
        parts.append(slab(ring_outline(outer, 0.8 * outer), low, high, plain(insulator, rng), bevel_mm=0.3))
        parts.append(slab(circle(0.78 * outer), low, high - 0.2, _coils(outer, winding, insulator, rng), bevel_mm=0.5))
    board = varied((PCB_GREEN, PCB_BLACK)[rng.integers(2)], rng, 8)
    parts.append(slab(circle(0.8 * radius), it.low_mm, it.low_mm + 1.5, plain(board, rng), bevel_mm=0.2))
    return parts


def _laminations(it: _Inrunner, run: float, rng: np.random.Generator) -> Surface:
    """Half a millimetre a sheet, held together by seams along."""
    around = TAU * it.radius_mm
    steel = varied((DARK_STEEL, STEEL, Paint((70, 66, 62), 0.5, 0.7))[rng.integers(3)], rng, 9)
    wall = Canvas(around, run, steel, rng)
    for sheet in range(int(run / 1.0)):
        wall.line([(0.0, sheet + 0.5), (around, sheet + 0.5)], 0.3, tinted(steel, 0.6), raised_mm=-0.05)
    seams = int(rng.choice([3, 4, 6]))
    for seam in range(seams):
        x = around * (seam + 0.3) / seams
        wall.rect(x, 0.0, x + 0.05 * around, run, tinted(steel, 0.5), raised_mm=-0.7)
    if rng.random() < 0.4:
        wall.rect(0.1 * around, 0.25 * run, 0.3 * around, 0.75 * run, WHITE_INK, radius_mm=0.5, raised_mm=0.05)
        wall.text(serial(rng), 0.2 * around, 0.5 * run, 0.05 * around, INK, angle_deg=90, fit_mm=0.45 * run)
    wall.rust(float(rng.uniform(0.0, 0.25)))
    wall.grime(float(rng.uniform(0.0, 0.4)))
    return wall.surface()


def _coils(outer_mm: float, winding: Paint, insulator: Paint, rng: np.random.Generator) -> Surface:
    """The heads of the windings between the insulator's fingers, seen along the shaft."""
    canvas = Canvas(2 * outer_mm, 2 * outer_mm, insulator, rng)
    coils, turned = int(rng.choice([6, 9, 12])), float(rng.uniform(0, TAU))
    for coil in range(coils):
        arc = turned + TAU * (coil + np.linspace(0.12, 0.88, 9)) / coils
        far, near = 0.76 * outer_mm, 0.36 * outer_mm
        points = [(outer_mm + far * math.cos(a), outer_mm + far * math.sin(a)) for a in arc]
        points += [(outer_mm + near * math.cos(a), outer_mm + near * math.sin(a)) for a in arc[::-1]]
        canvas.polygon(points, winding, raised_mm=0.5)
    canvas.disc(outer_mm, outer_mm, 0.3 * outer_mm, HOLE, raised_mm=-0.8)
    return canvas.surface()


def _leads(it: _Inrunner, model: ItemModel, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    """Three of a kind; cut off in some."""
    if rng.random() < 0.12:
        return ()
    paints = LEADS[rng.integers(len(LEADS))]
    length, thick = float(rng.uniform(10, 45)), float(np.clip(0.07 * it.radius_mm, 0.6, 1.5))
    parts: list[Part] = []
    for number, paint in enumerate(paints):
        side = (number - 1) * 2.3 * thick
        heading = math.pi + 0.2 * float(rng.normal())
        if pose.sprite == "standing":
            start = (-0.9 * it.radius_mm, side, thick + 0.5)
        else:
            start = (0.5 - 0.5 * model.length_mm, side, 0.4 * model.height_mm)
        parts += stray_wire(rng, start, heading, length, thick, paint, curl=0.03)
    return tuple(parts)
