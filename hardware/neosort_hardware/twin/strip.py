"""A rolling strip of belt in belt coordinates, items laid on it as they are fed, and which item each pixel shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.belting import Belting
from neosort_hardware.twin.compositing import WHITE, ImageU16, Lamps, Stamp, cover, darken, lit, shaded, turned
from neosort_hardware.twin.relief import Region, Relief
from neosort_hardware.twin.sprites import Sprite
from neosort_hardware.twin.wear import WearTiles, drawn_wear
from neosort_hardware.types import ArrayBool, ArrayF32, Box, ImageU8

_BLOCK_ROWS = 256
_FINER = 4  # flat pieces are drawn finer by this, and averaged


@dataclass(frozen=True, slots=True)
class _Placed:
    """What the strip remembers of an item: its label, the rows and columns it covers, and how many pixels it has."""

    label: int
    rows: tuple[int, int]
    cols: tuple[int, int]
    pixels: int


class BeltStrip:
    """Row r shows belt_mm = (r + ½)·mm_per_px, column c shows across_mm = across_start_mm + (c + ½)·mm_per_px.

    The picture is kept in linear light (`compositing.WHITE`). At least the newest ``length_mm`` of belt are kept, older
    rows are forgotten. ``belting``: what the empty belt looks like, in columns of this strip.
    """

    def __init__(
        self, *, across_start_mm: float, cols: int, belting: Belting, start_mm: float, length_mm: float,
        mm_per_px: float, lamps: Lamps, tiles: WearTiles,
    ) -> None:  # fmt: skip
        self._pitch, self._across_start, self._cols = mm_per_px, across_start_mm, cols
        self._belting, self._lamps, self._tiles = belting, lamps, tiles
        self._kept = math.ceil(length_mm / mm_per_px) + _BLOCK_ROWS
        capacity = 3 * self._kept + _BLOCK_ROWS
        self._light: ImageU16 = np.zeros((capacity, cols, 3), np.uint16)
        self._labels: npt.NDArray[np.uint16] = np.zeros((capacity, cols), np.uint16)
        self._relief = Relief(capacity, cols)
        self._placed: dict[int, _Placed] = {}
        self._last_label = 0
        self._base = self._end = _block_of(start_mm / mm_per_px)  # rows [_base, _end) stand in the buffer from 0 on

    def extend_to(self, belt_mm: float) -> None:
        """Make sure that the belt is there up to ``belt_mm``; what is older than the strip is long is forgotten."""
        wanted = math.ceil(belt_mm / self._pitch)
        if wanted - self._end > self._kept:  # a leap: nothing of the strip would be left
            self._base = self._end = _block_of(wanted - self._kept)
            self._placed.clear()
        while self._end < wanted:
            if self._end - self._base + _BLOCK_ROWS > len(self._light):
                self._roll()
            index = self._end - self._base
            fresh = slice(index, index + _BLOCK_ROWS)
            self._belting.draw(self._end, self._light[fresh])
            self._labels[fresh] = 0
            self._relief.clear(fresh)
            self._end += _BLOCK_ROWS

    def _roll(self) -> None:
        """Move the newest rows to the front of the buffer; it holds three times as many, so this is rare."""
        drop = self._end - self._base - self._kept
        to, rows = slice(0, self._kept), slice(drop, drop + self._kept)
        self._light[to] = self._light[rows]
        self._labels[to] = self._labels[rows]
        self._relief.move(to, rows)
        self._base += drop
        self._placed = {item: placed for item, placed in self._placed.items() if placed.rows[0] >= self._base}

    def paste(
        self,
        sprite: Sprite,
        *,
        item_id: int,
        belt_mm: float,
        across_mm: float,
        yaw_rad: float,
        dirt: float,
        rng: np.random.Generator,
    ) -> Box:
        """Lay an item on the belt, on top of what lies there, with its shadow; its centre at the place given.

        ``dirt`` 0 (clean) .. 1. Returns the box of its body (alpha above one half). Raises `ValueError` when it would
        lie outside the strip altogether.
        """
        row, col = belt_mm / self._pitch - 0.5, (across_mm - self._across_start) / self._pitch - 0.5
        ground = Stamp.of(sprite.ground, yaw_rad, self._pitch, row, col)
        stamp = Stamp.of(sprite.body, yaw_rad, self._pitch, row, col)
        lowest = max(ground.top + ground.size[1], stamp.top + stamp.size[1])
        self.extend_to((lowest + 1) * self._pitch)
        region, inside = self._overlap(stamp)
        if region is None:
            raise ValueError(f"item {item_id} at belt {belt_mm:g} mm, across {across_mm:g} mm lies outside the strip")
        on_item = self._lamps.on_item(yaw_rad)
        picture = turned(lit(sprite, on_item, drawn_wear(dirt, rng), self._tiles), stamp)
        alpha = np.asarray(cv2.extractChannel(picture, 3), np.float32)
        body = (alpha > np.float32(127.5 / 255)).view(np.uint8)
        surface_mm = turned(sprite.height * np.float32(sprite.tallest_mm / 255), stamp)
        rest_mm = self._relief.rest_mm(region, body[inside])
        stands_mm = surface_mm[inside] + np.float32(rest_mm)
        kept = self._relief.kept_light(region, stands_mm)  # before its own shadow, which its picture knows already
        self._shade(ground, shaded(sprite, on_item, ground), rest_mm, sprite.tallest_mm)
        cover(self._light[region], _dimmed(picture[inside], kept), alpha[inside])
        self._relief.stand(region, body[inside], stands_mm)
        self._last_label = self._last_label % 65535 + 1
        cv2.copyTo(np.full_like(self._labels[region], self._last_label), body[inside], self._labels[region])
        rows, cols = ((part.start, part.stop) for part in region)
        rows = (rows[0] + self._base, rows[1] + self._base)
        self._placed[item_id] = _Placed(self._last_label, rows, cols, cv2.countNonZero(body))
        return self._box(body, stamp.top, stamp.left)

    def lay_flat(self, surface: ArrayF32, belt_mm: float, across_mm: float, yaw_rad: float, px_per_mm: float) -> None:
        """A flat piece without a shadow on the belt, (rows along, cols across) its share of white light, its middle at
        the place given."""
        half = 0.5 * math.hypot(*surface.shape) / px_per_mm
        first_row, first_col = (
            math.floor((place - half) / self._pitch) for place in (belt_mm, across_mm - self._across_start)
        )
        size = math.ceil(2 * half / self._pitch) + 1
        self.extend_to((first_row + size) * self._pitch)
        turned, cover_share = _turned_surface(
            surface, size, yaw_rad, px_per_mm * self._pitch,
            (belt_mm / self._pitch - first_row, (across_mm - self._across_start) / self._pitch - first_col),
        )  # fmt: skip
        r0, r1 = max(first_row, self._base), min(first_row + size, self._end)
        c0, c1 = max(first_col, 0), min(first_col + size, self._cols)
        if r0 >= r1 or c0 >= c1:
            return
        inside = np.s_[r0 - first_row : r1 - first_row, c0 - first_col : c1 - first_col]
        target = self._light[r0 - self._base : r1 - self._base, c0:c1]
        share = cover_share[inside][..., None]
        target[:] = np.rint(target * (1 - share) + WHITE * turned[inside][..., None] * share).astype(np.uint16)

    def _overlap(self, stamp: Stamp) -> tuple[Region | None, Region]:
        """Where a stamp lies in the buffer, None where it misses it, and which part of the stamp that is."""
        width, height = stamp.size
        r0, r1 = max(stamp.top, self._base), min(stamp.top + height, self._end)
        c0, c1 = max(stamp.left, 0), min(stamp.left + width, self._cols)
        inside = np.s_[r0 - stamp.top : r1 - stamp.top, c0 - stamp.left : c1 - stamp.left]
        if r0 >= r1 or c0 >= c1:
            return None, inside
        return np.s_[r0 - self._base : r1 - self._base, c0:c1], inside

    def _shade(self, ground: Stamp, shade: ArrayF32, rest_mm: float, thick_mm: float) -> None:
        region, inside = self._overlap(ground)
        if region is not None:
            top_mm = rest_mm + thick_mm
            darken(self._light[region], self._relief.weakened(region, shade[inside], top_mm, thick_mm))
            self._relief.cast(region, shade[inside], top_mm)

    def _box(self, body: ImageU8, top: int, left: int) -> Box:
        left_px, top_px, width, height = cv2.boundingRect(body)
        if width == 0:
            raise ValueError("a sprite without a body cannot be laid on the belt")
        return Box(
            belt_lo_mm=float((top + top_px) * self._pitch),
            belt_hi_mm=float((top + top_px + height) * self._pitch),
            across_lo_mm=float(self._across_start + (left + left_px) * self._pitch),
            across_hi_mm=float(self._across_start + (left + left_px + width) * self._pitch),
        )

    def _seen(self, item_id: int) -> tuple[_Placed, ArrayBool]:
        placed = self._placed[item_id]
        rows = slice(placed.rows[0] - self._base, placed.rows[1] - self._base)
        return placed, self._labels[rows, placed.cols[0] : placed.cols[1]] == placed.label

    def visible_fraction(self, item_id: int) -> float:
        """Share of the item's body that nothing lies on, 0..1. Raises `KeyError` once its rows are forgotten."""
        placed, seen = self._seen(item_id)
        return float(np.count_nonzero(seen)) / placed.pixels

    def visible_box(self, item_id: int) -> Box | None:
        """The box of what can be seen of it, None when it is covered. Raises `KeyError` once its rows are forgotten."""
        placed, seen = self._seen(item_id)
        return self._box(seen.view(np.uint8), placed.rows[0], placed.cols[0]) if seen.any() else None


