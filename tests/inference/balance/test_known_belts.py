"""Belts of known items: sorted once, kept, and taken again by whoever asks for the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.inference.balance.test_coverage import known

from neosort_hardware.config import LineConfig
from neosort_inference.bench import known_belts
from neosort_inference.bench.counted_by import CountedBy
from neosort_inference.bench.known_belts import KnownBelt, belts_of, fed_with, known_on
from neosort_inference.opening import bundle_path
from neosort_inference.recipe import Recipe

pytestmark = pytest.mark.computes


def belts(folder: Path | None, seeds: range = range(7000, 7003)) -> list[KnownBelt]:
    return belts_of(fed_with(LineConfig(), "calibration"), bundle_path(None), Recipe(), seeds, folder)


@pytest.fixture
def sorted_belts(monkeypatch) -> list[int]:
    """Seeds of belts that were sorted: without a twin, in this process."""
    seeds: list[int] = []

    def sort(jobs, workers, on_progress):
        for job in jobs:
            seeds.append(job.belt.seed)
        return [known(20, seed=job.belt.seed) for job in jobs]

    monkeypatch.setattr(known_belts, "run_jobs", sort)
    return seeds


def test_a_belt_of_the_twin_is_known_and_kept(tmp_path) -> None:
    belt = belts(tmp_path)[0]
    assert belt.belt.config.twin.feed.models == "calibration"
    assert belt.belt.counted_by is CountedBy.PROCESSOR
    short = KnownBelt(belt=replace(belt.belt, items=6), kept_in=tmp_path)
    assert short.kept() is None
    items = short.run(lambda landed: None)
    assert sum(bool(item.model) for item in items) >= 6
    assert all(item.scene == 7000 for item in items)
    assert all(item.ndfeb_g == 0 for item in items if not item.bears)
    assert short.kept() == items
    assert belt.kept() is None, "one of other length is another belt"


def test_what_is_kept_is_not_sorted_again(tmp_path, sorted_belts) -> None:
    first = belts(tmp_path)[0]
    assert first.file is not None
    first.file.write_text(json.dumps([]), encoding="utf-8")
    told: list[int] = []
    items = known_on(belts(tmp_path, range(7000, 7002)), 1, told.append)
    assert sorted_belts == [7001]
    assert told == [known_belts.BELT_ITEMS]
    assert items == known(20, seed=7001)


def test_a_file_that_is_torn_is_sorted_again(tmp_path, sorted_belts) -> None:
    for belt in belts(tmp_path, range(7000, 7002)):
        assert belt.file is not None
        belt.file.write_text('[{"said": null', encoding="utf-8")
    known_on(belts(tmp_path, range(7000, 7002)), 1, lambda more: None)
    assert sorted_belts == [7000, 7001]


def test_another_recipe_line_or_bundle_is_another_belt(tmp_path) -> None:
    bundle = tmp_path / "other.onnx"
    bundle.write_bytes(b"other")
    one = belts(tmp_path)[0]
    others = [
        replace(one, belt=replace(one.belt, recipe=Recipe(name="other"))),
        replace(one, belt=replace(one.belt, config=fed_with(LineConfig(), "held-out"))),
        replace(one, belt=replace(one.belt, bundle=bundle)),
        replace(one, belt=replace(one.belt, seed=7001)),
    ]
    assert len({belt.file for belt in (one, *others)}) == 5
    assert replace(one).file == one.file
    assert replace(one, kept_in=None).file is None
