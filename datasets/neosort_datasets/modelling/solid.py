"""Solids: painted triangle meshes, from which an item is put together.

Everything stands in the item's frame: x along its length, y across, z up from its underside, mm. A `Part` carries its
own picture (`Surface`) and the places of its corners in it, so that the tracer can pack all of an item's parts into one
mesh with one texture.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from neosort_hardware.twin.bodies import AS_MADE, ItemModel, Pose, Rotation, Vector3
from neosort_hardware.twin.poses import to_lying_mm
from neosort_hardware.types import ArrayF32, ArrayF64

ArrayI32 = np.ndarray[tuple[int, ...], np.dtype[np.int32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What a surface looks like, as pictures of one size (h, w): row 0 is v = 1, the edge of highest y or z.

    ``albedo``: (h, w, 3) linear light, 0..1. ``roughness``, ``metal``: (h, w) 0..1. ``bump_mm``: (h, w) height of the
    relief over the smooth surface; ``mm_per_px`` its scale.
    """

    albedo: ArrayF32
    roughness: ArrayF32
    metal: ArrayF32
    bump_mm: ArrayF32
    mm_per_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A painted mesh. Corners that belong to two faces of different normal or picture place stand twice.

    ``corners_mm``: (n, 3). ``normals``: (n, 3), unit. ``places``: (n, 2) in the surface, (u, v) 0..1, v upwards.
    ``faces``: (m, 3) indices, counter-clockwise seen from outside.
    """

    corners_mm: ArrayF64
    normals: ArrayF64
    places: ArrayF64
    faces: ArrayI32
    surface: Surface

    def turned(self, rotation: Rotation, about_mm: Vector3 = (0.0, 0.0, 0.0)) -> Part:
        """Turned about a point."""
        turn, centre = np.asarray(rotation), np.asarray(about_mm)
        return replace(self, corners_mm=(self.corners_mm - centre) @ turn.T + centre, normals=self.normals @ turn.T)

    def moved(self, by_mm: Vector3) -> Part:
        """Carried elsewhere."""
        return replace(self, corners_mm=self.corners_mm + np.asarray(by_mm))


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """An item: ``parts`` in the frame in which it was made, and ``loose`` ones as they lie on the belt in this pose
    (wires, cables: what gravity lays down whichever way the item fell)."""

    parts: tuple[Part, ...]
    loose: tuple[Part, ...] = field(default=())


def laid_down(solid: Solid, model: ItemModel, pose: Pose) -> tuple[Part, ...]:
    """All parts as they stand on the belt (z = 0) when the item lies in ``pose``."""
    turn = np.asarray(pose.rotation)
    lying = tuple(
        replace(part, corners_mm=to_lying_mm(model, pose, part.corners_mm), normals=part.normals @ turn.T)
        for part in solid.parts
    )
    return lying + solid.loose


def quarter_turns(about: str, count: int = 1) -> Rotation:
    """A turn by ``count`` right angles about "x", "y" or "z"; right-handed."""
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[about]
    once = np.eye(3)
    once[first, first] = once[second, second] = 0.0
    once[second, first], once[first, second] = 1.0, -1.0
    x, y, z = np.linalg.matrix_power(once, count % 4).tolist()
    return (tuple(x), tuple(y), tuple(z))


def turn(about: str, angle_rad: float) -> Rotation:
    """A turn by any angle about "x", "y" or "z"; right-handed."""
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[about]
    matrix = np.array(AS_MADE)
    matrix[first, first] = matrix[second, second] = np.cos(angle_rad)
    matrix[second, first], matrix[first, second] = np.sin(angle_rad), -np.sin(angle_rad)
    x, y, z = matrix.tolist()
    return (tuple(x), tuple(y), tuple(z))
