"""Motors in cans, some with a gear head: shaft along x, terminals at the other end.

What one sees follows from what a motor is: a ferrite motor has brushes and two terminals, as has one of two NdFeB
poles; one of more NdFeB poles has no brushes, and three leads.
"""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.forms import (
    TAU,
    along_x,
    flat_sided,
    stray_wire,
    wrapped,
)
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.look_inrunners import inrunner
from neosort_datasets.modelling.motor_ends import HOLE, Motor, gear_head, nose, rear, shaft_end
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ANODISED_BLACK,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    COPPER,
    GREEN_PLASTIC,
    INK,
    NICKEL,
    ORANGE_PLASTIC,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    YELLOW_PLASTIC,
    ZINC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.solid import Part, Solid
from neosort_hardware.twin.bodies import ItemModel, Pose
from neosort_hardware.twin.parts import moments_cancel

CANS = (ZINC, ZINC, NICKEL, STEEL, ANODISED_BLACK, Paint((206, 190, 140), 0.38, 1.0))
CAPS = (WHITE_PLASTIC, BLACK_PLASTIC, BLUE_PLASTIC, RED_PLASTIC, GREEN_PLASTIC, ORANGE_PLASTIC, YELLOW_PLASTIC)
WIRES = (RED_PLASTIC, BLACK_PLASTIC, BLUE_PLASTIC, YELLOW_PLASTIC, WHITE_PLASTIC)


SHARE_IN_PLAIN_CANS = 0.25  # a: brushless ones that look like brushed ones but for their rear


