"""Fans of computers and power supplies: a frame with its blades before, struts and motor behind."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.fan_rotors import Fan, rotor, sticker_print
from neosort_datasets.modelling.forms import (
    TAU,
    disc_plate,
    from_below,
    ring_outline,
    stray_wire,
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
PAPERS = (
    Paint((200, 200, 204), 0.35, 0.7),
    WHITE_INK,
    BLUE_PLASTIC,
    Paint((34, 34, 36), 0.4),
    GREEN_PLASTIC,
    Paint((190, 150, 60), 0.4),
    RED_PLASTIC,
)


def fan(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A fan with real blades; some have lost one."""
    it = _drawn(model, rng)
    parts = [*_frame(it, rng), *rotor(it, rng), *_motor_side(it, rng)]
    return Solid(parts=tuple(parts), loose=_leads(it, pose, rng))


def _drawn(model: ItemModel, rng: np.random.Generator) -> Fan:
    half = 0.5 * model.length_mm
    bore = half * float(rng.uniform(0.9, 0.95))
    frame = varied(FRAMES[rng.integers(len(FRAMES))], rng, 7)
    blades = int(rng.choice([5, 7, 7, 9, 9, 11]))
    broken = (
        () if rng.random() < 0.75 else tuple(int(b) for b in rng.choice(blades, int(rng.integers(1, 4)), replace=False))
    )
    return Fan(
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


def _frame(it: Fan, rng: np.random.Generator) -> list[Part]:
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


def _flange_paint(it: Fan, rng: np.random.Generator, marked: bool) -> Surface:
    canvas = Canvas(2 * it.half_mm, 2 * it.half_mm, it.frame, rng, px_per_mm=3.0)
    canvas.orange_peel(0.4)
    if marked:
        x, y = 1.93 * it.half_mm, 1.0 * it.half_mm
        canvas.line([(x, y - 5), (x, y + 5)], 0.6, tinted(it.frame, 1.5), raised_mm=0.1)
    canvas.scratches(int(rng.integers(3, 14)), length_mm=10.0, strength=0.4)
    canvas.dust(float(rng.uniform(0.1, 0.8)))
    return canvas.surface()


def _motor_side(it: Fan, rng: np.random.Generator) -> list[Part]:
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
        sticker_print(canvas, it, dish, dish, 0.88 * dish)
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


def _leads(it: Fan, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
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
