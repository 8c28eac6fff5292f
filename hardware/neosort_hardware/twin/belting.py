"""The conveyor's belt as one scene has it: its rubber, its wear, the splice, the debris lying on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.compositing import WHITE, ImageU16, Lamps
from neosort_hardware.twin.rubber import EMBOSSES, FILM_CELL, SHEET_PX, Rubber
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


class _Cut(Generic[_Level]):
    """A sheet entered at a random place, mirrored at random; at its edges it goes on from the other side."""

    def __init__(self, sheet: npt.NDArray[_Level], cols: int, rng: np.random.Generator) -> None:
        self._sheet: npt.NDArray[_Level] = sheet
        self._top = int(rng.integers(sheet.shape[0]))
        first = int(rng.integers(max(1, sheet.shape[1] - cols + 1)))
        if cols > sheet.shape[1]:
            self._sheet = np.tile(sheet, (1, -(-cols // sheet.shape[1])))
        self._span = slice(first, first + cols)
        self._step = 1 if rng.random() < 0.5 else -1

    def rows(self, index: npt.NDArray[np.intp]) -> npt.NDArray[_Level]:
        """Rows of the cut."""
        taken = np.take(self._sheet, (index + self._top) % self._sheet.shape[0], axis=0)
        return np.ascontiguousarray(taken[:, self._span][:, :: self._step])


class Belting:
    """One closed belt, spliced once in ``loop_rows``; its rubber repeats with its textures and is drawn once, debris
    comes fresh with every stretch.

    ``edge_cols``: columns of the belt's own edges; beyond them the frame of the conveyor shows. Deterministic from
    ``seed``, whatever order stretches are asked for in.
    """

    def __init__(
        self, rubber: Rubber, *, cols: int, edge_cols: tuple[float, float], mm_per_px: float, seed: int,
        lamps: Lamps, look: BeltLook, loop_rows: int = 8192,
    ) -> None:  # fmt: skip
        rng = np.random.default_rng((seed, 1))
        self._rubber, self._pitch, self._edges = rubber, mm_per_px, edge_cols
        self._seed, self._look, self._loop, self._cols = seed, look, loop_rows, cols
        self._tone, self._tint = _colour(rng)
        self._surface = _surface(rubber, cols, rng, lamps=lamps, wear=look.wear)
        self._scratches = _Cut(rubber.scratches, cols, rng)
        film = -(-cols // FILM_CELL) + 1
        self._dust, self._stains = _Cut(rubber.dust, film, rng), _Cut(rubber.stains, film, rng)
        self._polish = _Cut(rubber.polish, film, rng)
        self._dust_share = float(rng.uniform(0.1, 0.6)) * (0.25 + look.wear)
        self._stain_share = float(rng.uniform(0.0, 1.0)) * look.wear
        self._dust_rgb = linear(np.array([128, 122, 114]) * rng.uniform(0.7, 1.05))
        self._splice = float(rng.uniform(0, loop_rows)), float(rng.uniform(0.15, 0.5))
        self._sides = _sides(cols, edge_cols, mm_per_px, rng)
        self._drawn: dict[tuple[int, int], ImageU16] = {}

    def stretch(self, first_row: int, rows: int) -> ImageU16:
        """(rows, cols, 3) linear light: the belt from ``first_row`` on, counted along it in whole `FILM_CELL`s."""
        picture: ImageU16 = np.empty((rows, self._cols, 3), np.uint16)
        self.draw(first_row, picture)
        return picture

    def draw(self, first_row: int, picture: ImageU16) -> None:
        """A `stretch` as long as ``picture``, into it."""
        rows = len(picture)
        period = self._loop if self._spliced(first_row, rows) else SHEET_PX[0]
        place = (first_row % period, rows)
        if place not in self._drawn:
            self._drawn[place] = self._framed(self._bare(*place))
        picture[:] = self._drawn[place]
        self._scatter(picture, np.random.default_rng((self._seed, 2, first_row % (1 << 62))))

    def _framed(self, picture: ImageU16) -> ImageU16:
        for cols, light, left in self._sides:
            picture[:, cols] = picture[:, cols] * left + light
        return picture

    def _bare(self, first_row: int, rows: int) -> ImageU16:
        """The belt without debris and without the frame beside it."""
        index = np.arange(first_row, first_row + rows)
        wear = 0.3 + 1.2 * self._look.wear
        bare = np.take(self._surface, index % self._surface.shape[0], axis=0)
        cells = _cells_of(first_row, rows)
        kept = _fine(self._polish.rows(cells), bare.shape) * np.float32(1 / 128)
        relief = cv2.multiply(bare - np.float32(128), kept)
        marks = cv2.addWeighted(relief, 1.0, self._scratches.rows(index), wear, 128 - 128 * wear, dtype=cv2.CV_8U)
        levels = np.asarray(marks, np.uint8)
        self._join(levels, index)
        return self._coloured(np.asarray(cv2.LUT(levels, self._tone), np.float32), cells)

    def _coloured(self, light: ArrayF32, cells: npt.NDArray[np.intp]) -> ImageU16:
        """The rubber's colour, under dust and stains."""
        dust, stains = (
            _fine(cut.rows(cells), light.shape) * np.float32(share / 255)
            for cut, share in ((self._dust, self._dust_share), (self._stains, self._stain_share))
        )
        left = cv2.multiply(light, (1 - dust) * (1 - stains))
        planes = [
            cv2.addWeighted(left, tint, dust, WHITE * float(tone), 0.0, dtype=cv2.CV_16U)
            for tint, tone in zip(self._tint, self._dust_rgb, strict=True)
        ]
        return np.asarray(cv2.merge(planes), np.uint16)

    def _spliced(self, first_row: int, rows: int) -> bool:
        """Whether some of the splice lies in a stretch."""
        row, slope = self._splice
        reach = slope * self._cols + 20 / self._pitch
        return (first_row - row) % self._loop < reach or (row - first_row) % self._loop < rows

    def _join(self, levels: ImageU8, index: npt.NDArray[np.intp]) -> None:
        """The oblique line where the belt was joined: a groove, a raised lip, filler beside it."""
        if not self._spliced(int(index[0]), len(index)):
            return
        row, slope = self._splice
        behind = ((index - row) % self._loop).astype(np.float32)
        offset_mm = behind[:, None] - np.float32(slope) * np.arange(levels.shape[1], dtype=np.float32)
        offset_mm = offset_mm * np.float32(self._pitch) - 6
        near = np.nonzero(np.abs(offset_mm - 4) < 8)  # beyond, it changes nothing
        from_mm = offset_mm[near]
        groove = -46 * np.exp(-((from_mm / 0.9) ** 2)) + 26 * np.exp(-(((from_mm - 2.4) / 1.2) ** 2))
        filler = 9 * ((from_mm > 2) & (from_mm < 10))
        levels[near] = np.clip(levels[near] + groove + filler, 0, 255).astype(np.uint8)

    def _scatter(self, picture: ImageU16, rng: np.random.Generator) -> None:
        """Debris, none of it across the border of a stretch."""
        rows = picture.shape[0]
        left, right = max(0.0, self._edges[0]), min(float(picture.shape[1]), self._edges[1])
        area_m2 = rows * (right - left) * self._pitch**2 * 1e-6
        scraps = self._rubber.scraps
        for pick, across, along, flip in rng.random((int(rng.poisson(self._look.scraps_per_m2 * area_m2)), 4)):
            scrap = scraps[int(pick * len(scraps))]
            high, wide = scrap.through.shape[:2]
            top, first = int(along * (rows - high)), int(left + across * (right - left - wide))
            if top < 0 or first < 0:
                continue
            turn = np.s_[:: 1 if flip < 0.5 else -1, :: 1 if flip % 0.5 < 0.25 else -1]
            target = picture[top : top + high, first : first + wide]
            shown = target * scrap.through[turn]
            shown += scrap.light[turn]
            target[:] = shown


