"""Windows from stores and from the twin: the same for the same draw, whoever asks, whenever."""

from __future__ import annotations

import pytest
from tests.training.conftest import KINDS, invented_window

from neosort_datasets import synthetic
from neosort_datasets.synthetic import KINDS as CATALOGUE
from neosort_hardware.config import ConfigError
from neosort_training.config import StoreSource, TwinSource
from neosort_training.mixture import Draw
from neosort_training.sources import open_sources


def draw(turn, slot=0, slot_turn=0):
    return Draw(source=0, turn=turn, slot=slot, slot_turn=slot_turn)


def places(source, turns):
    """Which window each of these turns gives, by its picture."""
    return [source.sample(draw(turn), KINDS).picture.tobytes() for turn in turns]


def test_a_store_gives_every_window_once_a_pass_in_a_new_order(make_store):
    config = StoreSource(kind="store", path=str(make_store("store", 9, 0).path))
    source = open_sources([config], 5)[0]
    first, second = places(source, range(9)), places(source, range(9, 18))
    assert len(set(first)) == 9
    assert set(first) == set(second)
    assert first != second
    assert places(open_sources([config], 5)[0], [17, 3, 9]) == [second[8], first[3], second[0]]
    assert places(open_sources([config, config], 5)[1], range(9)) != first
    assert source.pool.samples == 9


@pytest.fixture
def scenes_made(monkeypatch):
    """The twin's place taken by rectangles; the list says which scenes were made."""
    made = []

    def rectangles(_line, split, seed, count, _belts):
        made.append((split, seed))
        return (invented_window(seed % 1000 + number) for number in range(count))

    monkeypatch.setattr(synthetic, "labelled_windows", rectangles)
    return made


def twin(**changes):
    return open_sources([TwinSource(kind="twin", windows_per_epoch=100, **changes)], 5)[0]


def test_a_slot_sees_one_scene_after_the_other(scenes_made):
    source = twin()
    seen = [source.sample(draw(0, slot=3, slot_turn=turn), KINDS).picture.tobytes() for turn in range(50)]
    assert len(set(seen)) == 50
    assert len(scenes_made) == 2
    assert {split for split, _ in scenes_made} == {"train"}
    again = twin().sample(draw(0, slot=3, slot_turn=44), KINDS).picture.tobytes()
    assert again == seen[44], "a run that goes on sees what it would have seen"
    other = [twin(seed=2), twin()]
    assert other[0].sample(draw(0, slot=3, slot_turn=44), KINDS).picture.tobytes() != again
    assert other[1].sample(draw(0, slot=4, slot_turn=44), KINDS).picture.tobytes() != again


def test_crops_of_a_window_are_not_drawn_one_behind_the_other(scenes_made):
    source = twin(crops_per_window=2)
    assert source.pool.samples == 200
    seen = [source.sample(draw(0, slot=0, slot_turn=turn), KINDS).picture.tobytes() for turn in range(80)]
    assert len(scenes_made) == 1
    assert sorted(seen.count(picture) for picture in set(seen)) == [2] * 40
    assert seen[::2] != seen[1::2]


def test_slots_do_not_all_want_new_scenes_at_once(scenes_made):
    source = twin()
    for slot in range(8):
        source.sample(draw(0, slot=slot, slot_turn=0), KINDS)
    before = len(scenes_made)
    for turn in range(1, 6):
        for slot in range(8):
            source.sample(draw(0, slot=slot, slot_turn=turn), KINDS)
    assert before == 8
    assert 0 < len(scenes_made) - before < 4


def test_the_real_twin_gives_windows_of_the_catalogue(monkeypatch):
    monkeypatch.setattr(synthetic, "WINDOWS_PER_SCENE", 2)
    source = twin()
    sample = source.sample(draw(0), source.kinds())
    assert source.kinds() == sorted(CATALOGUE)
    assert sample.picture.shape == (source.grid.rows, source.grid.cols, 3)
    said = source.described()
    assert said["path"].startswith("twin of ")
    assert (said["split"], said["windows"], said["seeds"]) == ("train", 100, [1])


def test_a_line_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        twin(line="nowhere.toml")
