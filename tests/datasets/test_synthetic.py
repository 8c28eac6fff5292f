"""Labelled windows: as many as asked, reproducible, of one split alone, and the labels lie where the items are."""

import itertools
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from neosort_datasets.cli import app
from neosort_datasets.scenes import Scenes
from neosort_datasets.store import WindowStore
from neosort_datasets.synthetic import WINDOWS_PER_SCENE, labelled_windows
from neosort_datasets.window import WindowGrid
from neosort_hardware.config import BeltConfig, CameraConfig, ConfigError, LineConfig, TwinConfig
from neosort_hardware.faults import Fault
from neosort_hardware.twin.catalogue import split_names

GRID = WindowGrid()
FREE_MM = 25.0  # bare belt around an item that counts as lone
MAGNETIC = (
    "hdd35",
    "speaker_nd",
    "motor_nd",
    "nd_loose",
    "speaker_ferrite",
    "motor_ferrite",
    "ferrite_part",
    "alnico",
    "steel",
)
STRONG_UT = 60.0
SEEDS = (11, 12, 13, 14, 15, 16)  # scenes are few and unlike each other


@cache
def made(split="validation", seed=11, count=60):
    return tuple(labelled_windows(LineConfig(), split, seed, count))


def gap_mm(box, other):
    """Bare belt between two boxes, along or across; negative where they overlap."""
    along = max(box.belt_lo_mm, other.belt_lo_mm) - min(box.belt_hi_mm, other.belt_hi_mm)
    across = max(box.across_lo_mm, other.across_lo_mm) - min(box.across_hi_mm, other.across_hi_mm)
    return max(along, across)


def lone_boxes():
    """(window, box) of items that lie whole in their window with bare belt all around."""
    for labelled in itertools.chain.from_iterable(made(seed=seed) for seed in SEEDS):
        start_mm = labelled.window.start_mm
        for item in labelled.items:
            box = item.box
            whole = box.belt_lo_mm > start_mm + FREE_MM and box.belt_hi_mm < start_mm + GRID.length_mm - FREE_MM
            on_belt = box.across_lo_mm > FREE_MM and box.across_hi_mm < 600 - FREE_MM
            if whole and on_belt and all(gap_mm(box, o.box) > FREE_MM for o in labelled.items if o is not item):
                yield labelled.window, box


def unlike_belt(window, box, grow_mm):
    """(rows, cols) bool over a box grown by that much: whether the picture differs from the bare belt around it."""
    top, left = round(box.belt_lo_mm - window.start_mm - grow_mm), round(box.across_lo_mm + 20 - grow_mm)
    rows, cols = round(box.belt_hi_mm - box.belt_lo_mm + 2 * grow_mm), round(box.across_hi_mm - box.across_lo_mm)
    part = window.picture[top : top + rows, left : left + cols + 2 * grow_mm].astype(np.float64)
    rim = np.concatenate([part[:4].reshape(-1, 3), part[-4:].reshape(-1, 3)])
    return np.abs(part - np.median(rim, axis=0)).sum(axis=2) > STRONG_UT


def reaches_every_edge(window, box, within_mm=6):
    """Whether something other than belt lies along each edge of a box, just inside it."""
    grow = 20
    seen = unlike_belt(window, box, grow)[grow:-grow, grow:-grow]
    edges = (seen[:within_mm], seen[-within_mm:], seen[:, :within_mm], seen[:, -within_mm:])
    return all(edge.any() for edge in edges)


def moved(box, along_mm):
    return replace(box, belt_lo_mm=box.belt_lo_mm + along_mm, belt_hi_mm=box.belt_hi_mm + along_mm)


@pytest.mark.parametrize("count", [1, 3, 41])
def test_exactly_as_many_windows_as_asked_also_over_the_end_of_a_scene(count):
    found = list(labelled_windows(LineConfig(), "validation", 3, count))
    assert len(found) == count
    for labelled in found:
        assert labelled.window.picture.shape == (GRID.rows, GRID.cols, 3)
        assert labelled.window.field_ut.shape == (3, GRID.field_rows, GRID.field_cols)
        assert labelled.window.field_mask[0].any(), "a field belongs to it"


def test_the_same_seed_makes_the_same_windows_and_another_makes_others():
    for one, again in zip(made(count=3), labelled_windows(LineConfig(), "validation", 11, 3), strict=True):
        assert np.array_equal(one.window.picture, again.window.picture)
        assert np.array_equal(one.window.field_ut, again.window.field_ut)
        assert np.array_equal(one.window.field_mask, again.window.field_mask)
        assert one.items == again.items
    (other,) = labelled_windows(LineConfig(), "validation", 12, 1)
    assert not np.array_equal(other.window.picture, made()[0].window.picture)


@pytest.mark.parametrize("split", ["train", "validation", "held-out"])
def test_no_model_of_another_split_is_ever_seen(split):
    models = {item.model for labelled in made(split, count=10) for item in labelled.items}
    assert len(models) > 10
    assert models <= set(split_names(split))
    for other in {"train", "validation", "held-out"} - {split}:
        assert not models & set(split_names(other))


def test_every_label_reaches_into_its_window_and_no_item_is_labelled_twice():
    for labelled in made():
        start_mm = labelled.window.start_mm
        for item in labelled.items:
            assert item.box.belt_hi_mm > start_mm
            assert item.box.belt_lo_mm < start_mm + GRID.length_mm
            assert 0.0 <= item.visible_fraction <= 1.0
        ids = [item.item_id for item in labelled.items]
        assert len(set(ids)) == len(ids)


