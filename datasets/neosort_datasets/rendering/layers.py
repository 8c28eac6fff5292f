"""From what was traced to the atlas' layers: colour, light and shade, as `neosort_hardware.twin.atlas` reads them.

What the three arcs give is condensed to the mean and the first harmonic over azimuth: under a ring of strength
1 + k·cos(azimuth − φ) an arc of ±60° about azimuth a has the mean strength 1 + k·MEAN_COS·cos(a − φ).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from neosort_datasets.rendering.denoise import Denoise
from neosort_datasets.rendering.dome import ARC_AZIMUTHS_RAD
from neosort_datasets.rendering.trace import Traced
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

MEAN_COS = math.sin(math.pi / 3) / (math.pi / 3)  # 0.827, of the cosine over ±60°
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
SOLID_COVERAGE = 0.35  # pixels covered less take their colour from their neighbours
SHADE_BLUR_PX = 0.7  # of shade's own pixels: grain, not shadow, is what it takes away
FADE_PX = 16  # over which shade runs out to 1 towards the sprite's border


@dataclass(frozen=True, slots=True, kw_only=True)
class SpriteLayers:
    """``colour`` (h, w, 4) RGBA, ``light`` (3, ceil(h/2), ceil(w/2)), ``shade`` (3, ceil(h/4), ceil(w/4)), uint8, as
    `neosort_hardware.twin.atlas.AtlasSprite` tells. ``tallest_mm``: what 255 stands for in the height plane."""

    colour: ImageU8
    light: ImageU8
    shade: ImageU8
    tallest_mm: float


def sprite_layers(traced: Traced, empty_belt: ArrayF32, denoise: Denoise, fineness: int = 1) -> SpriteLayers:
    """The layers of one sprite. ``empty_belt``: (h, w, 3 arcs) linear light from the belt without the item, at the
    sprite's own scale; ``fineness``: by how much finer than that the item was traced, each way."""
    tallest_mm = max(float((traced.height_mm / np.maximum(traced.coverage, 1e-3)).max()), 0.1)
    return SpriteLayers(
        colour=_colour(traced, denoise, fineness),
        light=_light(traced, tallest_mm, denoise, fineness),
        shade=_shade(traced, empty_belt, fineness),
        tallest_mm=tallest_mm,
    )


def encoded(linear: ArrayF32) -> ImageU8:
    """Linear light (1 is full) on the display's curve (sRGB, IEC 61966-2-1)."""
    clipped = np.clip(linear, 0.0, 1.0)
    curved = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return np.round(255 * curved).astype(np.uint8)


