"""The belt as the camera sees it: where things lie, what covers what, blur, warp, noise, speed."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_hardware.twin.lens import travel_kernel
from neosort_hardware.twin.optics import BeltPicture
from neosort_hardware.twin.sprites import Sprite

STRAIGHT = np.array([[1.0, 0.0, -20.0], [0.0, -1.0, 256.0], [0.0, 0.0, 1.0]])
TILTED = np.array([[1.02, 0.015, -24.0], [0.008, -1.01, 262.0], [2e-5, 3e-5, 1.0]])


def make_picture(homography: np.ndarray = STRAIGHT, *, seed: int = 3, **more: float) -> BeltPicture:
    steady = {"gain_drift": 0.0, "white_balance_drift": 0.0, "vignette": 0.0} | more
    return BeltPicture(width_px=320, height_px=256, pixel_to_belt=homography, belt_width_mm=280.0, seed=seed, **steady)


def plate(length: float = 40.0, width: float = 20.0, tone: int = 230, height: float = 5.0) -> Sprite:
    shape = (round(2 * width), round(2 * length))
    return Sprite(
        rgb=np.full((*shape, 3), tone, np.uint8), alpha=np.full(shape, 255, np.uint8), px_per_mm=2.0, height_mm=height
    )


def lay(picture: BeltPicture, sprite: Sprite, item_id: int, belt: float, across: float, yaw: float = 0.0):  # noqa: PLR0917
    rng = np.random.default_rng(item_id)
    return picture.paste(sprite, item_id=item_id, belt_mm=belt, across_mm=across, yaw_rad=yaw, dirt=0.0, rng=rng)


def centre_of_change(bare: np.ndarray, image: np.ndarray) -> tuple[float, float]:
    """Centre (u, v) of what has become much brighter."""
    weight = np.clip(image.astype(float).mean(axis=2) - bare.astype(float).mean(axis=2) - 40, 0, None)
    rows, cols = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    return float((weight * (cols + 0.5)).sum() / weight.sum()), float((weight * (rows + 0.5)).sum() / weight.sum())


def centre_seen(homography: np.ndarray, sprite: Sprite, frame_mm: float, yaw: float) -> tuple[float, float]:
    """Where (u, v) a frame shows a sprite that lies at belt 300 mm, across 140 mm."""
    bare, laid = make_picture(homography), make_picture(homography)
    lay(laid, sprite, 1, 300.0, 140.0, yaw)
    pair = [picture.frame(frame_mm, 1000.0, 350.0, np.random.default_rng(0)) for picture in (bare, laid)]
    return centre_of_change(pair[0], pair[1])


def geometry_of(homography: np.ndarray) -> LineGeometry:
    config = LineConfig.model_validate({"calibration": {"pixel_to_belt": homography.tolist(), "array_station_mm": 256}})
    return LineGeometry.of(config)


@pytest.mark.parametrize("homography", [STRAIGHT, TILTED], ids=["straight", "tilted"])
@pytest.mark.parametrize("frame_mm", [400.0, 431.37, 455.5])
def test_a_plate_is_seen_where_the_geometry_says(homography: np.ndarray, frame_mm: float) -> None:
    expected = geometry_of(homography).belt_to_pixels(np.array([[140.0, 300.0]]), frame_mm)[0]
    assert centre_seen(homography, plate(), frame_mm, 0.7) == pytest.approx(tuple(expected), abs=0.25)


def test_a_moved_camera_sees_by_fractions_of_a_column() -> None:
    shifted = STRAIGHT.copy()
    shifted[0, 2] = -20.4
    assert centre_seen(shifted, plate(), 400.0, 0.0)[0] == pytest.approx(160.4, abs=0.1)


@settings(max_examples=25, deadline=None)
@given(yaw=st.floats(-3.2, 3.2), across=st.floats(60.0, 220.0))
def test_the_box_bounds_the_turned_body(yaw: float, across: float) -> None:
    box = lay(PICTURE, plate(), 1, 300.0, across, yaw)
    along = 20 * abs(math.cos(yaw)) + 10 * abs(math.sin(yaw))
    wide = 20 * abs(math.sin(yaw)) + 10 * abs(math.cos(yaw))
    assert box.belt_mm == pytest.approx(300.0, abs=1.0)
    assert box.across_mm == pytest.approx(across, abs=1.0)
    assert box.belt_hi_mm - box.belt_lo_mm == pytest.approx(2 * along, abs=2.1)
    assert box.across_hi_mm - box.across_lo_mm == pytest.approx(2 * wide, abs=2.1)


PICTURE = make_picture(seed=1)


def test_a_corner_of_the_sprite_lands_where_the_turn_carries_it() -> None:
    """Body at x = 15, y = 5 mm of a 40 × 20 mm sprite, seen in the frame itself."""
    alpha = np.zeros((40, 80), np.uint8)
    alpha[:20, 60:] = 255
    sprite = Sprite(rgb=np.full((40, 80, 3), 235, np.uint8), alpha=alpha, px_per_mm=2.0, height_mm=1.0)
    for yaw in (0.0, 0.5, 2.2, -1.1):
        u, v = centre_seen(STRAIGHT, sprite, 400.0, yaw)
        assert v - (300.0 - 144.0) == pytest.approx(15 * math.cos(yaw) - 5 * math.sin(yaw), abs=0.4)
        assert u - (140.0 + 20.0) == pytest.approx(15 * math.sin(yaw) + 5 * math.cos(yaw), abs=0.4)


def test_what_is_laid_later_covers_what_lay_there() -> None:
    picture = make_picture()
    lay(picture, plate(), 1, 300.0, 140.0)
    assert picture.visible_fraction(1) == 1.0
    lay(picture, plate(tone=80), 2, 320.0, 140.0)  # upper half of the first, exactly
    assert picture.visible_fraction(1) == pytest.approx(0.5, abs=0.03)
    assert picture.visible_fraction(2) == 1.0
    box = picture.visible_box(1)
    assert box is not None
    assert box.belt_hi_mm == pytest.approx(300.0, abs=1.0)
    lay(picture, plate(60, 40), 3, 300.0, 140.0)
    assert picture.visible_fraction(1) == 0.0
    assert picture.visible_box(1) is None


def test_an_item_half_over_the_edge_of_the_view_is_half_seen() -> None:
    picture = make_picture()
    lay(picture, plate(), 1, 300.0, -21.0)
    assert picture.visible_fraction(1) == pytest.approx(0.5, abs=0.1)
    with pytest.raises(ValueError, match="lies outside the strip"):
        lay(picture, plate(), 2, 300.0, 900.0)


def test_the_shadow_darkens_the_belt_beside_the_item_only() -> None:
    bare, laid = make_picture(), make_picture()
    lay(laid, plate(height=20.0), 1, 300.0, 140.0)
    before = bare.frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(int)
    after = laid.frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(int)
    beside = np.s_[150:160, 170:172]
    assert after[beside].mean() < 0.85 * before[beside].mean()
    assert np.array_equal(before[:100], after[:100])


def test_motion_blur_is_the_travel_during_the_exposure() -> None:
    """An edge across the travel rises over exposure × speed: 20 px at 2 m/s and 10 ms."""
    picture = make_picture()
    lay(picture, plate(80, 80), 1, 300.0, 140.0)
    edge = picture.frame(400.0, 2000.0, 10_000.0, np.random.default_rng(0))[:, 140:180].mean(axis=(1, 2))
    low, high = edge[80:100].mean(), edge[150:160].mean()
    share = (edge[90:145] - low) / (high - low)
    assert np.count_nonzero((share > 0.1) & (share < 0.9)) == pytest.approx(16, abs=3)


@given(fraction=st.floats(0.0, 0.999), blur=st.floats(0.0, 30.0))
def test_the_travel_kernel_keeps_brightness_and_place(fraction: float, blur: float) -> None:
    kernel = travel_kernel(fraction, blur)
    assert len(kernel) % 2 == 1
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    assert (kernel >= -1e-6).all()
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    assert (kernel * offsets).sum() == pytest.approx(fraction, abs=2e-3)


def test_the_same_seed_gives_the_same_belt_and_frames() -> None:
    images = []
    for seed in (3, 3, 4):
        picture = make_picture(seed=seed, gain_drift=0.03)
        images.append(picture.frame(700.0, 1000.0, 350.0, np.random.default_rng(9)))
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_the_belt_does_not_depend_on_how_it_was_reached() -> None:
    """In steps (the buffer rolls over many times) or in one leap: the same rubber, the same debris."""
    stepped, leapt = make_picture(length_mm=600.0), make_picture(length_mm=600.0)
    for belt in range(0, 9000, 100):
        stepped.extend_to(float(belt))
    one = stepped.frame(9000.0, 0.0, 100.0, np.random.default_rng(0))
    assert np.array_equal(one, leapt.frame(9000.0, 0.0, 100.0, np.random.default_rng(0)))


def test_items_survive_the_rolling_and_are_forgotten_with_their_belt() -> None:
    picture = make_picture(length_mm=600.0)
    for step in range(40):
        lay(picture, plate(), step, 100.0 + 100.0 * step, 140.0)
        picture.extend_to(100.0 + 100.0 * step + 300.0)
        if step >= 3:
            assert picture.visible_fraction(step - 3) == 1.0
    image = picture.frame(4100.0, 0.0, 100.0, np.random.default_rng(0))
    assert image[156 : 156 + 90 : 100, 160].min() > 150
    with pytest.raises(KeyError):
        picture.visible_fraction(0)
    with pytest.raises(ValueError, match="has left the strip"):
        picture.frame(300.0, 0.0, 100.0, np.random.default_rng(0))


def test_noise_is_small_and_grows_with_light() -> None:
    spread = {}
    for tone in (60, 220):
        picture = make_picture()
        lay(picture, plate(100, 100, tone), 1, 300.0, 140.0)
        rng = np.random.default_rng(0)
        stack = np.stack([picture.frame(400.0, 0.0, 100.0, rng)[130:180, 130:180] for _ in range(12)]).astype(float)
        spread[tone] = stack.std(axis=0).mean()
    assert 0.3 < spread[60] < spread[220] < 5.0


def test_drift_and_fall_off_change_the_light_a_little() -> None:
    flat = make_picture().frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(float)
    fallen = make_picture(vignette=0.4).frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(float)
    assert fallen[120:136, 150:170].mean() == pytest.approx(flat[120:136, 150:170].mean(), rel=0.03)
    assert fallen[:8, 40:60].mean() < 0.85 * flat[:8, 40:60].mean()
    drifting = make_picture(gain_drift=0.05)
    rng = np.random.default_rng(0)
    means = [drifting.frame(400.0, 0.0, 100.0, rng).mean() for _ in range(200)]
    assert 0.01 < np.std(means) / np.mean(means) < 0.1


def test_a_full_frame_and_a_paste_keep_their_time() -> None:
    """Generous: the figures wanted are 5 ms and 3 ms on a free core."""
    picture = BeltPicture(width_px=640, height_px=512, pixel_to_belt=np.array([[1, 0, -20], [0, -1, 512], [0, 0, 1.0]]),
                          belt_width_mm=600.0, seed=1)  # fmt: skip
    rng, sprite = np.random.default_rng(0), plate(147, 102)
    picture.extend_to(1000.0)
    started = time.process_time()
    for step in range(20):
        lay(picture, sprite, step, 500.0, 300.0, 0.3 * step)
    pasted = time.process_time()
    for step in range(20):
        picture.frame(700.0 + 0.3 * step, 1000.0, 350.0, rng)
    assert (pasted - started) / 20 < 0.015
    assert (time.process_time() - pasted) / 20 < 0.025
