"""Pictures of another camera: greys stay grey, levels stay in range, and each change does what it says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_training.config import PictureAugment
from neosort_training.picture_augment import (
    add_noise,
    augment_picture,
    blur,
    colour_matrix,
    erase,
    relight,
    sharpen,
)

GREY = np.full((64, 96, 3), 114, dtype=np.uint8)


def striped():
    """Dark and bright stripes, red on green."""
    picture = np.zeros((64, 96, 3), dtype=np.uint8)
    picture[:, ::8], picture[:, 1::8], picture[..., 1] = (200, 40, 0), (200, 40, 0), 90
    return picture


@given(hue=st.floats(-np.pi, np.pi), saturation=st.floats(0, 2))
def test_grey_stays_grey_whatever_becomes_of_colours(hue, saturation):
    np.testing.assert_allclose(colour_matrix(hue, saturation, 0.0) @ np.ones(3), np.ones(3), atol=1e-12)


def test_hue_turns_by_the_angle_asked_for():
    turned = colour_matrix(np.deg2rad(120.0), 1.0, 0.0) @ np.array([1.0, 0.0, 0.0])
    np.testing.assert_allclose(turned, [0.0, 1.0, 0.0], atol=1e-12)  # a third of the circle: red becomes green
    patch = np.full((1, 1, 3), (180, 60, 60), dtype=np.uint8)
    matrix = colour_matrix(np.deg2rad(20.0), 1.0, 0.0).astype(np.float32)
    hue = [int(cv2.cvtColor(p, cv2.COLOR_RGB2HSV)[0, 0, 0]) for p in (patch, cv2.transform(patch, matrix))]
    assert 2 * (hue[1] - hue[0]) == pytest.approx(20, abs=3)  # OpenCV counts hue in steps of two degrees


def test_without_saturation_only_luma_is_left():
    pale = colour_matrix(0.7, 0.0, 0.0) @ np.array([0.2, 0.5, 0.9])
    np.testing.assert_allclose(pale, [0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.9] * 3)


def test_warm_light_is_red_light():
    red, green, blue = colour_matrix(0.0, 1.0, 0.1) @ np.ones(3)
    assert red > green > blue


def test_gamma_bends_and_keeps_black_and_white():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    nothing = {"brightness": 0, "contrast": 0, "temperature": 0, "hue_deg": 0, "saturation": 0}
    bent = relight(ramp, PictureAugment(gamma=1.0, **nothing), np.random.default_rng(1))[..., 0].ravel()
    assert (np.diff(bent.astype(int)) >= 0).all()
    assert (bent[0], bent[255]) == (0, 255)
    assert abs(int(bent[128]) - 128) > 10


def test_blur_takes_edges_away_and_sharpening_brings_them_out():
    plain = striped()
    contrast = [float(p[..., 0].std()) for p in (blur(plain, 1.2), plain, sharpen(blur(plain, 1.2), 1.0))]
    assert contrast[0] < contrast[2] < contrast[1]
    assert (blur(GREY, 1.0) == GREY).all()
    assert (sharpen(GREY, 1.0) == GREY).all()


def test_noise_has_the_deviation_asked_for_and_follows_from_the_seed():
    noisy = add_noise(GREY, 4.0, np.random.default_rng(3))
    assert float((noisy.astype(float) - 114).std()) == pytest.approx(4.0, rel=0.05)
    assert np.array_equal(noisy, add_noise(GREY, 4.0, np.random.default_rng(3)))
    assert not np.array_equal(noisy, add_noise(GREY, 4.0, np.random.default_rng(4)))


@pytest.mark.parametrize("seed", range(8))
def test_erasing_covers_one_small_rectangle(seed):
    changed = (erase(GREY, np.random.default_rng(seed)) != GREY).any(axis=2)
    rows, cols = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert changed[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1].all()
    assert 0 < changed.mean() <= 1 / 16


@pytest.mark.parametrize("change", ["noise", "blur", "sharpen", "posterise", "jpeg", "erase"])
def test_each_change_is_made_when_it_is_asked_for(change):
    shares = dict.fromkeys(("noise", "blur", "sharpen", "posterise", "jpeg", "erase"), 0.0) | {change: 1.0}
    still = {"brightness": 0, "contrast": 0, "gamma": 0, "temperature": 0, "hue_deg": 0, "saturation": 0}
    picture = striped()
    changed = augment_picture(picture, PictureAugment(**still, **shares), np.random.default_rng(2))
    assert changed.dtype == np.uint8
    assert changed.shape == picture.shape
    assert not np.array_equal(changed, picture)
    assert float(np.abs(changed.astype(float) - picture).mean()) < 40


def test_a_mirrored_view_is_taken_as_well():
    """What a flip hands on is no contiguous array."""
    picture = np.flip(striped(), 1)
    assert augment_picture(picture, PictureAugment(), np.random.default_rng(0)).shape == picture.shape
