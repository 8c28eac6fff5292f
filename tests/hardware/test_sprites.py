"""The drawings: every look, always the same for one model, in its own rectangle; how they are turned."""

import math
import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.twin import catalogue
from neosort_hardware.twin.bodies import ItemModel
from neosort_hardware.twin.looks_canvas import Canvas
from neosort_hardware.twin.sprites import LOOKS, Sprite, SpriteBook, draw, reach_mm, silhouette


def make_model(look: str, *, seed: int = 5, length: float = 60.0, width: float = 38.0, fill: float = 0.8) -> ItemModel:
    return ItemModel(
        name=f"{look}-{seed}",
        kind=look,
        look=look,
        look_seed=seed,
        length_mm=length,
        width_mm=width,
        height_mm=10.0,
        mass_g=50.0,
        fill=fill,
        magnets=(),
        steel=(),
    )


def corner_sprite() -> Sprite:
    """40 × 20 mm, 2 px/mm: covered only where x > 10 mm and y > 0 (the upper right of the picture)."""
    alpha = np.zeros((40, 80), np.uint8)
    alpha[:20, 60:] = 255
    return Sprite(rgb=np.full((40, 80, 3), 200, np.uint8), alpha=alpha, px_per_mm=2.0, height_mm=5.0)


@pytest.mark.parametrize("look", sorted(LOOKS))
@pytest.mark.parametrize("seed", range(6))
def test_a_look_fills_its_rectangle_and_is_not_a_blob(look: str, seed: int) -> None:
    sprite = draw(make_model(look, seed=seed), 2.0)
    assert sprite.rgb.shape == (76, 120, 3)
    assert sprite.alpha.shape == (76, 120)
    body = sprite.alpha > 127
    rows, cols = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    assert cols[0] <= 6
    assert cols[-1] >= 113, "the drawing must reach both ends of its length"
    assert rows[0] <= 8
    assert rows[-1] >= 67
    assert sprite.rgb[body].std() > 6.0, "a drawing without light and shade"


@pytest.mark.parametrize("look", sorted(LOOKS))
@pytest.mark.parametrize(("length", "width"), [(190.0, 30.0), (20.0, 20.0), (14.0, 5.0)])
def test_every_look_can_be_drawn_at_odd_sizes(look: str, length: float, width: float) -> None:
    for seed in range(3):
        sprite = draw(make_model(look, seed=seed, length=length, width=width, fill=0.5 + 0.2 * seed), 2.0)
        assert sprite.rgb.shape[:2] == (round(2 * width), round(2 * length))
        assert (sprite.alpha > 127).mean() > 0.08


def test_a_model_always_looks_the_same_and_another_does_not() -> None:
    first, again = draw(make_model("hdd35"), 2.0), draw(make_model("hdd35"), 2.0)
    assert np.array_equal(first.rgb, again.rgb)
    assert np.array_equal(first.alpha, again.alpha)
    assert not np.array_equal(first.rgb, draw(make_model("hdd35", seed=6), 2.0).rgb)


def test_the_body_has_no_dark_fringe() -> None:
    """Just outside a bright disc the colour goes on: turning the sprite mixes nothing dark into its rim."""
    board = Canvas(30.0, 30.0, 2.0)
    board.disc(15.0, 15.0, 12.0, (240, 240, 240), body=True)
    rgb, alpha = board.finish()
    rim = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert rgb[rim].min() > 230


def test_the_book_draws_a_model_once() -> None:
    book = SpriteBook()
    model = make_model("fan")
    assert book.sprite(model) is book.sprite(model)


def test_an_unknown_look_is_named() -> None:
    with pytest.raises(ValueError, match="look 'teapot' of teapot-5 is not drawn; known: cable"):
        draw(make_model("teapot"), 2.0)


def test_the_whole_catalogue_has_looks_that_are_drawn() -> None:
    looks = {catalogue.model_named(name).look for name in catalogue.split_names("held-out")}
    assert looks <= set(LOOKS)


def test_motors_with_and_without_ndfeb_share_their_drawing() -> None:
    bare = make_model("motor", seed=11)
    bearing = ItemModel(**{**{f: getattr(bare, f) for f in bare.__slots__}, "kind": "motor_nd", "name": "motor_nd-11"})
    assert np.array_equal(draw(bare, 2.0).rgb, draw(bearing, 2.0).rgb)


def test_drawing_is_quick_enough_to_build_a_training_set() -> None:
    started = time.process_time()
    for look in LOOKS:
        draw(make_model(look, length=120.0, width=80.0), 2.0)
    assert (time.process_time() - started) / len(LOOKS) < 0.15


def centre_of(sprite: Sprite, yaw: float) -> tuple[float, float]:
    shape = silhouette(sprite, yaw)
    rows, cols = np.nonzero(shape.mask)
    return float(shape.first_along_mm + rows.mean()), float(shape.first_across_mm + cols.mean())


@settings(max_examples=60, deadline=None)
@given(yaw=st.floats(-7.0, 7.0))
def test_the_silhouette_turns_as_the_magnets_do(yaw: float) -> None:
    """The covered corner has its centre at x = 15, y = 5 mm."""
    along, across = centre_of(corner_sprite(), yaw)
    assert along == pytest.approx(15 * math.cos(yaw) - 5 * math.sin(yaw), abs=0.6)
    assert across == pytest.approx(15 * math.sin(yaw) + 5 * math.cos(yaw), abs=0.6)


@settings(max_examples=40, deadline=None)
@given(yaw=st.floats(-4.0, 4.0))
def test_the_silhouette_keeps_its_area_and_stays_inside_its_reach(yaw: float) -> None:
    shape = silhouette(corner_sprite(), yaw)
    assert int(shape.mask.sum()) == pytest.approx(100, abs=24)
    along, across = reach_mm(corner_sprite(), yaw)
    rows, cols = np.nonzero(shape.mask)
    assert np.abs(shape.first_along_mm + rows).max() <= along + 0.5
    assert np.abs(shape.first_across_mm + cols).max() <= across + 0.5
