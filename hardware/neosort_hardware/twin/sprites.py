"""Sprites: the picture of each model from above in each of its poses, made ready for a strip of some pitch.

A sprite's columns run along the lying item's x, its rows against its y: row 0 is the edge of highest y, so that the
frame (x, y, up) is right-handed and print reads the right way round in the camera. Turned by yaw, the item point
(x, y) lies at along = x·cos(yaw) − y·sin(yaw), across = x·sin(yaw) + y·cos(yaw) from its centre, ``along`` counted in
rising ``belt_mm``; the magnetic sources are turned by the same rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from neosort_hardware.twin.atlas import AtlasSprite
from neosort_hardware.types import ArrayF64, ImageU8

FINER_THAN_STRIP = 1.25  # a sprite is kept this much finer than the strip, so that turning it blurs little
_SHADOW_ENDS = 250  # of 255: what the shade planes keep beyond is not seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Where a layer's pixels lie: index (col, row) shows x = (col − origin)·mm, y = −(row − origin)·mm."""

    mm_per_px: tuple[float, float]
    origin_px: tuple[float, float]
    size_px: tuple[int, int]

    def to_strip(self, yaw_rad: float, mm_per_px: float, row: float, col: float) -> ArrayF64:
        """The 2 × 3 affine that carries the layer's pixel indices to strip pixel indices (col, row).

        ``row``, ``col``: where the item's centre falls, in pixel indices (an integer is the middle of a pixel).
        """
        cosine, sine = math.cos(yaw_rad) / mm_per_px, math.sin(yaw_rad) / mm_per_px
        (mm_x, mm_y), (centre_x, centre_y) = self.mm_per_px, self.origin_px
        # x = (i − centre_x)·mm_x, y = −(j − centre_y)·mm_y; col = x·sin + y·cos, row = x·cos − y·sin
        a, b, c, d = sine * mm_x, -cosine * mm_y, cosine * mm_x, sine * mm_y
        return np.array([
            [a, b, col - a * centre_x - b * centre_y],
            [c, d, row - c * centre_x - d * centre_y],
        ])  # fmt: skip

    def reach_mm(self, yaw_rad: float) -> tuple[float, float, float, float]:
        """Lowest and highest along, lowest and highest across of the turned layer's edges, from the item's centre."""
        (mm_x, mm_y), (centre_x, centre_y), (width, height) = self.mm_per_px, self.origin_px, self.size_px
        cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
        half_x, half_y = 0.5 * width * mm_x, 0.5 * height * mm_y
        x, y = half_x - (0.5 + centre_x) * mm_x, (0.5 + centre_y) * mm_y - half_y  # the layer's middle
        along, across = x * cosine - y * sine, x * sine + y * cosine
        half_along, half_across = half_x * abs(cosine) + half_y * abs(sine), half_x * abs(sine) + half_y * abs(cosine)
        return along - half_along, along + half_along, across - half_across, across + half_across


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """A lying item seen from above.

    ``rgb`` (3, h, w) display-encoded, ``alpha`` (h, w), ``light_x``, ``light_y`` (h, w) and ``height`` (h, w; 255 is
    ``tallest_mm``) as `AtlasSprite` tells, cropped to the body and placed by ``body``; ``shade`` (3, hs, ws) placed by
    ``ground``. All uint8.
    """

    rgb: ImageU8
    alpha: ImageU8
    light_x: ImageU8
    light_y: ImageU8
    height: ImageU8
    shade: ImageU8
    body: Registration
    ground: Registration
    tallest_mm: float

    @property
    def nbytes(self) -> int:
        """Memory that its layers take."""
        return 7 * self.alpha.nbytes + self.shade.nbytes


