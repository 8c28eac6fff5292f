"""Sorting what was recorded or photographed: the same loop, on devices that play back; nothing is fired."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from neosort_datasets.photographs import SUFFIXES, PhotographError, photograph_frames, photograph_step_mm
from neosort_datasets.recorded_line import as_recorded, begins_at, described, outside_ranges, view_of
from neosort_datasets.recording import Recording, RecordingError
from neosort_datasets.recording_messages import CAMERA
from neosort_datasets.recording_writer import counted
from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import Clock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.line import Line
from neosort_hardware.replay import (
    ReplayCamera,
    ReplayDiverter,
    ReplayEncoder,
    ReplayFlaps,
    ReplayInterlock,
    ReplayMagnetometer,
    ReplayTape,
)
from neosort_hardware.types import Decision, ItemTruth, Landing
from neosort_inference.commands import RunOptions, clock_of, open_log, plan_of, sort_and_keep, watching
from neosort_inference.concluding import conclude, say_trouble
from neosort_inference.operating_point import operating_point
from neosort_inference.saying import say
from neosort_inference.score import match_decisions
from neosort_inference.sorting import Sorting, SortingPlan

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Something to play back. ``items``: what lay on the belt, None where nobody knows; ``from_mm``: where on the belt
    what was recorded by every sense begins."""

    tape: ReplayTape
    config: LineConfig
    items: list[ItemTruth] | None
    from_mm: float = -math.inf


def replay_source(
    source: Path, config: LineConfig | None, options: RunOptions, console: Console, *, salvage: bool
) -> int:
    """Sort a recording (a file) or photographs (a folder, or one picture); the exit code.

    Raises what the user can mend (see `cli.main`).
    """
    clock = clock_of(fast=options.fast)
    photographs = source.is_dir() or source.suffix.lower() in SUFFIXES
    played = (
        _photographs(source, config or LineConfig(), clock, console)
        if photographs
        else _recording(source, config, clock, console, salvage=salvage)
    )
    plan = plan_of(options, played.config, console)
    plan = _without_field(source, plan) if not played.tape.has_field else plan
    with watching(options, played.config, console) as watchers, open_log(options) as log, line_on(played.tape) as line:
        sorting = Sorting(line, plan, watchers, log=log)
        failure = sort_and_keep(sorting)
    say_trouble(log, console)
    telemetry = sorting.telemetry
    if played.items is not None:
        items = within(played.items, played.from_mm, sorting.decided_to_mm)
        if len(items) < len(played.items):
            say(console, f"scored: {len(items)} of {len(played.items)} items; the others lay where it begins or ends")
        telemetry.on_items(items)
        telemetry.on_landings(landings_as_decided(items, list(telemetry.decisions)))
    code = conclude(
        telemetry,
        played.config,
        plan,
        console,
        seed=options.seed,
        directory=options.report,
        truth=played.items is not None,
    )
    if failure is not None:
        raise failure
    return code


def within(items: list[ItemTruth], from_mm: float, to_mm: float) -> list[ItemTruth]:
    """Items that lie wholly on a stretch of belt, each once."""
    whole = {item.item_id: item for item in items if item.box.belt_lo_mm >= from_mm and item.box.belt_hi_mm <= to_mm}
    return list(whole.values())


def landings_as_decided(items: list[ItemTruth], decisions: list[Decision]) -> list[Landing]:
    """Where items would land if every shot were perfect: scores recognition alone, for no jet has blown."""
    fired = {
        item_id: [d.shot.shot_id for d in found if d.fired and d.shot is not None]
        for item_id, found in match_decisions(items, decisions).by_item.items()
    }
    return [
        Landing(
            item_id=item.item_id,
            place="product" if fired.get(item.item_id) else "rest",
            landed_ns=0,
            impulse_ns=0.0,
            shot_ids=tuple(fired.get(item.item_id, ())),
        )
        for item in items
    ]


def _recording(source: Path, config: LineConfig | None, clock: Clock, console: Console, *, salvage: bool) -> _Source:
    if config is not None:
        raise ConfigError(f"{source}: a recording brings its own line configuration, leave --config out")
    recording = Recording(source, salvage=salvage)
    if recording.damage:
        say(console, f"{source}: torn ({recording.damage}), sorting what is whole: {recording.messages} messages")
    if not recording.has_field:
        say(console, f"{source}: no magnetometers were recorded: sorting by the camera alone")
    if recording.dropped:
        say(console, f"{source}: not whole, the disk did not keep up: {counted(recording.dropped)} dropped")
    events = _beginning(recording.events(), RecordingError(f"{source}: holds neither frames nor field blocks"))
    if not recording.count(CAMERA):
        raise RecordingError(f"{source}: holds no frames, and without pictures there is nothing to sort by")
    line = as_recorded(recording)
    view = view_of(recording, line)
    say(console, f"{source}: {described(line, view, has_field=recording.has_field)}")
    if outside := outside_ranges(line, view, has_field=recording.has_field):
        say(console, f"{source}: {outside}")
    return _Source(
        tape=ReplayTape(events, clock, line, has_field=recording.has_field),
        config=line,
        items=list(recording.items()) if recording.has_truth else None,
        from_mm=begins_at(recording, line, view),
    )


def _photographs(source: Path, config: LineConfig, clock: Clock, console: Console) -> _Source:
    # Every photograph is looked at once: the next look is a whole photograph away.
    camera = config.camera.model_copy(update={"trigger_every_mm": photograph_step_mm(config)})
    config = config.model_copy(update={"camera": camera})
    frames = photograph_frames(source, config, lambda path, why: say(console, f"skipped {path}: {why}"))
    say(console, f"{source}: photographs, no magnetometers: sorting by the camera alone")
    frames = _beginning(frames, PhotographError(f"{source}: not one photograph in it could be read"))
    return _Source(tape=ReplayTape(frames, clock, config, has_field=False), config=config, items=None)


def _beginning(values: Iterator[_Value], otherwise: Exception) -> Iterator[_Value]:
    """``values`` from the first on. Raises ``otherwise``, now, when there is none."""
    first = next(values, None)
    if first is None:
        raise otherwise
    return chain((first,), values)


def _without_field(source: Path, plan: SortingPlan) -> SortingPlan:
    """The plan for a source that has no field."""
    if plan.blind == "camera":
        raise ConfigError(f"{source}: has no field, so with --blind camera there is nothing left to sort by")
    operating_point(plan.recipe, plan.bundle, "field")
    return replace(plan, blind="field")


def line_on(tape: ReplayTape) -> Line:
    """A line whose devices all play ``tape``."""
    flaps = tape.config.heavy_diverter
    return Line(
        config=tape.config,
        geometry=LineGeometry.of(tape.config),
        clock=tape.clock,
        camera=ReplayCamera(tape),
        magnetometer=ReplayMagnetometer(tape),
        encoder=ReplayEncoder(tape),
        diverter=ReplayDiverter(tape),
        heavy_diverter=None if flaps is None else ReplayFlaps(tape, flaps),
        interlock=ReplayInterlock(tape),
    )
