"""The line sorts and scores what somebody else recorded of somebody else's line, whatever its settings."""

from __future__ import annotations

import dataclasses
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from neosort_hardware.types import Box, ItemTruth
from neosort_inference import commands, concluding, replaying
from neosort_inference.commands import RunOptions
from neosort_inference.recipe import Recipe
from neosort_inference.score import match_decisions
from neosort_inference.telemetry import Telemetry

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foreign_line import LINES, Foreign, SeeingBundle, record

pytestmark = pytest.mark.computes


@dataclasses.dataclass
class Replayed:
    """How a replay went: what was sorted, what was reported, and what was said."""

    telemetry: Telemetry
    report: dict
    said: str
    windows: int


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Replayed]:
    """Replays a recording with a model that sees the marks of `foreign_line`."""

    def run(path: Path) -> Replayed:
        kept: dict = {}
        bundle = SeeingBundle()
        build = concluding.build_report

        def keep(telemetry: Telemetry, *arguments: object, **named: object) -> dict:
            kept["telemetry"], kept["report"] = telemetry, build(telemetry, *arguments, **named)
            return kept["report"]

        monkeypatch.setattr(concluding, "build_report", keep)
        monkeypatch.setattr(commands, "load_bundle", lambda _: bundle)
        monkeypatch.setattr(commands, "open_recipe", lambda _: Recipe(min_p_ndfeb=0.5))
        said = io.StringIO()
        options = RunOptions(
            seconds=None, fast=True, seed=None, headless=True, report=None, record=None, blind="none", bundle=None,
            recipe=None, host="", port=0,
        )  # fmt: skip
        code = replaying.replay_source(path, None, options, Console(file=said, width=300), salvage=False)
        assert code == 0
        return Replayed(kept["telemetry"], kept["report"], said.getvalue(), bundle.windows)

    return run


def apart(item: ItemTruth, items: list[ItemTruth]) -> bool:
    """No other item lies within a centimetre, so its mark is one mark."""
    near = item.box.grown(along_mm=10.0, across_mm=10.0)
    return all(other is item or near.overlap_mm2(other.box) == 0 for other in items)


@pytest.mark.parametrize("name", LINES)
def test_it_is_sorted_and_scored(name: str, tmp_path: Path, replay: Callable[[Path], Replayed]) -> None:
    foreign = LINES[name]
    gaps = foreign.trigger_mm > 512
    record(tmp_path / "theirs.mcap", foreign, 4.0 / foreign.speed)
    ran = replay(tmp_path / "theirs.mcap")
    telemetry, items = ran.telemetry, ran.telemetry.items
    matched = match_decisions(items, telemetry.decisions)
    lone = [item for item in items if apart(item, items)]
    found = {item.item_id: matched.by_item[item.item_id][0] for item in lone if item.item_id in matched.by_item}
    assert len(lone) >= 3
    if not gaps:
        assert len(found) == len(lone), "every item that was wholly recorded has been decided on"
        assert all(found[item.item_id].box.iou(item.box) > 0.8 for item in lone if min(_sides(item.box)) > 25)
    assert len(found) >= 1
    assert not matched.spurious
    assert not any(decision.late for decision in telemetry.decisions)
    assert not any(decision.reason == "outside the nozzles" for decision in telemetry.decisions)
    assert ran.report["items"] == len(items)
    assert ran.report["shots"] == sum(decision.fired for decision in telemetry.decisions)
    for words in (f"belt {foreign.width_mm:g} mm at {foreign.speed:.1f}", f"{foreign.pitch_mm:g} mm apart"):
        assert words in ran.said


def _sides(box: Box) -> tuple[float, float]:
    return box.belt_hi_mm - box.belt_lo_mm, box.across_hi_mm - box.across_lo_mm


def test_strong_magnets_are_felt_under_their_items_and_nowhere_else(
    tmp_path: Path, replay: Callable[[Path], Replayed]
) -> None:
    """The camera says where, the field says what: at half a dozen settings the same items are fired at."""
    belt = Foreign(items_per_s_per_m=7.0, trigger_mm=512.0)
    settings = {
        "ours": belt,
        "near": dataclasses.replace(belt, height_mm=30.0, pitch_mm=12.5, encoder_mm=-5e5, across_mm=-300.0),
        "far": dataclasses.replace(belt, height_mm=60.0, rate_hz=200.0, array_mm=800.0, block_s=0.5),
    }
    fired: dict[str, set[int]] = {}
    known: dict[str, set[int]] = {}
    for name, foreign in settings.items():
        record(tmp_path / f"{name}.mcap", foreign, 7.0 + foreign.array_mm / 1000)
        ran = replay(tmp_path / f"{name}.mcap")
        items = [item for item in ran.telemetry.items if apart(item, ran.telemetry.items)]
        matched = match_decisions(items, ran.telemetry.decisions)
        known[name] = {item.item_id for item in items}
        fired[name] = {key for key, found in matched.by_item.items() if any(d.fired for d in found)}
    both = known["ours"] & known["near"] & known["far"]
    assert len(both) >= 5
    assert fired["ours"] & both, "something strong lay on the belt"
    for name in ("near", "far"):
        assert len((fired[name] ^ fired["ours"]) & both) <= max(1, len(both) // 8)


def test_a_recording_without_truth_is_sorted_and_not_scored(tmp_path: Path, replay: Callable[[Path], Replayed]) -> None:
    record(tmp_path / "theirs.mcap", LINES["camera turned by a half"], 2.0, truth=False)
    ran = replay(tmp_path / "theirs.mcap")
    assert ran.report["items"] is None
    assert ran.report["decisions"] > 0
    assert "scored" not in ran.said


def test_what_lies_outside_the_ranges_is_said_and_sorted_all_the_same(
    tmp_path: Path, replay: Callable[[Path], Replayed]
) -> None:
    record(tmp_path / "theirs.mcap", Foreign(height_mm=90.0, trigger_mm=512.0), 3.0)
    ran = replay(tmp_path / "theirs.mcap")
    assert "theirs.mcap: outside what the line was made for, so it may sort worse: array height 90.0 mm" in ran.said
    assert ran.report["decisions"] > 0


def test_a_wide_belt_takes_more_windows_of_the_model_side_by_side(
    tmp_path: Path, replay: Callable[[Path], Replayed]
) -> None:
    record(tmp_path / "theirs.mcap", LINES["wide, coarse, far, slow array"], 0.6)
    ran = replay(tmp_path / "theirs.mcap")
    assert ran.windows == 3 * len(ran.telemetry.window_ms) > 0
