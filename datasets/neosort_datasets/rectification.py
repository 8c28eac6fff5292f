"""Camera pixels → the window's millimetre grid, by the calibrated homography."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_datasets.window import WindowGrid
from neosort_hardware.types import ArrayF64, ImageU8

_CENTRE = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])  # array index → pixel centre coordinate


class Rectifier:
    """Turns frames into window pictures; row 0 is the downstream edge, at station ``grid.length_mm``."""

    def __init__(self, grid: WindowGrid, pixel_to_belt: ArrayF64) -> None:
        self._size = (grid.cols, grid.rows)
        step = grid.mm_per_px
        index_to_belt = (
            np.array([[step, 0.0, grid.across_start_mm], [0.0, -step, grid.length_mm], [0.0, 0.0, 1.0]]) @ _CENTRE
        )
        index_to_pixel = np.linalg.inv(_CENTRE) @ np.linalg.inv(pixel_to_belt) @ index_to_belt
        self._map = index_to_pixel / index_to_pixel[2, 2]
        self._identity = bool(np.allclose(self._map, np.eye(3), atol=1e-6))

    def rectify(self, image: ImageU8) -> ImageU8:
        """(height, width, 3) uint8 → (rows, cols, 3) uint8; what the camera does not see is black."""
        cols, rows = self._size
        if self._identity and image.shape == (rows, cols, 3):
            return image
        warped = cv2.warpPerspective(image, self._map, self._size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return np.asarray(warped, dtype=np.uint8)
