"""An item's magnets and steel as they lie on the belt: turned into its pose and set down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from neosort_hardware.twin.bodies import ItemModel, Magnet, Pose, Steel, Vector3
from neosort_hardware.types import ArrayF64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """What a model carries when it lies in a pose: x, y from its middle at yaw 0, z up from the belt (mm)."""

    magnets: tuple[Magnet, ...]
    steel: tuple[Steel, ...]


def to_lying_mm(model: ItemModel, pose: Pose, points_mm: ArrayF64) -> ArrayF64:
    """Points (n, 3) of the item as made, as they stand when it lies in ``pose``: turned about its box's middle."""
    middle = np.array([0.0, 0.0, 0.5 * model.height_mm])
    lifted = np.array([0.0, 0.0, 0.5 * model.extents_mm(pose)[2]])
    return np.asarray((points_mm - middle) @ np.asarray(pose.rotation).T + lifted)


@cache
def lying(model: ItemModel, pose: Pose) -> Lying:
    """The magnets and steel of ``model`` in ``pose``."""
    turn = np.asarray(pose.rotation)

    def place(centre_mm: Vector3) -> Vector3:
        x, y, z = to_lying_mm(model, pose, np.array([centre_mm]))[0]
        return (float(x), float(y), float(z))

    return Lying(
        magnets=tuple(
            replace(magnet, centre_mm=place(magnet.centre_mm), rotation=_rows(turn @ np.asarray(magnet.rotation)))
            for magnet in model.magnets
        ),
        steel=tuple(
            replace(piece, centre_mm=place(piece.centre_mm), size_mm=_vector(np.abs(turn) @ np.asarray(piece.size_mm)))
            for piece in model.steel
        ),
    )


def _vector(values: ArrayF64) -> Vector3:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def _rows(matrix: ArrayF64) -> tuple[Vector3, Vector3, Vector3]:
    return (_vector(matrix[0]), _vector(matrix[1]), _vector(matrix[2]))
