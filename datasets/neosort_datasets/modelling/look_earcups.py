"""Headphone cups: a shell outside, a cushion or the bare driver inside."""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.forms import (
    TAU,
    disc_plate,
    from_below,
    plain,
    ring_outline,
    stray_wire,
    stretched,
)
from neosort_datasets.modelling.labels import brand
from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    ALUMINIUM,
    BEIGE_PLASTIC,
    BLACK_PLASTIC,
    BLUE_PLASTIC,
    COPPER,
    FOAM,
    GREY_PLASTIC,
    INK,
    RED_PLASTIC,
    STEEL,
    WHITE_INK,
    WHITE_PLASTIC,
    Paint,
    tinted,
    varied,
)
from neosort_datasets.modelling.shapes import lathe, rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Solid
from neosort_hardware.twin.bodies import ItemModel, Pose

SHELLS = (
    BLACK_PLASTIC,
    BLACK_PLASTIC,
    WHITE_PLASTIC,
    GREY_PLASTIC,
    RED_PLASTIC,
    BLUE_PLASTIC,
    BEIGE_PLASTIC,
    Paint((196, 150, 140), 0.3, 0.3),
    Paint((58, 74, 66), 0.4),
)
CUSHIONS = (
    Paint((34, 33, 33), 0.55),
    Paint((34, 33, 33), 0.55),
    Paint((86, 64, 48), 0.55),
    Paint((150, 148, 144), 0.6),
    Paint((186, 172, 150), 0.6),
    Paint((60, 58, 58), 0.95),
)


def earcup(model: ItemModel, pose: Pose, rng: np.random.Generator) -> Solid:
    """One cup of a headphone: shell up as made, cushion below."""
    half_x, half_y, high = 0.5 * model.length_mm, 0.5 * model.width_mm, model.height_mm
    shell = varied(SHELLS[rng.integers(len(SHELLS))], rng, 8)
    cushion = varied(CUSHIONS[rng.integers(len(CUSHIONS))], rng, 6)
    bare = bool(rng.random() < 0.35)
    squash = half_y / half_x
    seat = high * float(rng.uniform(0.38, 0.5)) * (0.45 if bare else 1.0)
    parts = [stretched(part, y=squash) for part in _shell(half_x, seat, high, shell, rng)]
    if bare:
        parts += [stretched(part, y=squash) for part in _bare_driver(half_x, half_y, seat, shell, rng)]
    else:
        parts += [stretched(part, y=squash) for part in _cushion(half_x, seat, cushion, rng)]
    parts += _yoke(half_x, half_y, high, seat, shell, rng)
    loose: tuple[Part, ...] = ()
    if rng.random() < 0.6:
        jacket = (BLACK_PLASTIC, GREY_PLASTIC, WHITE_PLASTIC, RED_PLASTIC)[rng.integers(4)]
        y = -0.9 * half_y if pose.sprite == "outside" else 0.9 * half_y
        z = (0.6 if pose.sprite == "outside" else 0.4) * high
        loose = stray_wire(
            rng, (0.0, y, z), math.copysign(0.5 * math.pi, y), float(rng.uniform(14, 60)), 1.1, jacket, curl=0.03
        )
    return Solid(parts=tuple(parts), loose=loose)


def _shell(radius: float, seat: float, high: float, shell: Paint, rng: np.random.Generator) -> list[Part]:
    """The closed side: a dome, a stepped lid or a flat plate with a ring."""
    form, edge = str(rng.choice(["dome", "flat", "step", "ring"])), 0.1 * radius
    wall = [(0.95 * radius, seat), (0.97 * radius, seat + 0.25 * (high - seat))]
    if form == "dome":
        bow = np.linspace(0.15, 0.5 * math.pi, 9)
        profile = [(0.97 * radius * math.cos(b), seat + (high - seat) * (0.3 + 0.7 * math.sin(b))) for b in bow]
    elif form == "step":
        middle = seat + 0.62 * (high - seat)
        profile = [
            (0.96 * radius, middle - edge),
            (0.92 * radius, middle),
            (0.74 * radius, middle + 0.5),
            (0.72 * radius, high - 0.6),
            (0.68 * radius, high),
            (0.0, high),
        ]
    else:
        profile = [
            (0.97 * radius, high - 1.6 * edge),
            (0.93 * radius, high - 0.5 * edge),
            (0.84 * radius, high),
            (0.0, high - 0.4),
        ]
    face = Canvas(2 * radius, 2 * radius, shell, rng)
    _decorated(face, radius, form, shell, rng)
    parts = [lathe(wall + profile, face.surface(), segments=72, laid="above")]
    parts.append(disc_plate(0.95 * radius, seat - 0.6, seat + 0.1, plain(shell, rng)))
    if form == "ring":
        trim = plain(varied((ALUMINIUM, COPPER, tinted(shell, 1.4))[rng.integers(3)], rng, 8), rng)
        parts.append(slab(ring_outline(0.8 * radius, 0.73 * radius), high - 1.2, high, trim, bevel_mm=0.4))
    return parts


