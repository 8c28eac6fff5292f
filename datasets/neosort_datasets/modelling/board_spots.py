"""Places on circuit boards, and how a part that is soldered there becomes picture and mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.paint import Canvas
from neosort_datasets.modelling.paints import (
    Paint,
)
from neosort_datasets.modelling.shapes import rounded_rectangle, slab
from neosort_datasets.modelling.solid import Part, Surface

Rng = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place on a board: its middle (in the item's frame, mm), how much room there is, and what to draw on.

    ``base_mm``: upper face of the board; ``room_mm``: height left above it. ``offset``: from item to canvas.
    """

    x: float
    y: float
    long: float
    wide: float
    base_mm: float
    room_mm: float
    offset: tuple[float, float]

    @property
    def on_canvas(self) -> tuple[float, float]:
        """Its middle on the board's picture."""
        return self.x + self.offset[0], self.y + self.offset[1]

    def block(self, blank: Surface, long: float, wide: float, height: float, *, bevel: float = 0.3) -> Part:
        """A box that stands here."""
        outline = rounded_rectangle(long, wide, 0.0, (self.x, self.y))
        return slab(outline, self.base_mm - 0.2, self.base_mm + min(height, self.room_mm), blank, bevel_mm=bevel)


def plain_box(x: float, y: float, long: float, wide: float, low: float, high: float, blank: Surface) -> Part:
    """A block too small for bevels: boards carry hundreds."""
    size, middle = np.array([long, wide, high - low]), np.array([x, y, 0.5 * (low + high)])
    square = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    corners, normals = [], []
    for axis, sign in ((2, 1.0), (0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0), (2, -1.0)):
        face = np.insert(square if sign > 0 else square[::-1], axis, 0.5 * sign, axis=1)
        corners.append((face if axis != 1 else face[::-1]) * size + middle)
        normals.append(np.tile(np.insert(np.zeros(2), axis, sign), (4, 1)))
    first = 4 * np.arange(6)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    points = np.concatenate(corners)
    return Part(
        corners_mm=points,
        normals=np.concatenate(normals),
        places=np.zeros((len(points), 2)),
        faces=first.reshape(-1, 3).astype(np.int32),
        surface=blank,
    )


Mount = Callable[[Spot, Canvas, Surface, Rng], list[Part]]
"""Draws a part within its spot and returns its meshes; they carry the blank surface until the board is complete."""


def framed(canvas: Canvas, spot: Spot, long: float, wide: float, paint: Paint) -> tuple[float, float, float, float]:
    x, y = spot.on_canvas
    corners = (x - 0.5 * long, y - 0.5 * wide, x + 0.5 * long, y + 0.5 * wide)
    canvas.rect(*corners, paint)
    return corners
