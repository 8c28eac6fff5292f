"""Small debris on the belt: crumbs, chips, wire ends, strands of copper, flakes of metal, shreds of paper and foam.

Each is drawn once, with relief and shadow, and laid down many times.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from neosort_hardware.twin.compositing import WHITE
from neosort_hardware.twin.wear import linear
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

_FINER = 6  # drawn this much finer than the strip
_SHADOW_MM = 2.5

# Display colours of what lies about: wire sheaths, plastics, boards, metals, paper and foam (a).
_SHEATHS = ((188, 34, 30), (206, 180, 38), (210, 208, 200), (26, 26, 28), (34, 62, 140), (30, 110, 52), (28, 28, 30))
_PLASTICS = (
    (206, 204, 196), (38, 38, 40), (112, 112, 110), (178, 60, 34), (40, 84, 128), (26, 92, 54), (222, 214, 190),
    (64, 64, 66), (150, 146, 138),
)  # fmt: skip
_CRUMBS = ((120, 112, 98), (186, 182, 170), (84, 80, 76), (150, 120, 90), (62, 60, 58), (200, 196, 188))
_COPPER = ((196, 118, 66), (176, 96, 52), (204, 150, 96))
_METALS = ((168, 168, 166), (140, 140, 142), (186, 178, 160))
_PAPERS = ((198, 178, 142), (214, 210, 200), (170, 146, 110))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scrap:
    """``light`` (h, w, 3) float32, counts of the strip, premultiplied; ``through`` (h, w, 1) float32: what is left of
    the belt's."""

    light: ArrayF32
    through: ArrayF32


def scraps(count: int, mm_per_px: float, rng: np.random.Generator) -> list[Scrap]:
    """``count`` pieces of debris, most of them crumbs, for a strip of that pitch."""
    makers = (_crumb, _chip, _wire_end, _strand, _flake, _shred)
    shares = (0.40, 0.20, 0.14, 0.08, 0.09, 0.09)
    return [makers[int(pick)](mm_per_px, rng) for pick in rng.choice(len(makers), size=count, p=shares)]


def _crumb(mm_per_px: float, rng: np.random.Generator) -> Scrap:
    return _piece(
        _polygon(0.45 + rng.exponential(0.6), rng, 6), _one(_CRUMBS, rng), rng.uniform(0.3, 1.0), mm_per_px, rng
    )


def _chip(mm_per_px: float, rng: np.random.Generator) -> Scrap:
    size = 1.0 + rng.exponential(1.7)
    return _piece(_polygon(size, rng, 5), _one(_PLASTICS, rng), rng.uniform(0.5, 1.6), mm_per_px, rng)


def _flake(mm_per_px: float, rng: np.random.Generator) -> Scrap:
    size = 0.6 + rng.exponential(0.9)
    outline = _polygon(size, rng, 4) * [1.0, rng.uniform(0.3, 1.0)]
    return _piece(outline, _one(_METALS, rng), 0.4, mm_per_px, rng, gloss=0.9)


def _shred(mm_per_px: float, rng: np.random.Generator) -> Scrap:
    size = 1.5 + rng.exponential(1.6)
    return _piece(_polygon(size, rng, 8), _one(_PAPERS, rng), rng.uniform(0.2, 1.5), mm_per_px, rng)


def _wire_end(mm_per_px: float, rng: np.random.Generator) -> Scrap:
    thick = rng.uniform(0.8, 1.8)
    path = _curl(rng.uniform(6, 34), rng.normal(0, 0.28), rng)
    return _piece(path, _one(_SHEATHS, rng), thick, mm_per_px, rng, line_mm=thick, gloss=0.35)


def _strand(mm_per_px: float, rng: np.random.Generator) -> Scrap:
    path = _curl(rng.uniform(3, 16), rng.normal(0, 0.5), rng)
    return _piece(path, _one(_COPPER, rng), 0.3, mm_per_px, rng, line_mm=0.35, gloss=0.8)


def _one(colours: tuple[tuple[int, int, int], ...], rng: np.random.Generator) -> ArrayF32:
    return linear(np.asarray(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.6, 1.0))


def _polygon(size_mm: float, rng: np.random.Generator, corners: int) -> ArrayF64:
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners + 2))
    reach = size_mm * rng.uniform(0.45, 1.0, corners + 2)
    return np.column_stack([reach * np.cos(angles), reach * rng.uniform(0.5, 1.0) * np.sin(angles)])


def _curl(length_mm: float, bend: float, rng: np.random.Generator) -> ArrayF64:
    steps = 14
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(bend + rng.normal(0, 0.16, steps))
    return np.cumsum(length_mm / steps * np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)


def _piece(
    outline: ArrayF64, colour: ArrayF32, height_mm: float, mm_per_px: float, rng: np.random.Generator,
    *, line_mm: float = 0.0, gloss: float = 0.15,
) -> Scrap:  # fmt: skip
    """Draw an outline (mm), filled or, with ``line_mm``, as a line; round its edges, light it, cast its shadow."""
    fine_mm = mm_per_px / _FINER
    margin = _SHADOW_MM + height_mm + line_mm
    low = outline.min(axis=0) - margin
    cells = np.ceil((outline.max(axis=0) + margin - low) / mm_per_px).astype(int)
    mask: ImageU8 = np.zeros((cells[1] * _FINER, cells[0] * _FINER), np.uint8)
    fixed = np.round(((outline - low) / fine_mm - 0.5) * 16).astype(np.int32).reshape(-1, 1, 2)
    if line_mm > 0:
        cv2.polylines(mask, [fixed], False, 255, max(1, round(line_mm / fine_mm)), cv2.LINE_8, 4)
    else:
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_8, 4)
    light = _lit(mask, colour, rng, height_mm=height_mm, fine_mm=fine_mm, gloss=gloss)
    size = (int(cells[0]), int(cells[1]))
    alpha = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    soft = cv2.GaussianBlur(alpha, (0, 0), (0.35 + 0.4 * height_mm) / mm_per_px)
    shadow = np.clip(1 - 0.75 * min(1.0, 0.45 + 0.4 * height_mm) * soft, 0, 1)
    return Scrap(
        light=np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA) * np.float32(WHITE), np.float32),
        through=np.asarray(shadow * (1 - alpha), np.float32)[:, :, None],
    )


def _lit(
    mask: ImageU8, colour: ArrayF32, rng: np.random.Generator, *, height_mm: float, fine_mm: float, gloss: float
) -> ArrayF32:
    """Its light under the ring of lamps: edges fall off, tops shine a little; (h, w, 3) premultiplied."""
    inward = cv2.distanceTransform(mask, cv2.DIST_L2, 3) * fine_mm
    rounding = max(0.5 * height_mm, 2 * fine_mm)
    rise = np.sqrt(np.clip(1 - (1 - np.clip(inward / rounding, 0, 1)) ** 2, 0, 1))
    rough = cv2.resize(rng.standard_normal((4, 4)).astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_CUBIC)
    tone = (0.35 + 0.65 * rise) * (1 + 0.12 * rough)
    shine = gloss * np.clip(rise - 0.85, 0, 1) / 0.15 * np.clip(0.5 + 0.6 * rough, 0, 1.5)
    whole = colour[None, None, :] * tone[:, :, None] + 0.22 * shine[:, :, None]
    return np.asarray(whole * (mask[:, :, None] > 0), np.float32)
