"""How high things stand on the strip and whose shadow lies where, so that shadows fall on what is lower alone."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF32, ImageU8

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

    def rest_mm(self, region: Region, body: ArrayBool) -> float:
        """How high an item lies that covers ``body``: it leans on the tallest thing under it."""
        below = self.height[region]
        return float(below[body].max(initial=0)) if below.any() else 0.0

    def kept_light(self, region: Region, height_mm: ArrayF32) -> ArrayF32 | None:
        """Share (h, w) of the light that earlier items leave to surfaces at ``height_mm``; None where all of it."""
        caster = self.caster[region]
        if not caster.any():
            return None
        depth = np.clip(1.0 - height_mm / np.maximum(caster, 1), 0, 1)
        return np.asarray(1.0 - depth * (1.0 - self.shade[region] * np.float32(1 / 255)), np.float32)

    def weakened(self, region: Region, shade: ArrayF32, top_mm: float, thick_mm: float) -> ArrayF32:
        """An item's shadow (h, w) as it falls on what lies in the region: none on what is taller than its top."""
        below = self.height[region]
        if not below.any():
            return shade
        depth = np.clip((top_mm - below.astype(np.float32)) / max(thick_mm, 1.0), 0, 1)
        return np.asarray(1.0 - depth * (1.0 - shade), np.float32)

    def cast(self, region: Region, shade: ArrayF32, top_mm: float) -> None:
        """Remember a shadow."""
        levels = (shade * np.float32(255)).astype(np.uint8)
        self.shade[region] = cv2.multiply(self.shade[region], levels, scale=1 / 255)
        _, casters = cv2.threshold(levels, _SHADED, min(255.0, top_mm), cv2.THRESH_BINARY_INV)
        self.caster[region] = cv2.max(self.caster[region], casters)

    def stand(self, region: Region, body: ArrayBool, height_mm: ArrayF32) -> None:
        """Remember the surface of an item."""
        self.height[region][body] = np.clip(height_mm, 0, 255).astype(np.uint8)[body]
