"""The conveyor's belt as one scene has it: its rubber, its wear, the splice, the debris lying on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.compositing import WHITE, ImageU16, Lamps
from neosort_hardware.twin.rubber import EMBOSSES, FILM_CELL, Rubber
from neosort_hardware.twin.wear import linear
from neosort_hardware.types import ArrayF32, ImageU8

# Colours of belts (linear, relative to their tone) and how often they are met (a): black rubber, grey, green PVC, blue.
_TINTS = ((1.0, 1.0, 1.03), (1.0, 1.0, 0.98), (0.62, 1.12, 0.86), (0.75, 1.0, 1.35))
_TINT_SHARES = (0.74, 0.12, 0.08, 0.06)
_FRAME_SHADOW_MM = 14.0
_Level = TypeVar("_Level", np.uint8, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeltLook:
    """How worn the belt is (0..1) and how much lies about on it."""

    wear: float
    scraps_per_m2: float


class Belting:
    """One closed belt that repeats after ``loop_rows``; debris comes fresh with every stretch.

    ``edge_cols``: columns of the belt's own edges; beyond them the frame of the conveyor shows. Deterministic from
    ``seed``, whatever order stretches are asked for in.
    """

    def __init__(
        self, rubber: Rubber, *, cols: int, edge_cols: tuple[float, float], mm_per_px: float, seed: int,
        lamps: Lamps, look: BeltLook, loop_rows: int = 8192,
    ) -> None:  # fmt: skip
        rng = np.random.default_rng((seed, 1))
        self._rubber, self._pitch, self._edges = rubber, mm_per_px, edge_cols
        self._seed, self._look, self._loop = seed, look, loop_rows
        self._tables = _tables(rng)
        self._surface = _surface(rubber, cols, rng, lamps=lamps, wear=look.wear)
        self._scratches = _entered(rubber.scratches, cols, rng)
        film = -(-cols // FILM_CELL) + 1
        self._dust, self._stains = _entered(rubber.dust, film, rng), _entered(rubber.stains, film, rng)
        self._dust_share = float(rng.uniform(0.1, 0.6)) * (0.25 + look.wear)
        self._stain_share = float(rng.uniform(0.0, 1.0)) * look.wear
        self._dust_rgb = linear(np.array([128, 122, 114]) * rng.uniform(0.7, 1.05))
        self._splice = float(rng.uniform(0, loop_rows)), float(rng.uniform(0.15, 0.5))
        self._frame, self._edge_light = _frame(cols, edge_cols, mm_per_px, rng)

    def stretch(self, first_row: int, rows: int) -> ImageU16:
        """(rows, cols, 3) linear light: the belt from ``first_row`` on, counted along it in whole `FILM_CELL`s."""
        index = np.arange(first_row, first_row + rows)
        wear = 0.3 + 1.2 * self._look.wear
        scratched = cv2.addWeighted(
            _taken(self._surface, index), 1.0, _taken(self._scratches, index), wear, -128.0 * wear
        )
        levels = np.asarray(scratched, np.uint8)
        self._join(levels, index)
        light = np.asarray(cv2.LUT(cv2.cvtColor(levels, cv2.COLOR_GRAY2RGB), self._tables), np.float32)
        first_cell = first_row // FILM_CELL  # stretches begin at whole cells
        picture = self._soiled(light, np.arange(first_cell - 1, first_cell + rows // FILM_CELL + 2))
        self._scatter(picture, np.random.default_rng((self._seed, 2, first_row % (1 << 62))))
        np.multiply(picture, self._edge_light, out=picture)
        picture += self._frame
        return np.asarray(picture, np.uint16)

    def _soiled(self, light: ArrayF32, cells: npt.NDArray[np.intp]) -> ArrayF32:
        """Dust lies over it, stains darken it."""
        dust = self._film(self._dust, cells, light.shape) * np.float32(self._dust_share / 255)
        stains = self._film(self._stains, cells, light.shape) * np.float32(self._stain_share / 255)
        left = cv2.cvtColor((1 - dust) * (1 - stains), cv2.COLOR_GRAY2RGB)
        cover = cv2.merge([dust * np.float32(WHITE * part) for part in self._dust_rgb])
        return np.asarray(cv2.add(cv2.multiply(light, left), cover), np.float32)

    @staticmethod
    def _film(film: ImageU8, cells: npt.NDArray[np.intp], shape: tuple[int, ...]) -> ImageU8:
        fine = cv2.resize(_taken(film, cells), None, fx=FILM_CELL, fy=FILM_CELL, interpolation=cv2.INTER_LINEAR)
        return np.asarray(fine[FILM_CELL : FILM_CELL + shape[0], : shape[1]], np.uint8)

    def _join(self, levels: ImageU8, index: npt.NDArray[np.intp]) -> None:
        """The oblique line where the belt was joined, once a loop: a groove, a raised lip, filler beside it."""
        row, slope = self._splice
        behind = (index - row) % self._loop
        if behind.min() > slope * levels.shape[1] + 20 / self._pitch:
            return
        offset_mm = (behind[:, None] - slope * np.arange(levels.shape[1])[None, :]) * self._pitch - 6
        groove = -46 * np.exp(-((offset_mm / 0.9) ** 2)) + 26 * np.exp(-(((offset_mm - 2.4) / 1.2) ** 2))
        filler = 9 * ((offset_mm > 2) & (offset_mm < 10))
        levels[:] = np.clip(levels + groove + filler, 0, 255).astype(np.uint8)

    def _scatter(self, picture: ArrayF32, rng: np.random.Generator) -> None:
        """Debris, none of it across the border of a stretch."""
        rows = picture.shape[0]
        left, right = max(0.0, self._edges[0]), min(float(picture.shape[1]), self._edges[1])
        area_m2 = rows * (right - left) * self._pitch**2 * 1e-6
        scraps = self._rubber.scraps
        for pick, across, along, flip in rng.random((int(rng.poisson(self._look.scraps_per_m2 * area_m2)), 4)):
            scrap = scraps[int(pick * len(scraps))]
            high, wide = scrap.through.shape
            top, first = int(along * (rows - high)), int(left + across * (right - left - wide))
            if top < 0 or first < 0:
                continue
            turn = np.s_[:: 1 if flip < 0.5 else -1, :: 1 if flip % 0.5 < 0.25 else -1]
            target = picture[top : top + high, first : first + wide]
            target *= scrap.through[turn][:, :, None]
            target += scrap.light[turn] * np.float32(WHITE)


def _tables(rng: np.random.Generator) -> ArrayF32:
    """Level → linear light, (256, 1, 3), of a belt of one colour; 128 is its tone."""
    tone = float(np.exp(rng.uniform(np.log(0.02), np.log(0.05))))
    tint = np.array(_TINTS[int(rng.choice(len(_TINTS), p=_TINT_SHARES))]) * (1 + rng.normal(0, 0.015, 3))
    level = np.exp((np.arange(256) - 128) / 52.0)
    return np.asarray(WHITE * tone * level[:, None, None] * tint, np.float32).reshape(256, 1, 3)


def _surface(rubber: Rubber, cols: int, rng: np.random.Generator, *, lamps: Lamps, wear: float) -> ImageU8:
    """Levels of the bare belt under the scene's lamps: relief that use has polished in the middle of the belt."""
    worn = np.interp(np.arange(cols), np.linspace(0, cols, 9), rng.uniform(1 - 0.9 * wear, 1.1, 9)).astype(np.float32)
    if rubber.photographs and rng.random() < 0.6:
        sheet = rubber.photograph(rubber.photographs[int(rng.integers(len(rubber.photographs)))])
        sheet = sheet if rng.random() < 0.5 else np.ascontiguousarray(sheet.T)
        return _entered(sheet, cols, rng)
    along, across = (
        _entered(slope, cols, np.random.default_rng(7)) for slope in rubber.emboss(EMBOSSES[int(rng.integers(4))])
    )
    depth = rng.uniform(5, 13) * (0.5 + lamps.contrast)
    lit = along * np.float32(depth * np.cos(lamps.azimuth_rad)) + across * np.float32(depth * np.sin(lamps.azimuth_rad))
    grain = rng.standard_normal(lit.shape, dtype=np.float32) * np.float32(rng.uniform(2, 5))
    broad = np.interp(np.arange(cols), np.linspace(0, cols, 6), rng.normal(0, 4, 6)).astype(np.float32)
    return np.asarray(np.clip(128 + lit * worn + grain + broad, 0, 255), np.uint8)


