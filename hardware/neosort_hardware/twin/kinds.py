"""What all kinds of item share: drawing numbers from ranges, and putting a model together."""

from __future__ import annotations

import math

import numpy as np

from neosort_hardware.twin.bodies import AS_MADE, TURNED_OVER, ItemModel, Magnet, Pose, Steel, Vector3

Rng = np.random.Generator

ONE_WAY = (Pose(sprite="top"),)


def two_faces(first: str, second: str, first_share: float) -> tuple[Pose, ...]:
    """A flat thing that lies on either face; named by the face that is seen."""
    return (
        Pose(sprite=first, share=first_share),
        Pose(sprite=second, rotation=TURNED_OVER, share=1 - first_share),
    )


def either_pole_up(sprite: str = "top") -> tuple[Pose, ...]:
    """A thing that looks alike from both faces and lies on either."""
    return (Pose(sprite=sprite, rotation=AS_MADE, share=0.5), Pose(sprite=sprite, rotation=TURNED_OVER, share=0.5))


def between(rng: Rng, lo: float, hi: float) -> float:
    """Uniform."""
    return float(rng.uniform(lo, hi))


def log_between(rng: Rng, lo: float, hi: float) -> float:
    """Uniform in the logarithm."""
    return float(math.exp(rng.uniform(math.log(lo), math.log(hi))))


def motor_across_mm(grams: float, walls_mm: float, room: float) -> float:
    """Thickness of a motor with so much magnet in it (a)."""
    return float(walls_mm + 8.5 * grams ** (1 / 3) * room)


def motor_magnets_g(across_mm: float, walls_mm: float, room: float) -> float:
    """How much magnet a motor of that thickness has room for: `motor_across_mm`, turned round."""
    return float(((across_mm - walls_mm) / (8.5 * room)) ** 3)


def item_model(
    name: str,
    look: str,
    rng: Rng,
    size_mm: Vector3,
    mass_g: float,
    *,
    fill: float = 1.0,
    magnets: tuple[Magnet, ...] = (),
    steel: tuple[Steel, ...] = (),
    poses: tuple[Pose, ...] = ONE_WAY,
    look_of: str | None = None,
) -> ItemModel:
    """A model whose kind is its name's stem; never lighter than its magnets and steel together."""
    return ItemModel(
        name=name,
        kind=name.rsplit("-", 1)[0],
        look=look,
        look_of=name if look_of is None else look_of,
        look_seed=int(rng.integers(2**31)),
        length_mm=size_mm[0],
        width_mm=size_mm[1],
        height_mm=size_mm[2],
        mass_g=max(mass_g, sum(m.mass_g for m in magnets) + sum(s.mass_g for s in steel)),
        fill=fill,
        magnets=magnets,
        steel=steel,
        poses=poses,
    )
