"""All parts of an item as one mesh with one texture atlas.

One mesh with one material means one kernel for every item: the tracer compiles once and never again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from neosort_datasets.modelling.solid import ArrayI32, Part, Surface
from neosort_hardware.types import ArrayF32, ArrayF64

ATLAS_SIZES_PX = ((512, 512), (1024, 512), (1024, 1024), (2048, 1024), (2048, 2048))
"""(width, height) of the atlases, smallest first; few, since the tracer compiles anew for each."""

GUTTER_PX = 2  # repeated edge pixels around each surface, so that interpolation does not bleed in from its neighbours
SHRINK = 0.85  # by which surfaces that do not fit the largest atlas are scaled down, again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a surface lies in the atlas, px: without its gutter, column of its left and row of its upper edge."""

    column: int
    row: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedMesh:
    """``corners_mm`` and ``normals`` (n, 3), ``places`` (n, 2) in the atlas (v downwards, row 0 at v = 0), ``faces``
    (m, 3). ``albedo`` (h, w, 3), ``roughness``, ``metal`` and ``bump_mm`` (h, w)."""

    corners_mm: ArrayF32
    normals: ArrayF32
    places: ArrayF32
    faces: ArrayI32
    albedo: ArrayF32
    roughness: ArrayF32
    metal: ArrayF32
    bump_mm: ArrayF32


def packed(parts: Sequence[Part]) -> PackedMesh:
    """The parts as one mesh. Surfaces shared by several parts are packed once. Raises `ValueError` without parts."""
    if not parts:
        raise ValueError("a solid without parts cannot be drawn")
    surfaces = list({id(part.surface): part.surface for part in parts}.values())
    index_of = {id(surface): index for index, surface in enumerate(surfaces)}
    scale = 1.0
    while (fit := _smallest_fit([_size(surface, scale) for surface in surfaces])) is None:
        scale *= SHRINK
    (width, height), places = fit
    layers = np.zeros((height, width, 6), dtype=np.float32)
    for surface, place in zip(surfaces, places, strict=True):
        _paste(layers, surface, place)
    owner = [places[index_of[id(part.surface)]] for part in parts]
    starts = np.cumsum([0, *(len(part.corners_mm) for part in parts[:-1])])
    return PackedMesh(
        corners_mm=np.concatenate([part.corners_mm for part in parts]).astype(np.float32),
        normals=np.concatenate([part.normals for part in parts]).astype(np.float32),
        places=np.concatenate(
            [_in_atlas(part.places, place, width, height) for part, place in zip(parts, owner, strict=True)]
        ),
        faces=np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32),
        albedo=layers[..., :3],
        roughness=layers[..., 3],
        metal=layers[..., 4],
        bump_mm=layers[..., 5],
    )


def shelved(sizes_px: Sequence[tuple[int, int]], width_px: int, height_px: int) -> list[Place] | None:
    """Places for rectangles (width, height) in a sheet, on shelves, tallest first; None when they do not fit."""
    places: dict[int, Place] = {}
    column = row = shelf = 0
    for index in sorted(range(len(sizes_px)), key=lambda index: (-sizes_px[index][1], -sizes_px[index][0])):
        width, height = (edge + 2 * GUTTER_PX for edge in sizes_px[index])
        if column + width > width_px:
            column, row, shelf = 0, row + shelf, 0
        if column + width > width_px or row + height > height_px:
            return None
        places[index] = Place(
            column=column + GUTTER_PX, row=row + GUTTER_PX, width=width - 2 * GUTTER_PX, height=height - 2 * GUTTER_PX
        )
        column, shelf = column + width, max(shelf, height)
    return [places[index] for index in range(len(sizes_px))]


def _smallest_fit(sizes_px: list[tuple[int, int]]) -> tuple[tuple[int, int], list[Place]] | None:
    for width, height in ATLAS_SIZES_PX:
        places = shelved(sizes_px, width, height)
        if places is not None:
            return (width, height), places
    return None


def _size(surface: Surface, scale: float) -> tuple[int, int]:
    height, width = surface.roughness.shape
    return max(1, round(width * scale)), max(1, round(height * scale))


def _paste(layers: ArrayF32, surface: Surface, place: Place) -> None:
    stacked = np.dstack([surface.albedo, surface.roughness, surface.metal, surface.bump_mm]).astype(np.float32)
    if stacked.shape[:2] != (place.height, place.width):
        stacked = np.dstack(
            [
                cv2.resize(plane, (place.width, place.height), interpolation=cv2.INTER_AREA)
                for plane in np.moveaxis(stacked, 2, 0)
            ]
        )
    rows = slice(place.row - GUTTER_PX, place.row + place.height + GUTTER_PX)
    columns = slice(place.column - GUTTER_PX, place.column + place.width + GUTTER_PX)
    layers[rows, columns] = np.pad(stacked, ((GUTTER_PX, GUTTER_PX), (GUTTER_PX, GUTTER_PX), (0, 0)), mode="edge")


def _in_atlas(places: ArrayF64, place: Place, width_px: int, height_px: int) -> ArrayF32:
    """From a surface's own (u, v upwards) to the atlas' (u, v downwards)."""
    u, v = np.clip(places, 0.0, 1.0).T
    column = place.column + u * place.width
    row = place.row + (1.0 - v) * place.height
    return np.column_stack([column / width_px, row / height_px]).astype(np.float32)
