"""Brushless motors whose bell turns outside its windings: shaft upright, mount below."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely import affinity
from shapely.geometry import Polygon

from neosort_datasets.modelling.forms import TAU, disc_plate, from_below, plain, ring_outline, rod, stray_wire, wrapped
from neosort_datasets.modelling.labels import brand
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
    GOLD,
    NICKEL,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WINDINGS,
    YELLOW_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import box, circle, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid, turn
from neosort_hardware.twin.bodies import ItemModel, Pose

BELLS = (
    ANODISED_BLACK,
    ANODISED_BLACK,
    ALUMINIUM,
    ANODISED_RED,
    ANODISED_BLUE,
    ANODISED_GOLD,
    Paint((92, 60, 130), 0.35, 0.7),
    ANODISED_GREY,
)
WIRE_SETS = (
    (BLACK_PLASTIC,) * 3,
    (RED_PLASTIC, BLACK_PLASTIC, YELLOW_PLASTIC),
    (BLUE_PLASTIC, YELLOW_PLASTIC, RED_PLASTIC),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outrunner:
    """Heights: of the mount's plate, where the bell begins and where its roof is, mm."""

    radius_mm: float
    mount_mm: float
    bell_mm: float
    roof_mm: float
    top_mm: float
    bell: Paint
    base: Paint
    can: Paint
    winding: Paint
    windows: int
    spoke: float
    name: str
    angle: float


