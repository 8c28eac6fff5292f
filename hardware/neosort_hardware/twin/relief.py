"""How high things stand on the strip and whose shadow lies where, so that shadows fall on what is lower alone."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_hardware.types import ArrayF32, ImageU8

Region = tuple[slice, slice]
_SHADED = 246  # of 255: light less than this is a shadow


class Relief:
    """Three planes beside the strip's picture, in its buffer's rows: ``height`` of the surface over the belt (mm),
    ``shade``: light left on the belt × 255, ``caster``: height (mm) of the tallest item whose shadow lies there."""

    def __init__(self, rows: int, cols: int) -> None:
        self.height: ImageU8 = np.zeros((rows, cols), np.uint8)
        self.shade: ImageU8 = np.full((rows, cols), 255, np.uint8)
        self.caster: ImageU8 = np.zeros((rows, cols), np.uint8)

    def clear(self, rows: slice) -> None:
        """Empty belt."""
        self.height[rows], self.shade[rows], self.caster[rows] = 0, 255, 0

    def move(self, to: slice, rows: slice) -> None:
        """Copy rows to another place of the buffer."""
        for plane in (self.height, self.shade, self.caster):
            plane[to] = plane[rows]

    def rest_mm(self, region: Region, body: ImageU8) -> float:
        """How high an item lies that covers ``body``, where it is not 0: it leans on the tallest thing under it."""
        return float(cv2.minMaxLoc(self.height[region], body)[1])

    def kept_light(self, region: Region, height_mm: ArrayF32) -> ArrayF32 | None:
        """Share (h, w) of the light that earlier items leave to surfaces at ``height_mm``; None where all of it."""
        caster = self.caster[region]
        if not cv2.countNonZero(caster):
            return None
        deep = np.maximum(np.float32(1.0) - cv2.divide(height_mm, np.maximum(caster, 1), dtype=cv2.CV_32F), 0.0)
        deep *= cv2.addWeighted(self.shade[region], 1 / 255, caster, 0.0, -1.0, dtype=cv2.CV_32F)
        deep += np.float32(1.0)
        return np.asarray(deep, np.float32)

    def weakened(self, region: Region, shade: ArrayF32, top_mm: float, thick_mm: float) -> ArrayF32:
        """An item's shadow (h, w) as it falls on what lies in the region: none on what is taller than its top."""
        below = self.height[region]
        if not cv2.countNonZero(below):
            return shade
        thick_mm = max(thick_mm, 1.0)
        slope = cv2.addWeighted(below, -1.0 / thick_mm, below, 0.0, top_mm / thick_mm, dtype=cv2.CV_32F)
        deep = np.clip(np.asarray(slope, np.float32), 0.0, 1.0)
        deep *= shade - np.float32(1.0)
        deep += np.float32(1.0)
        return deep

    def cast(self, region: Region, shade: ArrayF32, top_mm: float) -> None:
        """Remember a shadow."""
        levels = (shade * np.float32(255)).astype(np.uint8)
        shaded = self.shade[region]
        cv2.multiply(shaded, levels, dst=shaded, scale=1 / 255)
        _, casters = cv2.threshold(levels, _SHADED, min(255.0, top_mm), cv2.THRESH_BINARY_INV)
        tallest = self.caster[region]
        cv2.max(tallest, casters, dst=tallest)

    def stand(self, region: Region, body: ImageU8, height_mm: ArrayF32) -> None:
        """Remember the surface of an item."""
        levels = np.minimum(height_mm, np.float32(255)).astype(np.uint8)
        cv2.copyTo(levels, body, self.height[region])
