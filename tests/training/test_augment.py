"""Variations of a sample: mirrored fields obey Maxwell, and no sample loses both senses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training.dipoles import COLS, HEIGHT_MM, ROWS, dipole_field, sample_with

from neosort_datasets.window import BLIND_GREY
from neosort_training.augment import ACROSS, ALONG, augment, blind_camera, blind_field, flip, rescale, source_size
from neosort_training.config import AugmentConfig, FieldAugment, PictureAugment

KNOWN = np.ones((2, ROWS, COLS), dtype=np.float32)
QUIET = AugmentConfig(
    flip_along=0,
    flip_across=0,
    reverse_polarity=0,
    rescale=0,
    blind_camera=0,
    blind_field=0,
    picture=PictureAugment(
        brightness=0, contrast=0, gamma=0, temperature=0, hue_deg=0, saturation=0, noise=0, blur=0, sharpen=0,
        posterise=0, jpeg=0, erase=0,
    ),
    field=FieldAugment(
        gain=0, channel_gain=0, cross_axis=0, offset_ut=0, drift_ut=0, mains_ut=0, noise_ut=0, dead_channels=0
    ),
)  # fmt: skip


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


def test_blinding_leaves_the_other_sense():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    dark = blind_camera(sample)
    assert (dark.picture == BLIND_GREY).all()
    assert dark.field_ut is sample.field_ut
    numb = blind_field(sample)
    assert not numb.field_ut.any()
    assert not numb.field_mask.any()
    assert numb.picture is sample.picture


def test_no_sample_loses_both_senses():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    config = QUIET.model_copy(update={"blind_camera": 0.5, "blind_field": 0.5})
    blind = set()
    for seed in range(40):
        changed = augment(sample, config, np.random.default_rng(seed))
        blind.add(((changed.picture == BLIND_GREY).all(), not changed.field_mask[0].any()))
    assert blind == {(True, False), (False, True)}


def test_a_sample_without_a_field_keeps_its_picture():
    sample = blind_field(sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2))))
    seeing = QUIET.model_copy(update={"blind_camera": 1.0})
    assert (augment(sample, seeing, np.random.default_rng(0)).picture == sample.picture).all()


def test_quiet_augmentation_changes_nothing():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    same = augment(sample, QUIET, np.random.default_rng(0))
    np.testing.assert_array_equal(same.picture, sample.picture)
    np.testing.assert_array_equal(same.field_ut, sample.field_ut)


def test_a_variation_follows_from_its_seed():
    sample = sample_with(dipole_field((60.0, 80.0), (1.0, 0.3, 0.2)))
    first, again, other = (augment(sample, AugmentConfig(), np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.field_ut, other.field_ut)


@given(
    place=st.tuples(st.floats(30, 98), st.floats(30, 130)),
    moment=st.tuples(*[st.floats(-2, 2)] * 3).filter(lambda m: sum(abs(c) for c in m) > 0.5),
)
def test_a_field_is_rescaled_as_that_of_larger_items_under_a_higher_array(place, moment):
    """Twice as many cells of the same field: a dipole of 8 times the moment, 90 mm below the array."""
    larger = rescale(sample_with(dipole_field(place, moment))._replace(field_mask=KNOWN), 2 * ROWS * 16, 2 * COLS * 16)
    x, y = np.mgrid[0.5 : 2 * ROWS, 0.5 : 2 * COLS] * 16.0
    r = np.stack([x - 2 * place[0], y - 2 * place[1], np.full_like(x, -2 * HEIGHT_MM)])
    distance = np.sqrt((r**2).sum(axis=0))
    along = np.einsum("i,irc->rc", 8 * np.asarray(moment), r)
    truth = (3 * along * r / distance**5 - 8 * np.asarray(moment)[:, None, None] / distance**3) * 1e5
    inner = np.s_[:, 2:-2, 2:-2]
    assert np.abs(larger.field_ut - truth)[inner].max() < 0.06 * np.abs(truth).max()
    assert larger.magnet_g == pytest.approx([8.0])
    np.testing.assert_allclose(larger.box_px, [[20.0, 40.0, 80.0, 140.0]])


def test_what_is_unknown_stays_so_and_lends_nothing_to_its_neighbours():
    field, mask = np.full((3, ROWS, COLS), 5.0, dtype=np.float32), KNOWN.copy()
    field[:, :, 4:6], mask[:, :, 4:6] = 0.0, 0.0
    smaller = rescale(sample_with(field)._replace(field_mask=mask), (ROWS - 1) * 16, (COLS - 1) * 16)
    known = smaller.field_mask[0] > 0
    assert not known[:, 4].any()
    assert known[:, [0, 1, 7, 8]].all()
    np.testing.assert_allclose(smaller.field_ut[:, known], 5.0, rtol=1e-5)
    assert (smaller.field_ut[:, ~known] == 0).all()


def test_sources_are_within_an_eighth_and_never_larger_than_the_window():
    rng = np.random.default_rng(1)
    sizes = {source_size((256, 320), (512, 640), AugmentConfig(rescale=1), rng) for _ in range(300)}
    assert min(sizes) == (224, 288)
    assert max(sizes) == (288, 352)
    assert {source_size((256, 320), (256, 640), AugmentConfig(rescale=1), rng)[0] for _ in range(300)} == {
        224,
        240,
        256,
    }
    assert {source_size((256, 320), (512, 640), AugmentConfig(rescale=0), rng) for _ in range(9)} == {(256, 320)}
