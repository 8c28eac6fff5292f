"""What use leaves on every single item: its own brightness and hue, a film of dust, scratches."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.types import ArrayF32

_TILE = 640
_DUST_RGB = ((0.246, 0.202, 0.150), (0.181, 0.175, 0.168), (0.305, 0.287, 0.262), (0.138, 0.098, 0.061))  # linear (a)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWear:
    """One item's own wear. ``gains`` (3,): brightness and hue; ``dust`` and ``scratches``: 0 (none) .. 1;
    ``dust_rgb`` (3,) linear; ``entry``: where its layers are cut from the tiles, as shares of them."""

    gains: ArrayF32
    dust: float
    scratches: float
    dust_rgb: tuple[float, float, float]
    entry: tuple[float, float]


def drawn_wear(dirt: float, rng: np.random.Generator) -> ItemWear:
    """An item as dirty as ``dirt`` (0..1) says, the rest at random."""
    brightness = rng.uniform(0.92, 1.14) * (1.0 - 0.1 * dirt)
    hue = rng.normal(0.0, 0.018, 3)
    return ItemWear(
        gains=(brightness * (1 + hue - hue.mean())).astype(np.float32),
        dust=dirt,
        scratches=float(dirt * rng.random()),
        dust_rgb=_DUST_RGB[int(rng.integers(len(_DUST_RGB)))],
        entry=(float(rng.random()), float(rng.random())),
    )


class WearTiles:
    """Textures of wear, drawn once and cut out at another place for every item.

    Their features are sized in pixels of the sprites.
    """

    def __init__(self, seed: int = 11) -> None:
        rng = np.random.default_rng(seed)
        self._dust = _dust(rng)
        self._scratches = _scratches(rng)

    def dust(self, shape: tuple[int, int], entry: tuple[float, float]) -> ArrayF32:
        """Share covered by dust, (h, w), for an item as dirty as can be."""
        return _cut(self._dust, shape, entry)

    def scratches(self, shape: tuple[int, int], entry: tuple[float, float]) -> ArrayF32:
        """What scratches add to the light, as a share of it, (h, w)."""
        return _cut(self._scratches, shape, entry)


def linear(srgb: npt.ArrayLike) -> ArrayF32:
    """Display levels 0..255 → linear light 0..1 (IEC 61966-2-1)."""
    level = np.asarray(srgb, dtype=np.float32) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4).astype(np.float32)


def wrapped_noise(
    shape: tuple[int, int], cell_px: float, rng: np.random.Generator, *, stretched: float = 1.0
) -> ArrayF32:
    """(rows, cols) smooth noise of zero mean and unit variance that meets itself at its edges; ``stretched``: by how
    much longer its features are along the rows' count than across."""
    coarse_shape = (max(4, round(shape[0] / (cell_px * stretched))), max(4, round(shape[1] / cell_px)))
    coarse = np.pad(rng.standard_normal(coarse_shape, dtype=np.float32), 3, mode="wrap")
    step = [size / cells for size, cells in zip(shape, coarse_shape, strict=True)]
    affine = np.array([[1 / step[1], 0, 2.5], [0, 1 / step[0], 2.5]])
    fine = cv2.warpAffine(coarse, affine, shape[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return np.asarray((fine - fine.mean()) / fine.std(), dtype=np.float32)


def _cut(tile: ArrayF32, shape: tuple[int, int], entry: tuple[float, float]) -> ArrayF32:
    rows, cols = shape
    if rows >= tile.shape[0] or cols >= tile.shape[1]:
        repeats = (rows // tile.shape[0] + 1, cols // tile.shape[1] + 1)
        tile = np.tile(tile, repeats)
    top, left = (int(share * (size - part)) for share, size, part in zip(entry, tile.shape, shape, strict=True))
    return tile[top : top + rows, left : left + cols]


def _dust(rng: np.random.Generator) -> ArrayF32:
    """A film, thicker in places, with clouds, wiped streaks and single grains."""
    shape = (_TILE, _TILE)
    film = 0.13 + 0.07 * wrapped_noise(shape, 90, rng) + 0.08 * wrapped_noise(shape, 22, rng)
    film += 0.04 * wrapped_noise(shape, 5, rng) + 0.03 * rng.standard_normal(shape, dtype=np.float32)
    patches = np.clip(0.7 * wrapped_noise(shape, 60, rng) + 0.5 * wrapped_noise(shape, 14, rng) - 0.9, 0, 1)
    film += 0.35 * patches
    grains = np.zeros(shape, np.float32)
    rows, cols = rng.integers(0, _TILE, (2, 2200))
    grains[rows, cols] = rng.exponential(0.8, 2200)
    film += cv2.GaussianBlur(grains, (0, 0), 0.7)
    return np.asarray(np.clip(film, 0, 0.85), np.float32)


def _scratches(rng: np.random.Generator) -> ArrayF32:
    """Thin light and dark lines, straight and curved, bundles of them where something was dragged."""
    tile = np.zeros((_TILE, _TILE), np.float32)
    for _ in range(90):
        start, heading = rng.uniform(0, _TILE, 2), rng.uniform(0, 2 * np.pi)
        for _ in range(1 if rng.random() < 0.7 else int(rng.integers(2, 7))):
            steps = np.linspace(0, rng.exponential(50) + 6, 6)
            bend = heading + rng.normal(0, 0.004) * steps
            path = start + rng.normal(0, 4, 2) + np.column_stack([steps * np.cos(bend), steps * np.sin(bend)])
            cv2.polylines(
                tile, [np.round(path * 16).astype(np.int32)], False, float(rng.normal(0.11, 0.33)), 1, cv2.LINE_AA, 4
            )
    return np.clip(tile, -0.9, 1.0)
