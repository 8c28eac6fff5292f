"""The window of a line: as wide as its belt, in lanes of the model's width."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.line_grid import OVERLAP_MM, lanes_of, line_grid
from neosort_datasets.rectification import View
from neosort_datasets.window import WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig

MODEL = WindowGrid()


def grid_of(width_mm=600.0, *, seen=(-20.0, 620.0), pitch_mm=25.0, channels=None, first_mm=None, model=MODEL):
    channels = round(width_mm / pitch_mm) if channels is None else channels
    config = LineConfig.model_validate(
        {
            "belt": {"width_mm": width_mm},
            "magnetometer": {
                "channels": channels,
                "pitch_mm": pitch_mm,
                "first_across_mm": 0.5 * pitch_mm if first_mm is None else first_mm,
            },
        }
    )
    view = View(across_lo_mm=seen[0], across_hi_mm=seen[1], station_lo_mm=0.0, station_hi_mm=512.0)
    return line_grid(model, LineGeometry.of(config), view)


def covers(grid, low_mm, high_mm):
    return grid.across_start_mm <= low_mm + 8 and grid.across_start_mm + grid.cols >= high_mm - 8


def test_the_built_in_line_has_the_models_own_window():
    assert grid_of() == MODEL
    assert len(lanes_of(grid_of(), MODEL)) == 1


@pytest.mark.parametrize(
    ("width_mm", "lanes"), [(300, 1), (640, 1), (650, 1), (700, 2), (1000, 2), (1088, 2), (1400, 3)]
)
def test_a_belt_takes_as_many_lanes_as_it_needs(width_mm, lanes):
    grid = grid_of(width_mm, seen=(-25.0, width_mm + 30.0))
    assert len(lanes_of(grid, MODEL)) == lanes
    assert covers(grid, 0.0, width_mm)


def test_a_rated_belt_under_a_model_of_its_own_width_is_one_lane():
    model = WindowGrid(rows=320, cols=1024)
    grid = grid_of(1000.0, seen=(-12.0, 1012.0), model=model)
    assert grid == dataclasses.replace(model, across_start_mm=-12.0)


def test_the_belt_may_begin_anywhere_across():
    assert grid_of(600.0, seen=(-330.0, 340.0), first_mm=-287.5).across_start_mm == -320.0
    far = grid_of(1000.0, seen=(4990.0, 6020.0), first_mm=12.5, channels=4)
    assert covers(far, 4995.0, 6000.0), "an array under a part of the belt does not hide the rest"


def test_a_camera_that_sees_the_frame_too_costs_no_lane():
    assert grid_of(600.0, seen=(-300.0, 900.0)) == MODEL


def test_an_array_wider_than_the_belt_hides_nothing_of_it():
    grid = grid_of(400.0, seen=(-20.0, 420.0), channels=24)
    assert covers(grid, 0.0, 400.0)


@given(st.floats(100, 3000), st.floats(-2000, 2000), st.sampled_from([12.5, 25.0, 50.0]))
def test_lanes_cover_the_belt_and_overlap_enough(width_mm, origin_mm, pitch_mm):
    grid = grid_of(
        width_mm, seen=(origin_mm - 20, origin_mm + width_mm + 20), pitch_mm=pitch_mm,
        channels=max(1, round(width_mm / pitch_mm)), first_mm=origin_mm + pitch_mm / 2,
    )  # fmt: skip
    lanes = lanes_of(grid, MODEL)
    firsts = np.array([lane.first_col for lane in lanes])
    assert firsts[0] == 0
    assert firsts[-1] + MODEL.cols == grid.cols
    assert (firsts % MODEL.cell_px == 0).all()
    assert (np.diff(firsts) <= MODEL.cols - OVERLAP_MM).all()
    assert covers(grid, origin_mm, origin_mm + width_mm)
    assert len(lanes) <= 1 + np.ceil(max(0.0, width_mm + 110 - MODEL.cols) / (MODEL.cols - OVERLAP_MM))
