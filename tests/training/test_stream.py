"""The batches of a run: the same whoever prepares them and wherever a run goes on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.hardware.waiting import WITHIN_S
from tests.training.conftest import KINDS
from tests.training.dipoles import dipole_field, sample_with

from neosort_datasets.window import WindowGrid
from neosort_training.data import merge
from neosort_training.mixture import Mixture, Pool
from neosort_training.stream import Position, SampleStream, batches, cut, shared_size

CPU = torch.device("cpu")


@pytest.fixture
def stream(make_store, make_config):
    """``stream(slots, start)``: of a run of two epochs of three batches of four."""
    config = make_config(make_store("store", 11, 0), "run")
    mixture = Mixture([Pool(samples=11)], 4, config.seed)

    def make(slots=range(4), start=Position()):  # noqa: B008 - frozen
        made = SampleStream(config, KINDS, mixture, (96, 128), slots)
        made.start = start
        return made

    return make


def assert_same(left, right):
    for name, a, b in zip(left._fields, left, right, strict=True):
        assert torch.equal(a, b), name


def test_samples_are_the_same_whoever_prepares_them_and_closing_ends_who_does(stream):
    alone = list(batches(stream(), 0, CPU))
    assert len(alone) == 6
    assert alone[0].picture.shape == (4, 96, 128, 3)
    feed = batches(stream(), 2, CPU)
    for one in alone[:-1]:
        assert_same(one, next(feed))
    workers = torch.multiprocessing.active_children()
    assert len(workers) == 2
    feed.close()  # with a batch still to come
    for worker in workers:
        worker.join(WITHIN_S)
        assert worker.exitcode is not None


def test_parts_of_several_processes_make_up_the_batch(stream):
    whole = list(stream())
    parts = zip(stream(range(1)), stream(range(1, 4)), strict=True)
    for one, of_two in zip(whole, parts, strict=True):
        assert_same(one, merge(of_two))


def test_a_run_goes_on_with_the_batch_it_would_have_had(stream):
    whole = list(stream())
    rest = list(stream(start=Position(epoch=1, batches=1)))
    assert len(rest) == 2
    for one, other in zip(whole[4:], rest, strict=True):
        assert_same(one, other)


def test_no_two_epochs_are_alike(stream):
    first, second = list(stream())[0::3][:2]
    assert not torch.equal(first.picture, second.picture)


@given(seed=st.integers(0, 200))
def test_a_cut_about_items_holds_one_of_them_whole(seed):
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    part = cut(sample, 64, 96, 1.0, np.random.default_rng(seed))
    low_row, low_col, high_row, high_col = part.box_px[0]
    assert 0 <= low_row < high_row <= 64
    assert 0 <= low_col < high_col <= 96
    assert part.picture.shape == (64, 96, 3)


def test_cuts_lie_anywhere():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    starts = {tuple(cut(sample, 64, 96, 0.0, np.random.default_rng(s)).box_px[0, :2]) for s in range(200)}
    assert len(starts) == 5 * 5


def test_sources_of_other_sizes_share_what_all_have_and_other_scales_are_refused():
    grids = [WindowGrid(), WindowGrid(rows=320, cols=1024)]
    assert shared_size(grids, 512, 800) == (320, 640)
    assert shared_size(grids[:1], 320, 320) == (320, 320)
    with pytest.raises(ValueError, match="2 mm per px beside others of 1"):
        shared_size([*grids, WindowGrid(mm_per_px=2.0)], 320, 320)
    with pytest.raises(ValueError, match="multiples of 32"):
        shared_size([WindowGrid(rows=120, cols=160)], 320, 320)
