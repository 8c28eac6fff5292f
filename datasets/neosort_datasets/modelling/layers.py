"""The four pictures that a surface is painted in, and how paint is laid into them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from neosort_datasets.modelling.paints import Paint
from neosort_datasets.modelling.solid import Surface
from neosort_hardware.types import ArrayF32, ArrayF64

FINER = 4
"""Shapes are filled this much finer and averaged down, which smooths their edges."""
FRACTION_BITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stencil:
    """Where paint falls: coverage (h, w) 0..1 of the window whose upper left pixel is (row, col)."""

    row: int
    col: int
    cover: ArrayF32


class Layers:
    """Albedo, roughness, metal and bump of a sheet ``width_mm`` × ``height_mm``; y upwards.

    ``origin_mm``: what (x, y) its lower left corner has.
    """

    def __init__(
        self,
        width_mm: float,
        height_mm: float,
        paint: Paint,
        rng: np.random.Generator,
        *,
        px_per_mm: float = 4.0,
        origin_mm: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        cols, rows = max(2, round(width_mm * px_per_mm)), max(2, round(height_mm * px_per_mm))
        self.width_mm, self.height_mm, self.rng = width_mm, height_mm, rng
        self.px_per_mm, self.origin_mm = px_per_mm, origin_mm
        self.per_mm = np.array([cols / width_mm, rows / height_mm])
        self.albedo: ArrayF32 = np.empty((rows, cols, 3), np.float32)
        self.albedo[:] = paint.linear
        self.roughness: ArrayF32 = np.full((rows, cols), paint.roughness, np.float32)
        self.metal: ArrayF32 = np.full((rows, cols), paint.metal, np.float32)
        self.bump_mm: ArrayF32 = np.zeros((rows, cols), np.float32)

    def surface(self) -> Surface:
        """The finished pictures, within their bounds."""
        return Surface(
            albedo=np.clip(self.albedo, 0.0, 1.0),
            roughness=np.clip(self.roughness, 0.02, 1.0),
            metal=np.clip(self.metal, 0.0, 1.0),
            bump_mm=self.bump_mm.copy(),
            mm_per_px=1.0 / self.px_per_mm,
        )

    def pixels(self, points_mm: ArrayF64) -> ArrayF64:
        """Places (n, 2) in mm as (column, row) in pixels, from the upper left corner of the picture."""
        at = (np.asarray(points_mm, dtype=np.float64).reshape(-1, 2) - self.origin_mm) * self.per_mm
        at[:, 1] = len(self.bump_mm) - at[:, 1]
        return np.asarray(at)

    def stencil(self, loops_mm: list[ArrayF64], stroke_mm: float | None = None) -> Stencil | None:
        """The inside of closed loops (a loop within a loop is a hole), or strokes along open ones; None if outside."""
        loops = [self.pixels(loop) for loop in loops_mm]
        reach = 1.0 if stroke_mm is None else 1.0 + stroke_mm * self.px_per_mm
        every = np.concatenate(loops)
        low = np.maximum(np.floor(every.min(axis=0) - reach), 0).astype(int)
        high = np.minimum(np.ceil(every.max(axis=0) + reach), self.bump_mm.shape[::-1]).astype(int)
        if np.any(high <= low):
            return None
        fine = np.zeros(((high[1] - low[1]) * FINER, (high[0] - low[0]) * FINER), np.uint8)
        paths = [
            np.round(((loop - low) * FINER - 0.5) * (1 << FRACTION_BITS)).astype(np.int32).reshape(-1, 1, 2)
            for loop in loops
        ]
        if stroke_mm is None:
            cv2.fillPoly(fine, paths, 255, cv2.LINE_8, FRACTION_BITS)
        else:
            thick = max(1, round(stroke_mm * self.px_per_mm * FINER))
            cv2.polylines(fine, paths, False, 255, thick, cv2.LINE_8, FRACTION_BITS)
        cover = cv2.resize(fine, (int(high[0] - low[0]), int(high[1] - low[1])), interpolation=cv2.INTER_AREA)
        return Stencil(row=int(low[1]), col=int(low[0]), cover=cover.astype(np.float32) / np.float32(255.0))

    def lay(self, stencil: Stencil | None, paint: Paint, raised_mm: float = 0.0, opacity: float = 1.0) -> None:
        """Paint where the stencil lets it through, and raise the relief there."""
        if stencil is None:
            return
        cover = stencil.cover * np.float32(opacity)
        rows = slice(stencil.row, stencil.row + cover.shape[0])
        cols = slice(stencil.col, stencil.col + cover.shape[1])
        self.albedo[rows, cols] += cover[..., None] * (paint.linear - self.albedo[rows, cols])
        self.roughness[rows, cols] += cover * (np.float32(paint.roughness) - self.roughness[rows, cols])
        self.metal[rows, cols] += cover * (np.float32(paint.metal) - self.metal[rows, cols])
        if raised_mm:
            self.bump_mm[rows, cols] += stencil.cover * np.float32(raised_mm)

    def cover_with(self, share: ArrayF32, paint: Paint) -> None:
        """Blend ``paint`` over the whole sheet by ``share`` (h, w)."""
        self.lay(Stencil(row=0, col=0, cover=share), paint)

    def noise(self, cell_mm: float, stretch: float = 1.0) -> ArrayF32:
        """(h, w) smooth noise of about unit variance, features ``cell_mm`` large, ``stretch`` times longer in x."""
        rows, cols = self.bump_mm.shape
        cell = max(cell_mm * self.px_per_mm, 1.0)
        coarse = (max(3, round(rows / cell) + 1), max(3, round(cols / (cell * stretch)) + 1))
        grid = self.rng.standard_normal(coarse).astype(np.float32)
        smooth = cv2.resize(grid, (cols, rows), interpolation=cv2.INTER_CUBIC)
        return np.asarray(smooth, dtype=np.float32)

    def clouds(self, cell_mm: float, octaves: int = 4) -> ArrayF32:
        """(h, w) cloudy noise: each octave half as large and 0.6 times as strong; about unit variance."""
        total = np.zeros_like(self.bump_mm)
        weight = 0.0
        for octave in range(octaves):
            total += np.float32(0.6**octave) * self.noise(cell_mm / 2**octave)
            weight += 0.36**octave
        return np.asarray(total / np.float32(np.sqrt(weight)), dtype=np.float32)
