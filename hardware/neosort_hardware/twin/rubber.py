"""Textures of conveyor belts, drawn once per process: emboss, scratches, dust, stains; or taken from photographs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.config import ConfigError
from neosort_hardware.twin.scraps import Scrap, scraps
from neosort_hardware.twin.wear import wrapped_noise
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

Emboss = Literal["fabric", "rough", "diamond", "smooth"]
EMBOSSES: tuple[Emboss, ...] = ("fabric", "rough", "diamond", "smooth")

EMBOSS_PX = 512
SHEET_PX = (2048, 1024)
FILM_CELL = 4  # films of dust and stains are kept this much coarser
_FINER = 3
_PHOTOGRAPH_MM = 600.0  # a: what a photograph of a belt spans
_SCRAPS = 240


class Rubber:
    """The textures for one pitch. Levels are 128 where nothing is; each is drawn when it is first asked for."""

    def __init__(self, mm_per_px: float, photographs: tuple[Path, ...] = ()) -> None:
        self._pitch = mm_per_px
        self.photographs = photographs
        self._embosses: dict[Emboss, tuple[ArrayF32, ArrayF32]] = {}
        self._sheets: dict[Path, ImageU8] = {}

    def emboss(self, kind: Emboss) -> tuple[ArrayF32, ArrayF32]:
        """Slopes (along, across) of the belt's surface, `EMBOSS_PX` square, meeting themselves at the edges."""
        if kind not in self._embosses:
            self._embosses[kind] = _slopes(kind, self._pitch, np.random.default_rng(17))
        return self._embosses[kind]

    def photograph(self, path: Path) -> ImageU8:
        """A sheet of a real belt's texture, `EMBOSS_PX` square, meeting itself at its edges. Raises `ConfigError`."""
        if path not in self._sheets:
            self._sheets[path] = _sheet_of(path, self._pitch)
        return self._sheets[path]

    @cached_property
    def scratches(self) -> ImageU8:
        """`SHEET_PX`, 128 where none are."""
        return _scratches(self._pitch, np.random.default_rng(18))

    @cached_property
    def grain(self) -> ArrayF32:
        """Unit noise, `EMBOSS_PX` square."""
        return np.random.default_rng(16).standard_normal((EMBOSS_PX, 2 * EMBOSS_PX), dtype=np.float32)

    @cached_property
    def polish(self) -> ImageU8:
        """How much of the emboss use has left × 128, in cells of `FILM_CELL` pixels."""
        rng = np.random.default_rng(22)
        shape = (SHEET_PX[0] // FILM_CELL, SHEET_PX[1] // FILM_CELL)
        cell = FILM_CELL * self._pitch
        patches = wrapped_noise(shape, 150 / cell, rng) + 0.5 * wrapped_noise(shape, 40 / cell, rng)
        return np.asarray(np.clip(128 * np.exp(0.5 * patches), 10, 210), np.uint8)

    @cached_property
    def dust(self) -> ImageU8:
        """Share covered × 255, in cells of `FILM_CELL` pixels."""
        rng = np.random.default_rng(19)
        shape = (SHEET_PX[0] // FILM_CELL, SHEET_PX[1] // FILM_CELL)
        cell = FILM_CELL * self._pitch
        broad = wrapped_noise(shape, 130 / cell, rng, stretched=3) + 0.5 * wrapped_noise(shape, 60 / cell, rng)
        streaks = wrapped_noise(shape, max(1.2, 9 / cell), rng, stretched=9) + wrapped_noise(
            shape, max(1.2, 25 / cell), rng, stretched=4
        )
        fine = wrapped_noise(shape, max(1.2, 7 / cell), rng) + wrapped_noise(shape, 1.2, rng)
        film = 0.05 * np.exp(0.4 * broad + 0.25 * streaks) * np.clip(1 + 0.2 * fine, 0.2, 3)
        return np.asarray(np.clip(255 * 2.2 * film, 0, 230), np.uint8)

    @cached_property
    def stains(self) -> ImageU8:
        """Share of light lost × 255, in cells of `FILM_CELL` pixels."""
        rng = np.random.default_rng(20)
        shape = (SHEET_PX[0] // FILM_CELL, SHEET_PX[1] // FILM_CELL)
        cell = FILM_CELL * self._pitch
        blots = wrapped_noise(shape, 110 / cell, rng) + 0.5 * wrapped_noise(shape, 30 / cell, rng)
        blots += 0.3 * wrapped_noise(shape, max(1.5, 8 / cell), rng)
        drips = np.clip(blots - 2.4, 0, 0.5)  # few, with a soft rim
        return np.asarray(np.clip(255 * (0.10 * np.clip(blots, 0, 2) + 0.7 * drips), 0, 160), np.uint8)

    @cached_property
    def scraps(self) -> list[Scrap]:
        """Debris."""
        return scraps(_SCRAPS, self._pitch, np.random.default_rng(21))


class RubberStore:
    """The textures of every pitch asked for. ``folder``: photographs of real belts (JPEG, PNG) to take textures from.

    Raises `ConfigError` for a folder without pictures.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._photographs = _pictures_in(folder) if folder is not None else ()
        self._rubbers: dict[float, Rubber] = {}

    def rubber(self, mm_per_px: float) -> Rubber:
        """The textures for a strip of that pitch."""
        if mm_per_px not in self._rubbers:
            self._rubbers[mm_per_px] = Rubber(mm_per_px, self._photographs)
        return self._rubbers[mm_per_px]


def _pictures_in(folder: Path) -> tuple[Path, ...]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if not found:
        raise ConfigError(f"{folder}: no pictures of belts (.jpg, .jpeg, .png) in it")
    return tuple(found)


def _slopes(kind: Emboss, mm_per_px: float, rng: np.random.Generator) -> tuple[ArrayF32, ArrayF32]:
    size = EMBOSS_PX * _FINER
    height = _surface(kind, size, mm_per_px / _FINER, rng)
    slopes = [height - np.roll(height, 1, axis=axis) for axis in (0, 1)]
    steepness = float(np.hypot(*slopes).std())  # of the relief itself: what is finer than a pixel drowns in its mean
    along, across = (
        cv2.resize(slope / steepness, (EMBOSS_PX, EMBOSS_PX), interpolation=cv2.INTER_AREA) for slope in slopes
    )
    return np.asarray(along, np.float32), np.asarray(across, np.float32)


def _surface(kind: Emboss, size: int, mm: float, rng: np.random.Generator) -> ArrayF32:
    """Height of the rubber over one tile of ``size`` pixels of ``mm``."""
    step = np.arange(size, dtype=np.float32) * np.float32(2 * np.pi / size)

    def waves(period_mm: float) -> float:
        return float(max(1, round(size * mm / period_mm)))

    if kind == "fabric":  # the imprint of a plain weave
        fine = np.sin(waves(2.1) * step)[:, None] * np.sin(waves(1.7) * step)[None, :]
        return np.asarray(fine * (0.7 + 0.5 * wrapped_noise((size, size), 60 / mm, rng)), np.float32)
    if kind == "diamond":
        count = waves(4.2)
        ridges = np.abs(np.sin(0.5 * count * (step[:, None] + step[None, :]))) + np.abs(
            np.sin(0.5 * count * (step[:, None] - step[None, :]))
        )
        return np.asarray(-np.clip(ridges, 0, 1.2) + 0.05 * wrapped_noise((size, size), 1.5 / mm, rng), np.float32)
    cells = {"rough": 1.1, "smooth": 0.7}[kind]
    grain = wrapped_noise((size, size), cells / mm, rng) + 0.3 * wrapped_noise((size, size), 2.5 * cells / mm, rng)
    return np.asarray(grain if kind == "rough" else 0.35 * grain, np.float32)


def _scratches(mm_per_px: float, rng: np.random.Generator) -> ImageU8:
    """Scratches, most of them along the travel, light and dark, long ones faint; and scuffs of many fine ones."""
    rows, cols = SHEET_PX
    marks = np.full((rows, cols), 128, np.float32)
    area_m2 = rows * cols * mm_per_px**2 * 1e-6
    for _ in range(int(420 * area_m2)):
        along = rng.random() < 0.7
        heading = (0.5 * np.pi + rng.normal(0, 0.12)) if along else rng.uniform(0, np.pi)
        reach = rng.exponential(70 if along else 22) / mm_per_px
        copies = 1 if rng.random() < 0.85 else int(rng.integers(3, 9))
        start = rng.uniform(0, (cols, rows))
        strength = float(rng.normal(14, 20))
        for _ in range(copies):
            path = _bent(start + rng.normal(0, 6 / mm_per_px, 2) * (copies > 1), heading, reach, rng)
            layer_value = 128 + strength * float(rng.uniform(0.4, 1.0))
            cv2.polylines(marks, [path], False, layer_value, 1, cv2.LINE_AA, 4)
    faint = cv2.GaussianBlur(marks, (0, 0), 0.6)
    return np.asarray(np.clip(faint, 0, 255), np.uint8)


def _bent(start: ArrayF64, heading: float, reach: float, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    steps = np.linspace(0, reach, 5)
    turn = heading + rng.normal(0, 0.1) * steps / max(reach, 1.0)
    path = start + np.column_stack([steps * np.cos(turn), steps * np.sin(turn)])
    return np.round(path * 16).astype(np.int32).reshape(-1, 1, 2)


def _sheet_of(path: Path, mm_per_px: float) -> ImageU8:
    """A sheet with the texture of the photograph's plainest part: the same spectrum, other phases (random phase noise,
    Galerne, Gousseau and Morel 2011), so that no seam shows and neither frame, roller nor tear is repeated."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ConfigError(f"{path}: not a picture")
    scale = _PHOTOGRAPH_MM / (mm_per_px * picture.shape[1])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way).astype(np.float32)
    patch = _plainest(grey, max(16, min(EMBOSS_PX, min(grey.shape) // 3)))
    relief = patch / np.maximum(cv2.GaussianBlur(patch, (0, 0), patch.shape[0] / 6), 8) - 1
    window = np.hanning(patch.shape[0])[:, None] * np.hanning(patch.shape[0])[None, :]
    spectrum = np.abs(np.fft.rfft2(relief * window, s=(EMBOSS_PX, EMBOSS_PX)))
    noise = np.fft.rfft2(np.random.default_rng(24).standard_normal((EMBOSS_PX, EMBOSS_PX)))
    texture = np.fft.irfft2(spectrum * noise, s=(EMBOSS_PX, EMBOSS_PX))
    levels = 52 * np.clip(float(relief.std()), 0.06, 0.25)  # 52 levels are a factor e of light
    return np.asarray(np.clip(128 + levels * texture / texture.std(), 0, 255), np.uint8)


def _plainest(grey: ArrayF32, size: int) -> ArrayF32:
    """The square of ``size`` pixels in which the light changes least from place to place."""
    coarse = cv2.GaussianBlur(grey, (0, 0), max(1.0, size / 24))
    change = cv2.boxFilter(np.abs(cv2.Laplacian(coarse, cv2.CV_32F)), -1, (size, size), borderType=cv2.BORDER_ISOLATED)
    half = size // 2
    inner = change[half : change.shape[0] - size + half + 1, half : change.shape[1] - size + half + 1]
    row, col = np.unravel_index(int(np.argmin(inner)), inner.shape)
    return grey[row : row + size, col : col + size]
