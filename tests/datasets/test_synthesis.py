"""Synthesis: the same plan makes the same store, whoever works on it and however often it breaks off."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from neosort_datasets import synthetic
from neosort_datasets.manifest import MANIFEST
from neosort_datasets.scenes import Scenes
from neosort_datasets.store import StoreError, WindowStore
from neosort_datasets.synthesis import SHARD_WINDOWS, SynthPart, SynthPlan, parts_done, synthesise, twin_windows
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.config import LineConfig
from neosort_hardware.twin.atlas import AtlasError

GRID = WindowGrid()
PLAN = SynthPlan(line=LineConfig(), split="train", seed=3, windows=4 * SHARD_WINDOWS + 7)


def quick_windows(part: SynthPart) -> list[LabelledWindow]:
    """A part's windows in no time: two that bear its seed stand for them all, so that nothing large is written."""
    return [
        LabelledWindow(
            window=BeltWindow(
                grid=GRID,
                start_mm=float(index),
                picture=np.full((GRID.rows, GRID.cols, 3), part.seed % 251, dtype=np.uint8),
                field_ut=np.full((3, GRID.field_rows, GRID.field_cols), part.windows, dtype=np.float32),
                field_mask=np.zeros((2, GRID.field_rows, GRID.field_cols), dtype=np.float32),
                last_input_ns=0,
                sequence=index,
            ),
            items=(),
        )
        for index in range(2)
    ]


def dying_windows(part: SynthPart) -> list[LabelledWindow]:
    """As a worker that the kernel ends."""
    if part.seed == PLAN.parts()[3].seed:
        os._exit(9)
    return quick_windows(part)


def make(path, *, plan=PLAN, workers=1, skip=0, stop_after=None, maker=quick_windows):
    """Make the store; stopped as if by Ctrl-C after some shards."""
    made = []

    def on_windows(count):
        made.append(count)
        if len(made) == stop_after:
            raise KeyboardInterrupt

    synthesise(path, plan, workers=workers, skip=skip, on_windows=on_windows, make=maker)


def content(path):
    """What a store holds, without what it is called."""
    return [entry.model_dump(exclude={"shard"}) for entry in WindowStore(path).entries]


def test_what_was_made_ahead_when_it_broke_off_is_taken_away(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "store", workers=2, stop_after=2)
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [MANIFEST, "shard-00000", "shard-00001"]


def test_a_plan_has_all_its_windows_and_no_seed_twice():
    parts = PLAN.parts()
    assert [part.windows for part in parts] == [80, 80, 80, 80, 7]
    other = replace(PLAN, seed=4).parts()
    assert len({part.seed for part in [*parts, *other]}) == 10


def test_parallel_workers_make_the_very_store_that_one_makes(tmp_path):
    make(tmp_path / "one")
    make(tmp_path / "two", workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert [entry["seed"] for entry in content(tmp_path / "one")] == [part.seed for part in PLAN.parts()]
    assert {entry["licence"] for entry in content(tmp_path / "one")} == {"Apache-2.0"}


@pytest.mark.parametrize("workers", [1, 2])
def test_broken_off_it_goes_on_where_it_stopped(tmp_path, workers):
    make(tmp_path / "whole")
    path = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        make(path, workers=workers, stop_after=2)
    assert parts_done(path, PLAN) == (2, [])
    make(path, workers=workers, skip=2)
    assert content(path) == content(tmp_path / "whole")
    assert parts_done(path, PLAN) == (5, [])
    assert WindowStore(path).verify() == []


def test_a_torn_write_is_mended_and_its_part_made_anew(tmp_path):
    make(tmp_path / "whole")
    path = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        make(path, stop_after=3)
    manifest = path / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-20])
    done, mended = parts_done(path, PLAN)
    assert (done, len(mended)) == (2, 2)
    make(path, skip=done)
    assert content(path) == content(tmp_path / "whole")
    assert WindowStore(path).verify() == []


def test_a_first_shard_that_was_torn_is_no_obstacle(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "store", stop_after=1)
    manifest = tmp_path / "store" / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:40])
    assert parts_done(tmp_path / "store", PLAN)[0] == 0
    make(tmp_path / "store")
    assert WindowStore(tmp_path / "store").verify() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 4},
        {"split": "validation"},
        {"windows": 400},
        {"line": LineConfig(name="b")},
        {"scenes": Scenes.LINE},
        {"every_mm": 256.0},
        {"scene_windows": 8},
    ],
)
def test_other_arguments_are_refused_and_named(tmp_path, changed):
    make(tmp_path / "store", plan=replace(PLAN, windows=9))
    other = replace(PLAN, **{"windows": 9, **changed})
    with pytest.raises(StoreError, match=r"made as 'twin of .* cannot be gone on with as 'twin of") as refused:
        parts_done(tmp_path / "store", other)
    assert other.origin in str(refused.value)
    assert other.origin != PLAN.origin


def test_a_shard_that_changed_since_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "store", stop_after=2)
    picture = tmp_path / "store" / "shard-00000" / "picture.npy"
    data = bytearray(picture.read_bytes())
    data[-1] ^= 1
    picture.write_bytes(data)
    with pytest.raises(StoreError, match=r"cannot be gone on with: .*shard-00000/picture.npy: its sha256"):
        parts_done(tmp_path / "store", PLAN)


def test_a_worker_that_dies_is_told_and_what_was_written_stands(tmp_path):
    with pytest.raises(StoreError, match="a worker process died"):
        make(tmp_path / "store", workers=2, maker=dying_windows)
    done, _ = parts_done(tmp_path / "store", PLAN) if (tmp_path / "store" / MANIFEST).exists() else (0, [])
    make(tmp_path / "store", skip=done)
    assert [entry["seed"] for entry in content(tmp_path / "store")] == [part.seed for part in PLAN.parts()]


def test_nothing_there_means_nothing_done(tmp_path):
    assert parts_done(tmp_path / "nowhere", PLAN) == (0, [])


def test_the_twin_makes_the_windows_of_a_part():
    part = SynthPart(line=LineConfig(), split="validation", seed=5, windows=1)
    first, again = twin_windows(part), twin_windows(part)
    assert len(first) == 1
    np.testing.assert_array_equal(first[0].window.picture, again[0].window.picture)
    assert first[0].items == again[0].items


def test_damaged_pictures_of_the_twin_are_told_in_a_sentence(monkeypatch):
    def damaged(*_arguments, **_options):
        raise AtlasError("all.zip: sha256 is 1, must be 2")
        yield

    monkeypatch.setattr(synthetic, "labelled_windows", damaged)
    with pytest.raises(StoreError, match=r"is neosort installed whole\? all.zip: sha256 is 1, must be 2"):
        twin_windows(SynthPart(line=LineConfig(), split="validation", seed=5, windows=1))