def test_the_labels_say_which_steel_is_magnetised():
    items = [item for seed in SEEDS for labelled in made(seed=seed) for item in labelled.items]
    assert {item.kind for item in items if item.magnetised} == {"steel"}
    told = [item.magnetised for item in items if item.kind == "steel"]
    assert 0.1 < np.mean(told) < 0.6, "a third of it"


def test_windows_of_a_scene_lie_side_by_side():
    starts = np.array([labelled.window.start_mm for labelled in made()[:WINDOWS_PER_SCENE]])
    assert starts[0] >= 0
    np.testing.assert_allclose(np.diff(starts), GRID.length_mm, atol=1.0)


def test_something_other_than_belt_fills_the_box_of_a_lone_item_edge_to_edge():
    lone = list(lone_boxes())
    assert len(lone) >= 100, "some are as dark as the belt: of a few dozen, too many may be"
    on_place = np.mean([reaches_every_edge(window, box) for window, box in lone])
    beside = np.mean([reaches_every_edge(window, moved(box, 25.0)) for window, box in lone
                      if box.belt_hi_mm + 50 < window.start_mm + GRID.length_mm])  # fmt: skip
    assert on_place > 0.8
    assert beside < 0.4, "25 mm off would be noticed"


def test_the_strongest_field_of_a_window_lies_at_an_item_that_may_be_magnetic():
    strong = 0
    for labelled in made():
        window = labelled.window
        strength_ut = np.linalg.norm(window.field_ut, axis=0)
        row, col = np.unravel_index(strength_ut.argmax(), strength_ut.shape)
        if strength_ut[row, col] < 100.0 or not 3 <= row < GRID.field_rows - 3:
            continue  # too weak to tell, or the field of an item beyond the window's end
        belt_mm = window.start_mm + (row + 0.5) * GRID.cell_mm
        across_mm = GRID.across_start_mm + (col + 0.5) * GRID.cell_mm
        near = [
            item
            for item in labelled.items
            if item.box.belt_lo_mm - 25 < belt_mm < item.box.belt_hi_mm + 25
            and item.box.across_lo_mm - 25 < across_mm < item.box.across_hi_mm + 25
        ]
        assert any(item.kind in MAGNETIC for item in near)
        strong += 1
    assert strong >= 5


def test_a_scene_is_as_long_as_asked_and_its_belt_begins_anew():
    found = list(labelled_windows(LineConfig(), "held-out", 4, 7, scenes=Scenes.LINE, windows_per_scene=3))
    starts = np.array([labelled.window.start_mm for labelled in found])
    assert np.flatnonzero(np.diff(starts) < 0).tolist() == [2, 5]


def test_windows_of_one_line_lie_as_close_as_asked_and_repeat_their_items():
    line = LineConfig()
    found = list(labelled_windows(line, "held-out", 4, 12, scenes=Scenes.LINE, every_mm=256.0))
    starts = np.array([labelled.window.start_mm for labelled in found])
    np.testing.assert_allclose(np.diff(starts), 256.0, atol=1.0)
    cut, whole = set(), set()
    for labelled in found[1:-1]:
        for item in labelled.items:
            start_mm = labelled.window.start_mm
            inside = item.box.belt_lo_mm >= start_mm and item.box.belt_hi_mm <= start_mm + GRID.length_mm
            (whole if inside else cut).add(item.item_id)
    assert cut & whole, "an item that one window cuts lies whole in another"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            LineConfig(camera=CameraConfig(driver="sim", height_px=320)),
            "its camera sees 320 mm along the belt, must be at least",
        ),
        (LineConfig(belt=BeltConfig(width_mm=1000)), "belt.width_mm is 1000, must be at most a window's 640"),
        (
            LineConfig(twin=TwinConfig(faults=(Fault(fault="camera.silent"),))),
            "60 s of belt without a window; see its twin.faults",
        ),
    ],
)
def test_a_line_that_cannot_fill_windows_is_refused(line, why):
    with pytest.raises(ConfigError, match=why):
        list(labelled_windows(line, "validation", 1, 1, scenes=Scenes.LINE))


def test_a_line_without_its_field_still_makes_windows():
    line = LineConfig(twin=TwinConfig(faults=(Fault(fault="magnetometer.silent"),)))
    (made_blind,) = labelled_windows(line, "validation", 1, 1, scenes=Scenes.LINE)
    assert not made_blind.window.field_mask.any()


def test_windows_of_another_size_have_the_belt_in_their_middle(tmp_path):
    config = Path(__file__).parents[2] / "hardware/configs/twin-wide.toml"
    arguments = ["synth", str(tmp_path / "wide"), "--config", str(config), "--scenes", "line", "--split", "validation"]
    done = CliRunner().invoke(app, [*arguments, "--windows", "2", "--rows", "320", "--cols", "1024", "--workers", "1"])
    assert done.exit_code == 0, done.output
    store = WindowStore(tmp_path / "wide")
    assert store.grid == WindowGrid(rows=320, cols=1024, across_start_mm=-12.0)
    first, second = (store[place].window for place in range(2))
    assert first.picture.shape == (320, 1024, 3)
    assert first.field_ut.shape == (3, 20, 64)
    assert second.start_mm == pytest.approx(first.start_mm + 320.0, abs=1.0)
    refused = CliRunner().invoke(app, [*arguments, "--windows", "2", "--rows", "300"])
    assert "--rows is 300, must be a multiple of 32" in str(refused.exception or refused.output)
