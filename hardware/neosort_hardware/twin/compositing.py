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
from neosort_hardware.types import ArrayF32, ImageU8

ImageU16 = npt.NDArray[np.uint16]
WHITE = 32768.0
_LINEAR = linear(np.arange(256)).reshape(256, 1)


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
    """The item under the scene's lamps with its own wear: (h, w, 4), linear RGB premultiplied by alpha, and alpha."""
    table = np.ascontiguousarray(_LINEAR * wear.gains).reshape(256, 1, 3)
    colour = cv2.LUT(sprite.rgb, table)
    x, y = on_item[0] / 127, on_item[1] / 127
    light = cv2.addWeighted(sprite.light_x, x, sprite.light_y, y, 1.0 - 128 * (x + y), dtype=cv2.CV_32F)
    cover = sprite.alpha * np.float32(1 / 255)
    weight = cv2.multiply(np.maximum(light, np.float32(0.1)), cover)
    if wear.scratches > 0:
        marks = cv2.multiply(weight, tiles.scratches(cover.shape, wear.entry), scale=wear.scratches)
        weight = cv2.add(weight, marks)
    if wear.dust > 0:
        film = cv2.multiply(weight, tiles.dust(cover.shape, wear.entry), scale=wear.dust)
        colour = cv2.multiply(colour, cv2.cvtColor(cv2.subtract(weight, film), cv2.COLOR_GRAY2RGB))
        colour = cv2.add(colour, cv2.merge([film * part for part in wear.dust_rgb]))
    else:
        colour = cv2.multiply(colour, cv2.cvtColor(weight, cv2.COLOR_GRAY2RGB))
    whole = np.empty((*cover.shape, 4), np.float32)
    cv2.mixChannels([colour, cover], [whole], [0, 0, 1, 1, 2, 2, 3, 3])
    return whole


def shaded(sprite: Sprite, on_item: tuple[float, float], stamp: Stamp) -> ArrayF32:
    """What light is left on the belt around the item, in the strip's pixels: (h, w), 1 beyond its reach."""
    x, y = on_item[0] / 127, on_item[1] / 127
    lean = cv2.addWeighted(sprite.shade[1], x, sprite.shade[2], y, 1.0 - 128 * (x + y), dtype=cv2.CV_32F)
    left = cv2.multiply(sprite.shade[0], lean, scale=1 / 255, dtype=cv2.CV_32F)
    left = np.clip(left, 0.0, 1.0)
    turned = cv2.warpAffine(left, stamp.affine, stamp.size, flags=cv2.INTER_LINEAR, borderValue=1.0)
    return np.asarray(turned, np.float32)


def turned(picture: ArrayF32 | ImageU8, stamp: Stamp) -> ArrayF32:
    """A layer in the strip's pixels, (h, w) or (h, w, channels), 0 beyond it; in the levels it came in."""
    turned_picture = cv2.warpAffine(picture, stamp.affine, stamp.size, flags=cv2.INTER_LINEAR)
    return np.asarray(turned_picture, np.float32)


def darken(target: ImageU16, shade: ArrayF32) -> None:
    """Shade what lies there, in place."""
    factor = cv2.cvtColor((shade * np.float32(65535)).astype(np.uint16), cv2.COLOR_GRAY2RGB)
    target[:] = cv2.multiply(target, factor, scale=1 / 65535)


def cover(target: ImageU16, item: ArrayF32) -> None:
    """Lay a turned item, (h, w, 4) premultiplied, over what lies there, in place."""
    through = cv2.cvtColor(1.0 - cv2.extractChannel(item, 3), cv2.COLOR_GRAY2RGB)
    below = cv2.multiply(target, through, dtype=cv2.CV_32F)
    target[:] = cv2.scaleAdd(cv2.cvtColor(item, cv2.COLOR_RGBA2RGB), WHITE, below)
