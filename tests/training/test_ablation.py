"""What is taken away is gone, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.worked_windows import GRID, labelled

from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_training.ablation import (
    CAMERA_ONLY,
    FIELD_ONLY,
    FOUR_DEAD,
    ONE_DEAD,
    sensor_places_mm,
    with_blind,
    without_sensors,
)

WIDE = WindowGrid(rows=512, cols=640, mm_per_px=1.0, across_start_mm=-20.0)


def test_the_array_of_a_600_mm_belt():
    places_mm = sensor_places_mm(WIDE)
    assert (len(places_mm), places_mm[0], places_mm[-1]) == (24, 12.5, 587.5)
    assert len(sensor_places_mm(WindowGrid(rows=320, cols=1024, mm_per_px=1.0, across_start_mm=-12.0))) == 40


def test_a_dead_sensor_takes_the_cells_nearest_to_it():
    window = labelled([]).window  # columns of 16 mm from −20 mm on: their middles at −12, 4, 20, 36, …
    dead = without_sensors(window, [12.5])
    assert (dead.field_mask[0] == 0).all(axis=0).tolist() == [False, True, True] + [False] * 7
    assert not dead.field_ut[:, :, 1:3].any()
    np.testing.assert_array_equal(dead.field_ut[:, :, 3:], window.field_ut[:, :, 3:])
    assert window.field_mask.all(), "the store's own window is as it was"
    assert dead.picture is window.picture


def test_all_sensors_dead_is_no_field_over_the_belt():
    window = labelled([]).window
    dead = without_sensors(window, sensor_places_mm(GRID).tolist())
    over_belt = slice(1, GRID.field_cols - 1)
    assert not dead.field_mask[:, :, over_belt].any()
    assert not CAMERA_ONLY.alter(window, 0).field_mask.any()


@pytest.mark.parametrize("ablation", [ONE_DEAD, FOUR_DEAD])
def test_others_are_dead_in_each_window_and_the_same_in_the_same(ablation):
    window = labelled([]).window
    known = [ablation.alter(window, number).field_mask[0].tobytes() for number in range(12)]
    assert len(set(known)) > 1
    assert known[3] == ablation.alter(window, 3).field_mask[0].tobytes()
    assert all(window.field_mask[0].tobytes() != one for one in known)


def test_each_sense_alone():
    window = labelled([]).window
    assert (FIELD_ONLY.alter(window, 0).picture == BLIND_GREY).all()
    assert FIELD_ONLY.alter(window, 0).field_ut is window.field_ut
    assert with_blind("none").alter(window, 0) is window
    assert with_blind("camera").key == FIELD_ONLY.key
    assert with_blind("field").key == CAMERA_ONLY.key
