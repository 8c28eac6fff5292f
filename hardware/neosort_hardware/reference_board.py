"""A reference board as it is printed, and where its corners are: OpenCV's boards, in millimetres of our own."""

from __future__ import annotations

import cv2
import numpy as np

from neosort_hardware.reference_pieces import Board
from neosort_hardware.types import ArrayF64, ImageU8


def aruco_dictionary(name: str) -> cv2.aruco.Dictionary:
    """OpenCV's dictionary of that name. Raises `ValueError` for one that it does not have."""
    number = getattr(cv2.aruco, name, None)
    if not name.startswith("DICT_") or number is None:
        raise ValueError(f"dictionary '{name}': OpenCV has none of that name, such as DICT_4X4_50")
    return cv2.aruco.getPredefinedDictionary(number)


def charuco_board(board: Board) -> cv2.aruco.CharucoBoard:
    """OpenCV's board of that size."""
    size = (board.cols, board.rows)
    return cv2.aruco.CharucoBoard(size, board.square_mm, board.marker_mm, aruco_dictionary(board.dictionary))


def drawn_board(board: Board, px_per_mm: float) -> ImageU8:
    """The print (h, w) uint8, without a margin."""
    square_px = round(board.square_mm * px_per_mm)
    if board.kind == "charuco":
        size = (board.cols * square_px, board.rows * square_px)
        return np.asarray(charuco_board(board).generateImage(size, marginSize=0, borderBits=1), np.uint8)
    rows, cols = np.indices((board.rows, board.cols))
    pattern = np.where((rows + cols) % 2 == 0, 0, 255).astype(np.uint8)
    return np.asarray(np.kron(pattern, np.ones((square_px, square_px), np.uint8)), np.uint8)


def corners_mm(board: Board) -> ArrayF64:
    """Inner corners (n, 2) as (along the columns, along the rows) from the print's upper left, row by row."""
    xs = np.arange(1, board.cols) * board.square_mm
    ys = np.arange(1, board.rows) * board.square_mm
    return np.array([(x, y) for y in ys for x in xs], dtype=np.float64)
