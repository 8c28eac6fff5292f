"""Samples: mirrored fields obey Maxwell, cuts keep truth in its place, and a seed fixes everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_training.config import AugmentConfig, DataConfig
from neosort_training.data import (
    ACROSS,
    ALONG,
    EpochOrder,
    KindError,
    Sample,
    WindowSamples,
    augment,
    blind_camera,
    blind_field,
    collate,
    crop,
    disturb_field,
    flip,
    sample_of,
)

ROWS, COLS = 8, 10
HEIGHT_MM = 45.0
QUIET = AugmentConfig(
    flip_along=0,
    flip_across=0,
    reverse_polarity=0,
    field_gain=0,
    field_noise_ut=0,
    brightness=0,
    contrast=0,
    colour_temperature=0,
    blind_camera=0,
    blind_field=0,
    dead_channels=0,
)


def dipole_field(place_mm, moment):
    """(3, ROWS, COLS) of a point dipole above the plane of the cells; rows of x, columns of y, z up."""
    x, y = np.mgrid[0.5:ROWS, 0.5:COLS] * 16.0
    r = np.stack([x - place_mm[0], y - place_mm[1], np.full_like(x, -HEIGHT_MM)])
    distance = np.sqrt((r**2).sum(axis=0))
    along = np.einsum("i,irc->rc", np.asarray(moment), r)
    return (3 * along * r / distance**5 - np.asarray(moment)[:, None, None] / distance**3).astype(np.float32) * 1e5


def sample_with(field):
    """A sample of this field, with one item off the middle."""
    return Sample(
        picture=np.arange(ROWS * COLS * 16 * 16 * 3, dtype=np.uint8).reshape(ROWS * 16, COLS * 16, 3),
        field_ut=field,
        field_mask=np.stack([np.ones_like(field[0]), field[0] > 0]).astype(np.float32),
        box_px=np.array([[10.0, 20.0, 40.0, 70.0]]),
        kind=np.array([0]),
        bears=np.ones(1, dtype=np.float32),
        magnet_g=np.ones(1, dtype=np.float32),
        visible=np.ones(1, dtype=np.float32),
    )


@pytest.mark.parametrize(
    ("axis", "length_mm", "sign"), [(ALONG, ROWS * 16, (1, -1, -1)), (ACROSS, COLS * 16, (-1, 1, -1))]
)
@given(
    place=st.tuples(st.floats(20, 108), st.floats(20, 140)),
    moment=st.tuples(*[st.floats(-2, 2)] * 3).filter(lambda m: sum(abs(c) for c in m) > 0.1),
)
def test_flipped_field_is_that_of_the_mirrored_magnet(axis, length_mm, sign, place, moment):
    mirrored_place = list(place)
    mirrored_place[axis] = length_mm - mirrored_place[axis]
    mirrored_moment = np.array(moment) * sign  # a moment is an axial vector too
    flipped = flip(sample_with(dipole_field(place, moment)), axis)
    np.testing.assert_allclose(flipped.field_ut, dipole_field(mirrored_place, mirrored_moment), rtol=1e-3, atol=1e-4)


def test_flip_as_a_polar_vector_would_be_no_magnet():
    field = dipole_field((60.0, 80.0), (0.0, 0.0, 1.0))
    wrong = np.flip(field, 1) * np.array([-1, 1, 1], dtype=np.float32)[:, None, None]
    right = flip(sample_with(field), ALONG).field_ut
    # Turned round as well, the mirror image is the plain reflection: so the two differ by polarity alone.
    np.testing.assert_allclose(right, -wrong, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("axis", [ALONG, ACROSS])
def test_flip_twice_is_nothing_and_box_stays_on_its_pixels(axis):
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    once = flip(sample, axis)
    low_row, low_col, high_row, high_col = once.box_px[0].astype(int)
    original = sample.picture[10:40, 20:70]
    np.testing.assert_array_equal(once.picture[low_row:high_row, low_col:high_col], np.flip(original, axis))
    twice = flip(once, axis)
    for name in ("picture", "field_ut", "field_mask", "box_px"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(sample, name))


def test_crop_keeps_picture_field_and_boxes_together():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    part = crop(sample, 32, 16, 64, 96)
    assert part.picture.shape == (64, 96, 3)
    np.testing.assert_array_equal(part.picture, sample.picture[32:96, 16:112])
    np.testing.assert_array_equal(part.field_ut, sample.field_ut[:, 2:6, 1:7])
    np.testing.assert_array_equal(part.box_px, [[-22.0, 4.0, 8.0, 54.0]])


def test_blinding_leaves_the_other_sense():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    dark = blind_camera(sample)
    assert (dark.picture == BLIND_GREY).all()
    assert dark.field_ut is sample.field_ut
    numb = blind_field(sample)
    assert not numb.field_ut.any()
    assert not numb.field_mask.any()
    assert numb.picture is sample.picture


def test_dead_channels_are_unknown_over_their_whole_length():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    changed = disturb_field(sample, QUIET.model_copy(update={"dead_channels": 1.0}), np.random.default_rng(0))
    dead = ~changed.field_mask[0].any(axis=0)
    assert 1 <= dead.sum() <= 4
    assert not changed.field_ut[:, :, dead].any()
    np.testing.assert_array_equal(changed.field_ut[:, :, ~dead], sample.field_ut[:, :, ~dead])


def test_no_sample_loses_both_senses():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    config = QUIET.model_copy(update={"blind_camera": 0.5, "blind_field": 0.5})
    blind = set()
    for seed in range(40):
        changed = augment(sample, config, np.random.default_rng(seed))
        blind.add(((changed.picture == BLIND_GREY).all(), not changed.field_mask[0].any()))
    assert blind == {(True, False), (False, True)}


def test_quiet_augmentation_changes_nothing():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    same = augment(sample, QUIET, np.random.default_rng(0))
    np.testing.assert_array_equal(same.picture, sample.picture)
    np.testing.assert_array_equal(same.field_ut, sample.field_ut)


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
