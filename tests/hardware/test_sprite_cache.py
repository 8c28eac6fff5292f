"""Sprites on disk: as they were made, believed only when whole, bounded, and never in anybody's way."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hardware.sprite_makers import corner_sprite, plate, shipped, write_atlas

from neosort_hardware.twin.atlas import Atlas
from neosort_hardware.twin.catalogue import model_named
from neosort_hardware.twin.sprite_book import SpriteBook
from neosort_hardware.twin.sprite_cache import SpriteCache
from neosort_hardware.twin.sprites import Sprite

pytestmark = pytest.mark.computes

MODEL = model_named("phone-01")


def same(one: Sprite, other: Sprite) -> bool:
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(Sprite)]
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_sprite_comes_back_as_it_was_and_cannot_be_written_to(tmp_path: Path) -> None:
    sprite = corner_sprite()
    SpriteCache(tmp_path, "v").keep("fan-01/up", 1.0, sprite)
    found = SpriteCache(tmp_path, "v").load("fan-01/up", 1.0)
    assert found is not None
    assert same(found, sprite)
    with pytest.raises(ValueError, match="read-only"):
        found.alpha[0, 0] = 0


def test_what_was_never_kept_or_is_of_another_pitch_or_version_is_not_there(tmp_path: Path) -> None:
    SpriteCache(tmp_path, "v").keep("fan-01/up", 1.0, plate())
    assert SpriteCache(tmp_path, "v").load("fan-01/side", 1.0) is None
    assert SpriteCache(tmp_path, "v").load("fan-01/up", 0.5) is None
    assert SpriteCache(tmp_path, "w").load("fan-01/up", 1.0) is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_torn_or_altered_file_is_not_believed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("cache")
    SpriteCache(folder, "v").keep("fan-01/up", 1.0, plate(8.0, 6.0))
    (file,) = files_in(folder)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, 31) | st.integers(0, len(content) - 1))  # every byte of its head, for sure
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        content = content[:place]
    file.write_bytes(content)
    assert SpriteCache(folder, "v").load("fan-01/up", 1.0) is None


def book_of(atlas: Path, cache: Path | None) -> SpriteBook:
    return SpriteBook(Atlas(atlas), cache=cache)


@pytest.fixture
def atlas(tmp_path: Path) -> Path:
    keys = [f"{MODEL.look_of}/{pose.sprite}" for pose in MODEL.poses]
    (tmp_path / "atlas").mkdir()
    return write_atlas(tmp_path / "atlas", {key: shipped(np.full((60, 90), 255, np.uint8)) for key in keys})


def test_a_book_reads_from_the_cache_what_another_has_made(tmp_path: Path, atlas: Path) -> None:
    made = book_of(atlas, tmp_path / "cache").sprite(MODEL, MODEL.poses[0], 1.0)
    (atlas / "all.zip").unlink()
    found = book_of(atlas, tmp_path / "cache").sprite(MODEL, MODEL.poses[0], 1.0)
    assert same(found, made)


def test_another_atlas_is_another_version(tmp_path: Path, atlas: Path) -> None:
    book_of(atlas, tmp_path / "cache").sprite(MODEL, MODEL.poses[0], 1.0)
    key = f"{MODEL.look_of}/{MODEL.poses[0].sprite}"
    write_atlas(atlas, {key: shipped(np.full((30, 30), 255, np.uint8), tone=9)})
    other = book_of(atlas, tmp_path / "cache").sprite(MODEL, MODEL.poses[0], 1.0)
    assert other.alpha.shape[0] < 30, "of the new atlas"
    assert len(files_in(tmp_path / "cache")) == 2


def test_a_damaged_file_is_made_anew(tmp_path: Path, atlas: Path) -> None:
    made = book_of(atlas, tmp_path / "cache").sprite(MODEL, MODEL.poses[0], 1.0)
    (file,) = files_in(tmp_path / "cache")
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    assert same(book_of(atlas, tmp_path / "cache").sprite(MODEL, MODEL.poses[0], 1.0), made)
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path, atlas: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    sprite = book_of(atlas, tmp_path / "file" / "cache").sprite(MODEL, MODEL.poses[0], 1.0)
    assert same(sprite, book_of(atlas, None).sprite(MODEL, MODEL.poses[0], 1.0))


def test_many_writers_of_one_sprite_leave_it_whole_and_nothing_else(tmp_path: Path) -> None:
    sprite = plate()
    caches = [SpriteCache(tmp_path, "v") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda cache: cache.keep("fan-01/up", 1.0, sprite), caches * 4))
    assert [file.name for file in files_in(tmp_path)] == ["fan-01.up.sprite"]
    found = SpriteCache(tmp_path, "v").load("fan-01/up", 1.0)
    assert found is not None
    assert same(found, sprite)


def test_the_longest_unused_is_let_go_when_all_take_too_much(tmp_path: Path) -> None:
    for age, version in enumerate(("newer", "older")):
        SpriteCache(tmp_path, version).keep("fan-01/up", 1.0, plate())
        (folder,) = tmp_path.glob(f"sprites-{version}-*")
        os.utime(folder, (1e9 - age, 1e9 - age))
    (size,) = {file.stat().st_size for file in files_in(tmp_path)}
    SpriteCache(tmp_path, "mine", limit_bytes=2 * size).keep("fan-01/up", 1.0, plate())
    assert len(list(tmp_path.iterdir())) == 3, "just enough room"
    assert SpriteCache(tmp_path, "mine", limit_bytes=2 * size).load("fan-01/up", 1.0) is not None
    assert sorted(path.name.split("-")[1] for path in tmp_path.iterdir()) == ["mine", "newer"]
