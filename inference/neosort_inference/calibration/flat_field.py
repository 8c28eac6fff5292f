"""What a white sheet's levels say of lens and lamps, and the gains that even it out."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_hardware.settings_calibration import LightCalibration
from neosort_hardware.types import ArrayF64, ImageU8

GRID = (9, 11)  # rows and columns of gains: what lens and lamps do is smooth
MOST_GAIN = 3.0


def light_of(levels: ArrayF64) -> LightCalibration:
    """Gains that make a white sheet's levels (rows, cols, 3) even and neutral, its mean brightness kept."""
    by_colour = levels.mean(axis=(0, 1))
    white = by_colour[1] / by_colour
    grey = (levels * white).mean(axis=2)
    flat = np.clip(grey.mean() / np.maximum(grey, 1.0), 1 / MOST_GAIN, MOST_GAIN)
    red, green, blue = (round(float(gain), 5) for gain in white)
    return LightCalibration(
        white=(red, green, blue), flat=tuple(tuple(round(float(gain), 5) for gain in row) for row in flat)
    )


def coarse_levels(image: ImageU8) -> ArrayF64:
    """Mean levels (rows, cols, 3) around evenly spaced places, the outermost near the picture's edges."""
    rows, cols = GRID
    small = cv2.resize(image, (4 * (cols - 1), 4 * (rows - 1)), interpolation=cv2.INTER_AREA).astype(np.float32)
    u = np.linspace(-0.5, small.shape[1] - 0.5, cols, dtype=np.float32)
    v = np.linspace(-0.5, small.shape[0] - 0.5, rows, dtype=np.float32)
    at_u, at_v = np.meshgrid(u, v)
    soft = cv2.GaussianBlur(small, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE)
    seen = cv2.remap(soft, at_u, at_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float64)


def unevenness(image: ImageU8) -> float:
    """One standard deviation over the picture, % of its mean."""
    coarse = coarse_levels(image).mean(axis=2)
    return 100 * float(coarse.std() / coarse.mean())


def tint(image: ImageU8) -> float:
    """How far red and blue are from green, %."""
    red, green, blue = image.reshape(-1, 3).mean(axis=0)
    return 100 * float(max(abs(red - green), abs(blue - green)) / green)
