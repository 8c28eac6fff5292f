"""The camera's side of the simulated world: a strip of belt with items on it, and what the camera sees of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.belting import Belting
from neosort_hardware.twin.lens import Sensor, travel_kernel
from neosort_hardware.twin.sprites import Sprite, reach_mm, sprite_to_strip
from neosort_hardware.types import ArrayF32, ArrayF64, Box, ImageU8

_BLOCK_ROWS = 256
_DUST = np.array([122, 112, 98], np.float32)


@dataclass(slots=True)
class _Placed:
    """What the strip remembers of an item: its label, the rows and columns it covers, and how many pixels."""

    label: int
    rows: tuple[int, int]
    cols: tuple[int, int]
    pixels: int


class BeltPicture:
    """The belt as a rolling strip of rows in belt coordinates, items drawn on it as they are fed.

    Row r of the strip shows belt_mm = (r + ½)·mm_per_px, column c shows across_mm = across_start + (c + ½)·mm_per_px;
    the strip is as wide as the camera's view. The newest ``length_mm`` of belt are kept, older rows are forgotten.
    ``pixel_to_belt``: true homography (u right, v down, 1) → (across_mm, station_mm, 1), u = 0.5 the centre of the
    first column, station in mm downstream of the view's upstream edge.
    """

    def __init__(
        self,
        *,
        width_px: int,
        height_px: int,
        pixel_to_belt: npt.NDArray[np.floating],
        belt_width_mm: float,
        seed: int,
        start_mm: float = 0.0,
        length_mm: float = 3000.0,
        mm_per_px: float = 1.0,
        gain_drift: float = 0.03,
        white_balance_drift: float = 0.015,
        vignette: float = 0.12,
    ) -> None:
        self._homography = np.asarray(pixel_to_belt, dtype=np.float64)
        self._size, self._pitch = (width_px, height_px), mm_per_px
        corners = _through(self._homography, [(0, 0), (width_px, 0), (0, height_px), (width_px, height_px)])
        across, self._stations = corners[:, 0], (float(corners[:, 1].min()), float(corners[:, 1].max()))
        self._across_start = math.floor(across.min() / mm_per_px) * mm_per_px - mm_per_px
        self._cols = math.ceil((across.max() - self._across_start) / mm_per_px) + 2
        edges = (-self._across_start / mm_per_px, (belt_width_mm - self._across_start) / mm_per_px)
        self._belting = Belting(cols=self._cols, edge_cols=edges, mm_per_px=mm_per_px, seed=seed)
        view_rows = math.ceil((self._stations[1] - self._stations[0]) / mm_per_px) + 8
        self._kept = max(math.ceil(length_mm / mm_per_px), view_rows) + _BLOCK_ROWS
        capacity = 2 * self._kept + _BLOCK_ROWS
        self._rgb: ImageU8 = np.zeros((capacity, self._cols, 3), np.uint8)
        self._labels: npt.NDArray[np.uint16] = np.zeros((capacity, self._cols), np.uint16)
        self._placed: dict[int, _Placed] = {}
        self._last_label = 0
        # rows [_base, _end) of the belt stand in the buffer from index 0 on
        self._base = self._end = self._block_of(start_mm / mm_per_px) - view_rows // _BLOCK_ROWS * _BLOCK_ROWS - 2 * _BLOCK_ROWS
        self._sensor = Sensor(width_px=width_px, height_px=height_px, seed=seed, gain_drift=gain_drift,
                              white_balance_drift=white_balance_drift, vignette=vignette)  # fmt: skip
        self._maps = self._warp_maps()

    @staticmethod
    def _block_of(row: float) -> int:
        return math.floor(row / _BLOCK_ROWS) * _BLOCK_ROWS

    # the belt ----------------------------------------------------------------------------------------------------

    def extend_to(self, belt_mm: float) -> None:
        """Make sure that the belt is there up to ``belt_mm``; what is older than the strip is long is forgotten."""
        wanted = math.ceil(belt_mm / self._pitch)
        if wanted - self._end > self._kept:  # a leap: nothing of the strip would be left
            self._base = self._end = self._block_of(wanted - self._kept)
        while self._end < wanted:
            if self._end - self._base + _BLOCK_ROWS > len(self._rgb):
                self._roll()
            index = self._end - self._base
            self._rgb[index : index + _BLOCK_ROWS] = self._belting.stretch(self._end, _BLOCK_ROWS)
            self._labels[index : index + _BLOCK_ROWS] = 0
            self._end += _BLOCK_ROWS

    def _roll(self) -> None:
        """Move the newest rows to the front of the buffer; twice the strip is kept, so this is rare."""
        drop = self._end - self._base - self._kept
        self._rgb[: self._kept] = self._rgb[drop : drop + self._kept]
        self._labels[: self._kept] = self._labels[drop : drop + self._kept]
        self._base += drop
        self._placed = {item: placed for item, placed in self._placed.items() if placed.rows[0] >= self._base}

    # items -------------------------------------------------------------------------------------------------------

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
        along_reach, across_reach = reach_mm(sprite, yaw_rad)
        self.extend_to(belt_mm + along_reach + 16)
        margin = 4 + math.ceil(8 / self._pitch)
        row, col = belt_mm / self._pitch - 0.5, (across_mm - self._across_start) / self._pitch - 0.5
        top, left = math.floor(row - along_reach / self._pitch) - margin, math.floor(col - across_reach / self._pitch) - margin
        size = (math.ceil(2 * across_reach / self._pitch) + 2 * margin + 1,
                math.ceil(2 * along_reach / self._pitch) + 2 * margin + 1)  # fmt: skip
        affine = sprite_to_strip(sprite, yaw_rad, self._pitch, row - top, col - left)
        alpha = cv2.warpAffine(sprite.alpha, affine, size, flags=cv2.INTER_LINEAR)
        rgb = cv2.warpAffine(sprite.rgb, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        r0, r1 = max(top, self._base), min(top + size[1], self._end)
        c0, c1 = max(left, 0), min(left + size[0], self._cols)
        if r0 >= r1 or c0 >= c1:
            raise ValueError(f"item {item_id} at belt {belt_mm:g} mm, across {across_mm:g} mm lies outside the strip")
        shade = _shadow(alpha, sprite.height_mm / self._pitch)
        inside = np.s_[r0 - top : r1 - top, c0 - left : c1 - left]
        target = self._rgb[r0 - self._base : r1 - self._base, c0:c1]
        _lay(target, _worn(rgb[inside], dirt, rng), alpha[inside], shade[inside])
        self._mark(item_id, alpha > 127, inside, r0, c0)
        return self._box(alpha > 127, top, left)

    def _mark(self, item_id: int, body: npt.NDArray[np.bool_], inside: tuple[slice, slice], r0: int, c0: int) -> None:
        self._last_label = self._last_label % 65535 + 1
        seen = body[inside]
        rows, cols = seen.shape
        self._labels[r0 - self._base : r0 - self._base + rows, c0 : c0 + cols][seen] = self._last_label
        self._placed[item_id] = _Placed(
            label=self._last_label, rows=(r0, r0 + rows), cols=(c0, c0 + cols), pixels=int(np.count_nonzero(body))
        )

    def _box(self, body: npt.NDArray[np.bool_], top: int, left: int) -> Box:
        rows, cols = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
        if rows.size == 0:
            raise ValueError("a sprite without a body cannot be laid on the belt")
        return Box(
            belt_lo_mm=float((top + rows[0]) * self._pitch),
            belt_hi_mm=float((top + rows[-1] + 1) * self._pitch),
            across_lo_mm=float(self._across_start + (left + cols[0]) * self._pitch),
            across_hi_mm=float(self._across_start + (left + cols[-1] + 1) * self._pitch),
        )

    def _seen(self, item_id: int) -> tuple[_Placed, npt.NDArray[np.bool_]]:
        placed = self._placed[item_id]
        first = placed.rows[0] - self._base
        window = self._labels[first : placed.rows[1] - self._base, placed.cols[0] : placed.cols[1]]
        return placed, window == placed.label

    def visible_fraction(self, item_id: int) -> float:
        """Share of the item's body that nothing lies on, 0..1. Raises `KeyError` once its rows are forgotten."""
        placed, seen = self._seen(item_id)
        return float(np.count_nonzero(seen)) / placed.pixels

    def visible_box(self, item_id: int) -> Box | None:
        """The box of what can be seen of it, None when it is covered. Raises `KeyError` once its rows are forgotten."""
        placed, seen = self._seen(item_id)
        return self._box(seen, placed.rows[0], placed.cols[0]) if seen.any() else None

    # the camera --------------------------------------------------------------------------------------------------

    def _warp_maps(self) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]] | None:
        """Where each pixel looks on the slice of strip that `frame` cuts; None when pixels and strip just coincide.

        The slice's row 0 is the view's most downstream row; its fraction of a row is put right by the travel kernel,
        so these maps never change.
        """
        width, height = self._size
        u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        places = _through(self._homography, np.column_stack([u.ravel(), v.ravel()]))
        cols = (places[:, 0] - self._across_start) / self._pitch - 0.5
        rows = (self._stations[1] - places[:, 1]) / self._pitch - 0.5
        straight = np.allclose(rows, v.ravel() - 0.5, atol=1e-6) and np.allclose(np.diff(cols.reshape(height, width)), 1)
        if straight and np.allclose(cols.reshape(height, width), cols[:width], atol=1e-6):
            self._first_col = float(cols[0])
            return None
        shape = (height, width)
        return cv2.convertMaps(
            cols.reshape(shape).astype(np.float32), (rows + 1.0).reshape(shape).astype(np.float32), cv2.CV_16SC2
        )

    def frame(self, belt_mm: float, speed_mm_per_s: float, exposure_us: float, rng: np.random.Generator) -> ImageU8:
        """What the camera sees with the encoder at ``belt_mm`` in mid-exposure: (height, width, 3) uint8 RGB.

        Raises `ValueError` when that stretch of belt has been forgotten.
        """
        self.extend_to(belt_mm - self._stations[0] + 8 * self._pitch)
        start = (belt_mm - self._stations[1]) / self._pitch
        first = math.floor(start)
        kernel = travel_kernel(start - first, speed_mm_per_s * exposure_us * 1e-6 / self._pitch)
        rows = self._size[1] if self._maps is None else math.ceil((self._stations[1] - self._stations[0]) / self._pitch) + 3
        lead = 0 if self._maps is None else 1
        index = first - self._base - lead
        if index < 0:
            raise ValueError(f"the belt at {belt_mm - self._stations[1]:g} mm has left the strip")
        view = self._travelled(index, rows, kernel)
        if self._maps is not None:
            view = np.asarray(
                cv2.remap(view, self._maps[0], self._maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
            )
        return self._sensor.expose(view, rng)

    def _travelled(self, index: int, rows: int, kernel: ArrayF32) -> ImageU8:
        """Rows of the strip from ``index`` on, shifted and smeared along the travel (and shifted across, if straight)."""
        sideways = np.ones(1, np.float32)
        window, cols = self._rgb, (0, self._cols)
        if self._maps is None:
            first = math.floor(self._first_col + 1e-9)
            share = np.float32(max(0.0, self._first_col - first))
            sideways = np.array([0, 1 - share, share], np.float32) if share > 1e-6 else sideways
            cols = (first, first + self._size[0])
        pad = len(kernel) // 2
        lo, hi = max(0, index - pad), index + rows + pad
        if len(kernel) == 1 and len(sideways) == 1:
            return window[index : index + rows, cols[0] : cols[1]]
        spare = 1 if len(sideways) > 1 else 0
        left = max(0, cols[0] - spare)
        cut = window[lo:hi, left : cols[1] + spare]
        smeared = cv2.sepFilter2D(cut, -1, sideways, kernel, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(smeared[index - lo : index - lo + rows, cols[0] - left : cols[0] - left + cols[1] - cols[0]], np.uint8)


def _through(homography: ArrayF64, points: npt.ArrayLike) -> ArrayF64:
    """(n, 2) points through a homography."""
    flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    moved = np.column_stack([flat, np.ones(len(flat))]) @ homography.T
    return np.asarray(moved[:, :2] / moved[:, 2:])


def _shadow(alpha: ImageU8, height_px: float) -> ArrayF32:
    """What light is left on the belt around an item, (h, w) float32: dark at its foot, fading within a few mm."""
    softness = float(np.clip(0.12 * height_px, 0.8, 3.0))
    soft = cv2.GaussianBlur(alpha, (0, 0), softness).astype(np.float32)
    shift = np.array([[1, 0, 0.5 * softness], [0, 1, 0.7 * softness]])
    moved = cv2.warpAffine(soft, shift, (alpha.shape[1], alpha.shape[0]))
    return 1.0 - np.float32(0.62 / 255) * moved


def _worn(rgb: ImageU8, dirt: float, rng: np.random.Generator) -> ArrayF32:
    """The item's own brightness and dirt: (h, w, 3) float32."""
    rows, cols = rgb.shape[:2]
    colour = rgb.astype(np.float32) * np.float32(rng.uniform(0.88, 1.1))
    if dirt <= 0:
        return colour
    coarse = rng.standard_normal((max(2, rows // 14), max(2, cols // 14)), dtype=np.float32)
    patches = cv2.resize(coarse, (cols, rows), interpolation=cv2.INTER_LINEAR)
    cover = np.clip((0.12 + 0.22 * patches) * dirt + 0.06 * dirt, 0, 0.7)[:, :, None]
    return np.asarray(colour + (_DUST * 0.8 - colour) * cover, dtype=np.float32)


def _lay(target: ImageU8, colour: ArrayF32, alpha: ImageU8, shade: ArrayF32) -> None:
    """Composite in place: shadow on what lies below, the item over it."""
    cover = (alpha.astype(np.float32) * np.float32(1 / 255))[:, :, None]
    below = target * shade[:, :, None]
    below += (colour - below) * cover
    np.clip(below, 0, 255, out=below)
    target[:] = below.astype(np.uint8)