def _dimmed(item: ArrayF32, kept: ArrayF32 | None) -> ArrayF32:
    """An item (h, w, 4) with the share of its light that its neighbours leave; its alpha stays."""
    if kept is None:
        return item
    return np.asarray(cv2.multiply(item, cv2.cvtColor(kept, cv2.COLOR_GRAY2RGBA)), np.float32)  # whose alpha is 1


def _turned_surface(
    surface: ArrayF32, size: int, yaw_rad: float, scale: float, middle: tuple[float, float]
) -> tuple[ArrayF32, ArrayF32]:
    """A surface (h, w) in ``size`` squared pixels of the strip, and the share of each that it covers. ``scale``: pixels
    of the surface to one of the strip; ``middle``: (row, col) of its middle there."""
    fine = size * _FINER
    cos, sin = math.cos(yaw_rad) * scale / _FINER, math.sin(yaw_rad) * scale / _FINER
    row, col = middle[0] * _FINER, middle[1] * _FINER
    centre_y, centre_x = 0.5 * surface.shape[0], 0.5 * surface.shape[1]
    # strip pixel (x across, y along) → surface pixel: the inverse turn, middles of pixels at one half
    back = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    back[:, 2] = (centre_x, centre_y) - back[:, :2] @ (col - 0.5, row - 0.5) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = [cv2.warpAffine(one, back, (fine, fine), flags=flags) for one in (surface, np.ones_like(surface))]
    light, share = (np.asarray(cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA), np.float32) for one in seen)
    return np.asarray(light / np.maximum(share, 1e-3), np.float32), share


def _block_of(row: float) -> int:
    return math.floor(row / _BLOCK_ROWS) * _BLOCK_ROWS
