"""The two converters of a channel: which is handed over, what it adds, and how the low range comes back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.twin.ranges import HIGH_LSB_UT, LOW_LSB_UT, TwoRanges

pytestmark = pytest.mark.computes

CHANNELS = 4
EXACT = {"low_noise_ut": 0.0, "high_noise_ut": 0.0, "set_reset_ut": 0.0}


def ranges(seed=1, **changes):
    settings_ut = {
        "low_range_ut": 800.0,
        "high_range_ut": 40_000.0,
        "low_noise_ut": 0.04,
        "high_noise_ut": 20.0,
        "set_reset_ut": 0.5,
    }
    return TwoRanges(CHANNELS, seed=seed, noise_rng=np.random.default_rng(seed), **settings_ut | changes)


def read(converters, field_ut):
    field_ut = np.asarray(field_ut, dtype=np.float32)
    return converters.read(field_ut.copy(), (np.zeros_like(field_ut), field_ut))


def field(samples=200):
    return np.zeros((samples, CHANNELS, 3), dtype=np.float32)


def test_below_its_limit_the_low_range_is_handed_over_in_its_counts():
    true_ut = field()
    true_ut[:, :, 1] = 777.7
    reading, clipped = read(ranges(), true_ut)
    assert not clipped.any()
    assert np.std(reading - true_ut) == pytest.approx(0.04, rel=0.1)
    counts = reading[:, :, 0] / LOW_LSB_UT
    assert np.abs(counts - np.rint(counts)).max() < 0.02


def test_where_any_axis_clips_the_whole_channel_comes_from_the_high_range_and_is_flagged():
    true_ut = field()
    true_ut[50:100, 2] = (12_000.0, 100.0, -3000.0)
    reading, clipped = read(ranges(set_reset_ut=0.0), true_ut)
    expected = np.zeros((200, CHANNELS), dtype=bool)
    expected[50:100, 2] = True
    assert np.array_equal(clipped, expected)
    taken = reading[50:100, 2]
    assert taken.mean(axis=0) == pytest.approx([12_000, 100, -3000], rel=0.08, abs=120)
    assert taken.std(axis=0) == pytest.approx([20.8] * 3, rel=0.4), "20 µT of noise and steps of 20 µT"
    counts = taken / HIGH_LSB_UT
    assert np.abs(counts - np.rint(counts)).max() < 1e-3
    assert np.abs(reading[~clipped]).max() < 1.0


def test_the_high_range_has_its_limit_too():
    true_ut = field(10)
    true_ut[:, 1, 2] = -90_000.0
    reading, clipped = read(ranges(), true_ut)
    assert reading[:, 1, 2] == pytest.approx(-40_000.0)
    assert clipped[:, 1].all()


def test_without_a_high_range_a_clipped_low_range_is_all_there_is():
    true_ut = field(10)
    true_ut[:, 1, 2] = -90_000.0
    reading, clipped = read(ranges(high_range_ut=0.0), true_ut)
    assert reading[:, 1, 2] == pytest.approx(-800.0)
    assert clipped[:, 1].all()
    assert not clipped[:, [0, 2, 3]].any()


def test_after_clipping_the_low_range_comes_back_with_another_offset_and_keeps_it():
    true_ut = field(900)
    for start in (100, 400, 700):
        true_ut[start : start + 50, 0, 0] = 5000.0
    reading, _ = read(ranges(**EXACT | {"set_reset_ut": 2.0}), true_ut)
    stretches = [reading[lo:hi, 0] for lo, hi in ((0, 100), (150, 400), (450, 700), (750, 900))]
    assert all(np.ptp(stretch, axis=0).max() == 0 for stretch in stretches)
    levels = np.array([stretch[0] for stretch in stretches])
    assert not levels[0].any()
    assert len(np.unique(levels[:, 0])) == 4
    assert 0.2 < np.abs(levels[1:]).mean() < 6.0
    assert not reading[:, 1:].any(), "the other channels know nothing of it"


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 299), max_size=8, unique=True), st.integers(0, 1000))
def test_offsets_do_not_depend_on_how_blocks_are_cut(cuts, seed):
    rng = np.random.default_rng(seed)
    true_ut = field(300)
    for _ in range(4):
        start, channel = rng.integers(0, 280), rng.integers(0, CHANNELS)
        true_ut[start : start + rng.integers(1, 60), channel, 2] = 3000.0
    whole, clipped = read(ranges(seed, **EXACT | {"set_reset_ut": 2.0}), true_ut)
    converters = ranges(seed, **EXACT | {"set_reset_ut": 2.0})
    pieces = [read(converters, piece) for piece in np.split(true_ut, sorted(cuts))]
    assert np.array_equal(np.concatenate([reading for reading, _ in pieces]), whole)
    assert np.array_equal(np.concatenate([flags for _, flags in pieces]), clipped)


def test_no_samples_is_no_trouble():
    reading, clipped = read(ranges(), field(0))
    assert reading.shape == (0, CHANNELS, 3)
    assert clipped.shape == (0, CHANNELS)
