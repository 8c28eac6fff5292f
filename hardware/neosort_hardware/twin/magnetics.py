"""Magnetic flux density of items' magnets and steel: exact bodies nearby, dipoles far away (`magnet_field`).

All fields in µT, all lengths in mm, moments in A·m², points and fields as (n, 3) float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from neosort_hardware.magnet_field import (
    DIPOLE_UT_MM3_PER_AM2,
    MU0_T_M_PER_A,
    cel,
    cuboid_field_ut,
    cylinder_field_ut,
    dipole_field_ut,
    yaw_rotation,
)
from neosort_hardware.twin.bodies import DENSITY_G_PER_CM3, Magnet, Steel, Vector3
from neosort_hardware.types import ArrayF64

__all__ = [
    "DIPOLE_UT_MM3_PER_AM2",
    "FAR_DIMENSIONS",
    "STEEL_SUSCEPTIBILITY",
    "cel",
    "cuboid_field_ut",
    "cylinder_field_ut",
    "demagnetising_factors",
    "dipole_field_ut",
    "magnet_field_ut",
    "magnet_moment_am2",
    "magnet_volume_mm3",
    "magnets_field_ut",
    "steel_am2_per_t",
    "yaw_rotation",
]

FAR_DIMENSIONS = 12.0
"""Beyond this many largest edges from its centre a body is its dipole: the octupole adds less than 0.35 % there."""

STEEL_SUSCEPTIBILITY = 2000.0  # a: of soft steel in the Earth's field; matters for thin sheets and long rods alone


def magnet_volume_mm3(magnet: Magnet) -> float:
    """Volume of the body."""
    x, y, z = magnet.size_mm
    return 0.25 * math.pi * x * x * z if magnet.shape == "cylinder" else x * y * z


def magnet_moment_am2(magnet: Magnet) -> ArrayF64:
    """Moment J·V/µ0 in the item's frame, (3,)."""
    own = np.asarray(magnet.polarisation_t) * (magnet_volume_mm3(magnet) * 1e-9 / MU0_T_M_PER_A)
    return np.asarray(np.asarray(magnet.rotation) @ own)


def magnet_field_ut(magnet: Magnet, points_mm: ArrayF64) -> ArrayF64:
    """Field of a magnet at points of the item's frame, in the item's frame; (n, 3) → (n, 3).

    Exact within `FAR_DIMENSIONS` largest edges of its centre, its dipole beyond. Raises `ValueError` for a cylinder
    that is not polarised along its axis.
    """
    if magnet.shape == "cylinder" and (magnet.polarisation_t[0] or magnet.polarisation_t[1]):
        raise ValueError(f"cylinder polarised {magnet.polarisation_t} T: only along its own z can be computed")
    offset = np.asarray(points_mm, dtype=np.float64) - np.asarray(magnet.centre_mm)
    near = np.einsum("ni,ni->n", offset, offset) <= (FAR_DIMENSIONS * max(magnet.size_mm)) ** 2
    field_ut = np.empty_like(offset)
    field_ut[~near] = dipole_field_ut(magnet_moment_am2(magnet), offset[~near])
    if near.any():
        rotation = np.asarray(magnet.rotation)
        own_mm = offset[near] @ rotation
        if magnet.shape == "cylinder":
            own_ut = cylinder_field_ut(magnet.size_mm[0], magnet.size_mm[2], magnet.polarisation_t[2], own_mm)
        else:
            own_ut = cuboid_field_ut(magnet.size_mm, magnet.polarisation_t, own_mm)
        field_ut[near] = own_ut @ rotation.T
    return np.asarray(field_ut)


def magnets_field_ut(magnets: Iterable[Magnet], points_mm: ArrayF64) -> ArrayF64:
    """Sum of `magnet_field_ut` over an item's magnets; (n, 3) → (n, 3)."""
    total = np.zeros((len(points_mm), 3))
    for magnet in magnets:
        total += magnet_field_ut(magnet, points_mm)
    return total


@cache
def demagnetising_factors(size_mm: Vector3) -> Vector3:
    """Along each axis of the ellipsoid that stands in for a body of these edges; they sum to 1.

    N_x = ½·abc ∫₀^∞ ds / ((a² + s)·√((a² + s)(b² + s)(c² + s))) (Osborn, Phys. Rev. 67 (1945) 351), by the
    trapezoidal rule in ln s, which converges exponentially.
    """
    square = (0.5 * np.asarray(size_mm, dtype=np.float64)) ** 2
    s = np.exp(np.linspace(math.log(square.min()) - 16.0, math.log(square.max()) + 16.0, 600))
    terms = square[:, None] + s
    factors = np.sum(s / (terms * np.sqrt(terms.prod(axis=0))), axis=1)
    x, y, z = (float(factor) for factor in factors / factors.sum())
    return (x, y, z)


def steel_am2_per_t(steel: Steel) -> ArrayF64:
    """Moment that soft steel takes on in a weak field, A·m² per tesla, along each of its axes (3,).

    m = V·B₀ / (µ0·(N + 1/χ)) per axis, V from its mass, N of the ellipsoid of its edges.
    """
    factors = np.asarray(demagnetising_factors(steel.size_mm)) + 1.0 / STEEL_SUSCEPTIBILITY
    volume_m3 = steel.mass_g / DENSITY_G_PER_CM3["steel"] * 1e-6
    return np.asarray(volume_m3 / MU0_T_M_PER_A / factors)