def can_motor(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A motor with its can, caps, shaft end and print; wires on some."""
    brushless = has_many_poles(model)
    if brushless and rng.random() >= SHARE_IN_PLAIN_CANS:
        return inrunner(model, pose, rng)
    motor = _drawn(model, brushless, rng)
    parts = [
        along_x(part, 0.5 * model.height_mm)
        for part in (*_can(motor, rng), *nose(motor, rng), *gear_head(motor, rng), *rear(motor, model, rng))
    ]
    parts += [along_x(part, 0.5 * model.height_mm) for part in shaft_end(motor, model, rng)]
    if pose.sprite == "rolled":  # a flat side is what it rests on
        parts = [part.moved((0.0, motor.flat_mm - motor.radius_mm, 0.0)) for part in parts]
    return Solid(parts=tuple(parts), loose=_wires(motor, model, pose, rng))


def has_many_poles(model: ItemModel) -> bool:
    """Whether a motor's magnets are NdFeB of more than two poles: then their moments cancel."""
    return all(magnet.material == "ndfeb" for magnet in model.magnets) and moments_cancel(model.magnets)


def _drawn(model: ItemModel, brushless: bool, rng: np.random.Generator) -> Motor:
    length, radius = model.length_mm, 0.5 * model.height_mm
    flat = radius * float(rng.uniform(0.76, 0.88)) if rng.random() < 0.3 else radius
    end = str(rng.choice(["pinion", "pinion", "bare", "bare", "pulley", "weight", "gear_head"]))
    gear_mm = length * float(rng.uniform(0.2, 0.32)) if end == "gear_head" else 0.0
    rear = -0.5 * length + (1.2 if brushless else min(3.5, 0.07 * length))
    return Motor(
        radius_mm=radius,
        flat_mm=radius if end in ("gear_head", "weight") else flat,
        rear_mm=rear,
        cap_mm=length * float(rng.uniform(0.05, 0.16)),
        nose_mm=0.5 * length - length * float(rng.uniform(0.14, 0.26)) - gear_mm,
        gear_mm=gear_mm,
        can=varied(CANS[rng.integers(len(CANS))], rng, 9),
        cap=varied(CAPS[rng.integers(len(CAPS))], rng, 8),
        end=end,
        dress=str(rng.choice(["label", "label", "print", "sleeve", "bare", "strap"])),
        brushless=brushless,
        vents=int(rng.integers(0, 5)),
    )


def _can(motor: Motor, rng: np.random.Generator) -> list[Part]:
    start, stop = motor.rear_mm + motor.cap_mm, motor.nose_mm
    edge = 0.07 * motor.radius_mm
    around, run = TAU * motor.radius_mm, stop - start
    canvas = Canvas(around, run, motor.can, rng)
    canvas.brushed(float(rng.uniform(0.2, 0.9)))
    seam = float(rng.uniform(0, around))
    canvas.line([(seam, 0.0), (seam, run)], 0.4, tinted(motor.can, 0.45), raised_mm=-0.15)
    for turn in range(4 if motor.vents > 2 else 2):
        x = around * ((turn + 0.5) / (4 if motor.vents > 2 else 2) % 1.0)
        if motor.vents:
            half = 0.05 * around
            canvas.rect(x - half, 0.1 * run, x + half, 0.22 * run, HOLE, radius_mm=1.0, raised_mm=-0.5)
            canvas.rect(x - 0.6 * half, 0.13 * run, x + 0.4 * half, 0.19 * run, tinted(COPPER, 0.45), radius_mm=0.6)
        canvas.rect(x + 0.09 * around, 0.0, x + 0.11 * around, 0.05 * run, HOLE, raised_mm=-0.3)
    _dressed(canvas, motor, rng, around, run)
    canvas.mottle(0.12, 6.0)
    canvas.scratches(int(rng.integers(5, 30)), length_mm=12.0, strength=0.5)
    canvas.grime(float(rng.uniform(0.05, 0.4)))
    if rng.random() < 0.3:
        canvas.rust(float(rng.uniform(0.05, 0.35)))
    profile = [(0.5 * edge, start), (0.0, start + 0.5 * edge), (0.0, stop - edge)]
    profile += [(0.3 * edge, stop - 0.3 * edge), (1.2 * edge, stop)]
    parts = [wrapped(flat_sided(motor.radius_mm, motor.flat_mm), profile, canvas.surface())]
    if motor.dress == "strap":
        strap = Canvas(around, 0.5 * run, varied(motor.can, rng, 14), rng)
        strap.brushed(0.5, 90.0)
        strap.line([(seam, 0.0), (seam, run)], 0.7, HOLE, raised_mm=-0.3)
        strap.scratches(8, length_mm=8.0)
        thick = min(0.6, 0.05 * motor.radius_mm)
        low, high = start + 0.2 * run, start + 0.7 * run
        profile = [(thick, low), (-0.0, low + 0.2), (-0.0, high - 0.2), (thick, high)]
        inner = [(0.0, start), (0.0, stop - edge), (1.2 * edge, stop)]
        parts = [wrapped(flat_sided(motor.radius_mm - thick, motor.flat_mm - thick), inner, parts[0].surface)]
        parts.append(wrapped(flat_sided(motor.radius_mm, motor.flat_mm), profile, strap.surface()))
    return parts


def _dressed(canvas: Canvas, motor: Motor, rng: np.random.Generator, around: float, run: float) -> None:
    """Label, print or sleeve; its middle anywhere around, mostly where one of the poses shows it."""
    middle = around * float(rng.choice([0.05, 0.22, 0.27, 0.3, 0.6]))
    name, number = brand(rng), serial(rng)
    volts = f"{rng.choice([3, 6, 9, 12, 18, 24, 36])} V DC  {rng.integers(2, 190) * 100} rpm"
    if motor.dress == "sleeve":
        colour = varied(CAPS[rng.integers(1, len(CAPS))], rng, 10)
        canvas.rect(0.0, 0.28 * run, around, 0.92 * run, colour, raised_mm=0.05)
        for spot in (middle, (middle + 0.5 * around) % around):
            canvas.text(
                name,
                spot - 0.07 * around,
                0.6 * run,
                0.09 * around,
                WHITE_INK,
                angle_deg=90,
                font="bold",
                fit_mm=0.5 * run,
            )
            canvas.text(
                volts, spot + 0.02 * around, 0.6 * run, 0.04 * around, WHITE_INK, angle_deg=90, fit_mm=0.5 * run
            )
    elif motor.dress == "label":
        half = around * float(rng.uniform(0.1, 0.17))
        paper = [WHITE_INK, WHITE_INK, BLUE_PLASTIC, YELLOW_PLASTIC, Paint((196, 198, 202), 0.4, 0.6)][rng.integers(5)]
        ink = WHITE_INK if paper is BLUE_PLASTIC else INK
        middle = float(np.clip(middle, half + 0.5, around - half - 0.5))
        canvas.rect(middle - half, 0.3 * run, middle + half, 0.9 * run, paper, radius_mm=0.8, raised_mm=0.08)
        for place, text, size, font in (
            (-0.55, name, 0.5, "bold"),
            (0.02, volts, 0.25, "sans"),
            (0.38, f"MODEL {number}", 0.22, "sans"),
            (0.72, number[::-1], 0.2, "mono"),
        ):
            canvas.text(
                text,
                middle + place * half,
                0.6 * run,
                size * half,
                ink,
                angle_deg=90,
                font=font,  # type: ignore[arg-type]
                fit_mm=0.55 * run,
            )
    elif motor.dress == "print":
        for row, text in enumerate((f"{name} {number[:6]}", volts, number)):
            canvas.text(
                text,
                middle + (row - 1) * 0.055 * around,
                0.58 * run,
                0.038 * around,
                INK,
                angle_deg=90,
                fit_mm=0.7 * run,
            )


def _wires(motor: Motor, model: ItemModel, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    if rng.random() < 0.45:
        return ()
    usual = [*range(3)] if motor.brushless else [0, 1]
    chosen = usual if rng.random() < 0.6 else rng.choice(len(WIRES), len(usual), replace=False)
    sides = np.linspace(-1, 1, len(usual))
    thick = float(np.clip(0.05 * motor.radius_mm, 0.45, 1.1))
    parts: list[Part] = []
    for side, paint in zip(sides.tolist(), [WIRES[i] for i in chosen], strict=True):
        heading, length = math.pi + 0.3 * float(rng.normal()), float(rng.uniform(8, 40))
        if pose.sprite == "standing":
            start = (-motor.radius_mm * 0.9, side * 2.0, thick + 0.5)
        else:
            start = (0.5 - 0.5 * model.length_mm, side * 0.5 * motor.flat_mm, 0.5 * model.height_mm)
        parts += stray_wire(rng, start, heading, length, thick, paint)
    return tuple(parts)
