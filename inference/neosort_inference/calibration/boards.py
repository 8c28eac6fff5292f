"""Finds a reference board in a picture: which of its corners are where, to a tenth of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from neosort_hardware.reference_board import charuco_board, corners_mm
from neosort_hardware.reference_pieces import Board
from neosort_hardware.types import ArrayF64, ArrayI64, ImageU8

LEAST_CORNERS = 6  # fewer do not tell a plane's place


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A board in one frame. ``pixels`` (n, 2) as (u, v), first pixel's centre at 0.5; ``board_mm`` (n, 2): the same
    corners on the board, from its middle, along its columns and rows. ``belt_mm``: the encoder."""

    pixels: ArrayF64
    board_mm: ArrayF64
    belt_mm: float


class BoardFinder:
    """Finds one kind of board."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._corners_mm = corners_mm(board) - 0.5 * np.asarray(board.size_mm)
        self._detector: cv2.aruco.CharucoDetector | None = None
        if board.kind == "charuco":
            self._detector = cv2.aruco.CharucoDetector(charuco_board(board))

    def find(self, image: ImageU8, belt_mm: float = 0.0) -> Sighting | None:
        """The board in a picture (h, w, 3) RGB or (h, w) grey; None where too little of it shows."""
        grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        found = self._chessboard(grey) if self._detector is None else self._charuco(grey, self._detector)
        if found is None:
            return None
        pixels, which = found
        return Sighting(pixels=pixels + 0.5, board_mm=self._corners_mm[which], belt_mm=belt_mm)

    def _chessboard(self, grey: ImageU8) -> tuple[ArrayF64, ArrayI64] | None:
        size = (self.board.cols - 1, self.board.rows - 1)
        there, corners = cv2.findChessboardCornersSB(grey, size, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
        if not there:
            there, corners = cv2.findChessboardCorners(grey, size)
            if not there:
                return None
            criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.01)
            corners = cv2.cornerSubPix(grey, corners, (5, 5), (-1, -1), criteria)
        return np.asarray(corners, np.float64).reshape(-1, 2), np.arange(len(self._corners_mm), dtype=np.int64)

    @staticmethod
    def _charuco(grey: ImageU8, detector: cv2.aruco.CharucoDetector) -> tuple[ArrayF64, ArrayI64] | None:
        corners, ids, _, _ = detector.detectBoard(grey)
        if ids is None or len(ids) < LEAST_CORNERS:
            return None
        return np.asarray(corners, np.float64).reshape(-1, 2), np.asarray(ids, np.int64).ravel()


def spread_out(sighting: Sighting) -> bool:
    """Whether its corners lie on more than a line."""
    centred = sighting.board_mm - sighting.board_mm.mean(axis=0)
    return bool(np.linalg.svd(centred, compute_uv=False)[-1] > 0.3 * np.abs(centred).max())


def with_sighting(image: ImageU8, sighting: Sighting | None) -> bytes:
    """A picture as JPEG, what was found in it drawn in."""
    drawn = np.ascontiguousarray(image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2))
    if sighting is not None:
        drawn = drawn.copy()
        for u, v in sighting.pixels:
            cv2.circle(drawn, (int(u), int(v)), 4, (255, 60, 60), 2, cv2.LINE_AA)
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return jpeg.tobytes() if done else b""
