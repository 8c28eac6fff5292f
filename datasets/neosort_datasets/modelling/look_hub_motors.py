"""Hub motors of e-bikes and scooters: two covers with ribs and screws, a rim for spokes or a tyre, an axle, a cable."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.forms import TAU, from_below, plain, ring_outline, rod, stray_wire, wrapped
from neosort_datasets.modelling.labels import brand, serial
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    ANODISED_BLACK,
    BLACK_PLASTIC,
    CAST_ALUMINIUM,
    DARK_STEEL,
    GREY_PLASTIC,
    INK,
    ORANGE_PLASTIC,
    RUBBER,
    STEEL,
    WHITE_INK,
    ZINC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.paths import smooth_path
from neosort_datasets.modelling.shapes import box, circle, lathe, slab, tube
from neosort_datasets.modelling.solid import Part, Solid, Surface, turn
from neosort_hardware.twin.bodies import ItemModel, Pose

SHELLS = (
    CAST_ALUMINIUM,
    CAST_ALUMINIUM,
    ALUMINIUM,
    ANODISED_BLACK,
    ANODISED_BLACK,
    Paint((38, 38, 40), 0.5),
    Paint((120, 122, 126), 0.5, 0.8),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hub:
    """``outer_mm``: radius of the rim; ``cover_mm``: of the covers; heights of the covers' faces; rest: dress."""

    outer_mm: float
    cover_mm: float
    low_mm: float
    high_mm: float
    top_mm: float
    shell: Paint
    cover: Paint
    rim: str
    ribs: int
    screws: int
    missing: frozenset[int]
    disc_brake: bool
    maker: str
    number: str


