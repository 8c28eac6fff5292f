"""The camera's side of the simulated world: what it sees of the strip of belt under it."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.twin.lens import Sensor, travel_kernel
from neosort_hardware.twin.strip import BeltStrip
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

_WarpMaps = tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]
_SPARE_ROWS = 8


class BeltPicture(BeltStrip):
    """The belt and the camera above it.

    ``pixel_to_belt``: the true homography, (u right, v down, 1) → (across_mm, station_mm, 1), u = 0.5 the centre of
    the first column, station in mm downstream of the view's upstream edge. ``start_mm``: encoder position of the
    first frame that will be asked for. ``gain_drift``, ``white_balance_drift``: one standard deviation, relative.
    ``vignette``: share of light lost in the corners. Deterministic from ``seed`` and the generators handed in.
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
        self._size = (width_px, height_px)
        corners = _through(self._homography, [(0, 0), (width_px, 0), (0, height_px), (width_px, height_px)])
        low, high = corners.min(axis=0), corners.max(axis=0)
        self._stations = (float(low[1]), float(high[1]))
        first_mm = (math.floor(low[0] / mm_per_px) - 1) * mm_per_px
        spare_mm = _SPARE_ROWS * mm_per_px
        super().__init__(
            across_mm=(first_mm, float(high[0]) + 2 * mm_per_px),
            belt_width_mm=belt_width_mm,
            start_mm=start_mm - self._stations[1] - spare_mm,
            length_mm=max(length_mm, self._stations[1] - self._stations[0] + 2 * spare_mm),
            mm_per_px=mm_per_px,
            seed=seed,
        )
        self._sensor = Sensor(
            width_px=width_px, height_px=height_px, seed=seed, gain_drift=gain_drift,
            white_balance_drift=white_balance_drift, vignette=vignette,
        )  # fmt: skip
        self._first_col = 0.0
        self._maps = self._warp_maps()

    def _warp_maps(self) -> _WarpMaps | None:
        """Where each pixel looks on the rows that `frame` cuts from the strip; None when the two are merely shifted.

        The cut starts one row before the view's most downstream edge; its fraction of a row is put right by the
        travel kernel, so these maps never change.
        """
        width, height = self._size
        u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        places = _through(self._homography, np.column_stack([u.ravel(), v.ravel()]))
        cols = ((places[:, 0] - self._across_start) / self._pitch - 0.5).reshape(height, width)
        rows = ((self._stations[1] - places[:, 1]) / self._pitch - 0.5).reshape(height, width)
        if np.allclose(rows, v - 0.5, rtol=0, atol=1e-6) and np.allclose(cols - u, cols[0, 0] - 0.5, rtol=0, atol=1e-6):
            self._first_col = float(cols[0, 0])
            return None
        whole, fraction = cv2.convertMaps(cols.astype(np.float32), (rows + 1).astype(np.float32), cv2.CV_16SC2)
        return np.asarray(whole, np.int16), np.asarray(fraction, np.uint16)

    def frame(self, belt_mm: float, speed_mm_per_s: float, exposure_us: float, rng: np.random.Generator) -> ImageU8:
        """What the camera sees with the encoder at ``belt_mm`` in mid-exposure: (height, width, 3) uint8 RGB.

        Raises `ValueError` when that stretch of belt has been forgotten.
        """
        self.extend_to(belt_mm - self._stations[0] + _SPARE_ROWS * self._pitch)
        start = (belt_mm - self._stations[1]) / self._pitch
        first = math.floor(start)
        if first - 1 < self._base:
            raise ValueError(f"the belt at {belt_mm - self._stations[1]:g} mm has left the strip")
        kernel = travel_kernel(start - first, speed_mm_per_s * exposure_us * 1e-6 / self._pitch)
        index = first - self._base
        if self._maps is None:
            return self._sensor.expose(self._shifted(index, kernel), rng)
        rows = math.ceil((self._stations[1] - self._stations[0]) / self._pitch) + 3
        view = self._travelled(index - 1, rows, (0, self._cols), np.ones(1, np.float32), kernel)
        seen = cv2.remap(view, self._maps[0], self._maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self._sensor.expose(np.asarray(seen, np.uint8), rng)

    def _shifted(self, index: int, kernel: ArrayF32) -> ImageU8:
        """The view of a camera whose pixels are the strip's, moved by fractions of one."""
        first = math.floor(self._first_col + 1e-9)
        share = np.float32(max(0.0, self._first_col - first))
        sideways = np.array([0, 1 - share, share], np.float32) if share > 1e-6 else np.ones(1, np.float32)
        return self._travelled(index, self._size[1], (first, first + self._size[0]), sideways, kernel)

    def _travelled(self, index: int, rows: int, cols: tuple[int, int], sideways: ArrayF32, kernel: ArrayF32) -> ImageU8:
        """``rows`` of the strip from ``index`` on, shifted and smeared along the travel, shifted sideways."""
        if len(kernel) == 1 and len(sideways) == 1:
            return self._rgb[index : index + rows, cols[0] : cols[1]]
        above, left = min(index, len(kernel) // 2), min(cols[0], len(sideways) // 2)
        cut = self._rgb[index - above : index + rows + len(kernel) // 2, cols[0] - left : cols[1] + len(sideways) // 2]
        smeared = cv2.sepFilter2D(cut, -1, sideways, kernel, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(smeared[above : above + rows, left : left + cols[1] - cols[0]], np.uint8)


def _through(homography: ArrayF64, points: npt.ArrayLike) -> ArrayF64:
    """(n, 2) points through a homography."""
    flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    moved = np.column_stack([flat, np.ones(len(flat))]) @ homography.T
    return np.asarray(moved[:, :2] / moved[:, 2:])
