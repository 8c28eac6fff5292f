"""Laying an item on the belt, in linear light: lit by the scene's lamps, worn, turned, its shadow under it.

The strip's counts are linear light, `WHITE` of them the brightest that a display shows; twice that can be held.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.sprites import Registration, Sprite
from neosort_hardware.twin.wear import ItemWear, WearTiles, linear
from neosort_hardware.types import ArrayF32

ImageU16 = npt.NDArray[np.uint16]
WHITE = 32768.0
_LINEAR = WHITE * linear(np.arange(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamps:
    """A ring of light over the belt whose strength goes as 1 + ``contrast``·cos(azimuth − ``azimuth_rad``); azimuth
    from the direction of rising belt_mm towards rising across_mm."""

    azimuth_rad: float
    contrast: float

    def on_item(self, yaw_rad: float) -> tuple[float, float]:
        """Contrast times cosine and sine of the azimuth in the frame of an item turned by ``yaw_rad``."""
        azimuth = self.azimuth_rad - yaw_rad
        return self.contrast * math.cos(azimuth), self.contrast * math.sin(azimuth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A layer turned into the strip's pixels; ``top``, ``left``: strip row and column of its first one."""

    top: int
    left: int
    affine: npt.NDArray[np.float64]
    size: tuple[int, int]

    @classmethod
    def of(cls, layer: Registration, yaw_rad: float, mm_per_px: float, row: float, col: float) -> Stamp:
        """Where a layer falls when the item's centre is at ``row``, ``col``."""
        along_lo, along_hi, across_lo, across_hi = (reach / mm_per_px for reach in layer.reach_mm(yaw_rad))
        top, left = math.floor(row + along_lo), math.floor(col + across_lo)
        size = (math.ceil(col + across_hi) - left + 1, math.ceil(row + along_hi) - top + 1)
        return cls(top=top, left=left, affine=layer.to_strip(yaw_rad, mm_per_px, row - top, col - left), size=size)


def lit(sprite: Sprite, on_item: tuple[float, float], wear: ItemWear, tiles: WearTiles) -> ArrayF32:
    """The item under the scene's lamps with its own wear: (h, w, 4), counts premultiplied by alpha, and alpha."""
    x, y = on_item[0] / 127, on_item[1] / 127
    light = cv2.addWeighted(sprite.light_x, x, sprite.light_y, y, 1.0 - 128 * (x + y), dtype=cv2.CV_32F)
    alpha = sprite.alpha * np.float32(1 / 255)
    weight = cv2.multiply(np.maximum(light, np.float32(0.1)), alpha)
    if wear.scratches > 0:
        marks = cv2.multiply(weight, tiles.scratches(alpha.shape, wear.entry), scale=wear.scratches)
        weight = cv2.add(weight, marks, dst=marks)
    tables = np.multiply.outer(wear.gains, _LINEAR)
    planes = [cv2.LUT(plane, table) for plane, table in zip(sprite.rgb, tables, strict=True)]
    if wear.dust > 0:
        film = cv2.multiply(weight, tiles.dust(alpha.shape, wear.entry), scale=wear.dust)
        weight = cv2.subtract(weight, film, dst=weight)
        for plane, tone in zip(planes, wear.dust_rgb, strict=True):
            cv2.scaleAdd(film, WHITE * tone, cv2.multiply(plane, weight, dst=plane), dst=plane)
    else:
        for plane in planes:
            cv2.multiply(plane, weight, dst=plane)
    return _merged([*planes, alpha])


def _merged(planes: list[ArrayF32]) -> ArrayF32:
    """Four planes (h, w) as one (h, w, 4), an odd float off where memory is aligned: into aligned memory OpenCV writes
    past the cache, and what reads it next waits."""
    shape = (*planes[0].shape, 4)
    off = np.empty(math.prod(shape) + 1, np.float32)[1:]
    return np.asarray(cv2.merge(planes, dst=off.reshape(shape)), np.float32)


def shaded(sprite: Sprite, on_item: tuple[float, float], stamp: Stamp) -> ArrayF32:
    """What light is left on the belt around the item, in the strip's pixels: (h, w), 1 beyond its reach."""
    x, y = on_item[0] / 127, on_item[1] / 127
    lean = cv2.addWeighted(sprite.shade[1], x, sprite.shade[2], y, 1.0 - 128 * (x + y), dtype=cv2.CV_32F)
    left = cv2.multiply(sprite.shade[0], lean, scale=1 / 255, dtype=cv2.CV_32F)
    left = np.minimum(np.maximum(left, np.float32(0)), np.float32(1))
    turned = cv2.warpAffine(left, stamp.affine, stamp.size, flags=cv2.INTER_LINEAR, borderValue=1.0)
    return np.asarray(turned, np.float32)


def turned(picture: ArrayF32, stamp: Stamp) -> ArrayF32:
    """A layer in the strip's pixels, (h, w) or (h, w, channels), 0 beyond it."""
    return np.asarray(cv2.warpAffine(picture, stamp.affine, stamp.size, flags=cv2.INTER_LINEAR), np.float32)


def darken(target: ImageU16, shade: ArrayF32) -> None:
    """Shade what lies there, in place."""
    factor = cv2.cvtColor((shade * np.float32(65535)).astype(np.uint16), cv2.COLOR_GRAY2RGB)
    cv2.multiply(target, factor, dst=target, scale=1 / 65535)


def cover(target: ImageU16, item: ArrayF32, alpha: ArrayF32) -> None:
    """Lay a turned item, (h, w, 4) premultiplied, over what lies there; ``alpha`` (h, w) is its last plane."""
    through = cv2.cvtColor(np.float32(1) - alpha, cv2.COLOR_GRAY2RGB)
    below = cv2.multiply(target, through, dst=through, dtype=cv2.CV_32F)
    cv2.add(below, cv2.cvtColor(item, cv2.COLOR_RGBA2RGB), dst=target, dtype=cv2.CV_16U)