def _colour(rng: np.random.Generator) -> tuple[ArrayF32, tuple[float, float, float]]:
    """Level → linear light, (256, 1), of a belt of one tone, which 128 shows; and its tint."""
    tone = float(np.exp(rng.uniform(np.log(0.022), np.log(0.06))))
    red, green, blue = np.array(_TINTS[int(rng.choice(len(_TINTS), p=_TINT_SHARES))]) * (1 + rng.normal(0, 0.015, 3))
    table = WHITE * tone * np.exp((np.arange(256) - 128) / 52.0)
    return table.astype(np.float32).reshape(256, 1), (float(red), float(green), float(blue))


def _surface(rubber: Rubber, cols: int, rng: np.random.Generator, *, lamps: Lamps, wear: float) -> ImageU8:
    """Levels of the bare belt under the scene's lamps: relief that use has polished in places."""
    if rubber.photographs and rng.random() < 0.6:
        sheet = rubber.photograph(rubber.photographs[int(rng.integers(len(rubber.photographs)))])
        sheet = sheet if rng.random() < 0.5 else sheet.T
        return _Cut(sheet, cols, rng).rows(np.arange(sheet.shape[0]))
    across = np.arange(cols)
    worn = np.interp(across, np.linspace(0, cols, 9), rng.uniform(1 - 0.9 * wear, 1.1, 9)).astype(np.float32)
    broad = np.interp(across, np.linspace(0, cols, 6), rng.normal(0, 4, 6)).astype(np.float32)
    kind = EMBOSSES[int(rng.integers(len(EMBOSSES)))]
    depth = rng.uniform(6, 14) * (0.5 + lamps.contrast) * (0.55 if kind == "rough" else 1.0)
    slope_along, slope_across = rubber.emboss(kind)
    towards = (depth * np.cos(lamps.azimuth_rad), depth * np.sin(lamps.azimuth_rad))
    lit = np.asarray(cv2.addWeighted(slope_along, towards[0], slope_across, towards[1], 0.0), np.float32)
    every = np.arange(lit.shape[0])
    grain = _Cut(rubber.grain, cols, rng).rows(every) * np.float32(rng.uniform(2, 5))
    return np.clip(128 + lit[:, across % lit.shape[1]] * worn + grain + broad, 0, 255).astype(np.uint8)


