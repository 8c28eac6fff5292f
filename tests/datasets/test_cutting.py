"""Recordings cut into windows: as the line sees them, with the labels of the truth, and with the recording's name."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from mcap.writer import Writer

from neosort_datasets import cli
from neosort_datasets.cutting import cut_windows, must_be_recording, origin_of
from neosort_datasets.recording import Recording, RecordingError, RecordingWriter
from neosort_datasets.splits import window_keys
from neosort_datasets.store import WindowStore
from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.types import Box

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foreign_line import LINES, Foreign, marks_in, record

GRID = WindowGrid()
SECONDS = 5.0


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of the built-in line, recorded by ourselves."""
    path = tmp_path_factory.mktemp("own") / "own.mcap"
    config = LineConfig.model_validate({"twin": {"feed": {"models": "train", "items_per_s_per_m": 8.0}}})
    with (
        open_line(config, VirtualClock(), 3) as line,
        RecordingWriter(path, config, patience_s=60.0) as writer,
    ):
        while line.clock.now_ns() < SECONDS * 1e9:
            block = line.magnetometer.read(1.0)
            assert block is not None
            writer.write_block(block)
            if (frame := line.camera.read(0.0)) is not None:
                writer.write_frame(frame)
            assert line.truth is not None
            for item in line.truth.items():
                writer.write_item(item)
    return path


