"""The lens from real sets of views, with published results beside; and a view that is no view of the board named."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from neosort_hardware.reference_pieces import Board
from neosort_inference.calibration.boards import BoardFinder, Sighting
from neosort_inference.calibration.intrinsics import fit_lens

pytestmark = pytest.mark.computes

SETS = Path(__file__).resolve().parents[4] / "shared" / "data" / "calibration"
CHARUCO = Board(kind="charuco", cols=5, rows=7, square_mm=40, marker_mm=20, dictionary="DICT_6X6_250")
CHESSBOARD = Board(kind="chessboard", cols=10, rows=7, square_mm=25)
PUBLISHED = {"charuco": (452.51, 456.77, 317.70, 277.75), "chessboard": (535.9, 535.9, 342.3, 235.6)}


def views_of(name, board):
    folder = SETS / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    finder = BoardFinder(board)
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(folder.glob("*.jpg"))]
    found = [finder.find(np.asarray(picture)) for picture in pictures]
    return [one for one in found if one is not None], (pictures[0].shape[1], pictures[0].shape[0])


@pytest.mark.parametrize(("name", "board", "views"), [("charuco", CHARUCO, 4), ("chessboard", CHESSBOARD, 13)])
def test_real_sets_give_what_was_published(name, board, views):
    seen, size = views_of(name, board)
    assert len(seen) == views

    found = fit_lens(seen, size, "full")  # the model that was published

    fx, fy, cx, cy = PUBLISHED[name]
    assert found.pinhole[:2] == pytest.approx((fx, fy), rel=0.02)
    assert found.pinhole[2:] == pytest.approx((cx, cy), abs=3.0)


def drawn_views(count):
    """Of a made-up camera: f = 800 px, axis at (320, 240), corners seen to 0.05 px."""
    rng = np.random.default_rng(4)
    corners = BoardFinder(CHESSBOARD)._corners_mm
    matrix = np.array([[800.0, 0, 320], [0, 800.0, 240], [0, 0, 1]])
    views = []
    for _ in range(count):
        turn, place = rng.uniform(-0.5, 0.5, 3), np.array([*rng.uniform(-60, 60, 2), rng.uniform(450, 650)])
        seen, _ = cv2.projectPoints(
            np.column_stack([corners, np.zeros(len(corners))]), turn, place, matrix, np.zeros(5)
        )
        pixels = seen.reshape(-1, 2) + rng.normal(0, 0.05, (len(corners), 2)) + 0.5
        views.append(Sighting(pixels=pixels, board_mm=corners, belt_mm=0.0))
    return views


def test_a_view_that_is_off_is_left_out_and_named():
    views = drawn_views(9)
    bent = views[3].pixels + 2.5 * np.sin(views[3].board_mm[:, :1] / 30.0)
    views[3] = Sighting(pixels=bent, board_mm=views[3].board_mm, belt_mm=0.0)

    found = fit_lens(views, (640, 480))

    assert found.left_out == (3,)
    assert found.view_px[3] > 2.5 * max(error for view, error in found.view_px.items() if view != 3)
    assert found.pinhole[:2] == pytest.approx((800, 800), rel=0.005)
    assert found.pinhole[2:] == pytest.approx((320, 240), abs=2.0)
