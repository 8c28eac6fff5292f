"""What a broken camera makes of pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.types import ArrayF32, ImageU8

DARK_DIVISOR = 24  # a: what is left of the light when the lamps have failed
BLUR_PX = 4.0  # a: one standard deviation; items are still blobs
READ_NOISE = 1.3  # levels of 255: the sensor's noise is as sharp as ever behind a lens that is not
SPLASHES = 14
SPLASH_LETS_THROUGH = 0.35


class FaultyCamera:
    """The last part of the way from the belt to the host. ``seed``: of the noise that a blurred picture has."""

    def __init__(self, board: FaultBoard, seed: int = 0) -> None:
        self._board = board
        self._frozen: ImageU8 | None = None
        self._rng = np.random.default_rng(seed)

    def hands_over(self, take: Callable[[], ImageU8]) -> ImageU8:
        """The picture that comes of what ``take`` would give: the same, its last, or a bad one."""
        if not self._board.is_on("camera.frozen"):
            self._frozen = None
        elif self._frozen is not None:
            return self._frozen
        image = self._spoilt(take())
        if self._board.is_on("camera.frozen"):
            self._frozen = image
        return image

    def _spoilt(self, image: ImageU8) -> ImageU8:
        if self._board.is_on("camera.dirty"):
            image = _levels(image * _window(*image.shape[:2])[:, :, None])
        if self._board.is_on("camera.blurred"):
            soft = cv2.GaussianBlur(image, (0, 0), BLUR_PX)
            image = _levels(soft + self._rng.normal(0.0, READ_NOISE, image.shape))
        if self._board.is_on("camera.dark"):
            image = image // DARK_DIVISOR
        return image


def _levels(values: np.ndarray) -> ImageU8:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


@cache
def _window(rows: int, cols: int) -> ArrayF32:
    """What a splashed window lets through, (rows, cols), 1: all."""
    rng = np.random.default_rng(7)
    window = np.ones((rows, cols), np.float32)
    for _ in range(SPLASHES):
        middle = (int(rng.uniform(0, cols)), int(rng.uniform(0, rows)))
        axes = (int(rng.uniform(0.01, 0.05) * cols), int(rng.uniform(0.01, 0.05) * cols))
        cv2.ellipse(window, middle, axes, float(rng.uniform(0, 180)), 0, 360, SPLASH_LETS_THROUGH, -1)
    return np.asarray(cv2.GaussianBlur(window, (0, 0), 4.0), np.float32)
