"""What an item model is made of: magnets and steel as bodies in its own frame (x along its length, y across, z up from
its underside, mm)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vector3 = tuple[float, float, float]
MU0_T_M_PER_A = 1.25663706e-6

Material = Literal["ndfeb", "ndfeb_bonded", "ferrite", "ferrite_rubber", "alnico", "steel"]

# Remanence (T) and density (g/cm³) of what magnets are made of; mid-range of published figures (m), rubber ferrite
# assumed (a).
REMANENCE_T: dict[Material, float] = {
    "ndfeb": 1.30,
    "ndfeb_bonded": 0.60,
    "ferrite": 0.385,
    "ferrite_rubber": 0.20,
    "alnico": 1.10,
}
DENSITY_G_PER_CM3: dict[Material, float] = {
    "ndfeb": 7.5,
    "ndfeb_bonded": 5.8,
    "ferrite": 4.85,
    "ferrite_rubber": 3.55,
    "alnico": 7.3,
    "steel": 7.85,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnet:
    """A uniformly polarised cuboid or cylinder.

    ``size_mm``: edges (x, y, z) of the cuboid; of a cylinder (diameter, diameter, height), its axis along its own z.
    The body's own frame is turned by ``tilt`` (which own axis points up: "z" none, "x": own z lies along the item's x,
    "y": along its y) and then by ``yaw_rad`` about the item's z, and stands with its centre at ``centre_mm``.
    ``polarisation_t``: in the body's own frame, already reduced by yoke leakage; a cylinder's is along z alone.
    ``mass_g``: of magnet material, 0 for what is only a stand-in for magnetised steel.
    """

    shape: Literal["cuboid", "cylinder"]
    size_mm: Vector3
    centre_mm: Vector3
    polarisation_t: Vector3
    material: Material
    mass_g: float
    tilt: Literal["x", "y", "z"] = "z"
    yaw_rad: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Steel:
    """A piece of soft steel that the Earth's field magnetises, and that may hold a remanence of its own.

    Induced moment m = V·B₀ / (µ0·N) per axis, N the demagnetising factor along the axis (c). ``size_mm`` are the
    edges of its bounding cuboid, longest first along the item's x after ``yaw_rad``.
    ``remanence_am2_per_g``: (lo, hi) of the moment it may carry when magnetised, log-uniform per item; (0, 0) never.
    ``magnetised_share``: of items in which it does.
    """

    size_mm: Vector3
    centre_mm: Vector3
    mass_g: float
    yaw_rad: float = 0.0
    magnetised_share: float = 0.0
    remanence_am2_per_g: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemModel:
    """One model of a kind.

    ``length_mm`` ≥ ``width_mm`` bound the body seen from above, ``height_mm`` is its thickness lying down.
    ``look``: which drawing shows it (several kinds share one: that is what makes them look alike).
    ``look_seed``: everything random about the drawing. ``fill``: share of its bounding rectangle that it covers.
    """

    name: str
    kind: str
    look: str
    look_seed: int
    length_mm: float
    width_mm: float
    height_mm: float
    mass_g: float
    fill: float
    magnets: tuple[Magnet, ...]
    steel: tuple[Steel, ...]

    @property
    def ndfeb_g(self) -> float:
        """Mass of NdFeB in it, sintered and bonded."""
        return sum(magnet.mass_g for magnet in self.magnets if magnet.material in ("ndfeb", "ndfeb_bonded"))

    @property
    def bears_ndfeb(self) -> bool:
        """Whether it is worth picking out."""
        return self.ndfeb_g > 0
