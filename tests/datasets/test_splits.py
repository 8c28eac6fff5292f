"""Splits: nothing that must not is on two sides, everything is on one, and alike every time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.datasets.data_sets import labelled
from tests.datasets.window_stores import item, window, writer

from neosort_datasets.picture_store import PictureStore, PictureStoreWriter
from neosort_datasets.split_stores import split_store
from neosort_datasets.splits import Share, StoreError, assign, grouped, parse_share
from neosort_datasets.store import WindowStore

KEYS = st.lists(st.frozensets(st.integers(0, 30).map(str), min_size=1, max_size=4), min_size=1, max_size=40)
WEIGHTS = st.lists(st.floats(0.1, 10), min_size=2, max_size=4)


def shares(weights, folder=Path("runs")):
    return [Share(dest=folder / f"share{number}", weight=weight) for number, weight in enumerate(weights)]


@given(keys=KEYS, weights=WEIGHTS)
def test_no_key_is_on_two_sides_and_no_member_is_lost(keys, weights):
    groups = grouped(keys)
    if len(groups) < len(weights):
        with pytest.raises(StoreError, match="nothing of it may be on two sides"):
            assign(groups, shares(weights))
        return
    given_groups = assign(groups, shares(weights))
    members = [sorted(m for group in own for m in group.members) for own in given_groups]
    assert sorted(m for own in members for m in own) == list(range(len(keys)))
    assert all(members), "no share is left without anything"
    held = [{key for member in own for key in keys[member]} for own in members]
    for number, own in enumerate(held):
        assert all(own.isdisjoint(other) for other in held[number + 1 :])


@given(keys=KEYS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_data_changes_nothing(keys, order):
    """Which keys a share is given follows from the keys alone."""
    if len(grouped(keys)) < 2:
        return
    shuffled = list(keys)
    order.shuffle(shuffled)
    sides = []
    for listed in (keys, shuffled):
        split = assign(grouped(listed), shares([3, 1]))
        sides.append([{key for group in own for key in group.keys} for own in split])
    assert sides[0] == sides[1]


def test_shares_are_near_their_weights_where_groups_are_small():
    split = assign(grouped([frozenset({str(number)}) for number in range(1000)]), shares([70, 20, 10]))
    assert [len(own) for own in split] == [700, 200, 100]


@pytest.mark.parametrize(
    "text", ["runs/train", "=3", "runs/train=", "runs/train=-1", "runs/train=0", "runs/a=nan", "a=inf"]
)
def test_a_share_that_is_none_is_told(text):
    with pytest.raises(StoreError, match="must be FOLDER=WEIGHT"):
        parse_share(text)
    assert parse_share("runs/a=b/train=2.5") == Share(dest=Path("runs/a=b/train"), weight=2.5)


@pytest.fixture
def windows(tmp_path):
    """Four recordings of three windows; the first two share the model of an item."""
    for number, model in enumerate(("phone-03", "phone-03", "phone-07", "")):
        made = [window(10 * number + i, items=[item(model=model)]) for i in range(3)]
        writer(tmp_path / "store", origin=f"recording {number}", licence="MIT").append(made)
    return WindowStore(tmp_path / "store")


def test_windows_are_split_by_recording_and_by_model(windows, tmp_path):
    split_store(windows, [parse_share(f"{tmp_path}/train=2"), parse_share(f"{tmp_path}/test=2")])
    sides = [WindowStore(tmp_path / name) for name in ("train", "test")]
    origins = [{entry.origin for entry in side.entries} for side in sides]
    assert {"recording 0", "recording 1"} in origins, "they share a model"
    assert [len(side) for side in sides] == [6, 6]
    for side in sides:
        assert side.verify() == []
        assert {(entry.licence, entry.seed) for entry in side.entries} == {("MIT", 11)}
        assert {entry.split for entry in side.entries} == {side.path.name}
    pictures = {bytes(windows[index].window.picture) for index in range(len(windows))}
    assert {bytes(side[index].window.picture) for side in sides for index in range(len(side))} == pictures


def test_a_store_that_hangs_together_is_refused_with_what_holds_it(windows, tmp_path):
    dests = [parse_share(f"{tmp_path}/{name}=1") for name in ("a", "b", "c", "d")]
    with pytest.raises(
        StoreError, match=r"cannot be split into 4: it hangs together in 3, .* holds 6 through model phone-03"
    ):
        split_store(windows, dests)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


def test_folders_that_are_taken_or_named_twice_are_refused(windows, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for texts, why in (
        (["full=1", "b=1"], "is there already and not empty"),
        (["a/train=1", "b/train=1"], "'train' is named twice"),
        (["a=1"], "at least two shares"),
    ):
        with pytest.raises(StoreError, match=why):
            split_store(windows, [parse_share(f"{tmp_path}/{text}") for text in texts])


def test_copies_of_a_photograph_stay_together(tmp_path):
    pictures = [
        labelled([("phone", 1, 1, 9, 9)], seed=number, name=f"{number}.png", group=f"photograph {number // 3}")
        for number in range(12)
    ]
    pictures.append(labelled([("steel", 1, 1, 9, 9)], seed=0, name="same bytes.png", group="photograph 9"))
    PictureStoreWriter(tmp_path / "store").append(pictures, source_format="coco", class_map={"a": "phone"})
    split_store(PictureStore(tmp_path / "store"), [parse_share(f"{tmp_path}/a=1"), parse_share(f"{tmp_path}/b=1")])
    sides = [PictureStore(tmp_path / name) for name in ("a", "b")]
    groups = [{picture.group for picture in side} for side in sides]
    assert groups[0].isdisjoint(groups[1])
    assert any({"photograph 0", "photograph 9"} <= own for own in groups), "they have the same bytes"
    assert {len(side) for side in sides} == {6, 7}
    assert {picture.subset for picture in sides[0]} == {"a"}
    assert sides[0].entries[0].class_map == {"a": "phone"}
    assert [side.verify() for side in sides] == [[], []]
