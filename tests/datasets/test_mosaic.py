"""Window pictures from frames of any view: every millimetre of belt where it belongs, and grey where none was seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_datasets.mosaic import Mosaic
from neosort_datasets.pacing import Pace
from neosort_datasets.rectification import Rectifier, View
from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_hardware.config import ConfigError
from neosort_hardware.types import Frame

GRID = WindowGrid(rows=128, cols=160, across_start_mm=0.0)


def level(belt_mm, across_mm):
    """A belt that looks different everywhere, smoothly."""
    return 128 + 60 * np.sin(belt_mm / 23.0) + 40 * np.cos(across_mm / 17.0 + belt_mm / 71.0)


def exposed(belt_mm, homography, width_px, height_px):
    """What a camera with that homography sees of it."""
    u, v = np.meshgrid(np.arange(width_px) + 0.5, np.arange(height_px) + 0.5)
    seen = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.asarray(homography).T
    across, station = seen[..., 0] / seen[..., 2], seen[..., 1] / seen[..., 2]
    image = np.repeat(np.round(level(belt_mm - station, across)).astype(np.uint8)[..., None], 3, axis=2)
    return Frame(image=image, belt_mm=belt_mm, captured_ns=round(belt_mm * 1e6), sequence=1)


def straight(mm_per_px=1.0, length_mm=128.0):
    return [[mm_per_px, 0, 0], [0, -mm_per_px, length_mm], [0, 0, 1]]


def expected(end_mm):
    rows, cols = np.meshgrid(np.arange(GRID.rows) + 0.5, np.arange(GRID.cols) + 0.5, indexing="ij")
    return level(end_mm - GRID.length_mm + rows, cols)


def pictures(homography, width_px, height_px, trigger_mm, *, frames=8, start_mm=1000.0, pace=None):
    """(end, picture) of every window that a run of frames gives."""
    mosaic = Mosaic(GRID, np.asarray(homography, float), pace or Pace.overlapping(GRID.length_mm, 40.0, 20.0))
    found = []
    for number in range(frames):
        frame = exposed(start_mm + trigger_mm * number, homography, width_px, height_px)
        found += [(end_mm, mosaic.picture(end_mm)) for end_mm in mosaic.add(frame)]
    return found


def assert_shows_belt(end_mm, picture, *, tolerance=6.0, share=1.0):
    known = ~(picture == BLIND_GREY).all(axis=2)
    off = np.abs(picture[..., 0].astype(float) - expected(end_mm))
    assert np.percentile(off[known], 99.0) < tolerance
    assert known.mean() >= share - 0.02


def test_a_frame_that_is_the_window_passes_untouched():
    frame = exposed(1000.0, straight(), 160, 128)
    mosaic = Mosaic(GRID, np.asarray(straight(), float), Pace())
    assert mosaic.add(frame) == [1000.0]
    assert mosaic.picture(1000.0) is frame.image


CAMERAS = {
    "finer": (straight(0.4), 400, 320),
    "coarser": (straight(1.5), 107, 86),
    "turned by a quarter": ([[0, 1, 0], [1, 0, 0], [0, 0, 1]], 128, 160),
    "turned by a half": ([[-1, 0, 160], [0, 1, 0], [0, 0, 1]], 160, 128),
    "mirrored": ([[-1, 0, 160], [0, -1, 128], [0, 0, 1]], 160, 128),
    "a quarter, finer, mirrored": ([[0, -0.5, 160], [0.5, 0, 0], [0, 0, 1]], 256, 320),
    "tilted": ([[1.02, 0.02, -2], [0.01, -1.01, 130], [1e-5, -3e-5, 1]], 160, 128),
    "homogeneous up to a scale": ([[-2, 0, 0], [0, 2, -256], [0, 0, -2]], 160, 128),
}


@pytest.mark.parametrize("camera", CAMERAS)
def test_however_the_camera_hangs_the_belt_comes_out_upright(camera):
    homography, width_px, height_px = CAMERAS[camera]
    found = pictures(homography, width_px, height_px, 64.0)
    assert len(found) >= 7
    for end_mm, picture in found[2:]:
        assert_shows_belt(end_mm, picture)


@pytest.mark.parametrize(("view_mm", "trigger_mm"), [(40, 20), (40, 40), (60, 50), (128, 128), (300, 290), (300, 64)])
def test_short_and_long_views_are_pieced_together(view_mm, trigger_mm):
    found = pictures(straight(1.0, view_mm), 160, view_mm, float(trigger_mm), frames=12)
    ends = np.array([end for end, _ in found])
    assert (np.diff(ends) <= 88.001).all(), "every item lies whole in one of them"
    assert ends[-1] >= 1000.0 + 11 * trigger_mm - 20
    first_whole = next(k for k, end in enumerate(ends) if end - 128 >= 1000 - view_mm)
    for end_mm, picture in found[first_whole:]:
        assert_shows_belt(end_mm, picture)


def test_gaps_between_pictures_are_grey_and_windows_leap_over_them():
    found = pictures(straight(), 160, 128, 300.0, frames=4)
    assert [end for end, _ in found] == [1000.0, 1300.0, 1600.0, 1900.0]
    short = pictures(straight(1.0, 60), 160, 60, 90.0, frames=4)
    for end_mm, picture in short:
        assert_shows_belt(end_mm, picture, share=60 / 128)
        assert (picture[: 128 - 60 - 2] == BLIND_GREY).all()


def test_a_long_view_with_gaps_is_used_whole():
    found = pictures(straight(1.0, 300), 160, 300, 400.0, frames=2)
    ends = [end for end, _ in found]
    assert ends == pytest.approx([828, 914, 1000, 1228, 1314, 1400])
    for end_mm, picture in found:
        assert_shows_belt(end_mm, picture)


def test_the_encoder_may_begin_anywhere_and_may_begin_anew():
    for start_mm in (-50_000.0, 0.0, 9e8):
        found = pictures(straight(1.0, 60), 160, 60, 50.0, frames=8, start_mm=start_mm)
        assert_shows_belt(*found[-1])
    mosaic = Mosaic(GRID, np.asarray(straight(), float), Pace())
    assert mosaic.add(exposed(5000.0, straight(), 160, 128)) == [5000.0]
    assert mosaic.add(exposed(4990.0, straight(), 160, 128)) == [], "the belt was pushed back a little"
    assert mosaic.add(exposed(10.0, straight(), 160, 128)) == [10.0]


def test_many_frames_of_one_place_are_not_kept():
    mosaic = Mosaic(GRID, np.asarray(straight(), float), Pace.overlapping(128.0, 40.0, 20.0))
    for number in range(200):
        mosaic.add(exposed(1000.0 + number, straight(), 160, 128))
        assert len(mosaic._shown) <= 4


@settings(max_examples=30, deadline=None)
@given(st.floats(0.4, 1.5), st.integers(30, 300), st.floats(0.2, 1.0))
def test_any_pixel_any_view_any_overlap(mm_per_px, view_px, part):
    view_mm = view_px * mm_per_px
    homography = straight(mm_per_px, view_mm)
    found = pictures(homography, int(170 / mm_per_px), view_px, max(5.0, part * view_mm), frames=10)
    end_mm, picture = found[-1]
    if end_mm - 128 >= 1000 - view_mm:
        assert_shows_belt(end_mm, picture)


@pytest.mark.parametrize(
    "homography", [np.zeros((3, 3)), [[1, 0, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 0], [0.02, 0, -1]]]
)
def test_a_homography_that_shows_no_belt_is_refused(homography):
    with pytest.raises(ConfigError, match=r"calibration\.pixel_to_belt"):
        View.of(np.asarray(homography, float), 160, 128)
    with pytest.raises(ConfigError):
        Rectifier(GRID, np.asarray(homography, float), 160, 128)