def _entered(sheet: npt.NDArray[_Level], cols: int, rng: np.random.Generator) -> npt.NDArray[_Level]:
    """``cols`` columns of a sheet, entered at a random place and mirrored at random; it goes on from its other edge."""
    first, row = int(rng.integers(sheet.shape[1])), int(rng.integers(sheet.shape[0]))
    step = 1 if rng.random() < 0.5 else -1
    index = (first + step * np.arange(cols)) % sheet.shape[1]
    return np.ascontiguousarray(np.roll(sheet[:, index], row, axis=0))


def _taken(sheet: npt.NDArray[_Level], index: npt.NDArray[np.intp]) -> npt.NDArray[_Level]:
    return np.asarray(np.take(sheet, index % sheet.shape[0], axis=0), sheet.dtype)


def _frame(
    cols: int, edge_cols: tuple[float, float], mm_per_px: float, rng: np.random.Generator
) -> tuple[ArrayF32, ArrayF32]:
    """The conveyor's side frames: their light (cols, 3), 0 on the belt, and what they leave of the belt's (cols, 1)."""
    place = (np.arange(cols) + 0.5).astype(np.float32)
    beyond_mm = np.maximum(edge_cols[0] - place, place - edge_cols[1]) * mm_per_px
    tone = float(np.exp(rng.uniform(np.log(0.04), np.log(0.22))))
    profile = tone * (0.55 + 0.45 * np.cos(0.35 * beyond_mm) ** 2) * np.clip(beyond_mm / 3, 0.25, 1)
    steel = profile[:, None] * np.array([1.0, 1.0, 1.02]) * WHITE
    outside = (beyond_mm > 0)[:, None]
    left = 1 - 0.6 * np.exp(-np.clip(-beyond_mm, 0, None) / (0.5 * _FRAME_SHADOW_MM))
    return (steel * outside).astype(np.float32), (left[:, None] * ~outside).astype(np.float32)