def _cells_of(first_row: int, rows: int) -> npt.NDArray[np.intp]:
    """The cells of a film that a stretch needs, one before it and one behind it; it begins at a whole cell."""
    return np.arange(first_row // FILM_CELL - 1, (first_row + rows) // FILM_CELL + 2)


def _fine(film: ImageU8, shape: tuple[int, ...]) -> ImageU8:
    """A film at the strip's pitch, less the cell that lies before it."""
    fine = cv2.resize(film, None, fx=FILM_CELL, fy=FILM_CELL, interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine[FILM_CELL : FILM_CELL + shape[0], : shape[1]], np.uint8)


def _sides(
    cols: int, edge_cols: tuple[float, float], mm_per_px: float, rng: np.random.Generator
) -> list[tuple[slice, ArrayF32, ArrayF32]]:
    """Where the conveyor's side frames show or shade the belt: columns, the frame's light (n, 3), 0 on the belt, and
    what it leaves of the belt's (n, 1)."""
    place = (np.arange(cols) + 0.5).astype(np.float32)
    beyond_mm = np.maximum(edge_cols[0] - place, place - edge_cols[1]) * mm_per_px
    tone = float(np.exp(rng.uniform(np.log(0.04), np.log(0.22))))
    profile = tone * (0.55 + 0.45 * np.cos(0.35 * beyond_mm) ** 2) * np.clip(beyond_mm / 3, 0.25, 1)
    light = profile[:, None] * np.array([1.0, 1.0, 1.02]) * WHITE * (beyond_mm > 0)[:, None]
    left = (1 - 0.6 * np.exp(beyond_mm / (0.5 * _FRAME_SHADOW_MM))) * (beyond_mm <= 0)
    middle = int(np.clip(0.5 * (edge_cols[0] + edge_cols[1]), 0, cols))
    touched = np.flatnonzero(left < 0.99)
    sides = []
    for part in (touched[touched < middle], touched[touched >= middle]):
        if part.size:
            span = slice(int(part[0]), int(part[-1]) + 1)
            sides.append((span, light[span].astype(np.float32), left[span, None].astype(np.float32)))
    return sides
