"""Laying a picture of an item on the picture of the belt: its contact shadow, its wear, its cover."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_hardware.types import ArrayF32, ImageU8

_DUST = np.array([122, 112, 98], np.float32)


def shadow(alpha: ImageU8, height_mm: float, mm_per_px: float) -> ArrayF32:
    """What light is left on the belt around an item, (h, w) float32: dark at its foot, fading within a few mm."""
    softness = float(np.clip(0.15 * height_mm, 1.0, 3.2)) / mm_per_px
    soft = cv2.GaussianBlur(alpha, (0, 0), softness).astype(np.float32)
    shift = np.array([[1, 0, 0.5 * softness], [0, 1, 0.7 * softness]])
    moved = cv2.warpAffine(soft, shift, (alpha.shape[1], alpha.shape[0]))
    return 1.0 - np.float32(0.62 / 255) * moved


def worn(rgb: ImageU8, dirt: float, rng: np.random.Generator) -> ArrayF32:
    """The item's own brightness and dirt: (h, w, 3) float32."""
    rows, cols = rgb.shape[:2]
    colour = rgb.astype(np.float32) * np.float32(rng.uniform(0.88, 1.1))
    if dirt <= 0:
        return colour
    coarse = rng.standard_normal((max(2, rows // 14), max(2, cols // 14)), dtype=np.float32)
    patches = cv2.resize(coarse, (cols, rows), interpolation=cv2.INTER_LINEAR)
    cover = np.clip((0.12 + 0.22 * patches) * dirt + 0.06 * dirt, 0, 0.7)[:, :, None]
    return np.asarray(colour + (_DUST * 0.8 - colour) * cover, dtype=np.float32)


def lay(target: ImageU8, colour: ArrayF32, alpha: ImageU8, shade: ArrayF32) -> None:
    """Composite in place: shadow on what lies below, the item over it."""
    cover = (alpha.astype(np.float32) * np.float32(1 / 255))[:, :, None]
    below = target * shade[:, :, None]
    below += (colour - below) * cover
    np.clip(below, 0, 255, out=below)
    target[:] = below.astype(np.uint8)
