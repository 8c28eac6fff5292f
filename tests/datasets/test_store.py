"""The store: what goes in comes out, damage is told, and what stood before a torn write still stands."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from neosort_datasets.store import MANIFEST, StoreError, WindowStore, WindowStoreWriter
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import Box, ItemTruth

GRID = WindowGrid(rows=32, cols=48, mm_per_px=1.0, across_start_mm=-4.0)


def window(seed, grid=GRID):
    rng = np.random.default_rng(seed)
    item = ItemTruth(
        item_id=seed,
        model="phone-3",
        kind="phone" if seed % 2 else "steel",
        bears_ndfeb=bool(seed % 2),
        magnet_g=0.7,
        mass_g=140.0,
        box=Box(belt_lo_mm=1.5, belt_hi_mm=20.25, across_lo_mm=3.0, across_hi_mm=9.0),
        visible_fraction=0.9,
        magnetised=None if seed % 2 else True,
    )
    belt_window = BeltWindow(
        grid=grid,
        start_mm=512.0 * seed,
        picture=rng.integers(0, 256, (grid.rows, grid.cols, 3), dtype=np.uint8),
        field_ut=rng.normal(size=(3, grid.field_rows, grid.field_cols)).astype(np.float32),
        field_mask=rng.random((2, grid.field_rows, grid.field_cols)).astype(np.float32),
        last_input_ns=10**15 + seed,
        sequence=seed,
    )
    return LabelledWindow(window=belt_window, items=(item,) * (seed % 3))


def writer(path):
    return WindowStoreWriter(path, GRID, split="train", seed=11, origin="test")


@pytest.fixture
def store_path(tmp_path):
    """Two shards: windows 0–2 and 3–4."""
    path = tmp_path / "store"
    assert writer(path).append([window(0), window(1), window(2)]) == "shard-00000"
    assert writer(path).append([window(3), window(4)]) == "shard-00001"
    return path


def test_windows_come_back_as_they_were(store_path):
    store = WindowStore(store_path)
    assert len(store) == 5
    for index in (4, 0, 3, 2, 1):
        expected, found = window(index), store[index]
        assert found.items == expected.items
        assert (found.window.start_mm, found.window.last_input_ns) == (512.0 * index, 10**15 + index)
        for name in ("picture", "field_ut", "field_mask"):
            np.testing.assert_array_equal(getattr(found.window, name), getattr(expected.window, name))
            assert not getattr(found.window, name).flags.writeable
    assert store.kinds() == ["phone", "steel"]
    assert store.verify() == []
    with pytest.raises(IndexError):
        store[5]


def test_labels_of_before_magnetised_was_written_down_are_read(store_path):
    labels = store_path / "shard-00000" / "labels.json"
    told = json.loads(labels.read_text())
    for item in (item for labelled in told for item in labelled["items"]):
        del item["magnetised"]
    labels.write_text(json.dumps(told))
    assert [item.magnetised for item in WindowStore(store_path)[2].items] == [None, None]


def test_manifest_says_where_windows_come_from(store_path):
    lines = [json.loads(line) for line in (store_path / MANIFEST).read_text().splitlines()]
    assert [(line["shard"], line["windows"], line["split"], line["seed"]) for line in lines] == [
        ("shard-00000", 3, "train", 11),
        ("shard-00001", 2, "train", 11),
    ]
    assert lines[0]["grid"]["cols"] == 48


def test_torn_manifest_line_leaves_earlier_shards_and_is_told(store_path):
    manifest = store_path / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-40])
    store = WindowStore(store_path)
    assert len(store) == 3
    problems = store.verify()
    assert len(problems) == 2
    assert "line 2 is torn" in problems[0]
    assert "shard-00001" in problems[1]
    # Writing goes on behind the torn line, under a number that nothing bears yet.
    assert writer(store_path).append([window(7)]) == "shard-00002"
    store = WindowStore(store_path)
    assert len(store) == 4
    assert store[3].items == window(7).items
    assert len(store.verify()) == 2


def test_a_write_that_fails_midway_leaves_the_store_as_it_was(store_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("neosort_datasets.store.np.save", full)
        with pytest.raises(StoreError, match="No space left"):
            writer(store_path).append([window(9)])
    store = WindowStore(store_path)
    assert len(store) == 5
    assert store.verify() == []
    writer(store_path).append([window(9)])
    assert WindowStore(store_path).verify() == []


@pytest.mark.parametrize("file", ["picture.npy", "field_ut.npy", "field_mask.npy", "labels.json"])
def test_one_changed_byte_is_told_by_file(store_path, file):
    path = store_path / "shard-00000" / file
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    (problem,) = WindowStore(store_path).verify()
    assert str(path) in problem
    assert "sha256" in problem


def test_missing_and_cut_files_are_told(store_path):
    (store_path / "shard-00000" / "field_ut.npy").unlink()
    picture = store_path / "shard-00001" / "picture.npy"
    picture.write_bytes(picture.read_bytes()[:-1])
    store = WindowStore(store_path)
    assert len(store.verify()) == 2
    with pytest.raises(StoreError, match=r"shard-00000/field_ut.npy: cannot be mapped"):
        store[0]
    with pytest.raises(StoreError, match=r"shard-00001/picture.npy: cannot be mapped"):
        store[3]


def test_foreign_labels_are_refused(store_path):
    (store_path / "shard-00000" / "labels.json").write_text('[{"start_mm": "far"}]')
    with pytest.raises(StoreError, match=r"labels.json: not the labels of a shard"):
        WindowStore(store_path)[0]


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere/manifest.jsonl: cannot be read"):
        WindowStore(tmp_path / "nowhere")
    (tmp_path / MANIFEST).write_text("")
    with pytest.raises(StoreError, match="names no readable shard"):
        WindowStore(tmp_path)


def test_windows_of_another_grid_are_refused(store_path):
    other = replace(GRID, cols=64)
    with pytest.raises(StoreError, match="cannot take windows"):
        WindowStoreWriter(store_path, other, split="train", seed=0, origin="test")
    with pytest.raises(StoreError, match="the store's grid"):
        writer(store_path).append([window(1, other)])
    with pytest.raises(StoreError, match="at least one window"):
        writer(store_path).append([])
    assert WindowStore(store_path).verify() == []
