"""Samples: cuts keep truth in its place, boxes count from the window's corner."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.training.dipoles import dipole_field, sample_with

from neosort_training.data import KindError, collate, crop, merge, sample_of
from neosort_training.targets import render_targets


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


def test_what_nobody_knows_is_not_asked(make_store):
    sample = sample_of(make_store("store", 1, 7)[0], ("disk", "block", "plastic"))
    unknown = sample._replace(
        bears=np.array([np.nan, 1, 0], dtype=np.float32), magnet_g=np.array([np.nan, np.nan, 0], dtype=np.float32)
    )
    size = sample.picture.shape[:2]
    cells = render_targets(sample.box_px, sample.visible, size, 0.1)
    known, batch = collate([(sample, cells)]), collate([(unknown, cells)])
    disk, block = cells.item == 0, cells.item == 1
    assert known.judged.all()
    assert known.weighed.tolist() == (disk | block).astype(float).tolist()
    assert batch.judged.tolist() == (~disk).astype(float).tolist()
    assert not batch.weighed.any()
    assert (batch.judgements, batch.weighings) == ((~disk).sum(), 0)
    assert torch.isfinite(torch.cat([batch.bears, batch.magnet_log1p_g])).all()


def test_parts_strung_together_are_the_whole(make_store):
    store = make_store("store", 3, 7)
    pairs = []
    for index in range(3):
        sample = sample_of(store[index], ("disk", "block", "plastic"))
        pairs.append((sample, render_targets(sample.box_px, sample.visible, sample.picture.shape[:2], 0.1)))
    whole, merged = collate(pairs), merge([collate(pairs[:1]), collate(pairs[1:])])
    for name, a, b in zip(whole._fields, whole, merged, strict=True):
        assert torch.equal(a, b), name
