"""Windows from frames and blocks: registered, complete, bounded."""

import numpy as np
import pytest

from neosort_datasets.assembly import MAX_PENDING, WAIT_FOR_FIELD_MM, WindowAssembler
from neosort_datasets.rectification import Rectifier
from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_hardware.settings_calibration import Calibration
from neosort_hardware.types import FieldBlock, Frame

GRID = WindowGrid()
GEOMETRY = LineGeometry.of(LineConfig())


def frame(belt_mm, sequence=1, image=None):
    picture = np.zeros((512, 640, 3), np.uint8) if image is None else image
    return Frame(image=picture, belt_mm=belt_mm, captured_ns=round(belt_mm * 1e6), sequence=sequence)


def blocks(until_mm, bump_place_mm=None):
    """A metre per second, a sample a millimetre; a bump of field where a magnet lies."""
    belt_mm = np.arange(0.0, until_mm)
    field = np.zeros((len(belt_mm), 24, 3), np.float32)
    if bump_place_mm is not None:
        place = belt_mm - GEOMETRY.array_station_mm
        field[:, 12, 2] += 100 * np.exp(-(((place - bump_place_mm) / 30) ** 2))
    return FieldBlock(
        field_ut=field,
        saturated=np.zeros((len(belt_mm), 24), bool),
        belt_mm=belt_mm,
        sampled_ns=(belt_mm * 1e6).astype(np.int64),
        sequence=1,
    )


def test_picture_and_field_of_one_item_meet_at_one_place():
    """A white mark and a bump of field at belt 900, across 312: seen by each sense at its own time."""
    image = np.zeros((512, 640, 3), np.uint8)
    row, col = (900 - (1024 - 512)), round(312.5 + 20)
    image[row - 3 : row + 3, col - 3 : col + 3] = 255
    assembler = WindowAssembler(GRID, GEOMETRY)
    assembler.add_frame(frame(1024.0, image=image))
    assembler.add_block(blocks(1600.0, bump_place_mm=900.0))
    (window,) = assembler.ready(1600.0)
    seen_row, seen_col = np.argwhere(window.picture[..., 0] > 128).mean(axis=0)
    felt_row, felt_col = np.unravel_index(np.argmax(window.field_ut[2]), window.field_ut[2].shape)
    assert abs(seen_row - (felt_row + 0.5) * 16) <= 8.5
    assert abs(seen_col - (felt_col + 0.5) * 16) <= 8.5
    assert window.start_mm + seen_row + 0.5 == pytest.approx(900, abs=1)


def test_a_window_waits_for_its_field_and_its_last_input_is_the_last_sample():
    assembler = WindowAssembler(GRID, GEOMETRY)
    assembler.add_frame(frame(1024.0))
    assembler.add_block(blocks(1500.0))
    assert assembler.ready(1500.0) == []
    more = blocks(1600.0)
    assembler.add_block(
        FieldBlock(
            field_ut=more.field_ut[1500:],
            saturated=more.saturated[1500:],
            belt_mm=more.belt_mm[1500:],
            sampled_ns=more.sampled_ns[1500:],
            sequence=2,
        )
    )
    (window,) = assembler.ready(1600.0)
    assert window.field_mask[0, :, 5].all()
    assert window.last_input_ns == pytest.approx(1535e6, abs=1.1e6)


def test_a_silent_array_does_not_hold_the_window_for_ever():
    assembler = WindowAssembler(GRID, GEOMETRY)
    assembler.add_frame(frame(1024.0))
    edge = 1024.0 + GEOMETRY.array_station_mm
    assert assembler.ready(edge + WAIT_FOR_FIELD_MM - 1) == []
    (window,) = assembler.ready(edge + WAIT_FOR_FIELD_MM + 1)
    assert not window.field_mask.any()


def test_a_line_without_a_field_does_not_wait_for_one():
    assembler = WindowAssembler(GRID, GEOMETRY, "field")
    assembler.add_frame(frame(1024.0))
    (window,) = assembler.ready(1025.0)
    assert window.last_input_ns == frame(1024.0).captured_ns


def cut(block, from_mm, to_mm):
    """The samples of a block between two counts."""
    inside = (block.belt_mm >= from_mm) & (block.belt_mm < to_mm)
    return FieldBlock(
        field_ut=block.field_ut[inside],
        saturated=block.saturated[inside],
        belt_mm=block.belt_mm[inside],
        sampled_ns=block.sampled_ns[inside],
        sequence=block.sequence,
    )


