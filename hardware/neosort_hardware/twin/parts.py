"""Magnets and steel of a given mass, shaped as the makers of things shape them. Lengths in mm, masses in g."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np

from neosort_hardware.twin.bodies import (
    AS_MADE,
    DENSITY_G_PER_CM3,
    REMANENCE_T,
    Magnet,
    Material,
    Rotation,
    Steel,
    Vector3,
)

Z_ALONG_X: Rotation = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
"""Own z lies along the item's x: how the rod of a relay lies, or the ring of a motor on its side."""


def _volume_mm3(grams: float, material: Material) -> float:
    return grams / DENSITY_G_PER_CM3[material] * 1000.0


def cuboid(
    grams: float, material: Material, aspect: Vector3, *, centre: Vector3, polarisation: Vector3,
    rotation: Rotation = AS_MADE,
) -> Magnet:  # fmt: skip
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
        rotation=rotation,
    )


def disc(
    grams: float,
    material: Material,
    height_per_diameter: float,
    *,
    centre: Vector3,
    share: float,
    rotation: Rotation = AS_MADE,
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
        rotation=rotation,
    )


def pole_ring(
    grams: float,
    material: Material,
    poles: int,
    *,
    radius_mm: float,
    height_mm: float,
    centre: Vector3,
    share: float,
    axis: Literal["x", "z"] = "z",
) -> tuple[Magnet, ...]:
    """A ring of ``poles`` radially polarised arcs about ``axis``, alternating, in flat pieces as thick as mass asks."""
    per_pole = {2: 4, 4: 2}.get(poles, 1)  # wide arcs are not flat
    pieces = poles * per_pole
    arc_mm = 2 * math.pi * radius_mm / pieces
    wall_mm = _volume_mm3(grams / pieces, material) / (arc_mm * height_mm)
    laid = Z_ALONG_X if axis == "x" else AS_MADE
    magnets = []
    for piece in range(pieces):
        angle = 2 * math.pi * piece / pieces
        cos, sin = math.cos(angle), math.sin(angle)
        out = _applied(laid, (radius_mm * cos, radius_mm * sin, 0.0))
        place = (centre[0] + out[0], centre[1] + out[1], centre[2] + out[2])
        sign = share if piece // per_pole % 2 == 0 else -share
        turn: Rotation = ((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0))
        magnets.append(
            cuboid(
                grams / pieces,
                material,
                (wall_mm, arc_mm, height_mm),
                centre=place,
                polarisation=(sign, 0.0, 0.0),
                rotation=_product(laid, turn),
            )
        )
    return tuple(magnets)


def moments_cancel(magnets: Iterable[Magnet]) -> bool:
    """Whether their moments leave next to nothing together, as those of a ring of more than two poles do."""
    moments = [magnet.mass_g * np.asarray(magnet.rotation) @ np.asarray(magnet.polarisation_t) for magnet in magnets]
    sizes = [float(np.linalg.norm(moment)) for moment in moments]
    return float(np.linalg.norm(np.sum(moments, axis=0))) < 0.01 * sum(sizes)


def _applied(rotation: Rotation, vector: Vector3) -> Vector3:
    x, y, z = (sum(turn * part for turn, part in zip(row, vector, strict=True)) for row in rotation)
    return (x, y, z)


def _product(left: Rotation, right: Rotation) -> Rotation:
    """The rotation that turns by ``right`` first."""
    columns = [_applied(left, column) for column in zip(*right, strict=True)]
    first, second, third = zip(*columns, strict=True)
    return (first, second, third)


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


def lifted(magnet: Magnet, z_mm: float) -> Magnet:
    """The same magnet, that much higher."""
    return replace(magnet, centre_mm=(magnet.centre_mm[0], magnet.centre_mm[1], magnet.centre_mm[2] + z_mm))
