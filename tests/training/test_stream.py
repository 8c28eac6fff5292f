"""The order of samples: a seed fixes everything, and a run goes on where it stopped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.window import WindowGrid
from neosort_training.config import AugmentConfig, DataConfig
from neosort_training.data import collate
from neosort_training.stream import EpochOrder, WindowSamples


def test_samples_follow_from_seed_epoch_and_index_alone(make_store):
    store = make_store("store", 6, 0)
    data = DataConfig(train=("",), crop_rows=64, crop_cols=96)
    kinds = ("disk", "block", "plastic")
    first, again = (WindowSamples([store], kinds, data, AugmentConfig(), 5) for _ in range(2))
    a, b = collate([first[2, i] for i in range(6)]), collate([again[2, i] for i in (range(6))])
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not np.array_equal(a.picture, collate([first[3, i] for i in range(6)]).picture)
    assert a.picture.shape == (6, 64, 96, 3)
    assert a.field_ut.shape == (6, 3, 4, 6)


@given(start=st.integers(0, 20))
def test_order_goes_on_where_it_stopped(start):
    whole = list(EpochOrder(20, seed=1, epoch=4))
    assert list(EpochOrder(20, seed=1, epoch=4, start=start)) == whole[start:]
    assert sorted(index for _, index in whole) == list(range(20))
    assert whole != list(EpochOrder(20, seed=1, epoch=5))


def test_grid_that_the_network_cannot_read_is_refused(make_store):
    store = make_store("store", 1, 0)
    store.grid = WindowGrid(rows=120, cols=160)
    with pytest.raises(ValueError, match="multiples of 32"):
        WindowSamples([store], ("disk",), DataConfig(train=("",)), AugmentConfig(), 0)


def test_crops_about_items_hold_a_whole_item(make_store):
    store = make_store("store", 8, 0)
    kinds = ("disk", "block", "plastic")
    data = DataConfig(train=("",), crop_rows=64, crop_cols=64, crops_about_items=1.0)
    samples = WindowSamples([store], kinds, data, AugmentConfig(), 5)
    for index in range(len(samples)):
        box_px = samples[0, index][0].box_px
        assert ((box_px[:, :2] >= 0) & (box_px[:, 2:] <= 64)).all(axis=1).any()