def decoded(shown: ImageU8) -> ArrayF32:
    """The inverse of `encoded`."""
    value = shown.astype(np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def relit(sprite: SpriteLayers, strength: float, azimuth_rad: float, belt: ArrayF32) -> ArrayF32:
    """The sprite on a belt of linear colour ``belt`` (3) under a ring of 1 + strength·cos(azimuth − azimuth_rad):
    (h, w, 3) linear light."""
    height, width = sprite.colour.shape[:2]
    along, across = strength * math.cos(azimuth_rad), strength * math.sin(azimuth_rad)

    def gain(x: ImageU8, y: ImageU8) -> ArrayF32:
        slope = along * (x.astype(np.float32) - 128) + across * (y.astype(np.float32) - 128)
        return np.maximum(1 + _resized(slope / 127, (width, height)), 0.0)

    x, y, _ = sprite.light
    base, shade_x, shade_y = sprite.shade
    left = _resized(base.astype(np.float32) / 255, (width, height)) * gain(shade_x, shade_y)
    alpha = sprite.colour[..., 3:].astype(np.float32) / 255
    return np.asarray(alpha * decoded(sprite.colour[..., :3]) * gain(x, y) + (1 - alpha) * left * belt, np.float32)


def filled(values: ArrayF32 | ArrayF64, weight: ArrayF32) -> ArrayF32:
    """``values`` (h, w, n) where ``weight`` (h, w) is 1, spread smoothly to where it is 0 (by pull and push)."""
    height, width = weight.shape
    cover = weight[..., None]
    if min(height, width) <= 2 or weight.min() >= 1.0:
        wide = (values * cover).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
    else:
        half = (-(-width // 2), -(-height // 2))
        small_cover = _resized(weight, half)
        small = _resized(values * cover, half) / np.maximum(small_cover, np.float32(1e-6))
        wide = _resized(filled(small, np.minimum(4 * small_cover[..., 0], 1.0)), (width, height))
    return np.asarray(values * cover + wide * (1 - cover), dtype=np.float32)


def harmonics(arcs: ArrayF32) -> tuple[ArrayF32, ArrayF32, ArrayF32]:
    """Sum over the arcs (last axis), and its first harmonic over azimuth relative to it: (sum, x, y)."""
    total = arcs.sum(axis=-1)
    safe = np.maximum(total, 1e-6)
    x = MEAN_COS * (arcs @ np.cos(ARC_AZIMUTHS_RAD).astype(np.float32)) / safe
    y = MEAN_COS * (arcs @ np.sin(ARC_AZIMUTHS_RAD).astype(np.float32)) / safe
    return np.asarray(total, np.float32), np.asarray(x, np.float32), np.asarray(y, np.float32)


def _colour(traced: Traced, denoise: Denoise, fineness: int) -> ImageU8:
    cover = traced.coverage[..., None]
    light = _shrunk(denoise(traced.item.sum(axis=2), traced.albedo * cover, traced.normal), fineness)
    alpha = _shrunk(traced.coverage, fineness)
    own = filled(light / _at_least_solid(alpha)[..., None], _solid(alpha))
    return np.dstack([encoded(own), np.round(255 * alpha).astype(np.uint8)])


def _light(traced: Traced, tallest_mm: float, denoise: Denoise, fineness: int) -> ImageU8:
    cover = _shrunk(traced.coverage, 2)
    albedo = _shrunk(traced.albedo, 2) * cover[..., None]
    arcs = _shrunk(denoise(_shrunk(traced.item @ LUMINANCE, 2), albedo, _shrunk(traced.normal, 2)), fineness)
    _, x, y = harmonics(arcs)
    cover = _shrunk(cover, fineness)
    slopes = filled(np.dstack([x, y]), _solid(cover))
    height = _shrunk(traced.height_mm, 2 * fineness) / _at_least_solid(cover) * _solid(cover)
    return np.stack([_signed(slopes[..., 0]), _signed(slopes[..., 1]), _unsigned(height / tallest_mm)])


def _shade(traced: Traced, empty_belt: ArrayF32, fineness: int) -> ImageU8:
    bare = _shrunk(1.0 - traced.coverage, 4 * fineness)
    empty = _shrunk(empty_belt, 4) * bare[..., None]
    share = _shrunk(traced.belt, 4 * fineness) / np.maximum(empty, np.float32(1e-6))
    ratios = np.asarray(cv2.GaussianBlur(filled(share, _solid(bare)), (0, 0), SHADE_BLUR_PX), dtype=np.float32)
    left, x, y = harmonics(ratios / np.float32(3))
    window = _window(left.shape, FADE_PX / 4)
    return np.stack([_unsigned(1 - (1 - left) * window), _signed(x * window), _signed(y * window)])


def _solid(cover: ArrayF32) -> ArrayF32:
    return np.asarray(cover >= SOLID_COVERAGE, dtype=np.float32)


def _at_least_solid(cover: ArrayF32) -> ArrayF32:
    return np.maximum(cover, np.float32(SOLID_COVERAGE))


def _window(shape: tuple[int, ...], edge: float) -> ArrayF32:
    """1 in the middle, 0 at the border, rising smoothly over ``edge`` pixels."""
    height, width = shape
    x = np.minimum(np.arange(width), width - 1 - np.arange(width)) / edge
    y = np.minimum(np.arange(height), height - 1 - np.arange(height)) / edge
    ramp = np.clip(np.minimum.outer(y, x), 0.0, 1.0)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float32)


def _shrunk(picture: ArrayF32, by: int) -> ArrayF32:
    """Means over blocks of ``by`` × ``by`` pixels; where the last block sticks out, its edge is repeated."""
    height, width = picture.shape[:2]
    padding = [(0, -height % by), (0, -width % by)] + [(0, 0)] * (picture.ndim - 2)
    padded = np.pad(picture, padding, mode="edge")
    blocks = padded.reshape(padded.shape[0] // by, by, padded.shape[1] // by, by, *picture.shape[2:])
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)


def _resized(picture: ArrayF32 | ArrayF64, size: tuple[int, int]) -> ArrayF32:
    """To (width, height), means where it gets smaller, linear where it grows; always (h, w, n)."""
    way = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=way), dtype=np.float32).reshape(size[1], size[0], -1)


def _signed(value: ArrayF32) -> ImageU8:
    return np.round(128 + 127 * np.clip(value, -1.0, 1.0)).astype(np.uint8)


def _unsigned(value: ArrayF32 | ArrayF64) -> ImageU8:
    clipped = np.asarray(np.clip(value, 0.0, 1.0), dtype=np.float32)
    return np.round(255 * clipped).astype(np.uint8)
