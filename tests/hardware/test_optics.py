"""The belt as the camera sees it: where things lie, what covers what, blur, warp, noise, speed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hardware.sprite_makers import corner_sprite, plate

from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig, PictureConfig
from neosort_hardware.twin.lens import defocus_kernel, distorted, travel_kernel
from neosort_hardware.twin.optics import BeltPicture, pitch_mm
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.sprites import Sprite

pytestmark = pytest.mark.computes

STRAIGHT = np.array([[1.0, 0.0, -20.0], [0.0, -1.0, 256.0], [0.0, 0.0, 1.0]])
TILTED = np.array([[1.02, 0.015, -24.0], [0.008, -1.01, 262.0], [2e-5, 3e-5, 1.0]])
SCENERY = Scenery()
STEADY = PictureConfig(
    gain_drift=0.0, white_balance_drift=0.0, light_falloff=0.0, light_contrast=0.0, distortion=0.0, defocus_px=0.0,
    window_dirt=0.0,
)  # fmt: skip


def make_picture(
    homography: np.ndarray = STRAIGHT, *, seed: int = 3, length_mm: float = 3000.0, **more: float
) -> BeltPicture:
    return BeltPicture(
        width_px=320, height_px=256, pixel_to_belt=homography, belt_width_mm=280.0, seed=seed, length_mm=length_mm,
        picture=STEADY.model_copy(update=more), scenery=SCENERY,
    )  # fmt: skip


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
    for yaw in (0.0, 0.5, 2.2, -1.1):
        u, v = centre_seen(STRAIGHT, corner_sprite(tone=235), 400.0, yaw)
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


def pair_of_frames(*laid: tuple[Sprite, float, float], **more: float) -> tuple[np.ndarray, np.ndarray]:
    """The bare belt, and the belt with items laid at (along, across)."""
    images = []
    for sprites in ((), laid):
        picture = make_picture(**more)
        for number, (sprite, along, across) in enumerate(sprites):
            lay(picture, sprite, number, along, across)
        images.append(picture.frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(int))
    return images[0], images[1]


def test_the_shadow_darkens_the_belt_beside_the_item_only() -> None:
    before, after = pair_of_frames((plate(), 300.0, 140.0))
    beside = np.s_[150:160, 170:172]
    assert after[beside].mean() < 0.85 * before[beside].mean()
    assert np.array_equal(before[:100], after[:100])


def test_a_shadow_falls_on_what_is_lower_and_not_on_a_taller_neighbour() -> None:
    """A plate of 8 mm is laid against a lower and against a taller one, both of which end 1 mm before it."""
    dark = {}
    for height in (2.0, 30.0):
        neighbour = (plate(tone=200, tallest_mm=height), 300.0, 140.0)
        _, alone = pair_of_frames(neighbour)
        _, beside = pair_of_frames(neighbour, (plate(tone=60, tallest_mm=8.0), 300.0, 161.0))
        edge = np.s_[150:160, 166:169]  # the neighbour's last millimetres
        dark[height] = beside[edge].mean() / alone[edge].mean()
    assert dark[30.0] == pytest.approx(1.0, abs=0.02)
    assert dark[2.0] < 0.9


def test_a_low_item_fed_later_lies_in_its_taller_neighbours_shadow() -> None:
    seen = {}
    for height in (2.0, 40.0):
        low = (plate(tone=200, tallest_mm=2.0), 300.0, 161.0)
        _, image = pair_of_frames((plate(tone=60, tallest_mm=height), 300.0, 140.0), low)
        seen[height] = image[150:160, 172:174].mean()
    assert seen[40.0] < 0.9 * seen[2.0]


def test_lamps_on_one_side_light_the_faces_that_look_at_them() -> None:
    """A face that leans towards the item's +x is bright when the lamps' bright side lies there, whatever its yaw."""
    leaning = plate(light=(0.5, 0.0), tone=180)
    bright = {}
    for azimuth, yaw in ((0.0, 0.0), (180.0, 0.0), (90.0, math.pi / 2), (-90.0, math.pi / 2), (0.0, math.pi)):
        picture = make_picture(light_contrast=0.6, light_azimuth_deg=azimuth)
        lay(picture, leaning, 1, 300.0, 140.0, yaw)
        bright[azimuth, round(yaw, 1)] = picture.frame(400.0, 0.0, 100.0, np.random.default_rng(0))[156, 160].mean()
    assert bright[0.0, 0.0] > 1.15 * bright[180.0, 0.0]
    assert bright[90.0, 1.6] == pytest.approx(bright[0.0, 0.0], rel=0.06)
    assert bright[-90.0, 1.6] == pytest.approx(bright[180.0, 0.0], rel=0.06)
    assert bright[0.0, 3.1] == pytest.approx(bright[180.0, 0.0], rel=0.06)


def test_dust_makes_an_item_dull_and_uneven() -> None:
    spread = {}
    for dirt in (0.0, 1.0):
        picture = make_picture()
        picture.paste(
            plate(100, 100, tone=190), item_id=1, belt_mm=300.0, across_mm=140.0, yaw_rad=0.0, dirt=dirt,
            rng=np.random.default_rng(4),
        )  # fmt: skip
        spread[dirt] = picture.frame(400.0, 0.0, 100.0, np.random.default_rng(0))[120:190, 120:190].astype(float)
    assert spread[1.0].mean() < 0.97 * spread[0.0].mean()
    assert spread[1.0].std() > 2 * spread[0.0].std()


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


def test_noise_is_small_and_its_light_grows_with_the_light() -> None:
    spread = {}
    for tone in (60, 220):
        picture = make_picture()
        lay(picture, plate(100, 100, tone=tone), 1, 300.0, 140.0)
        rng = np.random.default_rng(0)
        stack = np.stack([picture.frame(400.0, 0.0, 100.0, rng)[130:180, 130:180] for _ in range(12)])
        spread[tone] = ((stack.astype(float) / 255) ** 2.2).std(axis=0).mean()
        assert 0.3 < stack.astype(float).std(axis=0).mean() < 4.0
    assert 2 * spread[60] < spread[220]


def test_drift_and_fall_off_change_the_light_a_little() -> None:
    flat = make_picture().frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(float)
    fallen = make_picture(light_falloff=0.4).frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(float)
    assert fallen[120:136, 150:170].mean() == pytest.approx(flat[120:136, 150:170].mean(), rel=0.03)
    assert fallen[:8, 40:60].mean() < 0.9 * flat[:8, 40:60].mean()
    drifting = make_picture(gain_drift=0.05)
    rng = np.random.default_rng(0)
    means = [drifting.frame(400.0, 0.0, 100.0, rng).mean() for _ in range(200)]
    assert 0.005 < np.std(means) / np.mean(means) < 0.05


def test_warm_lamps_make_white_yellow_and_a_long_exposure_makes_it_bright() -> None:
    seen = {}
    for name, more in {"even": {}, "warm": {"colour_temperature_k": 4000.0}, "dim": {"exposure": 0.5}}.items():
        picture = make_picture(**more)
        lay(picture, plate(100, 100, tone=200), 1, 300.0, 140.0)
        seen[name] = picture.frame(400.0, 0.0, 100.0, np.random.default_rng(0))[120:190, 120:190].mean(axis=(0, 1))
    assert seen["warm"][0] / seen["warm"][2] > 1.1 * seen["even"][0] / seen["even"][2]
    assert seen["dim"].mean() < 0.85 * seen["even"].mean()


def test_a_dirty_window_hides_some_of_the_view() -> None:
    clean = make_picture().frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(float)
    dirty = make_picture(window_dirt=1.0).frame(400.0, 0.0, 100.0, np.random.default_rng(0)).astype(float)
    assert np.abs(dirty - clean).mean() > 1.0
    assert dirty.std() > 0


@given(u=st.floats(0, 320), v=st.floats(0, 256), strength=st.floats(-0.05, 0.05))
def test_distortion_is_radial_and_largest_in_the_corner(u: float, v: float, strength: float) -> None:
    seen_u, seen_v = distorted(np.array(u), np.array(v), (320, 256), strength)
    assert (seen_u - 160) * (v - 128) == pytest.approx((seen_v - 128) * (u - 160), abs=1e-6)
    corner = np.hypot(*(np.array(distorted(np.array(0.0), np.array(0.0), (320, 256), strength)) - (160, 128)))
    assert corner == pytest.approx((1 + strength) * np.hypot(160, 128))
    assert abs(np.hypot(seen_u - u, seen_v - v)) <= abs(strength) * np.hypot(160, 128) + 1e-9


def test_a_distorted_view_shows_a_plate_beside_its_place_by_as_much_as_the_lens_moves_it() -> None:
    """Barrel: a plate near the upper right corner is drawn towards the middle by strength·r·(r/R)²."""
    seen = []
    for distortion in (0.0, 0.02):
        bare, laid = make_picture(distortion=distortion), make_picture(distortion=distortion)
        lay(laid, plate(20, 20), 1, 180.0, 230.0)
        seen.append(centre_of_change(*(p.frame(400.0, 0.0, 10.0, np.random.default_rng(0)) for p in (bare, laid))))
    (u, v), (moved_u, moved_v) = seen
    back_u, back_v = distorted(np.array(moved_u), np.array(moved_v), (320, 256), 0.02)
    assert (float(back_u), float(back_v)) == pytest.approx((u, v), abs=0.15)
    assert math.hypot(moved_u - u, moved_v - v) > 0.5


def test_defocus_softens_an_edge() -> None:
    steepest = []
    for blur in (0.0, 1.5):
        picture = make_picture(defocus_px=blur, noise=0.0)
        lay(picture, plate(80, 80), 1, 300.0, 140.0)
        row = picture.frame(400.0, 0.0, 100.0, np.random.default_rng(0))[156, 180:220].mean(axis=1)
        steepest.append(np.abs(np.diff(row)).max())
    assert steepest[1] < 0.55 * steepest[0]
    assert defocus_kernel(0.8).sum() == pytest.approx(1.0, abs=1e-6)


def test_the_strip_is_as_fine_as_the_camera_sees() -> None:
    assert pitch_mm(STRAIGHT, (320, 256)) == 1.0
    fine = np.array([[0.4, 0.0, -20.0], [0.0, -0.4, 102.4], [0.0, 0.0, 1.0]])
    assert pitch_mm(fine, (320, 256)) == pytest.approx(0.4)
    picture = make_picture(fine)
    box = lay(picture, plate(mm_per_px=0.4), 1, 300.0, 40.0)
    assert (box.belt_hi_mm - box.belt_lo_mm, box.across_hi_mm - box.across_lo_mm) == pytest.approx((40, 20), abs=0.9)
    assert picture.frame(350.0, 0.0, 100.0, np.random.default_rng(0)).shape == (256, 320, 3)
