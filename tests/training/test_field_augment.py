"""Fields of another array: each error is of the size asked for, and what was unknown stays unknown."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.dipoles import dipole_field

from neosort_training.config import FieldAugment
from neosort_training.field_augment import augment_field

NONE = FieldAugment(
    gain=0, channel_gain=0, cross_axis=0, offset_ut=0, drift_ut=0, mains_ut=0, noise_ut=0, dead_channels=0
)
EMPTY = np.zeros((3, 20, 40), dtype=np.float32)
KNOWN = np.stack([np.ones((20, 40)), np.zeros((20, 40))]).astype(np.float32)


def changed(seed=0, field=EMPTY, mask=KNOWN, **changes):
    """The field after nothing but these."""
    return augment_field(field, mask, NONE.model_copy(update=changes), np.random.default_rng(seed))


def test_dead_channels_are_unknown_over_their_whole_length():
    field = dipole_field((60.0, 80.0), (1.0, 0.3, 0.2))
    mask = np.stack([np.ones_like(field[0]), field[0] > 0]).astype(np.float32)
    after, known = changed(field=field, mask=mask, dead_channels=1.0)
    dead = ~known[0].any(axis=0)
    assert 1 <= dead.sum() <= 4
    assert not after[:, :, dead].any()
    assert not known[:, :, dead].any()
    np.testing.assert_array_equal(after[:, :, ~dead], field[:, :, ~dead])


def test_what_was_unknown_stays_unknown():
    mask = KNOWN.copy()
    mask[:, 5:, 7] = 0.0
    after, known = augment_field(EMPTY, mask, FieldAugment(), np.random.default_rng(0))
    assert not after[:, 5:, 7].any()
    assert not known[:, 5:, 7].any()
    assert after[:, :5, 7].all()


def test_gain_is_one_number_and_each_channel_has_a_little_of_its_own():
    field = np.ones_like(EMPTY)
    whole = changed(field=field, gain=0.1)[0]
    assert np.ptp(whole) < 1e-6
    assert 0 < abs(float(whole[0, 0, 0]) - 1.0) <= 0.1
    each = changed(field=field, channel_gain=0.05)[0]
    assert np.ptp(each, axis=1).max() < 1e-6, "a channel keeps its gain along the belt"
    assert each.std(axis=2).mean() == pytest.approx(0.04, abs=0.015)


def test_crossed_axes_carry_a_share_of_one_axis_into_the_others():
    field = EMPTY.copy()
    field[2] = 100.0
    after = changed(field=field, cross_axis=0.02)[0]
    np.testing.assert_allclose(after[2], 100.0, rtol=1e-6)
    assert 0.5 < after[:2].std() < 4.0


@pytest.mark.parametrize("seed", range(3))
def test_zeros_stay_and_drift_goes_along_the_belt(seed):
    offset = changed(seed, offset_ut=0.5)[0]
    assert np.ptp(offset, axis=1).max() < 1e-6
    assert offset.std() == pytest.approx(0.4, abs=0.15)
    drift = changed(seed, drift_ut=0.5)[0]
    np.testing.assert_allclose(drift[:, 0], -drift[:, -1], atol=1e-6)
    np.testing.assert_allclose(np.diff(drift, 2, axis=1), 0.0, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_mains_runs_in_step_over_the_whole_array(seed):
    stripes = changed(seed, mains_ut=2.0)[0]
    assert 0 < np.abs(stripes).max() < 2.0 * 1.9
    flat = stripes.reshape(3, 20, 40).transpose(0, 2, 1).reshape(120, 20)
    assert np.linalg.matrix_rank(flat, tol=1e-4) == 1, "one wave along the belt, other amplitudes"


def test_noise_is_everywhere_and_of_the_size_asked_for():
    assert changed(noise_ut=0.3)[0].std() == pytest.approx(0.3, rel=0.05)
