"""The manifest: what a broken write leaves is found, and taken away on request, and nothing else is."""

from __future__ import annotations

import json

import pytest
from tests.datasets.window_stores import window, writer

from neosort_datasets.manifest import MANIFEST, NOT_STATED, StoreError
from neosort_datasets.store import WindowStore, window_manifest


@pytest.fixture
def store_path(tmp_path):
    """Three shards of one window."""
    for number in range(3):
        writer(tmp_path / "store", licence="Apache-2.0").append([window(number)], seed=100 + number)
    return tmp_path / "store"


def test_licence_origin_and_seed_of_every_shard_are_kept(store_path):
    entries = WindowStore(store_path).entries
    assert [(entry.licence, entry.origin, entry.seed) for entry in entries] == [
        ("Apache-2.0", "test", number) for number in (100, 101, 102)
    ]


def test_a_line_from_before_licences_were_kept_is_still_read(store_path):
    manifest = store_path / MANIFEST
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for line in lines:
        del line["licence"]
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    store = WindowStore(store_path)
    assert [entry.licence for entry in store.entries] == [NOT_STATED] * 3
    assert store.verify() == []


def test_a_broken_write_is_mended_and_every_whole_shard_stays(store_path):
    manifest = store_path / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-30])
    (store_path / "unfinished-77").mkdir()
    (store_path / "unfinished-77" / "picture.npy").write_bytes(b"half")
    assert len(WindowStore(store_path).verify()) == 3
    done = window_manifest(store_path).mend()
    assert ["last line" in done[0], "shard-00002" in done[1], "unfinished-77" in done[2]] == [True] * 3
    store = WindowStore(store_path)
    assert (len(store), store.verify()) == (2, [])
    assert window_manifest(store_path).mend() == []
    assert writer(store_path).append([window(9)]) == "shard-00002"


def test_what_no_broken_write_leaves_is_not_touched(store_path):
    """A bad line with good ones behind it, and folders of somebody else."""
    manifest = store_path / MANIFEST
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([lines[0], "{", lines[1], lines[2], ""]))
    (store_path / "notes").mkdir()
    assert window_manifest(store_path).mend() == []
    problems = WindowStore(store_path).verify()
    assert ["line 2" in problems[0], "notes" in problems[1], len(problems)] == [True, True, 2]


@pytest.mark.parametrize("file", ["../../secret", "a/b.npy", ".hidden", ""])
def test_a_manifest_that_names_files_elsewhere_is_not_followed(store_path, file):
    manifest = store_path / MANIFEST
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    lines[1]["sha256"][file] = lines[1]["sha256"].pop("labels.json")
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    problems = WindowStore(store_path).verify()
    assert "line 2 is torn or foreign" in problems[0]


def test_a_shard_without_the_hash_of_a_file_is_not_taken_as_proven(store_path):
    manifest = store_path / MANIFEST
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    del lines[0]["sha256"]["labels.json"]
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert "must be of field_mask.npy, field_ut.npy, labels.json, picture.npy" in WindowStore(store_path).verify()[0]


def test_a_manifest_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        window_manifest(tmp_path).read()
