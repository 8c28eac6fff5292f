"""Recordings that somebody else's program wrote of somebody else's line, cut into windows as our own are."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.writer import Writer

from neosort_datasets.assembly import WindowAssembler
from neosort_datasets.line_grid import line_grid
from neosort_datasets.pacing import Pace
from neosort_datasets.recorded_line import as_recorded, described, outside_ranges, view_of
from neosort_datasets.recording import Recording, RecordingError
from neosort_datasets.window import BLIND_GREY, BeltWindow, WindowGrid
from neosort_hardware.belt import LineGeometry
from neosort_hardware.types import Frame

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foreign_line import LINES, Foreign, marks_in, record, straight

MODEL = WindowGrid()


def windows_of(recording: Recording, *, grid: WindowGrid | None = None) -> list[BeltWindow]:
    """Every window of a recording, as wide as its belt unless a grid is given."""
    config = as_recorded(recording)
    geometry, view = LineGeometry.of(config), view_of(recording, config)
    grid = line_grid(MODEL, geometry, view) if grid is None else grid
    assembler = WindowAssembler(grid, geometry, pace=Pace.overlapping(grid.length_mm))
    windows = []
    for event in recording.events():
        if isinstance(event, Frame):
            assembler.add_frame(event)
        else:
            assembler.add_block(event)
            windows += assembler.ready(float(event.belt_mm[-1]))
    return windows


def whole_in(window: BeltWindow, items: list[dict]) -> list[dict]:
    end_mm = window.start_mm + window.grid.length_mm
    return [i for i in items if i["box"]["belt_lo_mm"] > window.start_mm and i["box"]["belt_hi_mm"] < end_mm]


def alone(item: dict, items: list[dict]) -> bool:
    """No other item lies within a centimetre: its mark is a mark of its own."""
    own = item["box"]
    return all(
        other is item
        or other["box"]["belt_lo_mm"] > own["belt_hi_mm"] + 10
        or other["box"]["belt_hi_mm"] < own["belt_lo_mm"] - 10
        or other["box"]["across_lo_mm"] > own["across_hi_mm"] + 10
        or other["box"]["across_hi_mm"] < own["across_lo_mm"] - 10
        for other in items
    )


@pytest.mark.parametrize("name", LINES)
def test_every_item_is_shown_where_it_lies(name: str, tmp_path: Path) -> None:
    foreign = LINES[name]
    items = record(tmp_path / "theirs.mcap", foreign, 4.0 / foreign.speed)
    windows = windows_of(Recording(tmp_path / "theirs.mcap"))
    checked = 0
    for window in windows:
        grid = window.grid
        marks = np.array(marks_in(window.picture), float).reshape(-1, 4)
        for item in whole_in(window, items):
            box = item["box"]
            expected = np.array([
                box["belt_lo_mm"] - window.start_mm, box["across_lo_mm"] - grid.across_start_mm,
                box["belt_hi_mm"] - window.start_mm, box["across_hi_mm"] - grid.across_start_mm,
            ])  # fmt: skip
            top, left, bottom, right = np.clip(expected.astype(int), 0, [grid.rows, grid.cols] * 2)
            unseen = (window.picture[top:bottom, left:right] == BLIND_GREY).all(axis=2).any()
            if unseen or not alone(item, items):
                continue
            assert np.abs(marks - expected).max(axis=1).min() < 4.0, f"{item['kind']} at {expected}, marks at {marks}"
            checked += 1
    assert checked >= (1 if foreign.trigger_mm > 512 else 4)


REFERENCE = Foreign(items_per_s_per_m=14.0, trigger_mm=512.0)
OTHER_ARRAYS = {
    "near and dense": dataclasses.replace(REFERENCE, height_mm=30.0, pitch_mm=12.5, rate_hz=2000.0),
    "near": dataclasses.replace(REFERENCE, height_mm=30.0),
    "far and slow, in long blocks": dataclasses.replace(REFERENCE, height_mm=60.0, rate_hz=200.0, block_s=0.7),
    "farther downstream": dataclasses.replace(REFERENCE, array_mm=900.0, encoder_mm=-1e5),
}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> list[BeltWindow]:
    """A stretch of belt as the built-in line sees it."""
    path = tmp_path_factory.mktemp("reference") / "ours.mcap"
    record(path, REFERENCE, 3.5, marked=False)
    return windows_of(Recording(path))


@pytest.mark.parametrize("name", OTHER_ARRAYS)
def test_the_field_of_the_same_belt_is_the_same_from_every_array(
    name: str, tmp_path: Path, reference: list[BeltWindow]
) -> None:
    foreign = OTHER_ARRAYS[name]
    record(tmp_path / "theirs.mcap", foreign, 3.0 + foreign.array_mm / 1000, marked=False)
    by_place = {round(w.start_mm - foreign.encoder_mm): w for w in windows_of(Recording(tmp_path / "theirs.mcap"))}
    ours: list[np.ndarray] = []
    theirs: list[np.ndarray] = []
    for window in reference[3:]:
        other = by_place.get(round(window.start_mm))
        strength = np.linalg.norm(window.field_ut, axis=0)
        inner = np.zeros_like(strength, bool)
        inner[2:-4, 3:-3] = True  # what lies upstream of a window is not known when its field is carried
        strong = inner & (strength > 5.0) & (window.field_mask[1] == 0)
        if other is None or not strong.any():
            continue
        strong &= other.field_mask[1] == 0
        ours.append(window.field_ut[:, strong].ravel())
        theirs.append(other.field_ut[:, strong].ravel())
    assert len(ours) >= 3
    # Over the whole stretch: in a window whose only item is weak and small, a quarter may well be missing.
    one, two = np.concatenate(ours), np.concatenate(theirs)
    assert np.corrcoef(one, two)[0, 1] > 0.95
    assert np.linalg.norm(two) == pytest.approx(np.linalg.norm(one), rel=0.15)


def test_long_blocks_come_in_pieces_between_the_frames(tmp_path: Path) -> None:
    record(tmp_path / "theirs.mcap", dataclasses.replace(REFERENCE, block_s=1.0, items_per_s_per_m=0.0), 2.0)
    recording = Recording(tmp_path / "theirs.mcap")
    events = list(recording.events())
    stamps = [event.captured_ns if isinstance(event, Frame) else int(event.sampled_ns[-1]) for event in events]
    assert stamps == sorted(stamps)
    blocks = [event for event in events if not isinstance(event, Frame)]
    assert max(int(block.sampled_ns[-1] - block.sampled_ns[0]) for block in blocks) <= 20_000_000
    whole = list(recording.blocks())
    assert len(whole) <= 3
    for name in ("field_ut", "saturated", "belt_mm", "sampled_ns"):
        joined = np.concatenate([getattr(block, name) for block in blocks])
        assert np.array_equal(joined, np.concatenate([getattr(block, name) for block in whole]))


def test_what_the_metadata_leave_out_is_taken_from_the_frames(tmp_path: Path) -> None:
    foreign = dataclasses.replace(
        LINES["mirrored, little said"], width_mm=600.0, speed=2.0, trigger_mm=90.0, items_per_s_per_m=0.0
    )
    record(tmp_path / "theirs.mcap", foreign, 1.0)
    recording = Recording(tmp_path / "theirs.mcap")
    line = as_recorded(recording)
    assert line.camera.trigger_every_mm == pytest.approx(90.0, abs=0.6)
    assert line.belt.speed_m_per_s == pytest.approx(2.0, rel=0.02)
    assert line.diverter.nozzles * line.diverter.pitch_mm >= 600.0
    said = described(line, view_of(recording, line), has_field=True)
    for words in ("belt 600 mm at 2.0", "640 × 512 pixels of 1.00 mm every 90 mm", "24 magnetometers 25 mm apart"):
        assert words in said
    assert "\n" not in said


def line_of(tmp_path: Path, foreign: Foreign) -> tuple[str, bool]:
    record(tmp_path / "theirs.mcap", dataclasses.replace(foreign, items_per_s_per_m=0.0), 0.8)
    recording = Recording(tmp_path / "theirs.mcap")
    line = as_recorded(recording)
    return outside_ranges(line, view_of(recording, line), has_field=True), "diverter" in line.model_fields_set


@pytest.mark.parametrize("name", [name for name in LINES if name != "gaps between pictures"])
def test_lines_within_the_ranges_pass_without_a_word(name: str, tmp_path: Path) -> None:
    foreign = dataclasses.replace(LINES[name], trigger_mm=min(LINES[name].trigger_mm, 250.0), picture=".jpg")
    if foreign.camera_px == (800, 640):
        foreign = dataclasses.replace(foreign, trigger_mm=64.0)
    found, _ = line_of(tmp_path, foreign)
    assert (found == "") == (foreign.pitch_mm <= foreign.height_mm)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"height_mm": 90.0}, "array height 90.0 mm (made for 30 to 60 mm)"),
        ({"pitch_mm": 100.0}, "array pitch 100.0 mm (made for 12.5 to 50 mm); array pitch 100 mm is more than its"),
        ({"rate_hz": 100.0}, "array rate 100 Hz (made for 200 to 2000 Hz)"),
        ({"homography": straight(2.5, (640, 512), 600.0)}, "pixel 2.50 mm (made for 0.4 to 1.5 mm)"),
        ({"trigger_mm": 560.0, "speed": 2.0}, "the camera misses 48 mm of belt"),
        ({"speed": 0.3, "trigger_mm": 60.0}, "belt speed 0.30 m/s (made for 0.5 to 3 m/s)"),
    ],
)  # fmt: skip
def test_what_lies_outside_the_ranges_is_said(changes: dict, words: str, tmp_path: Path) -> None:
    found, _ = line_of(tmp_path, dataclasses.replace(Foreign(trigger_mm=128.0), **changes))
    assert words in found
    assert "may sort worse" in found
    assert "\n" not in found


def reversed_recording(path: Path, metadata: dict) -> Path:
    """Two frames on a belt whose encoder counts down."""
    source = path.with_name("source.mcap")
    record(source, dataclasses.replace(REFERENCE, items_per_s_per_m=0.0), 2.0)
    with path.open("wb") as stream:
        mcap = Writer(stream)
        mcap.start()
        mcap.add_metadata("neosort", {"line_config": json.dumps(metadata)})
        camera = mcap.register_channel("/camera", "json", 0)
        with source.open("rb") as original:
            for _, _, message in make_reader(original).iter_messages("/camera"):
                body = json.loads(message.data)
                body["belt_mm"] *= -1
                mcap.add_message(camera, message.log_time, json.dumps(body).encode(), message.log_time)
        mcap.finish()
    return path


def test_an_encoder_that_counts_down_is_named(tmp_path: Path) -> None:
    recording = Recording(reversed_recording(tmp_path / "down.mcap", REFERENCE.metadata()))
    with pytest.raises(RecordingError, match=r"down\.mcap: /camera: belt_mm moves by -512 mm"):
        as_recorded(recording)


def test_a_homography_that_shows_no_belt_is_named(tmp_path: Path) -> None:
    metadata = REFERENCE.metadata()
    metadata["calibration"] |= {"pixel_to_belt": [[0, 0, 1], [0, 0, 1], [0, 0, 1]]}
    recording = Recording(reversed_recording(tmp_path / "flat.mcap", metadata))
    with pytest.raises(RecordingError, match=r"flat\.mcap: calibration\.pixel_to_belt cannot be inverted"):
        view_of(recording, recording.config)
