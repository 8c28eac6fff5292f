"""What an item model is made of: magnets and steel as bodies in its own frame (x along its length, y across, z up from
its underside, mm)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vector3 = tuple[float, float, float]
Rotation = tuple[Vector3, Vector3, Vector3]
"""Rows of a proper 3 × 3 rotation matrix."""

# Right-angle turns: as made; upside down about the length; on its side (its right side up); on its end (x up).
AS_MADE: Rotation = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
TURNED_OVER: Rotation = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
ON_ITS_SIDE: Rotation = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
ON_ITS_END: Rotation = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
ON_ITS_HEAD: Rotation = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0))

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
    The body's own frame is turned into the item's by ``rotation`` and stands with its centre at ``centre_mm``.
    ``polarisation_t``: in the body's own frame, already reduced by yoke leakage; a cylinder's is along z alone.
    ``mass_g``: of magnet material, 0 for what is only a stand-in for magnetised steel.
    """

    shape: Literal["cuboid", "cylinder"]
    size_mm: Vector3
    centre_mm: Vector3
    polarisation_t: Vector3
    material: Material
    mass_g: float
    rotation: Rotation = AS_MADE


@dataclass(frozen=True, slots=True, kw_only=True)
class Steel:
    """A piece of soft steel that the Earth's field magnetises, and that may hold a remanence of its own.

    Induced moment m = V·B₀ / (µ0·N) per axis, N the demagnetising factor along the axis (c). ``size_mm`` are the
    edges of its bounding cuboid along the item's axes.
    ``remanence_am2_per_g``: (lo, hi) of the moment it may carry when magnetised, log-uniform per item; (0, 0) never.
    ``magnetised_share``: of items in which it does.
    """

    size_mm: Vector3
    centre_mm: Vector3
    mass_g: float
    magnetised_share: float = 0.0
    remanence_am2_per_g: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A way in which the items of a model come to lie on the belt.

    ``rotation`` turns the item about the middle of its body's box, by right angles; the item is then set down on the
    belt. ``share``: of its items that lie so. ``sprite``: the name of the picture that shows it; poses that look the
    same from above share one (a magnet block lies either pole up).
    """

    sprite: str
    rotation: Rotation = AS_MADE
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemModel:
    """One model of a kind.

    ``length_mm``, ``width_mm``, ``height_mm``: edges of its body's box along the item's x, y, z as made.
    ``look``: which modelling function builds its shape and paint (several kinds share one: that is what makes them
    look alike). ``look_of``: name of the model whose sprites show it, mostly its own. ``look_seed``: everything random
    about its looks. ``fill``: share of its bounding rectangle that it covers.
    """

    name: str
    kind: str
    look: str
    look_of: str
    look_seed: int
    length_mm: float
    width_mm: float
    height_mm: float
    mass_g: float
    fill: float
    magnets: tuple[Magnet, ...]
    steel: tuple[Steel, ...]
    poses: tuple[Pose, ...]

    @property
    def ndfeb_g(self) -> float:
        """Mass of NdFeB in it, sintered and bonded."""
        return sum(magnet.mass_g for magnet in self.magnets if magnet.material in ("ndfeb", "ndfeb_bonded"))

    @property
    def bears_ndfeb(self) -> bool:
        """Whether it is worth picking out."""
        return self.ndfeb_g > 0

    def extents_mm(self, pose: Pose) -> Vector3:
        """Edges (along, across at yaw 0, up) of its body's box when it lies in ``pose``."""
        size = (self.length_mm, self.width_mm, self.height_mm)
        x, y, z = (sum(abs(turn) * edge for turn, edge in zip(row, size, strict=True)) for row in pose.rotation)
        return (x, y, z)
