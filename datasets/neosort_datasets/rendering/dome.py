"""The light: a dome around the belt with a ring of lamps in three arcs, and uneven surroundings to be mirrored.

The dome is a picture on the upper half of a sphere in Lambert's equal-area azimuthal projection, for which a square of
the picture is everywhere the same solid angle: direction (x, y, z) stands at (x, y) / sqrt(1 + z) in the unit disc.
Its three channels are the three arcs, each with its third of the surroundings, so that one trace gives the item under
every arc. Radiances are such that what a white flat surface (albedo 0.85) at the middle sends out is `WHITE_LINEAR`.
"""

from __future__ import annotations

import math

import numpy as np

from neosort_datasets.modelling.solid import ArrayI32
from neosort_hardware.types import ArrayF32, ArrayF64

RADIUS_MM = 900.0
GRID_CELLS = 160  # along each edge of the square around the disc
TABLE_SLOTS = 1 << 17

ARC_AZIMUTHS_RAD = (0.0, 2 * math.pi / 3, 4 * math.pi / 3)
RING_ELEVATION_DEG = (34.0, 51.0)
RING_EDGE_DEG = 3.0
RING_STRENGTH = 1.0
SURROUNDINGS_STRENGTH = 0.34  # radiance of the surroundings' brightest parts over the ring's

WHITE_ALBEDO = 0.85
WHITE_LINEAR = ((225 / 255 + 0.055) / 1.055) ** 2.4
CELL_SR = 2 * (2 / GRID_CELLS) ** 2  # the projection halves solid angle


def dome(turned_rad: float = 0.0) -> ArrayF32:
    """Radiance (GRID_CELLS, GRID_CELLS, 3) by row (y), column (x) and arc; 0 outside the disc.

    ``turned_rad``: by how much the surroundings, not the ring, are turned about the vertical.
    """
    x, y, z = cell_directions()
    inside = (x * x + y * y + z * z > 0.5) & (z > 0.0)
    azimuth = np.arctan2(y, x)
    elevation_deg = np.degrees(np.arcsin(np.clip(z, 0.0, 1.0)))
    ring = RING_STRENGTH * _band(elevation_deg, *RING_ELEVATION_DEG, RING_EDGE_DEG)
    around = SURROUNDINGS_STRENGTH * _surroundings(elevation_deg, x, y, turned_rad)
    arcs = np.stack([_nearest_arc(azimuth, phi) for phi in ARC_AZIMUTHS_RAD], axis=-1)
    blend = np.stack([_share(azimuth, elevation_deg, phi) for phi in ARC_AZIMUTHS_RAD], axis=-1)
    radiance = (ring[..., None] * arcs + around[..., None] * blend) * inside[..., None]
    irradiance = float((radiance.sum(axis=-1) * z).sum() * CELL_SR)
    return np.asarray(radiance * (WHITE_LINEAR * math.pi / (WHITE_ALBEDO * irradiance)), dtype=np.float32)


def cell_directions() -> tuple[ArrayF64, ArrayF64, ArrayF64]:
    """Unit direction (x, y, z) of each cell's middle; zero outside the disc."""
    edge = (np.arange(GRID_CELLS) + 0.5) * 2 / GRID_CELLS - 1.0
    u, v = np.meshgrid(edge, edge)
    square = u * u + v * v
    z = np.where(square < 1.0, 1.0 - square, 0.0)
    stretch = np.where(square < 1.0, np.sqrt(1.0 + z), 0.0)
    return u * stretch, v * stretch, z


def sampling_table(radiance: ArrayF32) -> tuple[ArrayI32, ArrayF32]:
    """Cells to draw light from, as a table of `TABLE_SLOTS` from which each slot is drawn alike, and the density (1/sr)
    with which a direction in each cell is then drawn.

    Slots go by azimuth and elevation, so that slots far apart are directions far apart.
    """
    weight = radiance.sum(axis=-1).ravel().astype(np.float64)
    lit = np.flatnonzero(weight > 0)
    share = weight[lit] / weight[lit].sum() * (TABLE_SLOTS - len(lit))
    slots = 1 + np.floor(share).astype(np.int64)
    short = TABLE_SLOTS - int(slots.sum())
    slots[np.argsort(np.floor(share) - share)[:short]] += 1
    x, y, z = (axis.ravel()[lit] for axis in cell_directions())
    order = np.lexsort((z, np.floor(np.arctan2(y, x) * (64 / (2 * math.pi)))))
    table = np.repeat(lit[order], slots[order]).astype(np.int32)
    density = np.zeros(weight.size, dtype=np.float32)
    density[lit] = slots / (TABLE_SLOTS * CELL_SR)
    return table, density


def _band(value: ArrayF64, low: float, high: float, edge: float) -> ArrayF64:
    """1 between the bounds, 0 beyond, with soft edges."""
    return _step((value - low) / edge + 0.5) * _step((high - value) / edge + 0.5)


def _step(value: ArrayF64) -> ArrayF64:
    value = np.clip(value, 0.0, 1.0)
    return value * value * (3.0 - 2.0 * value)


def _nearest_arc(azimuth: ArrayF64, phi: float) -> ArrayF64:
    return np.asarray(np.cos(azimuth - phi) > math.cos(math.pi / 3), dtype=np.float64)


def _share(azimuth: ArrayF64, elevation_deg: ArrayF64, phi: float) -> ArrayF64:
    """What part of the surroundings comes up with an arc; even at the zenith, the three always make 1."""
    slanted = np.clip((90.0 - elevation_deg) / 40.0, 0.0, 1.0)
    return np.asarray(1 / 3 + slanted * np.cos(azimuth - phi) * 2 / 3 * 0.5)


def _surroundings(elevation_deg: ArrayF64, east: ArrayF64, north: ArrayF64, turned_rad: float) -> ArrayF64:
    """The machine above the belt: a dark hood around the lens, panels brighter on one side, dim walls."""
    x = math.cos(turned_rad) * east + math.sin(turned_rad) * north
    y = math.cos(turned_rad) * north - math.sin(turned_rad) * east
    panels = 0.62 + 0.26 * np.sin(9.0 * x + 1.0) * np.cos(6.0 * y + 0.4) + 0.12 * np.sin(17.0 * y - 11.0 * x)
    bright = _step(1.9 * x + 0.5)
    overhead = _band(elevation_deg, 55.0, 120.0, 8.0) * (0.10 + 0.90 * panels * (0.16 + 0.84 * bright))
    hood = 1.0 - 0.55 * _band(np.hypot(x - 0.03, y + 0.04) * 60, -1.0, 3.0, 3.0)
    walls = _band(elevation_deg, 4.0, 31.0, 6.0) * (0.14 + 0.10 * np.cos(2 * np.arctan2(y, x) + 0.7))
    return np.asarray(overhead * hood + walls)
