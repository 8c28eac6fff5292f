"""Sprites: the picture of each model from above, drawn once and kept.

A sprite's columns run along the item's x (length), its rows against the item's y: row 0 is the edge of highest y, so
that the frame (x, y, up) is right-handed and print reads the right way round in the camera. Turned by yaw, the item
point (x, y) lies at along = x·cos(yaw) − y·sin(yaw), across = x·sin(yaw) + y·cos(yaw) from its centre, ``along``
counted in rising ``belt_mm``; the magnetic sources are turned by the same rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.looks_boards import draw_pcb, draw_phone, draw_ram
from neosort_hardware.twin.looks_disks import draw_hdd25, draw_hdd35
from neosort_hardware.twin.looks_metal import draw_heatsink, draw_magnet, draw_steel
from neosort_hardware.twin.looks_motion import draw_fan, draw_motor
from neosort_hardware.twin.looks_sound import draw_earphone, draw_relay, draw_speaker
from neosort_hardware.twin.looks_waste import draw_cable, draw_foreign, draw_lithium_cell, draw_plastic
from neosort_hardware.types import ArrayF64, ImageU8

Look = Callable[[ItemModel, np.random.Generator, float], tuple[ImageU8, ImageU8]]

LOOKS: dict[str, Look] = {
    "hdd35": draw_hdd35,
    "hdd25": draw_hdd25,
    "phone": draw_phone,
    "earphone": draw_earphone,
    "speaker": draw_speaker,
    "motor": draw_motor,
    "fan": draw_fan,
    "relay": draw_relay,
    "steel": draw_steel,
    "magnet": draw_magnet,
    "pcb": draw_pcb,
    "cable": draw_cable,
    "heatsink": draw_heatsink,
    "plastic": draw_plastic,
    "ram": draw_ram,
    "lithium_cell": draw_lithium_cell,
    "foreign": draw_foreign,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """An item seen from above: ``rgb`` (h, w, 3) and ``alpha`` (h, w) uint8, ``px_per_mm``, ``height_mm`` thick."""

    rgb: ImageU8
    alpha: ImageU8
    px_per_mm: float
    height_mm: float


class SpriteBook:
    """Draws the sprite of a model when it is first asked for, and keeps it by the model's name."""

    def __init__(self, px_per_mm: float = 2.0) -> None:
        self._px_per_mm = px_per_mm
        self._sprites: dict[str, Sprite] = {}

    def sprite(self, model: ItemModel) -> Sprite:
        """The sprite of ``model``."""
        known = self._sprites.get(model.name)
        if known is None:
            known = self._sprites[model.name] = draw(model, self._px_per_mm)
        return known


def draw(model: ItemModel, px_per_mm: float) -> Sprite:
    """Draw one model; what nobody has drawn is shown as a piece of plastic."""
    look = LOOKS.get(model.look, draw_plastic)
    rgb, alpha = look(model, np.random.default_rng(model.look_seed), px_per_mm)
    return Sprite(rgb=rgb, alpha=alpha, px_per_mm=px_per_mm, height_mm=model.height_mm)


def sprite_to_strip(sprite: Sprite, yaw_rad: float, mm_per_px: float, row: float, col: float) -> ArrayF64:
    """The 2 × 3 affine that carries sprite pixel indices to strip pixel indices (col, row).

    ``row``, ``col``: where the sprite's centre falls, in pixel indices (an integer is the middle of a pixel).
    """
    height, width = sprite.alpha.shape
    scale = 1.0 / (sprite.px_per_mm * mm_per_px)
    cosine, sine = math.cos(yaw_rad) * scale, math.sin(yaw_rad) * scale
    # x = (i - (w-1)/2), y = -(j - (h-1)/2); col = x·sin + y·cos, row = x·cos - y·sin
    centre_x, centre_y = 0.5 * (width - 1), 0.5 * (height - 1)
    return np.array(
        [
            [sine, -cosine, col - sine * centre_x + cosine * centre_y],
            [cosine, sine, row - cosine * centre_x - sine * centre_y],
        ]
    )


def turned(sprite: Sprite, affine: ArrayF64, size: tuple[int, int]) -> tuple[ImageU8, ImageU8]:
    """Alpha (h, w) and RGB (h, w, 3) of the sprite carried through ``affine`` into a picture of ``size`` (w, h)."""
    alpha = cv2.warpAffine(sprite.alpha, affine, size, flags=cv2.INTER_LINEAR)
    rgb = cv2.warpAffine(sprite.rgb, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(alpha, np.uint8), np.asarray(rgb, np.uint8)


def reach_mm(sprite: Sprite, yaw_rad: float) -> tuple[float, float]:
    """Half extents (along, across) of the turned sprite's rectangle."""
    height, width = sprite.alpha.shape
    half_x, half_y = 0.5 * width / sprite.px_per_mm, 0.5 * height / sprite.px_per_mm
    cosine, sine = abs(math.cos(yaw_rad)), abs(math.sin(yaw_rad))
    return half_x * cosine + half_y * sine, half_x * sine + half_y * cosine


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
    """The 1 mm cells that a turned sprite covers by more than half."""
    half_along, half_across = (math.ceil(reach + 0.5) for reach in reach_mm(sprite, yaw_rad))
    affine = sprite_to_strip(sprite, yaw_rad, 1.0, float(half_along), float(half_across))
    size = (2 * half_across + 1, 2 * half_along + 1)
    covered = cv2.warpAffine(sprite.alpha, affine, size, flags=cv2.INTER_LINEAR)
    return Silhouette(
        mask=(covered > 127).astype(np.uint8), first_along_mm=-float(half_along), first_across_mm=-float(half_across)
    )