def outrunner(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """Bell with its windows, stator and copper seen through them, mount with its holes, three wires."""
    high, radius = model.height_mm, 0.5 * model.length_mm
    shaft = high * float(rng.uniform(0.1, 0.3))
    it = _Outrunner(
        radius_mm=radius,
        mount_mm=0.1 * high,
        bell_mm=0.22 * high,
        roof_mm=high - shaft,
        top_mm=high,
        bell=varied(BELLS[rng.integers(len(BELLS))], rng, 9),
        base=varied(BELLS[rng.integers(len(BELLS))], rng, 9),
        can=varied((NICKEL, STEEL, DARK_STEEL)[rng.integers(3)], rng, 9),
        winding=varied(WINDINGS[rng.integers(len(WINDINGS))], rng, 9),
        windows=int(rng.choice([4, 5, 6, 6, 8])),
        spoke=float(rng.uniform(0.2, 0.42)),
        name=f"{brand(rng)} {rng.integers(18, 60)}{rng.integers(6, 30):02d}-{rng.integers(4, 28) * 100}KV",
        angle=float(rng.uniform(0, TAU)),
    )
    parts = [*_bell(it, rng), *_stator(it, rng), *_mount(it, rng)]
    return Solid(parts=tuple(parts), loose=_leads(it, pose, rng))


def _bell(it: _Outrunner, rng: np.random.Generator) -> list[Part]:
    radius, run = it.radius_mm, it.roof_mm - it.bell_mm
    around = TAU * radius
    wall = Canvas(around, run, it.can, rng)
    wall.brushed(0.7)
    collar = float(rng.uniform(0.2, 0.45))
    wall.rect(0, (1 - collar) * run, around, run, it.bell, raised_mm=0.05)
    if rng.random() < 0.6:
        wall.rect(0, 0, around, 0.12 * run, it.bell)
    for start in (0.12, 0.45, 0.78):
        wall.text(
            it.name,
            start * around,
            0.4 * run,
            0.16 * run,
            WHITE_INK if it.can is not ALUMINIUM else it.bell,
            fit_mm=0.28 * around,
        )
    wall.scratches(int(rng.integers(4, 20)), length_mm=8.0)
    wall.grime(float(rng.uniform(0.0, 0.4)))
    edge = 0.08 * radius
    profile = [
        (0.3, it.bell_mm),
        (0.0, it.bell_mm + 0.3),
        (0.0, it.roof_mm - edge),
        (0.35 * edge, it.roof_mm - 0.35 * edge),
        (edge, it.roof_mm),
    ]
    skin = ring_outline(0.985 * radius, 0.86 * radius)
    parts = [
        wrapped(circle(radius, segments=72), profile, wall.surface()),
        slab(skin, it.bell_mm - 0.2, it.bell_mm + 0.3, plain(it.can, rng), bevel_mm=0.1),
        slab(
            ring_outline(0.88 * radius, 0.78 * radius), it.bell_mm, it.roof_mm - 1.0, plain(NICKEL, rng), bevel_mm=0.2
        ),
    ]
    return parts + _roof(it, edge, rng)


def _roof(it: _Outrunner, edge: float, rng: np.random.Generator) -> list[Part]:
    """The spoked roof, its hub, prop screws and the shaft."""
    radius = it.radius_mm - 0.9 * edge
    roof = circle(radius, segments=72)
    hub = float(rng.uniform(0.26, 0.42)) * it.radius_mm
    for window in range(it.windows):
        arc = it.angle + TAU * (window + np.linspace(0.5 * it.spoke, 1 - 0.5 * it.spoke, 9)) / it.windows
        outer, inner = 0.86 * radius, 1.15 * hub
        skew = float(0.25 * (it.spoke > 0.3))
        points = [(outer * math.cos(a + skew), outer * math.sin(a + skew)) for a in arc]
        points += [(inner * math.cos(a), inner * math.sin(a)) for a in arc[::-1]]
        roof = roof.difference(Polygon(points).buffer(-0.3).buffer(0.3))
    canvas = Canvas(2 * radius, 2 * radius, it.bell, rng)
    canvas.brushed(0.4, float(rng.uniform(0, 180)))
    canvas.scratches(int(rng.integers(4, 16)), length_mm=7.0)
    canvas.dust(float(rng.uniform(0.0, 0.4)))
    for screw in range(4):
        a = it.angle + TAU * screw / 4
        canvas.disc(
            radius + 0.75 * hub * math.cos(a),
            radius + 0.75 * hub * math.sin(a),
            0.13 * hub,
            Paint((14, 14, 14), 0.8),
            raised_mm=-0.5,
        )
    thick = min(2.5, 0.1 * it.roof_mm + 0.6)
    shaft = plain(varied(NICKEL, rng, 8), rng)
    boss = 0.5 * hub
    parts = [slab(roof, it.roof_mm - thick, it.roof_mm + 0.02, canvas.surface(), bevel_mm=0.4)]
    parts.append(
        rod(boss, it.roof_mm - 0.2, it.roof_mm + 0.4 * (it.top_mm - it.roof_mm), plain(it.bell, rng), segments=32)
    )
    parts.append(rod(max(0.8, 0.11 * it.radius_mm), it.mount_mm, it.top_mm, shaft))
    if rng.random() < 0.25:  # the nut of a propeller's collet
        parts.append(
            slab(
                circle(0.3 * it.radius_mm, segments=6),
                it.top_mm - 0.6 * (it.top_mm - it.roof_mm),
                it.top_mm - 1.0,
                plain(it.base, rng),
            )
        )
    return parts


def _stator(it: _Outrunner, rng: np.random.Generator) -> list[Part]:
    """Laminations with twelve teeth and a coil on each."""
    radius, low, high = 0.74 * it.radius_mm, it.mount_mm + 0.8, it.roof_mm - 2.6
    if high - low < 3.0:
        high = low + 3.0
    middle = 0.5 * (low + high)
    core = plain(Paint((70, 66, 62), 0.5, 0.6), rng)
    parts = [disc_plate(0.4 * radius, low, high, core)]
    coil = Canvas(12.0, 12.0, it.winding, rng)
    for line in range(16):
        coil.line([(0, 0.75 * line), (12, 0.75 * line)], 0.25, tinted(it.winding, 0.55), raised_mm=-0.1)
    copper = coil.surface()
    teeth = int(rng.choice([9, 12, 12]))
    wide = 1.3 * radius / teeth * 2.4
    for tooth in range(teeth):
        spin = turn("z", TAU * tooth / teeth)
        block = box(
            (0.52 * radius, wide, high - low),
            (0.62 * radius, 0.0, middle),
            copper,
            bevel_mm=0.28 * wide,
            radius_mm=0.3 * wide,
        )
        shoe = box((0.1 * radius, 1.35 * wide, 0.7 * (high - low)), (0.94 * radius, 0.0, middle), core, bevel_mm=0.3)
        parts += [block.turned(spin), shoe.turned(spin)]
    return parts


def _mount(it: _Outrunner, rng: np.random.Generator) -> list[Part]:
    """The base: a round plate with cut-outs, or a cross that bolts on."""
    radius = 0.9 * it.radius_mm
    cross = rng.random() < 0.45
    plate = circle(0.5 * radius, segments=48)
    arms = int(rng.choice([3, 4, 4]))
    for arm in range(arms):
        a = it.angle + TAU * arm / arms
        bar = rounded_rectangle(0.55 * radius, 0.32 * radius, 0.14 * radius, (0.72 * radius, 0.0))
        plate = plate.union(affinity.rotate(bar, a, origin=(0, 0), use_radians=True))
    if not cross:
        plate = plate.union(ring_outline(radius, 0.78 * radius))
    for arm in range(arms):
        a = it.angle + TAU * arm / arms
        plate = plate.difference(circle(0.08 * radius, (0.84 * radius * math.cos(a), 0.84 * radius * math.sin(a)), 16))
    plate = plate.difference(circle(0.16 * radius, segments=24))
    x0, y0, x1, y1 = plate.bounds
    canvas = Canvas(x1 - x0, y1 - y0, it.base, rng)
    canvas.brushed(0.4, float(rng.uniform(0, 180)))
    canvas.ring(-x0, -y0, 0.22 * radius, 0.3 * radius, tinted(it.base, 0.7), raised_mm=-0.3)
    for screw in range(3):
        a = it.angle + 0.5 + TAU * screw / 3
        canvas.screw(
            -x0 + 0.38 * radius * math.cos(a), -y0 + 0.38 * radius * math.sin(a), 0.06 * radius, STEEL, drive="hex"
        )
    canvas.scratches(int(rng.integers(5, 20)), length_mm=8.0)
    canvas.grime(float(rng.uniform(0.1, 0.4)))
    parts = [slab(plate, 0.0, it.mount_mm, from_below(canvas.surface()), bevel_mm=0.5)]
    parts.append(disc_plate(0.36 * it.radius_mm, it.mount_mm - 0.1, it.bell_mm + 1.0, plain(it.base, rng)))
    parts.append(rod(0.12 * it.radius_mm, 0.2, it.mount_mm + 1.0, plain(varied(GOLD, rng, 8), rng)))
    return parts


def _leads(it: _Outrunner, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    paints = WIRE_SETS[rng.integers(len(WIRE_SETS))]
    length, thick = float(rng.uniform(12, 45)), float(np.clip(0.055 * it.radius_mm, 0.6, 1.4))
    if rng.random() < 0.12:
        return ()
    parts: list[Part] = []
    for number, paint in enumerate(paints):
        side = (number - 1) * 2.2 * thick
        heading = 0.2 * float(rng.normal())
        start = {
            "bell": (0.8 * it.radius_mm, side, it.mount_mm + thick),
            "mount": (0.8 * it.radius_mm, side, it.top_mm - it.mount_mm - thick),
            "side": (0.5 * it.radius_mm + side, 0.5 * it.top_mm - it.mount_mm, 0.5 * it.radius_mm),
        }[pose.sprite]
        parts += stray_wire(
            rng, start, heading + (0.5 * math.pi if pose.sprite == "side" else 0.0), length, thick, paint, curl=0.03
        )
    return tuple(parts)
