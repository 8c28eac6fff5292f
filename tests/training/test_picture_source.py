"""Imported pictures as windows: scaled, their boxes with them, and nothing claimed that nobody knows."""

from __future__ import annotations

import numpy as np
import pytest
from tests.datasets.data_sets import labelled

from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_store import PictureStoreWriter
from neosort_datasets.window import BLIND_GREY, WindowGrid
from neosort_training.config import PictureSource
from neosort_training.data import KindError
from neosort_training.mixture import Draw
from neosort_training.picture_source import ImportedPictures

GRID = WindowGrid(rows=128, cols=160, mm_per_px=2.0, across_start_mm=-20.0)
KINDS = ("disk", "phone")


@pytest.fixture
def pictures(tmp_path):
    """``pictures(**settings)``: a source of two pictures of 80 × 60 px, a phone at (8, 6, 24, 30) in each."""
    boxes = [("mobile", 8, 6, 24, 30), ("shoe", 40, 40, 60, 50)]
    PictureStoreWriter(tmp_path / "store").append(
        [labelled(boxes, name=f"{n}.png", seed=n) for n in range(2)], source_format="coco"
    )

    def make(**settings):
        named = {"kinds": {"mobile": "phone", "shoe": ""}} | settings
        return ImportedPictures(PictureSource(kind="pictures", path=str(tmp_path / "store"), **named), (1, 0), GRID)

    return make


def draw(turn):
    return Draw(source=0, turn=turn, slot=0, slot_turn=turn)


def test_a_picture_fills_the_window_as_far_as_it_goes(pictures):
    sample = pictures().sample(draw(0), KINDS)
    assert sample.picture.shape == (128, 160, 3)
    np.testing.assert_allclose(sample.box_px[0, 2:] - sample.box_px[0, :2], [48, 32])  # twice as large
    assert not sample.field_mask.any()
    assert not sample.field_ut.any()
    assert (sample.picture != BLIND_GREY).any(axis=2).sum() > 0.9 * 120 * 160


def test_what_nobody_says_is_not_known_and_what_is_passed_over_does_not_show(pictures):
    sample = pictures().sample(draw(0), KINDS)
    assert np.isnan(sample.bears).all()
    assert np.isnan(sample.magnet_g).all()
    assert sample.visible.tolist() == [1.0, 0.0]
    assert sample.kind[0] == KINDS.index("phone")
    said = pictures(bears={"phone": True}).sample(draw(0), KINDS)
    assert said.bears[0] == 1.0
    assert np.isnan(said.bears[1])


@pytest.mark.parametrize("turn", range(6))
def test_a_box_lies_on_its_pixels_at_a_known_scale(pictures, turn):
    source = pictures(mm_per_px=8.0)  # four times as large: 320 × 240, of which the window shows a part
    sample = source.sample(draw(turn), KINDS)
    height, width = (sample.box_px[0, 2:] - sample.box_px[0, :2]).tolist()
    assert (height, width) == (96, 64)
    assert 0.0 <= sample.visible[0] <= 1.0
    assert not (sample.picture == BLIND_GREY).all(axis=2).any(), "no belt is left free where the picture could cover it"


def test_a_small_picture_lies_anywhere_on_grey(pictures):
    source = pictures(mm_per_px=2.0)
    places = {tuple(source.sample(draw(turn), KINDS).box_px[0]) for turn in range(8)}
    assert len(places) == 8
    sample = source.sample(draw(3), KINDS)
    low = np.flatnonzero((sample.picture != BLIND_GREY).any(axis=(1, 2)))[0]
    assert sample.box_px[0, 0] == pytest.approx(low + 6, abs=1)
    assert np.array_equal(sample.picture, source.sample(draw(3), KINDS).picture)


def test_a_class_without_a_name_here_is_refused_and_kinds_are_those_of_this_run(pictures):
    assert pictures().kinds() == ["phone"]
    with pytest.raises(KindError, match="'shoe'"):
        pictures(kinds={"mobile": "phone"}).sample(draw(0), KINDS)
    assert pictures().described()["windows"] == 2


def test_a_picture_that_is_gone_is_named(pictures, tmp_path):
    source = pictures()
    for path in (tmp_path / "store").rglob("*.png"):
        path.write_bytes(b"gone")
    with pytest.raises(StoreError, match=r"store: [01]\.png cannot be read"):
        source.sample(draw(0), KINDS)
