"""The contact sheet: tiles where they belong, boxes on their items, the field in its colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.datasets.data_sets import labelled
from tests.datasets.window_stores import GRID, item, window, writer

from neosort_datasets.contact_sheet import GAP_PX, TILE_PX, TITLE_PX, contact_sheet, window_caption
from neosort_datasets.drawing import FIELD_FLOOR_UT, FIELD_TOP_UT, field_colours, kind_colour, with_boxes, with_field
from neosort_datasets.manifest import StoreError
from neosort_datasets.picture_store import PictureStore, PictureStoreWriter
from neosort_datasets.store import WindowStore
from neosort_datasets.window_pictures import window_boxes

SHAPE = (GRID.field_rows, GRID.field_cols)


@pytest.fixture
def windows(tmp_path):
    writer(tmp_path / "store").append([window(number, items=[item()]) for number in range(5)])
    return WindowStore(tmp_path / "store")


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def test_a_sheet_has_a_tile_for_each_that_was_asked_for(windows, tmp_path):
    contact_sheet(windows, 1, 3, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG"
        assert (sheet.width - GAP_PX) % (TILE_PX + GAP_PX) == 0
        tile = sheet.crop((GAP_PX, TITLE_PX, GAP_PX + TILE_PX, TITLE_PX + 320))
    found = {tuple(pixel) for pixel in np.asarray(tile.convert("RGB")).reshape(-1, 3)}
    assert rgb(kind_colour("phone")) in found


def test_what_is_beyond_the_end_is_left_away_and_before_it_refused(windows, tmp_path):
    contact_sheet(windows, 4, 100, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == TILE_PX + 2 * GAP_PX
    with pytest.raises(StoreError, match="--first is 5, the store holds 0 to 4"):
        contact_sheet(windows, 5, 1, tmp_path / "sheet.png")
    with pytest.raises(StoreError, match="--count is 201, must be 1 to 200"):
        contact_sheet(windows, 0, 201, tmp_path / "sheet.png")
    with pytest.raises(StoreError, match="cannot be written"):
        contact_sheet(windows, 0, 1, tmp_path / "nowhere" / "sheet.png")


def test_boxes_are_drawn_where_they_are():
    (box,) = labelled([("phone", 20, 30, 60, 50)]).boxes
    drawn = np.asarray(with_boxes(np.zeros((60, 80, 3), np.uint8), [box], longest_px=160))
    edge = np.all(drawn == rgb(kind_colour("phone")), axis=-1)
    cols = np.nonzero(edge[60:101])[1]
    assert (cols.min(), cols.max()) == (40, 119)
    assert edge[98:100, 40:120].all()
    assert not edge[101:].any()


def test_the_field_is_clear_where_it_is_weak_or_unknown_and_dense_where_it_is_strong():
    alpha = field_colours(np.array([0.0, FIELD_FLOOR_UT, 30.0, FIELD_TOP_UT, 1e6, np.nan], np.float32))[:, 3]
    assert alpha[0] == alpha[1] == alpha[5] == 0
    assert 0 < alpha[2] < alpha[3] == alpha[4] < 255


def test_saturated_cells_are_marked(windows):
    mask = np.stack([np.ones(SHAPE), np.zeros(SHAPE)]).astype(np.float32)
    field = np.zeros((3, *SHAPE), np.float32)
    plain = window(1, field_ut=field, field_mask=mask)
    plain.window.picture[:] = 0
    mask_saturated = mask.copy()
    mask_saturated[1, 1, 2] = 0.1
    marked = window(1, field_ut=field, field_mask=mask_saturated)
    marked.window.picture[:] = 0
    assert not np.asarray(with_field(plain.window, (), GRID.cols)).any()
    drawn = np.asarray(with_field(marked.window, (), GRID.cols))
    rows, cols = np.nonzero(drawn[..., 0])
    assert (rows.mean(), cols.mean()) == pytest.approx((24, 40), abs=0.6)


def test_captions_say_where_how_strong_and_how_many(windows):
    field = np.zeros((3, *SHAPE), np.float32)
    field[0] = 3.0
    field[2, 0, 0] = 4000.0
    mask = np.stack([np.ones(SHAPE), np.zeros(SHAPE)]).astype(np.float32)
    mask[1, 0, 0] = 1
    said = window_caption(7, window(1, start_mm=5120.0, items=[item()], field_ut=field, field_mask=mask))
    assert said == "7  ·  5,120 mm  ·  |B| 3.0 to 4,000 µT, saturated  ·  1 item"
    blind = window(1, field_ut=np.zeros((3, *SHAPE), np.float32), field_mask=np.zeros((2, *SHAPE), np.float32))
    assert "no field" in window_caption(0, blind)


def test_pictures_of_any_shape_share_a_sheet_and_a_broken_one_is_named(tmp_path):
    sizes = [(300, 40), (40, 300), (12, 12)]
    pictures = [labelled([("phone", 1, 1, 9, 9)], width=w, height=h, seed=n) for n, (w, h) in enumerate(sizes)]
    PictureStoreWriter(tmp_path / "store").append(pictures, source_format="coco")
    store = PictureStore(tmp_path / "store")
    contact_sheet(store, 0, 9, tmp_path / "sheet.png")
    (tmp_path / "store" / "batch-00000" / "00001.png").write_bytes(b"none")
    with pytest.raises(StoreError, match=r"picture 1 \(a.png\) cannot be shown"):
        contact_sheet(store, 0, 9, tmp_path / "sheet.png")


def test_items_of_which_a_sliver_shows_are_not_drawn():
    slivers = [item(1, belt_lo_mm=31.0, belt_hi_mm=91.0), item(2, visible_fraction=0.05)]
    assert window_boxes(window(1, items=slivers)) == ()
