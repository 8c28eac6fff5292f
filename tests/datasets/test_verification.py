"""`verify`: a store that is in order has no problem, and every disorder is one sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.datasets.data_sets import labelled
from tests.datasets.window_stores import GRID, item, window, writer

from neosort_datasets.picture_store import PictureStore, PictureStoreWriter
from neosort_datasets.store import WindowStore
from neosort_datasets.verification import unmapped_classes, verify_store

KINDS = ("phone", "steel")
SHAPE = (GRID.field_rows, GRID.field_cols)


def problems_of(tmp_path, *windows):
    writer(tmp_path / "store").append(windows)
    return verify_store(WindowStore(tmp_path / "store"), KINDS)


def test_a_store_in_order_has_none(tmp_path):
    assert problems_of(tmp_path, window(1, items=[item()]), window(2)) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"mass_g": 0.0, "magnet_g": 0.0}, "mass is 0 g"),
        ({"mass_g": 60_000.0}, "mass is 60000 g"),
        ({"magnet_g": 150.0}, "magnets are 150 g of 140 g"),
        ({"magnet_g": -1.0}, "magnets are -1 g"),
        ({"visible_fraction": 1.5}, "visible fraction is 1.5"),
        ({"belt_lo_mm": 40.0, "belt_hi_mm": 50.0}, "lies outside the window"),
        ({"across_lo_mm": 90.0, "across_hi_mm": 99.0}, "lies outside the window"),
        ({"belt_lo_mm": 20.0, "belt_hi_mm": 20.0}, "no width or no height"),
        ({"across_lo_mm": 9.0, "across_hi_mm": 3.0}, "no width or no height"),
        ({"kind": "toaster"}, "1 items of kind 'toaster', which the catalogue does not have"),
    ],
)
def test_labels_that_make_no_sense(tmp_path, changed, why):
    (problem,) = problems_of(tmp_path, window(1, items=[item(**changed)]))
    assert why in problem


def field(value):
    return np.full((3, *SHAPE), value, dtype=np.float32)


def mask(known, saturated):
    return np.stack([np.full(SHAPE, known), np.full(SHAPE, saturated)]).astype(np.float32)


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"field_ut": field(np.nan)}, f"{3 * SHAPE[0] * SHAPE[1]} values of the field are not finite"),
        ({"field_ut": field(np.inf)}, "not finite"),
        ({"field_ut": field(2e5)}, "reaches 200,000 µT, the limit is 100,000"),
        ({"field_ut": field(1e-4)}, "no field exceeds 0.0001 µT"),
        ({"field_mask": mask(0.5, 0)}, "more than 0 and 1"),
        ({"field_mask": mask(0, 0)}, "not 0 where it is not known"),
        ({"field_mask": mask(1, 1.5)}, "not between 0 and 1"),
        ({"field_mask": mask(1, np.nan)}, "not between 0 and 1"),
    ],
)
def test_arrays_that_make_no_sense(tmp_path, arrays, why):
    (problem,) = problems_of(tmp_path, window(1, **arrays))
    assert why in problem


def test_a_blind_array_is_in_order(tmp_path):
    assert problems_of(tmp_path, window(1, field_ut=field(0), field_mask=mask(0, 0))) == []


def test_windows_twice_and_damage(tmp_path):
    path = tmp_path / "store"
    writer(path).append([window(1), window(2)])
    writer(path).append([window(1)])
    (problem,) = verify_store(WindowStore(path), KINDS)
    assert "window 2: has the picture and the field of window 0" in problem
    (path / "shard-00001" / "labels.json").write_text("[]")
    damaged, unread = verify_store(WindowStore(path), KINDS)
    assert "sha256" in damaged
    assert "labels 0 windows, the manifest 1" in unread


def picture_problems(tmp_path, *pictures, class_map=None):
    PictureStoreWriter(tmp_path / "store").append(pictures, source_format="coco", class_map=class_map)
    return verify_store(PictureStore(tmp_path / "store"), KINDS)


def test_pictures_in_order_have_none(tmp_path):
    first, second = labelled([("phone", 0, 0, 80, 60)]), labelled([("steel", 1, 1, 9, 9)])
    assert picture_problems(tmp_path, first, second) == [], "the same bytes with other boxes are no duplicate"


@pytest.mark.parametrize(
    ("box", "why"),
    [
        ((70, 50, 81, 60), "at 70, 50, 81, 60 reaches out of 80 × 60 px"),
        ((-1, 0, 5, 5), "reaches out"),
        ((5, 5, 5, 9), "no width or no height"),
        ((9, 5, 5, 9), "no width or no height"),
    ],
)
def test_boxes_that_make_no_sense(tmp_path, box, why):
    (problem,) = picture_problems(tmp_path, labelled([("phone", *box)]))
    assert why in problem


def test_pictures_of_another_size_damaged_missing_and_twice(tmp_path):
    sound = labelled([("phone", 1, 1, 9, 9)])
    cut = replace(labelled([], seed=2, name="cut.png"), content=labelled([], seed=2).data()[:-400])
    (size, short, twice) = picture_problems(
        tmp_path, sound, replace(sound, width_px=81, content=labelled([], seed=1).data()), cut, sound
    )
    assert "is 80 × 60 px, labelled 81 × 60" in size
    assert "cut short" in short
    assert "picture 3 (a.png): has the bytes and the boxes of picture 0" in twice
    (tmp_path / "store" / "batch-00000" / "00000.png").unlink()
    assert any("00000.png: cannot be read" in text for text in PictureStore(tmp_path / "store").verify())


def test_classes_are_held_against_the_catalogue_where_a_map_was_given(tmp_path):
    (problem,) = picture_problems(tmp_path, labelled([("toaster", 1, 1, 9, 9)]), class_map={"t": "toaster"})
    assert "kind 'toaster', which the catalogue does not have" in problem
    assert unmapped_classes(PictureStore(tmp_path / "store"), KINDS) == []


def test_classes_as_they_came_are_no_fault_but_are_told(tmp_path):
    assert picture_problems(tmp_path, labelled([("0", 1, 1, 9, 9), ("phone", 2, 2, 9, 9)])) == []
    assert unmapped_classes(PictureStore(tmp_path / "store"), KINDS) == ["0"]
