"""Samples: cuts keep truth in its place, boxes count from the window's corner."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.dipoles import dipole_field, sample_with

from neosort_training.data import KindError, crop, sample_of


def test_crop_keeps_picture_field_and_boxes_together():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    part = crop(sample, 32, 16, 64, 96)
    assert part.picture.shape == (64, 96, 3)
    np.testing.assert_array_equal(part.picture, sample.picture[32:96, 16:112])
    np.testing.assert_array_equal(part.field_ut, sample.field_ut[:, 2:6, 1:7])
    np.testing.assert_array_equal(part.box_px, [[-22.0, 4.0, 8.0, 54.0]])


def test_boxes_are_measured_from_the_windows_corner(make_store):
    labelled = make_store("store", 1, 7)[0]
    sample = sample_of(labelled, ("disk", "block", "plastic"))
    low_row, low_col, high_row, high_col = np.clip(np.rint(sample.box_px[2]).astype(int), 0, None)
    inside = sample.picture[low_row + 2 : high_row - 2, low_col + 2 : high_col - 2]
    assert (inside == (60, 60, 200)).all()
    assert sample.bears.tolist() == [1, 1, 0]


def test_unknown_kind_is_named(make_store):
    with pytest.raises(KindError, match="plastic"):
        sample_of(make_store("store", 1, 7)[0], ("disk", "block"))
