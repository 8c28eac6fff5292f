"""Sources mixed by weight: shares hold in every epoch, nothing is left out, and processes agree without a word."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_training.mixture import Mixture, Pool, split_slots

POOLS = st.lists(st.integers(1, 60), min_size=1, max_size=4)


@given(sizes=POOLS, batch=st.integers(1, 9), seed=st.integers(0, 99))
def test_without_weights_every_pool_gives_what_it_holds(sizes, batch, seed):
    mixture = Mixture([Pool(samples=size) for size in sizes], batch, seed)
    assert sum(mixture.samples) == mixture.batches * batch
    assert 0 <= mixture.batches * batch - sum(sizes) < batch
    for given_, size in zip(mixture.samples, sizes, strict=True):
        assert given_ == pytest.approx(size, abs=1 + batch * size / sum(sizes))


@given(weights=st.lists(st.floats(0.1, 10), min_size=2, max_size=4), seed=st.integers(0, 99), epoch=st.integers(0, 5))
def test_shares_follow_the_weights_in_every_epoch(weights, seed, epoch):
    mixture = Mixture([Pool(samples=30, weight=weight) for weight in weights], 8, seed)
    counts = np.bincount(mixture.epoch(epoch).source.ravel(), minlength=len(weights))
    assert tuple(counts) == mixture.samples
    np.testing.assert_allclose(counts, np.array(weights) / sum(weights) * counts.sum(), atol=1)


@given(sizes=POOLS, batch=st.integers(1, 9), seed=st.integers(0, 99))
def test_turns_go_on_from_epoch_to_epoch_without_a_gap(sizes, batch, seed):
    mixture = Mixture([Pool(samples=size) for size in sizes], batch, seed)
    epochs = [mixture.epoch(number) for number in range(3)]
    draws = [draw for epoch in epochs for b in range(mixture.batches) for draw in epoch.draws(b, range(batch))]
    for source, samples in enumerate(mixture.samples):
        mine = [draw for draw in draws if draw.source == source]
        assert sorted(draw.turn for draw in mine) == list(range(3 * samples))
        in_slot = Counter()
        for draw in mine:
            assert draw.slot_turn == in_slot[draw.slot], "a slot's scenes follow one another"
            in_slot[draw.slot] += 1


def test_sources_are_spread_over_epoch_and_batch():
    mixture = Mixture([Pool(samples=400, weight=1), Pool(samples=400, weight=3)], 16, 5)
    per_batch = (mixture.epoch(0).source == 0).sum(axis=1)
    assert per_batch.mean() == 4
    assert 1.0 < per_batch.std() < 2.6, "about as a draw with one chance in four has it"
    assert not np.array_equal(mixture.epoch(0).source, mixture.epoch(1).source)


@given(first=st.integers(0, 5), size=st.integers(1, 40), parts=st.integers(1, 12))
def test_slots_are_shared_out_whole_and_in_order(first, size, parts):
    slots = range(first, first + size)
    shares = split_slots(slots, parts)
    assert [slot for share in shares for slot in share] == list(slots)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_what_goes_to_a_worker_process_fits_a_pipe_however_long_an_epoch_is():
    assert len(pickle.dumps(Mixture([Pool(samples=10_000_000), Pool(samples=10)], 64, 1))) < 4096
