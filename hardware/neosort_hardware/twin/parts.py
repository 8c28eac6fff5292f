"""Magnets and steel of a given mass, shaped as the makers of things shape them. Lengths in mm, masses in g."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from neosort_hardware.twin.bodies import DENSITY_G_PER_CM3, REMANENCE_T, Magnet, Material, Steel, Vector3


def _volume_mm3(grams: float, material: Material) -> float:
    return grams / DENSITY_G_PER_CM3[material] * 1000.0


def cuboid(
    grams: float, material: Material, aspect: Vector3, *, centre: Vector3, polarisation: Vector3, yaw_rad: float = 0.0
) -> Magnet:
    """A cuboid of that mass whose edges stand in proportion ``aspect``; ``polarisation`` in units of the remanence."""
    scale = (_volume_mm3(grams, material) / math.prod(aspect)) ** (1 / 3)
    remanence = REMANENCE_T[material]
    return Magnet(
        shape="cuboid",
        size_mm=(aspect[0] * scale, aspect[1] * scale, aspect[2] * scale),
        centre_mm=centre,
        polarisation_t=(polarisation[0] * remanence, polarisation[1] * remanence, polarisation[2] * remanence),
        material=material,
        mass_g=grams,
        yaw_rad=yaw_rad,
    )


def disc(
    grams: float,
    material: Material,
    height_per_diameter: float,
    *,
    centre: Vector3,
    share: float,
    tilt: Literal["x", "y", "z"] = "z",
) -> Magnet:
    """An axially polarised cylinder of that mass; ``share`` of the remanence leaves the yoke (its sign is the pole)."""
    diameter = (4 * _volume_mm3(grams, material) / (math.pi * height_per_diameter)) ** (1 / 3)
    return Magnet(
        shape="cylinder",
        size_mm=(diameter, diameter, diameter * height_per_diameter),
        centre_mm=centre,
        polarisation_t=(0.0, 0.0, share * REMANENCE_T[material]),
        material=material,
        mass_g=grams,
        tilt=tilt,
    )


def pole_ring(
    grams: float,
    material: Material,
    poles: int,
    *,
    radius_mm: float,
    height_mm: float,
    centre_z_mm: float,
    share: float,
) -> tuple[Magnet, ...]:
    """An upright ring of ``poles`` radially polarised arcs, alternating, in flat pieces; its wall as its mass asks."""
    per_pole = {2: 4, 4: 2}.get(poles, 1)  # wide arcs are not flat
    pieces = poles * per_pole
    arc_mm = 2 * math.pi * radius_mm / pieces
    wall_mm = _volume_mm3(grams / pieces, material) / (arc_mm * height_mm)
    magnets = []
    for piece in range(pieces):
        angle = 2 * math.pi * piece / pieces
        place = (radius_mm * math.cos(angle), radius_mm * math.sin(angle), centre_z_mm)
        sign = share if piece // per_pole % 2 == 0 else -share
        aspect = (wall_mm, arc_mm, height_mm)
        magnets.append(
            cuboid(grams / pieces, material, aspect, centre=place, polarisation=(sign, 0.0, 0.0), yaw_rad=angle)
        )
    return tuple(magnets)


def shifted(magnets: tuple[Magnet, ...], x_mm: float) -> tuple[Magnet, ...]:
    """The same magnets farther along the item."""
    return tuple(replace(m, centre_mm=(m.centre_mm[0] + x_mm, m.centre_mm[1], m.centre_mm[2])) for m in magnets)


def voice_coil(grams: float, place: Vector3, share: float) -> tuple[Magnet, ...]:
    """The actuator of a disk: two facing pairs of opposite poles, so that far away little is left."""
    quarter = grams / 4
    offset_mm = 0.55 * (_volume_mm3(quarter, "ndfeb") / (1.8 * 1.2 * 0.2)) ** (1 / 3) * 1.8
    return tuple(
        cuboid(
            quarter,
            "ndfeb",
            (1.8, 1.2, 0.2),
            centre=(place[0], place[1] + side * offset_mm, place[2] + up),
            polarisation=(0, 0, side * share),
        )
        for side in (-1, 1)
        for up in (-3.0, 3.0)
    )


def soft_steel(grams: float, size_mm: Vector3, height_mm: float) -> Steel:
    """A piece that holds no remanence, at half the height of its item."""
    return Steel(size_mm=size_mm, centre_mm=(0.0, 0.0, 0.5 * height_mm), mass_g=grams)
