"""Sprites: read once, cropped, resampled, turned as the magnets are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hardware.sprite_makers import corner_sprite, plate, shipped, write_atlas

from neosort_hardware.twin.atlas import Atlas, AtlasSprite
from neosort_hardware.twin.catalogue import model_named
from neosort_hardware.twin.sprite_book import SpriteBook
from neosort_hardware.twin.sprites import Sprite, prepared, silhouette

pytestmark = pytest.mark.computes


def test_a_sprite_is_cropped_to_its_body_and_keeps_its_middle() -> None:
    sprite = prepared(shipped(np.full((40, 80), 255, np.uint8)), 1.0)
    assert sprite.rgb.shape == (3, 25, 50)  # 1.25 px a strip pixel
    assert sprite.body.mm_per_px == pytest.approx((0.8, 0.8))
    assert sprite.body.reach_mm(0.0) == pytest.approx((-20.0, 20.0, -10.0, 10.0))
    along = sprite.body.reach_mm(math.pi / 2)
    assert along == pytest.approx((-10.0, 10.0, -20.0, 20.0))


def test_a_sprite_is_never_made_finer_than_it_was_shipped() -> None:
    assert plate(mm_per_px=0.4).rgb.shape == (3, 40, 80)
    assert plate(mm_per_px=2.0).rgb.shape == (3, 12, 25)


@pytest.mark.parametrize("mm_per_px", [0.4, 1.0, 1.37])
def test_every_layer_stands_where_it_was_shipped(mm_per_px: float) -> None:
    """A body in one corner of the picture, its shadow around it: both keep their place beside the middle."""
    sprite = corner_sprite_at(mm_per_px)
    assert sprite.body.reach_mm(0.0) == pytest.approx((10.0, 20.0, 0.0, 10.0), abs=0.02)
    along_lo, along_hi, across_lo, across_hi = sprite.ground.reach_mm(0.0)
    assert (along_lo, along_hi) == pytest.approx((6.0, 24.0), abs=4.1)
    assert (across_lo, across_hi) == pytest.approx((-4.0, 14.0), abs=4.1)


def corner_sprite_at(mm_per_px: float) -> Sprite:
    alpha = np.zeros((40, 80), np.uint8)
    alpha[:20, 60:] = 255
    return prepared(shipped(alpha), mm_per_px)


def test_a_sprite_without_a_body_is_refused() -> None:
    with pytest.raises(ValueError, match="without a body"):
        prepared(shipped(np.full((40, 80), 100, np.uint8)), 1.0)


@pytest.fixture
def atlas(tmp_path) -> Atlas:
    names = [model_named(name) for name in ("hdd35-01", "hdd35-02", "phone-01")]
    keys = {f"{model.look_of}/{pose.sprite}" for model in names for pose in model.poses}
    return Atlas(write_atlas(tmp_path, {key: shipped(np.full((60, 90), 255, np.uint8)) for key in keys}))


def test_the_book_reads_a_sprite_once_for_every_pitch(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = Atlas.sprite

    def counted(self: Atlas, key: str) -> AtlasSprite:
        read.append(key)
        return whole(self, key)

    monkeypatch.setattr(Atlas, "sprite", counted)
    book, model = SpriteBook(atlas), model_named("phone-01")
    first = book.sprite(model, model.poses[0], 1.0)
    assert book.sprite(model, model.poses[0], 1.0) is first
    assert book.sprite(model, model.poses[0], 0.5) is not first
    assert read == [f"{model.look_of}/{model.poses[0].sprite}"] * 2


def test_the_book_lets_go_what_was_not_asked_for_the_longest(atlas: Atlas) -> None:
    one, two, three = (model_named(name) for name in ("hdd35-01", "hdd35-02", "phone-01"))
    size = SpriteBook(atlas).sprite(one, one.poses[0], 1.0).nbytes
    book = SpriteBook(atlas, keep_bytes=2 * size)
    first = book.sprite(one, one.poses[0], 1.0)
    second = book.sprite(two, two.poses[0], 1.0)
    assert book.sprite(one, one.poses[0], 1.0) is first
    book.sprite(three, three.poses[0], 1.0)
    assert book.sprite(one, one.poses[0], 1.0) is first
    assert book.sprite(two, two.poses[0], 1.0) is not second


def centre_of(sprite: Sprite, yaw: float) -> tuple[float, float]:
    shape = silhouette(sprite, yaw)
    rows, cols = np.nonzero(shape.mask)
    return float(shape.first_along_mm + rows.mean()), float(shape.first_across_mm + cols.mean())


CORNER = corner_sprite()


@settings(max_examples=60, deadline=None)
@given(yaw=st.floats(-7.0, 7.0))
def test_the_silhouette_turns_as_the_magnets_do(yaw: float) -> None:
    """The covered corner has its centre at x = 15, y = 5 mm."""
    along, across = centre_of(CORNER, yaw)
    assert along == pytest.approx(15 * math.cos(yaw) - 5 * math.sin(yaw), abs=0.6)
    assert across == pytest.approx(15 * math.sin(yaw) + 5 * math.cos(yaw), abs=0.6)


@settings(max_examples=40, deadline=None)
@given(yaw=st.floats(-4.0, 4.0))
def test_the_silhouette_keeps_its_area_and_stays_inside_its_reach(yaw: float) -> None:
    shape = silhouette(CORNER, yaw)
    assert int(shape.mask.sum()) == pytest.approx(100, abs=24)
    assert (shape.mask.shape[0], shape.mask.shape[1]) == (
        1 - 2 * round(shape.first_along_mm),
        1 - 2 * round(shape.first_across_mm),
    ), "the item's place is the mask's middle"
    along_lo, along_hi, across_lo, across_hi = CORNER.body.reach_mm(yaw)
    rows, cols = np.nonzero(shape.mask)
    assert shape.first_along_mm + rows.min() >= along_lo - 0.5
    assert shape.first_along_mm + rows.max() <= along_hi + 0.5
    assert shape.first_across_mm + cols.min() >= across_lo - 0.5
    assert shape.first_across_mm + cols.max() <= across_hi + 0.5
