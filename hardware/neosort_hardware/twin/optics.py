"""The camera's side of the simulated world: what it sees of the strip of belt under it."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.config import PictureConfig
from neosort_hardware.twin.belting import Belting, BeltLook
from neosort_hardware.twin.compositing import Lamps
from neosort_hardware.twin.lens import Sensor, defocus_kernel, distorted, travel_kernel
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.strip import BeltStrip
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

_WarpMaps = tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]
_SPARE_ROWS = 8


class BeltPicture(BeltStrip):
    """The belt and the camera above it.

    ``pixel_to_belt``: the true homography, (u right, v down, 1) → (across_mm, station_mm, 1), u = 0.5 the centre of
    the first column, station in mm downstream of the view's upstream edge; the lens distorts beside it. ``start_mm``:
    encoder position of the first frame that will be asked for. ``scenery``: textures, shared between scenes.
    Deterministic from ``seed`` and the generators handed in.
    """

    def __init__(
        self,
        *,
        width_px: int,
        height_px: int,
        pixel_to_belt: npt.NDArray[np.floating],
        belt_width_mm: float,
        seed: int,
        picture: PictureConfig,
        scenery: Scenery,
        start_mm: float = 0.0,
        length_mm: float = 3000.0,
    ) -> None:
        self._homography = np.asarray(pixel_to_belt, dtype=np.float64)
        self._size, self._settings = (width_px, height_px), picture
        self.mm_per_px = pitch_mm(self._homography, self._size)
        outline = _outline(self._size, picture.distortion)
        corners = _through(self._homography, outline)
        low, high = corners.min(axis=0), corners.max(axis=0)
        self._stations = (float(low[1]), float(high[1]))
        first_mm = (math.floor(low[0] / self.mm_per_px) - 1) * self.mm_per_px
        cols = math.ceil((high[0] + 2 * self.mm_per_px - first_mm) / self.mm_per_px)
        spare_mm = _SPARE_ROWS * self.mm_per_px
        lamps = Lamps(azimuth_rad=math.radians(picture.light_azimuth_deg), contrast=picture.light_contrast)
        edges = (-first_mm / self.mm_per_px, (belt_width_mm - first_mm) / self.mm_per_px)
        super().__init__(
            across_start_mm=first_mm,
            cols=cols,
            belting=Belting(
                scenery.rubber.rubber(self.mm_per_px), cols=cols, edge_cols=edges, mm_per_px=self.mm_per_px, seed=seed,
                lamps=lamps, look=BeltLook(wear=picture.belt_wear, scraps_per_m2=picture.scraps_per_m2),
            ),
            start_mm=start_mm - self._stations[1] - spare_mm,
            length_mm=max(length_mm, self._stations[1] - self._stations[0] + 2 * spare_mm),
            mm_per_px=self.mm_per_px,
            lamps=lamps,
            tiles=scenery.wear_tiles,
        )  # fmt: skip
        self._sensor = Sensor(picture, width_px=width_px, height_px=height_px, seed=seed)
        self._sharpness = defocus_kernel(picture.defocus_px)
        self._first_col = 0.0
        self._maps = self._warp_maps()

    def _warp_maps(self) -> _WarpMaps | None:
        """Where each pixel looks on the rows that `frame` cuts from the strip; None when the two are merely shifted.

        The cut starts one row before the view's most downstream edge; its fraction of a row is put right by the
        travel kernel, so these maps never change.
        """
        width, height = self._size
        u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        seen_u, seen_v = distorted(u, v, self._size, self._settings.distortion)
        across, station = _carried(self._homography, seen_u, seen_v)
        cols = (across - self._across_start) / self._pitch - 0.5
        rows = (self._stations[1] - station) / self._pitch - 0.5
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
        travel = travel_kernel(start - first, speed_mm_per_s * exposure_us * 1e-6 / self._pitch)
        kernel = np.convolve(travel, self._sharpness).astype(np.float32)
        index = first - self._base
        if self._maps is None:
            return self._sensor.expose(self._shifted(index, kernel), rng)
        rows = math.ceil((self._stations[1] - self._stations[0]) / self._pitch) + 3
        view = self._travelled(index - 1, rows, (0, self._cols), self._sharpness, kernel)
        seen = cv2.remap(view, self._maps[0], self._maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self._sensor.expose(np.asarray(seen, np.float32), rng)

    def _shifted(self, index: int, kernel: ArrayF32) -> ArrayF32:
        """The view of a camera whose pixels are the strip's, moved by fractions of one."""
        first = math.floor(self._first_col + 1e-9)
        share = max(0.0, self._first_col - first)
        sideways = np.convolve([0, 1 - share, share], self._sharpness) if share > 1e-6 else self._sharpness
        cols = (first, first + self._size[0])
        return self._travelled(index, self._size[1], cols, np.asarray(sideways, np.float32), kernel)

    def _travelled(
        self, index: int, rows: int, cols: tuple[int, int], sideways: ArrayF32, kernel: ArrayF32
    ) -> ArrayF32:
        """``rows`` of the strip from ``index`` on, shifted and smeared along the travel, blurred sideways."""
        above, left = min(index, len(kernel) // 2), min(cols[0], len(sideways) // 2)
        cut = self._light[
            index - above : index + rows + len(kernel) // 2, cols[0] - left : cols[1] + len(sideways) // 2
        ]
        light = cut.astype(np.float32)
        if len(kernel) > 1 or len(sideways) > 1:
            light = np.asarray(
                cv2.sepFilter2D(light, -1, sideways, kernel, borderType=cv2.BORDER_REPLICATE), np.float32
            )
        return light[above : above + rows, left : left + cols[1] - cols[0]]


def pitch_mm(homography: ArrayF64, size: tuple[int, int]) -> float:
    """Millimetres of belt to a pixel in the middle of the view: the strip is kept as fine as the camera sees."""
    middle = np.array(size) * 0.5
    points = _through(homography, np.add(middle, [[0, 0], [1, 0], [0, 1]]))
    (a, b), (c, d) = points[1] - points[0], points[2] - points[0]
    return float(np.round(math.sqrt(abs(a * d - b * c)), 9))


def _outline(size: tuple[int, int], distortion: float) -> ArrayF64:
    """Corners and middles of the edges of the view, (8, 2), as a lens without distortion would show them."""
    u, v = (axis.ravel() for axis in np.meshgrid([0.0, 0.5 * size[0], size[0]], [0.0, 0.5 * size[1], size[1]]))
    return np.column_stack(distorted(u, v, size, distortion))


def _carried(homography: ArrayF64, u: ArrayF64, v: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
    """Places (x, y) of pixels (u, v) through a homography, in their shape."""
    x, y, w = (row[0] * u + row[1] * v + row[2] for row in homography)
    return x / w, y / w


def _through(homography: ArrayF64, points: npt.ArrayLike) -> ArrayF64:
    """(n, 2) points through a homography."""
    flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    moved = np.column_stack([flat, np.ones(len(flat))]) @ homography.T
    return np.asarray(moved[:, :2] / moved[:, 2:])
