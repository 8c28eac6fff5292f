"""A rolling strip of belt in belt coordinates, items laid on it as they are fed, and which item each pixel shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.belting import Belting
from neosort_hardware.twin.compositing import lay, shadow, worn
from neosort_hardware.twin.sprites import Sprite, reach_mm, sprite_to_strip, turned
from neosort_hardware.types import ArrayBool, Box, ImageU8

_BLOCK_ROWS = 256
_SHADOW_MM = 8.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """What the strip remembers of an item: its label, the rows and columns it covers, and how many pixels it has."""

    label: int
    rows: tuple[int, int]
    cols: tuple[int, int]
    pixels: int


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A turned item cut to size: strip row and column of its first pixel, RGB, alpha, light left around it."""

    top: int
    left: int
    rgb: ImageU8
    alpha: ImageU8
    shade: npt.NDArray[np.float32]


class BeltStrip:
    """Row r shows belt_mm = (r + ½)·mm_per_px, column c shows across_mm = across_start_mm + (c + ½)·mm_per_px.

    At least the newest ``length_mm`` of belt are kept, older rows are forgotten.
    """

    def __init__(
        self, *, across_mm: tuple[float, float], belt_width_mm: float, start_mm: float, length_mm: float,
        mm_per_px: float, seed: int,
    ) -> None:  # fmt: skip
        self._pitch, self._across_start = mm_per_px, across_mm[0]
        self._cols = math.ceil((across_mm[1] - across_mm[0]) / mm_per_px)
        edges = (-self._across_start / mm_per_px, (belt_width_mm - self._across_start) / mm_per_px)
        self._belting = Belting(cols=self._cols, edge_cols=edges, mm_per_px=mm_per_px, seed=seed)
        self._kept = math.ceil(length_mm / mm_per_px) + _BLOCK_ROWS
        capacity = 2 * self._kept + _BLOCK_ROWS
        self._rgb: ImageU8 = np.zeros((capacity, self._cols, 3), np.uint8)
        self._labels: npt.NDArray[np.uint16] = np.zeros((capacity, self._cols), np.uint16)
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
            if self._end - self._base + _BLOCK_ROWS > len(self._rgb):
                self._roll()
            index = self._end - self._base
            self._rgb[index : index + _BLOCK_ROWS] = self._belting.stretch(self._end, _BLOCK_ROWS)
            self._labels[index : index + _BLOCK_ROWS] = 0
            self._end += _BLOCK_ROWS

    def _roll(self) -> None:
        """Move the newest rows to the front of the buffer; it holds twice as many, so this is rare."""
        drop = self._end - self._base - self._kept
        self._rgb[: self._kept] = self._rgb[drop : drop + self._kept]
        self._labels[: self._kept] = self._labels[drop : drop + self._kept]
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
        self.extend_to(belt_mm + reach_mm(sprite, yaw_rad)[0] + 2 * _SHADOW_MM)
        stamp = self._stamp(sprite, belt_mm, across_mm, yaw_rad)
        height, width = stamp.alpha.shape
        r0, r1 = max(stamp.top, self._base), min(stamp.top + height, self._end)
        c0, c1 = max(stamp.left, 0), min(stamp.left + width, self._cols)
        if r0 >= r1 or c0 >= c1:
            raise ValueError(f"item {item_id} at belt {belt_mm:g} mm, across {across_mm:g} mm lies outside the strip")
        inside = np.s_[r0 - stamp.top : r1 - stamp.top, c0 - stamp.left : c1 - stamp.left]
        target = np.s_[r0 - self._base : r1 - self._base, c0:c1]
        lay(self._rgb[target], worn(stamp.rgb[inside], dirt, rng), stamp.alpha[inside], stamp.shade[inside])
        body = stamp.alpha > 127
        self._last_label = self._last_label % 65535 + 1
        self._labels[target][body[inside]] = self._last_label
        self._placed[item_id] = _Placed(self._last_label, (r0, r1), (c0, c1), int(np.count_nonzero(body)))
        return self._box(body, stamp.top, stamp.left)

    def _stamp(self, sprite: Sprite, belt_mm: float, across_mm: float, yaw_rad: float) -> _Stamp:
        along_px, across_px = (reach / self._pitch for reach in reach_mm(sprite, yaw_rad))
        margin = 2 + math.ceil(_SHADOW_MM / self._pitch)
        row, col = belt_mm / self._pitch - 0.5, (across_mm - self._across_start) / self._pitch - 0.5
        top, left = math.floor(row - along_px) - margin, math.floor(col - across_px) - margin
        size = (math.ceil(2 * across_px) + 2 * margin + 1, math.ceil(2 * along_px) + 2 * margin + 1)
        affine = sprite_to_strip(sprite, yaw_rad, self._pitch, row - top, col - left)
        alpha, rgb = turned(sprite, affine, size)
        return _Stamp(top, left, rgb, alpha, shadow(alpha, sprite.height_mm, self._pitch))

    def _box(self, body: ArrayBool, top: int, left: int) -> Box:
        rows, cols = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
        if rows.size == 0:
            raise ValueError("a sprite without a body cannot be laid on the belt")
        return Box(
            belt_lo_mm=float((top + rows[0]) * self._pitch),
            belt_hi_mm=float((top + rows[-1] + 1) * self._pitch),
            across_lo_mm=float(self._across_start + (left + cols[0]) * self._pitch),
            across_hi_mm=float(self._across_start + (left + cols[-1] + 1) * self._pitch),
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
        return self._box(seen, placed.rows[0], placed.cols[0]) if seen.any() else None


def _block_of(row: float) -> int:
    return math.floor(row / _BLOCK_ROWS) * _BLOCK_ROWS
