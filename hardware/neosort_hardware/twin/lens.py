"""The camera's exposure: travel during it, fall-off to the corners, drifting gain, shot and read noise."""

from __future__ import annotations

import math

import cv2
import numpy as np

from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

_TILE_MARGIN = 64


def travel_kernel(fraction_px: float, blur_px: float) -> ArrayF32:
    """Weights (odd length) that show rows ``fraction_px`` further on, smeared over ``blur_px`` of travel.

    The box of the travel, centred on mid-exposure, convolved with linear interpolation between rows: the weight of
    row k is the integral of the hat max(0, 1 − |t − k|) over the box.
    """
    if fraction_px < 1e-6 and blur_px < 1e-3:
        return np.ones(1, np.float32)
    half = 0.5 * blur_px
    reach = math.ceil(fraction_px + half + 1)
    rows = np.arange(-reach, reach + 1, dtype=np.float64)
    if blur_px < 1e-3:
        weights = np.clip(1 - np.abs(fraction_px - rows), 0, None)
    else:
        weights = _hat_integral(fraction_px + half - rows) - _hat_integral(fraction_px - half - rows)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def _hat_integral(t: ArrayF64) -> ArrayF64:
    """Integral of the unit hat from −∞ to t."""
    inside = np.clip(t, -1, 1)
    return np.asarray(np.where(inside < 0, 0.5 * (1 + inside) ** 2, 1 - 0.5 * (1 - inside) ** 2))


class Sensor:
    """Turns a clean picture into an exposure. Gain and colour balance wander slowly from frame to frame.

    Noise is added where its variance does not depend on brightness (square-root scale, Anscombe), from a precomputed
    tile that each frame enters at another place; shot noise then follows the brightness by itself.
    """

    def __init__(
        self,
        *,
        width_px: int,
        height_px: int,
        seed: int,
        gain_drift: float,
        white_balance_drift: float,
        vignette: float,
        noise: float = 1.5,
    ) -> None:
        rng = np.random.default_rng((seed, 3))
        self._size = (width_px, height_px)
        self._drift = np.array([white_balance_drift, gain_drift, white_balance_drift])
        self._state = rng.normal(0.0, 1.0, 3)
        tile = rng.normal(128.0, noise, (height_px + _TILE_MARGIN, width_px + _TILE_MARGIN, 3))
        self._tile: ImageU8 = np.clip(np.round(tile), 0, 255).astype(np.uint8)
        self._falloff: ImageU8 | None = _falloff(width_px, height_px, vignette) if vignette > 0 else None

    def expose(self, picture: ImageU8, rng: np.random.Generator) -> ImageU8:
        """(height, width, 3) uint8 → the same, as the sensor delivers it."""
        self._state += rng.normal(0.0, 0.1, 3) - 0.005 * self._state  # stationary with unit variance
        red, gain, blue = self._drift * self._state
        gains = (1 + gain) * np.array([1 + red, 1.0, 1 + blue])
        if self._falloff is not None:
            picture = np.asarray(cv2.multiply(picture, self._falloff, scale=1 / 200), np.uint8)
        levels = np.clip(np.arange(256)[:, None] * gains, 0, 255)
        to_root = np.round(np.sqrt(255.0 * levels)).astype(np.uint8).reshape(256, 1, 3)
        top, left = rng.integers(0, _TILE_MARGIN, 2)
        tile = self._tile[top : top + self._size[1], left : left + self._size[0]]
        noisy = cv2.addWeighted(cv2.LUT(picture, to_root), 1.0, tile, 1.0, -128.0)
        return np.asarray(cv2.multiply(noisy, noisy, scale=1 / 255), np.uint8)


def _falloff(width_px: int, height_px: int, strength: float) -> ImageU8:
    """Brightness over the picture × 200: ``strength`` is lost in the corners, growing with the square of the radius."""
    u = (np.arange(width_px) + 0.5) / width_px * 2 - 1
    v = (np.arange(height_px) + 0.5) / height_px * 2 - 1
    plane = 200.0 * (1.0 - 0.5 * strength * (u[None, :] ** 2 + v[:, None] ** 2))
    return np.repeat(np.round(plane).astype(np.uint8)[:, :, None], 3, axis=2)
