"""Camera pixels → the window's millimetre grid, by the calibrated homography."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_hardware.config import ConfigError
from neosort_hardware.types import ArrayF64, ImageU8

_CENTRE = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])  # array index → pixel centre coordinate
_FRAME = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])  # index → index in a framed picture
_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_FINER = 0.8  # of a picture element: smaller pixels are averaged before they are interpolated
_GREY = (BLIND_GREY, BLIND_GREY, BLIND_GREY)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a camera sees of the belt: the bounds of its picture across it and as stations along it."""

    across_lo_mm: float
    across_hi_mm: float
    station_lo_mm: float
    station_hi_mm: float

    @classmethod
    def of(cls, pixel_to_belt: ArrayF64, width_px: int, height_px: int) -> Self:
        """The view of a camera of that size. Raises `ConfigError` where the homography shows no stretch of belt."""
        corners = np.array([[u, v, 1.0] for u in (0, width_px) for v in (0, height_px)])
        seen = corners @ np.asarray(pixel_to_belt, dtype=np.float64).T
        scale = seen[:, 2]
        if not (scale > 0).all() and not (scale < 0).all():
            raise ConfigError("calibration.pixel_to_belt puts a part of the picture behind the camera")
        places = seen[:, :2] / scale[:, None]
        area_mm2 = _quadrilateral_area(places)
        if not math.isfinite(area_mm2) or area_mm2 < 1.0:
            raise ConfigError("calibration.pixel_to_belt cannot be inverted: it shows the whole picture on one line")
        low, high = places.min(axis=0), places.max(axis=0)
        return cls(
            across_lo_mm=float(low[0]),
            across_hi_mm=float(high[0]),
            station_lo_mm=float(low[1]),
            station_hi_mm=float(high[1]),
        )

    @property
    def length_mm(self) -> float:
        """Extent along the belt."""
        return self.station_hi_mm - self.station_lo_mm

    def pixel_mm(self, width_px: int, height_px: int) -> float:
        """Edge of a square as large as a pixel is on the belt, taken over the whole picture."""
        across_mm = self.across_hi_mm - self.across_lo_mm
        return math.sqrt(across_mm * self.length_mm / (width_px * height_px))


class Rectifier:
    """Turns frames of one camera into window pictures."""

    def __init__(self, grid: WindowGrid, pixel_to_belt: ArrayF64, width_px: int, height_px: int) -> None:
        self._grid = grid
        self.view = View.of(pixel_to_belt, width_px, height_px)
        self._reduced = _reduced_size(self.view, grid.mm_per_px, width_px, height_px)
        factors = np.diag([width_px / self._reduced[0], height_px / self._reduced[1], 1.0])
        self._belt_to_index = np.linalg.inv(np.asarray(pixel_to_belt, dtype=np.float64) @ factors @ _CENTRE)

    def reduced(self, image: ImageU8) -> ImageU8:
        """A frame as `paint` wants it: its pixels averaged to about the grid's where they are finer."""
        if (image.shape[1], image.shape[0]) == self._reduced:
            return image
        return np.asarray(cv2.resize(image, self._reduced, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def rectify(self, image: ImageU8, end_station_mm: float) -> ImageU8:
        """A reduced frame → (rows, cols, 3) uint8 with its upstream end at a station; grey where nothing is seen.

        Row 0 is the downstream edge. A frame that is the window already comes back as it is.
        """
        index_to_index = self._map(end_station_mm)
        rows, cols = self._grid.rows, self._grid.cols
        if image.shape == (rows, cols, 3) and np.allclose(index_to_index, np.eye(3), atol=1e-6):
            return image
        warped = cv2.warpPerspective(
            _framed(image), _FRAME @ index_to_index, (cols, rows), flags=_FLAGS, borderMode=cv2.BORDER_CONSTANT,
            borderValue=_GREY,
        )  # fmt: skip
        return np.asarray(warped, dtype=np.uint8)

    def paint(self, image: ImageU8, end_station_mm: float, picture: ImageU8) -> None:
        """Draw a reduced frame into a window's picture and leave alone what it does not see."""
        cv2.warpPerspective(
            _framed(image), _FRAME @ self._map(end_station_mm), (self._grid.cols, self._grid.rows), dst=picture,
            flags=_FLAGS, borderMode=cv2.BORDER_TRANSPARENT,
        )  # fmt: skip

    def _map(self, end_station_mm: float) -> ArrayF64:
        """Index in the window's picture → index in the reduced frame."""
        grid = self._grid
        start_station_mm = end_station_mm + grid.length_mm
        step = grid.mm_per_px
        index_to_belt = (
            np.array([[step, 0.0, grid.across_start_mm], [0.0, -step, start_station_mm], [0.0, 0.0, 1.0]]) @ _CENTRE
        )
        found = self._belt_to_index @ index_to_belt
        return np.asarray(found / found[2, 2])


def _framed(image: ImageU8) -> ImageU8:
    """With its outermost pixels once more around it, or interpolation would end in the middle of them."""
    return np.asarray(cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE), dtype=np.uint8)


def _reduced_size(view: View, mm_per_px: float, width_px: int, height_px: int) -> tuple[int, int]:
    """Width and height of a frame averaged down to about the grid's picture elements."""
    shrink = view.pixel_mm(width_px, height_px) / mm_per_px
    if shrink >= _FINER:
        return width_px, height_px
    return max(1, round(width_px * shrink)), max(1, round(height_px * shrink))


def _quadrilateral_area(corners: ArrayF64) -> float:
    """Of corners in the order (0,0), (0,h), (w,0), (w,h)."""
    diagonals = corners[3] - corners[0], corners[2] - corners[1]
    return float(0.5 * abs(diagonals[0][0] * diagonals[1][1] - diagonals[0][1] * diagonals[1][0]))