def _decorated(face: Canvas, radius: float, form: str, shell: Paint, rng: np.random.Generator) -> None:
    dark = sum(shell.srgb) < 330
    inside = {"dome": 0.7, "step": 0.6, "flat": 0.7, "ring": 0.66}[form] * radius
    what = str(rng.choice(["name", "letter", "disc", "mesh", "plain"]))
    ink = WHITE_INK if dark else INK
    if what == "disc":
        plate = varied((ALUMINIUM, BLACK_PLASTIC, RED_PLASTIC, BLUE_PLASTIC)[rng.integers(4)], rng, 8)
        face.disc(radius, radius, 0.8 * inside, plate, raised_mm=0.2)
    if what == "mesh":
        for x in np.arange(-0.8, 0.81, 0.13):
            for y in np.arange(-0.8, 0.81, 0.13):
                if x * x + y * y < 0.6:
                    face.disc(
                        radius + x * inside,
                        radius + y * inside,
                        0.035 * inside,
                        Paint((12, 12, 12), 0.9),
                        raised_mm=-0.3,
                    )
    if what in ("name", "disc", "mesh"):
        face.text(brand(rng), radius, radius, 0.16 * radius, ink, font="bold", fit_mm=1.2 * inside)
    elif what == "letter":
        face.ring(radius, radius, 0.36 * inside, 0.4 * inside, ink)
        face.text(brand(rng)[0].upper(), radius, radius, 0.4 * inside, ink, font="bold")
    face.scratches(int(rng.integers(5, 30)), length_mm=14.0, strength=0.5)
    face.smears(int(rng.integers(0, 3)))
    face.dust(float(rng.uniform(0.1, 0.6)))


def _cushion(radius: float, seat: float, leather: Paint, rng: np.random.Generator) -> list[Part]:
    """A padded ring of leatherette around cloth, seen from below; peeling on old ones."""
    hide = Canvas(120.0, 40.0, leather, rng, px_per_mm=3.0)
    hide.mottle(0.12, 3.0)
    for x in rng.uniform(0, 120, 40):
        hide.line([(float(x), 0.0), (float(x) + 1.5, 40.0)], 0.3, tinted(leather, 0.8), raised_mm=-0.2)
    if rng.random() < 0.4:
        for x, y in zip(rng.uniform(0, 120, 60), rng.uniform(4, 36, 60), strict=True):
            hide.disc(float(x), float(y), float(rng.uniform(0.4, 1.6)), Paint((150, 144, 132), 0.95), raised_mm=-0.2)
    hide.dust(float(rng.uniform(0.1, 0.5)))
    inner = float(rng.uniform(0.48, 0.6)) * radius
    middle, thick = 0.5 * (radius + inner), 0.5 * (radius - inner)
    bow = np.linspace(0.5 * math.pi, -1.5 * math.pi, 15)
    profile = [(middle + thick * math.cos(b), 0.5 * seat + 0.5 * seat * math.sin(b)) for b in bow]
    parts = [lathe(profile[::-1], hide.surface(), segments=72)]
    cloth = Canvas(2 * inner, 2 * inner, varied(FOAM, rng, 14), rng)
    cloth.mottle(0.2, 1.2)
    if rng.random() < 0.4:
        cloth.text("L" if rng.random() < 0.5 else "R", inner, inner, 0.9 * inner, tinted(WHITE_INK, 0.75), font="bold")
    cloth.dust(0.4)
    parts.append(disc_plate(1.05 * inner, 0.55 * seat, 0.62 * seat, from_below(cloth.surface())))
    return parts


def _bare_driver(half_x: float, half_y: float, seat: float, shell: Paint, rng: np.random.Generator) -> list[Part]:
    """Without its cushion: the baffle with its holes and screws, the driver's membrane in the middle."""
    baffle = Canvas(2 * half_x, 2 * half_x, varied(shell, rng, 10), rng)
    reach, driver = half_x, 0.46 * min(half_x, half_y)
    for hole in range(24):
        a = TAU * hole / 24
        baffle.disc(
            reach + 0.68 * reach * math.cos(a),
            reach + 0.68 * reach * math.sin(a),
            0.04 * reach,
            Paint((12, 12, 12), 0.9),
            raised_mm=-0.5,
        )
    for screw in range(4):
        a = TAU * (screw + 0.5) / 4
        baffle.screw(
            reach + 0.85 * reach * math.cos(a), reach + 0.85 * reach * math.sin(a), 0.05 * reach, STEEL, drive="cross"
        )
    baffle.scratches(10, length_mm=12.0)
    baffle.dust(0.4)
    parts = [disc_plate(0.93 * half_x, 0.35 * seat, seat, from_below(baffle.surface()), 0.8)]
    parts.append(disc_plate(1.15 * driver, 0.1, 0.4 * seat, plain(varied(BLACK_PLASTIC, rng, 8), rng), 0.6))
    film = Canvas(2 * driver, 2 * driver, varied(Paint((150, 128, 96), 0.16), rng, 14), rng, px_per_mm=5.0)
    for rib in range(40):
        a = TAU * rib / 40
        inner, outer = 0.5 * driver, 0.95 * driver
        film.line(
            [
                (driver + inner * math.cos(a), driver + inner * math.sin(a)),
                (driver + outer * math.cos(a + 0.25), driver + outer * math.sin(a + 0.25)),
            ],
            0.4,
            Paint((120, 100, 74), 0.2),
            raised_mm=0.2,
        )
    film.ring(driver, driver, 0.44 * driver, 0.5 * driver, tinted(COPPER, 0.8), raised_mm=0.2)
    parts.append(disc_plate(driver, 0.0, 0.3, from_below(film.surface()), 0.1))
    return parts


def _yoke(half_x: float, half_y: float, high: float, seat: float, shell: Paint, rng: np.random.Generator) -> list[Part]:
    """A knob and the stump of the broken headband on one side."""
    if rng.random() < 0.45:
        return []
    z, reach = 0.5 * (seat + high), 0.3 * half_x
    stump = rounded_rectangle(reach, 0.5 * half_y, 2.0, (half_x - 0.5 * reach, 0.0))
    parts = [slab(stump, z - 2.2, z + 2.2, plain(tinted(shell, 0.85), rng), bevel_mm=0.8)]
    parts.append(disc_plate(0.2 * half_y, z, z + 3.0, plain(ALUMINIUM, rng)).moved((half_x - 0.6 * reach, 0.0, 0.0)))
    return parts