def passing(assembler, block, from_mm, to_mm, frames_every_mm=None):
    """Windows that come while the belt goes on, block by block."""
    windows = []
    for at_mm in np.arange(from_mm, to_mm, 8.0):
        assembler.add_block(cut(block, at_mm, at_mm + 8.0))
        if frames_every_mm is not None and (at_mm + 8.0) % frames_every_mm == 0:
            assembler.add_frame(frame(at_mm + 8.0, sequence=round(at_mm)))
        windows += assembler.ready(at_mm + 8.0)
    return windows


def test_blind_senses_look_the_same_as_missing_ones():
    seen = {}
    for blind in ("camera", "field", "none"):
        assembler = WindowAssembler(GRID, GEOMETRY, blind)
        windows = passing(assembler, blocks(1800.0, bump_place_mm=900.0), 0.0, 1800.0, frames_every_mm=256.0)
        seen[blind] = next(one for one in windows if one.start_mm <= 800.0 and one.start_mm + GRID.length_mm >= 1000.0)
    assert (seen["camera"].picture == BLIND_GREY).all()
    assert seen["camera"].field_mask.any()
    assert np.abs(seen["camera"].field_ut).max() > 50.0
    assert not seen["field"].field_mask.any()
    assert not seen["field"].field_ut.any()
    assert not seen["field"].picture.any()


def test_without_a_camera_windows_follow_the_field_and_leave_nothing_out():
    windows = passing(WindowAssembler(GRID, GEOMETRY, "camera"), blocks(4000.0), 0.0, 4000.0)
    starts = [window.start_mm for window in windows]
    assert np.diff(starts) == pytest.approx(256.0)
    assert starts[-1] + GRID.length_mm > 4000.0 - GEOMETRY.array_station_mm - 256.0
    assert all(window.last_input_ns > 0 for window in windows)


def test_a_camera_that_is_lost_and_found_again_leaves_no_stretch_without_a_window():
    assembler, block = WindowAssembler(GRID, GEOMETRY), blocks(9000.0)
    windows = passing(assembler, block, 0.0, 3000.0, frames_every_mm=256.0)
    windows += passing(assembler, block, 3000.0, 3600.0)  # lost, and not noticed yet
    assembler.blind = "camera"
    windows += passing(assembler, block, 3600.0, 6000.0)
    assembler.blind = "none"
    windows += passing(assembler, block, 6000.0, 9000.0, frames_every_mm=256.0)
    starts = np.array([window.start_mm for window in windows])
    assert (np.diff(starts) > 0).all(), "in order along the belt"
    assert np.diff(starts).max() <= GRID.length_mm
    grey = [bool((window.picture == BLIND_GREY).all()) for window in windows]
    assert 5 < sum(grey) < len(grey) - 10
    assert not grey[-1]


def test_a_field_that_is_lost_in_mid_run_is_not_waited_for():
    assembler = WindowAssembler(GRID, GEOMETRY)
    passing(assembler, blocks(1600.0), 0.0, 1600.0, frames_every_mm=256.0)
    assembler.add_frame(frame(1792.0))
    assert assembler.ready(1792.0) == []
    assembler.blind = "field"
    assert [window.field_mask.any() for window in assembler.ready(1792.0)] == [False] * 3, "two waited already"


def test_pending_frames_are_bounded_and_the_dropped_are_counted():
    assembler = WindowAssembler(GRID, GEOMETRY)
    for k in range(MAX_PENDING + 3):
        assembler.add_frame(frame(1024.0 + k, sequence=k))
    assert assembler.dropped == 3
    windows = assembler.ready(1e6)
    assert [w.sequence for w in windows] == list(range(3, MAX_PENDING + 3))


def test_rectification_undoes_a_tilted_camera():
    """A picture taken through a tilted homography comes out as if the camera hung straight."""
    calibration = Calibration(pixel_to_belt=((1.02, 0.03, -25.0), (0.02, -0.99, 515.0), (1e-5, -2e-5, 1.0)))
    geometry = LineGeometry.of(LineConfig(calibration=calibration))
    across_belt = np.array([[200.0, 300.0], [420.0, 130.0]])
    image = np.zeros((512, 640, 3), np.uint8)
    for u, v in geometry.belt_to_pixels(across_belt, 512.0):
        image[round(v - 0.5), round(u - 0.5)] = 255
    out = Rectifier(GRID, geometry.pixel_to_belt, 640, 512).rectify(image, 0.0)
    for across, belt in across_belt:
        r, c = round(belt - 0.5), round(across + 20 - 0.5)
        assert out[r - 1 : r + 2, c - 1 : c + 2].max() > 60
