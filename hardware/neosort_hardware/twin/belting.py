"""The conveyor's rubber, drawn: grain, stains, scratches along the travel, the splice, the debris lying on it."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_hardware.twin.looks_canvas import smooth_noise
from neosort_hardware.types import ArrayF32, ImageU8

_DEBRIS = np.array(
    [(168, 36, 34), (196, 168, 40), (196, 196, 192), (120, 118, 112), (170, 104, 60), (40, 90, 60), (70, 70, 74)]
)


class Belting:
    """One closed loop of belt, ``loop_rows`` long, that repeats for ever; debris comes fresh with every stretch.

    Columns beyond the belt's own width show the frame of the conveyor. Deterministic from ``seed``.
    """

    def __init__(self, *, cols: int, edge_cols: tuple[float, float], mm_per_px: float, seed: int,
                 loop_rows: int = 4096) -> None:  # fmt: skip
        self._seed, self._mm_per_px, self._edges = seed, mm_per_px, edge_cols
        self._loop = _rubber(loop_rows, cols, mm_per_px, np.random.default_rng((seed, 1)))
        for first, last in ((0, round(edge_cols[0])), (round(edge_cols[1]), cols)):
            if last > first:
                self._loop[:, max(0, first) : last] = _rail(last - max(0, first))

    def stretch(self, first_row: int, rows: int) -> ImageU8:
        """(rows, cols, 3): the rubber from ``first_row`` (any integer, counted along the belt) on."""
        index = np.arange(first_row, first_row + rows) % self._loop.shape[0]
        picture: ImageU8 = self._loop[index]
        self._scatter(picture, np.random.default_rng((self._seed, 2, first_row % (1 << 62))))
        return picture

    def _scatter(self, picture: ImageU8, rng: np.random.Generator) -> None:
        """Wire ends, chips and dust, about 60 of them to a square metre."""
        rows, cols = picture.shape[:2]
        left, right = max(0.0, self._edges[0]), min(float(cols), self._edges[1])
        area_m2 = rows * (right - left) * self._mm_per_px**2 * 1e-6
        for _ in range(int(rng.poisson(60 * area_m2))):
            x, y = rng.uniform(left, right), rng.uniform(0, rows)
            colour = tuple(int(part) for part in _DEBRIS[rng.integers(len(_DEBRIS))] * rng.uniform(0.5, 1.1))
            if rng.random() < 0.2:
                _wire_end(picture, rng, (x, y), colour, self._mm_per_px)
            else:
                size = rng.exponential(1.1) / self._mm_per_px + 0.5
                corners = (x, y) + size * rng.uniform(-1, 1, (4, 2))
                fixed = np.round(cv2.convexHull(corners.astype(np.float32)) * 16).astype(np.int32)
                cv2.fillPoly(picture, [fixed], colour, cv2.LINE_AA, 4)


def _wire_end(
    picture: ImageU8, rng: np.random.Generator, start: tuple[float, float], colour: tuple[int, ...], mm_per_px: float
) -> None:
    steps = np.arange(8)
    heading = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.25) * steps
    step_px = rng.uniform(1.0, 3.5) / mm_per_px
    path = start + np.cumsum(step_px * np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)
    fixed = np.round(path * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(picture, [fixed + 16], False, (22, 22, 23), 1, cv2.LINE_AA, 4)
    cv2.polylines(picture, [fixed], False, colour, max(1, round(1.2 / mm_per_px)), cv2.LINE_AA, 4)


def _rail(cols: int) -> ImageU8:
    """A folded sheet edge: (1, cols, 3), repeated along the belt."""
    tone = 96 + 46 * np.cos(np.linspace(0, 9, cols))
    return np.repeat(tone[None, :, None], 3, axis=2).astype(np.uint8)


def _seamless(rows: int, cols: int, cell_px: float, rng: np.random.Generator) -> ArrayF32:
    """Smooth noise whose last row meets its first."""
    noise = smooth_noise(rows, cols, cell_px, rng)
    overlap = min(rows // 4, max(2, round(cell_px)))
    weight = np.linspace(0, 1, overlap, dtype=np.float32)[:, None]
    noise[-overlap:] = noise[-overlap:] * (1 - weight) + noise[:overlap][::-1] * weight
    return noise


def _rubber(rows: int, cols: int, mm_per_px: float, rng: np.random.Generator) -> ImageU8:
    tone = rng.uniform(36, 52)
    grey = np.full((rows, cols), tone, np.float32)
    grey += 3.0 * _seamless(rows, cols, 160 / mm_per_px, rng)
    grey += 2.0 * _seamless(rows, cols, 22 / mm_per_px, rng)
    grey += 2.2 * _weave(rows, cols, mm_per_px) + 2.0 * rng.standard_normal((rows, cols), dtype=np.float32)
    stains = _seamless(rows, cols, 70 / mm_per_px, rng)
    grey -= 7.0 * np.clip(stains - 1.1, 0, 1)
    grey += 9.0 * np.clip(_seamless(rows, cols, 50 / mm_per_px, rng) - 1.5, 0, 1)
    grey += _scores(rows, cols, mm_per_px, rng)
    _splice(grey, rng)
    warmth = 0.02 * _seamless(rows, cols, 260 / mm_per_px, rng)[:, :, None]
    tinge = np.array([1.0, 1.0, 1.015], np.float32) + warmth * np.array([1.0, 0.2, -1.0], np.float32)
    return np.clip(grey[:, :, None] * tinge, 4, 250).astype(np.uint8)


def _weave(rows: int, cols: int, mm_per_px: float) -> ArrayF32:
    """The fabric's imprint, a fine diamond."""
    row, col = np.arange(rows, dtype=np.float32)[:, None] * mm_per_px, np.arange(cols, dtype=np.float32) * mm_per_px
    return np.asarray(np.sin(1.9 * (row + col)) * np.sin(1.9 * (row - col)), dtype=np.float32)


def _scores(rows: int, cols: int, mm_per_px: float, rng: np.random.Generator) -> ArrayF32:
    """Scratches, most of them along the travel, light and dark."""
    marks = np.zeros((rows, cols), np.float32)
    for _ in range(int(rows * cols * mm_per_px**2 / 4500)):
        x, y = rng.uniform(0, cols), rng.uniform(0, rows)
        angle = 0.5 * np.pi + rng.normal(0, 0.25) if rng.random() < 0.75 else rng.uniform(0, np.pi)
        reach = rng.exponential(45) / mm_per_px
        tip = (round(x + reach * np.cos(angle)), round(y + reach * np.sin(angle)))
        shade = float(rng.normal(2, 16))
        cv2.line(marks, (round(x), round(y)), tip, shade, 1, cv2.LINE_8)
    return np.asarray(cv2.GaussianBlur(marks, (3, 3), 0.7), dtype=np.float32)


def _splice(grey: ArrayF32, rng: np.random.Generator) -> None:
    """The oblique line where the belt was joined, once a loop."""
    rows, cols = grey.shape
    start = rng.uniform(0.2, 0.6) * rows
    for offset, shade in ((0, 30.0), (2, 54.0), (6, 38.0)):
        ends = ((0, round(start + offset)), (cols, round(start + offset - 0.36 * cols)))
        cv2.line(grey, ends[0], ends[1], shade, 2, cv2.LINE_AA)