def prepared(shipped: AtlasSprite, mm_per_px: float) -> Sprite:
    """Crop a sprite to what it shows and resample it for a strip of that pitch. Raises `ValueError` where nothing is
    covered by more than half."""
    height, width = shipped.colour.shape[:2]
    if not (shipped.colour[:, :, 3] > 127).any():
        raise ValueError("a sprite without a body cannot be laid on the belt")
    col, row, cols, rows = cv2.boundingRect(shipped.colour[:, :, 3])
    scale = min(1.0, FINER_THAN_STRIP / (mm_per_px * shipped.px_per_mm))
    size = (max(2, round(cols * scale)), max(2, round(rows * scale)))
    cut = np.s_[row : row + rows, col : col + cols]
    colour = _resized(shipped.colour[cut], size)
    halves = shipped.light.shape[1:]
    light = [_resized(_resized(plane, (2 * halves[1], 2 * halves[0]))[cut], size) for plane in shipped.light]
    fine_x, fine_y = size[0] / cols, size[1] / rows
    body = Registration(
        mm_per_px=(1 / (shipped.px_per_mm * fine_x), 1 / (shipped.px_per_mm * fine_y)),
        origin_px=((0.5 * width - col) * fine_x - 0.5, (0.5 * height - row) * fine_y - 0.5),
        size_px=size,
    )
    shade, ground = _ground(shipped)
    return Sprite(
        rgb=np.ascontiguousarray(colour[:, :, :3].transpose(2, 0, 1)), alpha=np.ascontiguousarray(colour[:, :, 3]),
        light_x=light[0], light_y=light[1], height=light[2],
        shade=shade, body=body, ground=ground, tallest_mm=shipped.tallest_mm,
    )  # fmt: skip


def _resized(picture: ImageU8, size: tuple[int, int]) -> ImageU8:
    growing = size[0] > picture.shape[1]
    method = cv2.INTER_LINEAR if growing else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def _ground(shipped: AtlasSprite) -> tuple[ImageU8, Registration]:
    """The shade planes as far as they darken, with a border of one pixel beyond."""
    height, width = shipped.colour.shape[:2]
    rows, cols = shipped.shade.shape[1:]
    col, row, wide, high = cv2.boundingRect((shipped.shade[0] < _SHADOW_ENDS).astype(np.uint8))
    first_col, first_row = max(0, col - 1), max(0, row - 1)
    shade = shipped.shade[:, first_row : min(rows, row + high + 1), first_col : min(cols, col + wide + 1)]
    if shade.size == 0:
        shade = shipped.shade[:, :1, :1]
    registration = Registration(
        mm_per_px=(4 / shipped.px_per_mm, 4 / shipped.px_per_mm),
        origin_px=(0.125 * width - 0.5 - first_col, 0.125 * height - 0.5 - first_row),
        size_px=(shade.shape[2], shade.shape[1]),
    )
    return np.ascontiguousarray(shade), registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Silhouette:
    """What a turned item covers, in 1 mm cells.

    ``mask``: (rows along, columns across) uint8, 1 where covered; cell (r, c) has its centre at
    along = first_along_mm + r, across = first_across_mm + c from the item's centre.
    """

    mask: ImageU8
    first_along_mm: float
    first_across_mm: float


def silhouette(sprite: Sprite, yaw_rad: float) -> Silhouette:
    """The 1 mm cells that a turned sprite covers by more than half; as many before the item's centre as behind it."""
    along_lo, along_hi, across_lo, across_hi = sprite.body.reach_mm(yaw_rad)
    half_along = math.ceil(max(-along_lo, along_hi) + 0.5)
    half_across = math.ceil(max(-across_lo, across_hi) + 0.5)
    affine = sprite.body.to_strip(yaw_rad, 1.0, float(half_along), float(half_across))
    size = (2 * half_across + 1, 2 * half_along + 1)
    covered = cv2.warpAffine(sprite.alpha, affine, size, flags=cv2.INTER_LINEAR)
    return Silhouette(
        mask=(covered > 127).astype(np.uint8), first_along_mm=-float(half_along), first_across_mm=-float(half_across)
    )
