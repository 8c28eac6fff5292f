"""What a sprite's picture shows: so much belt around the item, seen from far above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_datasets.modelling.solid import Part

CAMERA_MM = 1300.0  # height of the lens over the belt: as far as on a line, so that side walls show as they should
MARGIN_MM = 14.0
SHADOW_REACH = 0.6  # how far beyond the item its shadow is drawn, per mm of its height


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A picture of ``width_px`` × ``height_px`` whose middle is the item frame's origin, row 0 at highest y."""

    width_px: int
    height_px: int
    px_per_mm: float

    def finer(self, times: int) -> View:
        """The same piece of belt in more pixels."""
        return View(width_px=self.width_px * times, height_px=self.height_px * times, px_per_mm=self.px_per_mm * times)


def view_of(parts: Sequence[Part], px_per_mm: float) -> View:
    """A view with room for the parts and their shadows; its edges are multiples of 4 px, so that layers of half and
    quarter size fit it."""
    corners = np.concatenate([part.corners_mm for part in parts])
    nearer = CAMERA_MM / (CAMERA_MM - corners[:, 2])
    reach = np.abs(corners[:, :2] * nearer[:, None]).max(axis=0)
    margin = max(MARGIN_MM, SHADOW_REACH * float(corners[:, 2].max()) + 0.5 * MARGIN_MM)
    width, height = (4 * math.ceil(2 * (edge + margin) * px_per_mm / 4) for edge in reach)
    return View(width_px=width, height_px=height, px_per_mm=px_per_mm)