@pytest.fixture
def data(monkeypatch, capsys):
    """Runs `neosort-data` in this process: exit code, stdout, stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["neosort-data", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def cut(path: Path, every_mm: float = 512.0, *, labelled: bool = True) -> list[LabelledWindow]:
    return list(cut_windows(Recording(path), GRID, every_mm, labelled=labelled))


def test_windows_lie_side_by_side_and_hold_what_both_senses_saw(own: Path) -> None:
    windows = cut(own)
    starts = [labelled.window.start_mm for labelled in windows]
    assert len(windows) >= 6
    assert np.diff(starts) == pytest.approx(512.0)
    assert starts[-1] + 512.0 <= 1000 * SECONDS - 512.0
    for labelled in windows:
        window = labelled.window
        assert window.grid == GRID
        assert window.picture.shape == (512, 640, 3)
        assert window.field_mask[0, :, 3:37].all()


@pytest.mark.parametrize("every_mm", [100.0, 300.0, 1000.0])
def test_windows_are_as_far_apart_as_asked(own: Path, every_mm: float) -> None:
    starts = [labelled.window.start_mm for labelled in cut(own, every_mm)]
    assert len(starts) >= 3
    assert np.diff(starts) == pytest.approx(every_mm)


def test_labels_are_the_truth_that_reaches_into_the_window(own: Path) -> None:
    truth = {item.item_id: item for item in Recording(own).items()}
    labelled_somewhere: set[int] = set()
    for labelled in cut(own):
        start_mm = labelled.window.start_mm
        reaching = {
            key for key, i in truth.items() if i.box.belt_hi_mm > start_mm and i.box.belt_lo_mm < start_mm + 512.0
        }
        assert {item.item_id for item in labelled.items} == reaching
        assert all(item == truth[item.item_id] for item in labelled.items)
        labelled_somewhere |= reaching
    assert len(labelled_somewhere) >= 10
    assert all(not labelled.items for labelled in cut(own, labelled=False))


def test_a_window_of_a_foreign_line_shows_its_items_under_their_labels(tmp_path: Path) -> None:
    """Three lanes of a wide belt, an across origin at its middle: every label lies on its mark."""
    record(tmp_path / "wide.mcap", LINES["wide, coarse, far, slow array"], 1.2)
    windows = cut(tmp_path / "wide.mcap")
    places = [labelled.window.start_mm for labelled in windows]
    assert len(places) == 3 * len(set(places)) > 0
    checked = 0
    for labelled in windows:
        marks = np.array(marks_in(labelled.window.picture), float).reshape(-1, 4)
        boxes = [item.box for item in labelled.items]
        for box in boxes:
            own = (
                box.belt_lo_mm - labelled.window.start_mm, box.across_lo_mm - GRID.across_start_mm,
                box.belt_hi_mm - labelled.window.start_mm, box.across_hi_mm - GRID.across_start_mm,
            )  # fmt: skip
            whole = min(own[:2]) > 2 and own[2] < 510 and own[3] < 638
            if whole and not any(other is not box and near(box).overlap_mm2(other) for other in boxes):
                assert np.abs(marks - own).max(axis=1).min() < 5.0
                checked += 1
    assert checked >= 4


def near(box: Box) -> Box:
    return box.grown(along_mm=10.0, across_mm=10.0)


def test_the_command_makes_a_store_that_says_where_it_comes_from(own: Path, tmp_path: Path, data) -> None:
    code, out, err = data("cut", own, tmp_path / "store", "--licence", "CC0-1.0")
    assert code == 0, err
    store = WindowStore(tmp_path / "store")
    assert store.verify() == []
    (entry,) = store.entries
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    assert (entry.origin, entry.split, entry.licence) == (f"recording own.mcap, sha256 {digest}", "train", "CC0-1.0")
    labels = sum(len(store[index].items) for index in range(len(store)))
    assert f"{tmp_path / 'store'}: {len(store)} windows (train) with {labels} labels from {own}" in out
    assert all(any("own.mcap" in key for key in keys) for keys in window_keys(store)), "splits go by recording"


def test_a_recording_is_not_taken_twice(own: Path, tmp_path: Path, data) -> None:
    assert data("cut", own, tmp_path / "store")[0] == 0
    before = (tmp_path / "store" / "manifest.jsonl").read_bytes()
    code, _, err = data("cut", own, tmp_path / "store")
    assert code == 2
    assert "holds windows of this recording already" in " ".join(err.split())
    assert (tmp_path / "store" / "manifest.jsonl").read_bytes() == before


def test_windows_to_be_labelled_are_named_so(own: Path, tmp_path: Path, data) -> None:
    code, out, _ = data("cut", own, tmp_path / "store", "--unlabelled", "--every", "1000")
    assert code == 0
    store = WindowStore(tmp_path / "store")
    assert {entry.split for entry in store.entries} == {"unlabelled"}
    assert not any(store[index].items for index in range(len(store)))
    assert "(unlabelled) with 0 labels" in out


def test_a_recording_without_truth_is_cut_only_to_be_labelled(tmp_path: Path, data) -> None:
    path = tmp_path / "theirs.mcap"
    record(path, dataclasses.replace(Foreign(), items_per_s_per_m=0.0, trigger_mm=512.0), 3.0, truth=False)
    code, _, err = data("cut", path, tmp_path / "store")
    assert code == 2
    assert f"{path}: holds no truth" in err
    assert "--unlabelled" in err
    assert not (tmp_path / "store").exists()
    assert data("cut", path, tmp_path / "store", "--unlabelled")[0] == 0


def test_bad_recordings_are_refused_in_one_sentence(own: Path, tmp_path: Path, data) -> None:
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(own.read_bytes()[: own.stat().st_size // 2])
    code, _, err = data("cut", torn, tmp_path / "store")
    assert (code, err.count("\n")) == (2, 1)
    assert f"{torn}: torn after" in err
    assert data("cut", torn, tmp_path / "store", "--salvage")[0] == 0
    code, _, err = data("cut", own, tmp_path / "other", "--split", "nonsense")
    assert code == 2
    assert "'nonsense', must be one of train, validation" in err
    short = tmp_path / "short.mcap"
    record(short, Foreign(items_per_s_per_m=0.0), 0.6)
    code, _, err = data("cut", short, tmp_path / "other", "--unlabelled")
    assert code == 2
    assert f"{short}: too short" in err
    assert not (tmp_path / "other").exists()


def test_a_recording_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "blind.mcap"
    with path.open("wb") as stream:
        mcap = Writer(stream)
        mcap.start()
        mcap.add_metadata("neosort", {"line_config": "{}"})
        mcap.finish()
    with pytest.raises(RecordingError, match=r"blind\.mcap: holds no frames"):
        must_be_recording(path, salvage=False)


def test_the_origin_changes_with_a_single_byte(own: Path, tmp_path: Path) -> None:
    copy = tmp_path / "own.mcap"
    copy.write_bytes(own.read_bytes())
    assert origin_of(Recording(copy)) == origin_of(Recording(own))
    copy.write_bytes(own.read_bytes() + b"x")
    assert origin_of(Recording(copy, salvage=True)) != origin_of(Recording(own))