def hub_motor(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """A hub motor lying on either cover; the cable leaves beside the axle on one."""
    outer, high = 0.5 * model.length_mm, model.height_mm
    rim = str(rng.choice(["spokes", "spokes", "tyre", "plain"]))
    screws = int(rng.choice([6, 8, 9, 10, 12]))
    shell = varied(SHELLS[rng.integers(len(SHELLS))], rng, 8)
    it = _Hub(
        outer_mm=outer,
        cover_mm=outer * {"spokes": 0.9, "tyre": 0.76, "plain": 0.985}[rim],
        low_mm=high * float(rng.uniform(0.1, 0.16)),
        high_mm=high * float(rng.uniform(0.82, 0.88)),
        top_mm=high,
        shell=shell,
        cover=shell if rng.random() < 0.6 else varied(SHELLS[rng.integers(len(SHELLS))], rng, 8),
        rim=rim,
        ribs=int(rng.choice([0, 6, 8, 12, 16])),
        screws=screws,
        missing=frozenset(int(s) for s in np.flatnonzero(rng.random(screws) < 0.12)),
        disc_brake=bool(rng.random() < 0.4),
        maker=brand(rng),
        number=serial(rng, 9),
    )
    parts = [*_body(it, rng), *_cover(it, rng, upper=True), *_cover(it, rng, upper=False), *_axle(it, rng)]
    return Solid(parts=tuple(parts), loose=_cable(it, pose, rng))


def _body(it: _Hub, rng: np.random.Generator) -> list[Part]:
    middle, half = 0.5 * (it.low_mm + it.high_mm), 0.5 * (it.high_mm - it.low_mm)
    drum = Canvas(120.0, 24.0, it.shell, rng, px_per_mm=2.0)
    drum.brushed(0.4)
    drum.grime(0.4)
    profile = [
        (3.0, middle - 0.94 * half),
        (0.0, middle - 0.8 * half),
        (0.0, middle + 0.8 * half),
        (3.0, middle + 0.94 * half),
    ]
    wall = 0.99 * it.cover_mm if it.rim != "plain" else it.outer_mm
    parts = [wrapped(circle(wall, segments=96), profile, drum.surface())]
    if it.rim == "tyre":
        return parts + _tyre(it, middle, 0.92 * half, rng)
    if it.rim == "spokes":
        flange = circle(it.outer_mm, segments=96).difference(circle(0.95 * it.cover_mm, segments=96))
        for spoke in range(18):
            a = TAU * spoke / 18
            reach = 0.5 * (it.outer_mm + it.cover_mm)
            flange = flange.difference(circle(1.7, (reach * math.cos(a), reach * math.sin(a)), 12))
        sheet = plain(it.shell, rng, 0.1)
        parts += [
            slab(flange, middle + s * 0.72 * half - 1.8, middle + s * 0.72 * half + 1.8, sheet, bevel_mm=0.6)
            for s in (-1, 1)
        ]
    return parts


def _tyre(it: _Hub, middle: float, half: float, rng: np.random.Generator) -> list[Part]:
    """A solid tyre, its tread cut into the picture, writing on its wall."""
    tread = Canvas(200.0, 70.0, varied(RUBBER, rng, 5), rng, px_per_mm=2.0)
    for x in np.arange(0, 200, 8.0):
        for y in (24.0, 34.0, 44.0):
            tread.line([(x, y), (x + 6, y + 5)], 1.4, Paint((16, 16, 16), 0.95), raised_mm=-1.0)
    tread.dust(float(rng.uniform(0.3, 0.9)))
    bow = np.linspace(-0.5 * math.pi, 0.5 * math.pi, 13)
    inner = 0.985 * it.cover_mm
    profile = [(inner + (it.outer_mm - inner) * math.cos(b) ** 0.6, middle + half * math.sin(b)) for b in bow]
    rim = slab(
        ring_outline(1.03 * it.cover_mm, 0.9 * it.cover_mm, 96),
        middle - 0.9 * half,
        middle + 0.9 * half,
        plain(it.shell, rng),
    )
    return [lathe(profile, tread.surface(), segments=96), rim]


def _cover(it: _Hub, rng: np.random.Generator, *, upper: bool) -> list[Part]:
    radius = 0.97 * it.cover_mm
    face = it.high_mm if upper else it.low_mm
    sign = 1.0 if upper else -1.0
    surface = _cover_paint(it, radius, rng, upper=upper)
    hub = 0.26 * radius
    low, high = sorted((face - sign * 8.0, face - sign * 2.0))
    parts = [slab(circle(radius, segments=96), low, high, surface, bevel_mm=1.2)]
    foot, crest = sorted((face - sign * 2.5, face))
    crown = slab(circle(0.8 * radius, segments=72), foot, crest, _crown_paint(it, rng, radius, upper), bevel_mm=1.4)
    parts.append(crown)
    rib_paint = plain(it.cover, rng, 0.1)
    for rib in range(it.ribs):
        if abs(math.sin(TAU * rib / it.ribs)) > 0.8:  # where the print is
            continue
        bar = box((0.46 * radius, 2.6, 2.4), (0.5 * radius, 0.0, face + sign * 0.6), rib_paint, bevel_mm=0.9)
        parts.append(bar.turned(turn("z", TAU * rib / it.ribs)))
    ends = sorted((face - sign * 0.5, face + sign * 3.0))
    parts.append(slab(circle(hub, segments=48), ends[0], ends[1], plain(tinted(it.cover, 0.95), rng), bevel_mm=1.0))
    if it.disc_brake and not upper:
        parts.append(slab(ring_outline(1.55 * hub, 1.1 * hub), ends[0], ends[1] - 0.6, plain(STEEL, rng), bevel_mm=0.5))
    return parts


def _cover_paint(it: _Hub, radius: float, rng: np.random.Generator, *, upper: bool) -> Surface:
    """The cover's outer ring, where its screws are."""
    canvas = Canvas(2 * radius, 2 * radius, it.cover, rng, px_per_mm=2.5)
    canvas.brushed(0.4, float(rng.uniform(0, 180)))
    for screw in range(it.screws):
        a = TAU * screw / it.screws + 0.2
        x, y = radius + 0.9 * radius * math.cos(a), radius + 0.9 * radius * math.sin(a)
        if upper and screw in it.missing:
            canvas.disc(x, y, 2.4, Paint((15, 15, 15), 0.9), raised_mm=-0.8)
        else:
            canvas.screw(x, y, 2.8, DARK_STEEL, drive="hex")
    canvas.scratches(int(rng.integers(10, 50)), length_mm=40.0)
    canvas.grime(float(rng.uniform(0.2, 0.6)))
    return canvas.surface() if upper else from_below(canvas.surface())


def _crown_paint(it: _Hub, rng: np.random.Generator, radius: float, upper: bool) -> Surface:
    """The raised middle of a cover with its print or type plate."""
    half = 0.8 * radius
    canvas = Canvas(2 * half, 2 * half, it.cover, rng, px_per_mm=2.5)
    canvas.mottle(0.12, 12.0)
    canvas.ring(half, half, 0.9 * half, 0.93 * half, tinted(it.cover, 0.7), raised_mm=-0.3)
    light = sum(it.cover.srgb) < 300
    ink = WHITE_INK if light else INK
    if upper:
        canvas.text(it.maker, half, 1.62 * half, 0.13 * half, ink, font="bold", fit_mm=0.8 * half)
        canvas.text(
            f"{rng.choice([24, 36, 48])}V {rng.choice([250, 350, 500])}W",
            half,
            0.42 * half,
            0.1 * half,
            ink,
            fit_mm=0.7 * half,
        )
        canvas.text(f"S/N {it.number}", half, 0.27 * half, 0.06 * half, ink, font="mono", fit_mm=0.6 * half)
    else:
        paper = Paint((196, 198, 200), 0.4, 0.5)
        canvas.rect(0.55 * half, 1.45 * half, 1.45 * half, 1.78 * half, paper, radius_mm=1.0, raised_mm=0.1)
        canvas.text(f"{it.maker} {it.number}", half, 1.66 * half, 0.08 * half, INK, fit_mm=0.8 * half)
        canvas.bar_code(0.62 * half, 1.49 * half, 1.38 * half, 1.58 * half, INK, paper)
    canvas.scratches(int(rng.integers(10, 60)), length_mm=45.0, strength=0.6)
    canvas.smears(int(rng.integers(0, 4)))
    canvas.grime(float(rng.uniform(0.1, 0.5)))
    canvas.dust(float(rng.uniform(0.1, 0.5)))
    return canvas.surface() if upper else from_below(canvas.surface())


def _axle(it: _Hub, rng: np.random.Generator) -> list[Part]:
    steel = varied((ZINC, STEEL, DARK_STEEL)[rng.integers(3)], rng, 8)
    thread = Canvas(20.0, 12.0, steel, rng)
    for y in np.arange(0.5, 12, 1.0):
        thread.line([(0, y), (20, y)], 0.45, tinted(steel, 0.5), raised_mm=-0.3)
    radius = 0.5 * min(16.0, 0.14 * it.outer_mm + 4.0)
    parts = [rod(radius, 0.0, it.top_mm, thread.surface(), segments=28)]
    for side, face in ((1, it.high_mm + 3.0), (-1, it.low_mm - 3.0)):
        if rng.random() < 0.6:
            room = (it.top_mm - face if side > 0 else face) * 0.75
            nut = circle(1.75 * radius, segments=6)
            low, high = sorted((face, face + side * max(room, 1.0)))
            parts.append(slab(nut, low, high, plain(steel, rng), bevel_mm=0.6))
    return parts


def _cable(it: _Hub, pose: Pose, rng: np.random.Generator) -> tuple[Part, ...]:
    if rng.random() < 0.15:
        return ()
    jacket = varied((BLACK_PLASTIC, BLACK_PLASTIC, GREY_PLASTIC, ORANGE_PLASTIC)[rng.integers(4)], rng, 5)
    length, heading = float(rng.uniform(0.1, 0.4)) * it.outer_mm, float(rng.uniform(-0.4, 0.4))
    if pose.sprite == "cable":  # it lies over the cover from the axle to the rim and hangs down
        bow, drop = float(rng.normal(0.0, 0.12)) * it.outer_mm, it.top_mm - it.low_mm + 4.0
        points = [
            (0.0, 0.0, it.top_mm - 0.2),
            (0.12, 0.1, it.top_mm + 4.0),
            (0.5, 1.0, drop),
            (0.92, 0.8, drop),
            (1.06, 0.5, 0.5 * drop),
            (1.12, 0.4, 6.0),
            (1.12 + length / it.outer_mm, -1.0, 3.3),
        ]
        way = np.array([(x * it.outer_mm, y * bow, z) for x, y, z in points])
        return (tube(smooth_path(way, 3.0), 3.2, plain(jacket, rng)),)
    return stray_wire(rng, (0.85 * it.outer_mm, 0.0, 4.0), heading, 0.3 * it.outer_mm + length, 3.2, jacket, curl=0.012)
