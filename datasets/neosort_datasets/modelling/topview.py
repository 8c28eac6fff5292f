"""Things that are modelled as they are seen from above: one painted sheet over the whole, laid on a stack of bodies.

What is drawn on the sheet lies on whichever body stands highest there, so print, chips and screws need no pictures of
their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from neosort_datasets.modelling.paint import Canvas, Paint
from neosort_datasets.modelling.shapes import circle, laid_over, lathe, pieces, slab
from neosort_datasets.modelling.solid import Part, Surface

Profile = Sequence[tuple[float, float]]


class TopView:
    """A sheet ``length_mm`` × ``width_mm`` about the origin, and the bodies below it."""

    def __init__(
        self, length_mm: float, width_mm: float, paint: Paint, rng: np.random.Generator, *, px_per_mm: float
    ) -> None:
        self.low_mm, self.high_mm = (-0.5 * length_mm, -0.5 * width_mm), (0.5 * length_mm, 0.5 * width_mm)
        self.sheet = Canvas(length_mm, width_mm, paint, rng, px_per_mm=px_per_mm, origin_mm=self.low_mm)
        self._slabs: list[tuple[Polygon, float, float, float]] = []
        self._turned: list[tuple[Profile, tuple[float, float], int]] = []

    def slab(self, outline: BaseGeometry, bottom_mm: float, top_mm: float, bevel_mm: float = 0.3) -> None:
        """A plate; of an outline in several pieces, each. Slivers too thin for their bevels are left out."""
        for piece in pieces(outline.buffer(-1.2 * bevel_mm).buffer(1.2 * bevel_mm, join_style="mitre")):
            self._slabs.append((piece, bottom_mm, top_mm, bevel_mm))

    def disc(self, x: float, y: float, radius: float, bottom_mm: float, top_mm: float, bevel_mm: float = 0.3) -> None:
        """A round plate."""
        self._slabs.append((circle(radius, (x, y), 24 if radius < 4 else 64), bottom_mm, top_mm, bevel_mm))

    def turned(self, profile_mm: Profile, at_mm: tuple[float, float], segments: int = 48) -> None:
        """A body of revolution about an upright axis at ``at_mm``; profile as for `lathe`."""
        self._turned.append((profile_mm, at_mm, segments))

    def parts(self) -> tuple[Part, ...]:
        """All bodies with the finished sheet on them."""
        surface = self.sheet.surface()
        return tuple(laid_over(self._trimmed(part), self.low_mm, self.high_mm) for part in self._bodies(surface))

    def _trimmed(self, part: Part) -> Part:
        """Nothing stands out over the sheet's edge."""
        corners = part.corners_mm.copy()
        corners[:, :2] = np.clip(corners[:, :2], self.low_mm, self.high_mm)
        return replace(part, corners_mm=corners)

    def _bodies(self, surface: Surface) -> list[Part]:
        slabs = [slab(outline, low, high, surface, bevel_mm=bevel) for outline, low, high, bevel in self._slabs]
        turned = [
            lathe(profile, surface, segments=segments).moved((at[0], at[1], 0.0))
            for profile, at, segments in self._turned
        ]
        return slabs + turned
