"""The camera's side of the simulated world: what it sees of the strip of belt under it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from neosort_hardware.config import PictureConfig
from neosort_hardware.twin.belting import Belting, BeltLook
from neosort_hardware.twin.compositing import Lamps
from neosort_hardware.twin.lens import BAND_ROWS, Real, Sensor, defocus_kernel, distorted, joined_kernels, travel_kernel
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.strip import BeltStrip
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

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
        self._sensor = Sensor(
            picture, width_px=width_px, height_px=height_px, seed=seed, noise=scenery.sensor_noise(width_px)
        )
        self._sharpness = defocus_kernel(picture.defocus_px)
        self._sideways, self._bands = self._cut_bands()

    def _cut_bands(self) -> tuple[ArrayF32, list[_Band]]:
        """How the strip is blurred sideways, and what each band of the picture shows of it.

        The fraction of a row by which a view begins is put right by the travel kernel, so bands never change.
        """
        width, height = self._size
        homography, distortion = self._homography, self._settings.distortion
        spans = [slice(top, min(height, top + BAND_ROWS)) for top in range(0, height, BAND_ROWS)]
        if distortion == 0 and np.allclose(_shape(homography), self._pitch * np.diag([1, -1]), rtol=0, atol=1e-9):
            col = (0.5 * self._pitch + homography[0, 2] - self._across_start) / self._pitch - 0.5
            first = math.floor(col + 1e-9)
            share = max(0.0, col - first)
            sideways = np.convolve([0, 1 - share, share], self._sharpness) if share > 1e-6 else self._sharpness
            straight = slice(first, first + width)
            return sideways.astype(np.float32), [_Band(span, (span.start, span.stop), straight, None) for span in spans]
        u, v = np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32)[:, None] + 0.5
        across, station = _carried(homography, *distorted(u, v, self._size, distortion))
        cols = (across - np.float32(self._across_start)) / np.float32(self._pitch) - 0.5
        rows = (np.float32(self._stations[1]) - station) / np.float32(self._pitch) - 0.5
        return self._sharpness, [_warped_band(span, cols[span], rows[span], self._cols) for span in spans]

    def frame(
        self, belt_mm: float, speed_mm_per_s: float, exposure_us: float, rng: np.random.Generator, *, share: float = 1.0
    ) -> ImageU8:
        """What the camera sees with the encoder at ``belt_mm`` in mid-exposure: (height, width, 3) uint8 RGB.

        ``share``: of the light that the picture's own exposure means, where the camera was told another time.
        Raises `ValueError` when that stretch of belt has been forgotten.
        """
        start = (belt_mm - self._stations[1]) / self._pitch
        first = math.floor(start)
        travel = travel_kernel(start - first, speed_mm_per_s * exposure_us * 1e-6 / self._pitch)
        kernel = joined_kernels(travel, self._sharpness)
        self.extend_to(belt_mm - self._stations[0] + (_SPARE_ROWS + len(kernel) // 2) * self._pitch)
        if first - 1 < self._base:
            raise ValueError(f"the belt at {belt_mm - self._stations[1]:g} mm has left the strip")
        picture: ImageU8 = np.empty((self._size[1], self._size[0], 3), np.uint8)
        moment = self._sensor.moment(rng, share)
        for band in self._bands:
            light = self._travelled(first - self._base, band, kernel)
            if band.maps is not None:  # four channels through floating maps are three times as fast as three
                seen = cv2.remap(cv2.cvtColor(light, cv2.COLOR_RGB2RGBA), *band.maps, cv2.INTER_LINEAR)
                light = np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB), np.float32)
            picture[band.rows] = self._sensor.expose(light, band.rows, moment)
        return picture

    def _travelled(self, index: int, band: _Band, kernel: ArrayF32) -> ArrayF32:
        """A band's rows and columns of the strip, shifted and smeared along the travel, blurred sideways."""
        (first, last), cols = band.strip_rows, band.strip_cols
        above, left = min(index + first, len(kernel) // 2), min(cols.start, len(self._sideways) // 2)
        cut = self._light[
            index + first - above : index + last + len(kernel) // 2,
            cols.start - left : cols.stop + len(self._sideways) // 2,
        ]
        light = cut.astype(np.float32)
        if len(kernel) > 1 or len(self._sideways) > 1:
            blurred = cv2.sepFilter2D(light, -1, self._sideways, kernel, borderType=cv2.BORDER_REPLICATE)
            light = np.asarray(blurred, np.float32)
        return light[above : above + last - first, left : left + cols.stop - cols.start]


@dataclass(frozen=True, slots=True)
class _Band:
    """Some rows of the picture: they show ``strip_rows`` (from the row at which the view begins) and ``strip_cols`` of
    the strip, through ``maps`` (columns, rows of that cut) or, where None, as they are.

    A frame is worked through in bands because these stay in the processor's cache.
    """

    rows: slice
    strip_rows: tuple[int, int]
    strip_cols: slice
    maps: tuple[ArrayF32, ArrayF32] | None


def _warped_band(span: slice, cols: ArrayF32, rows: ArrayF32, strip_cols: int) -> _Band:
    """The band of a view that looks at these columns and rows (h, w) of the strip."""
    first, last = math.floor(rows.min()), math.floor(rows.max()) + 2
    left, right = max(0, math.floor(cols.min())), min(strip_cols, math.floor(cols.max()) + 2)
    maps = (np.ascontiguousarray(cols - np.float32(left)), np.ascontiguousarray(rows - np.float32(first)))
    return _Band(span, (first, last), slice(left, right), maps)


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


def _shape(homography: ArrayF64) -> ArrayF64:
    """(2, 2) what it does beside shifting; full of NaN where it is not affine."""
    return homography[:2, :2] if np.array_equal(homography[2], (0, 0, 1)) else np.full((2, 2), np.nan)


def _carried(homography: ArrayF64, u: Real, v: Real) -> tuple[ArrayF32, ArrayF32]:
    """Places (x, y) of pixels (u, v) through a homography, in their shape."""
    x, y, w = (row[0] * u + row[1] * v + row[2] for row in homography.astype(np.float32))
    return np.asarray(x / w, np.float32), np.asarray(y / w, np.float32)


def _through(homography: ArrayF64, points: npt.ArrayLike) -> ArrayF64:
    """(n, 2) points through a homography."""
    flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    moved = np.column_stack([flat, np.ones(len(flat))]) @ homography.T
    return np.asarray(moved[:, :2] / moved[:, 2:])
