"""Sorting what was recorded or photographed: the same loop, on devices that play back; nothing is fired."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from neosort_datasets.assembly import Blind
from neosort_datasets.photographs import SUFFIXES, photograph_frames
from neosort_datasets.recording import Recording
from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import Clock, RealClock, VirtualClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.line import Line
from neosort_hardware.replay import (
    ReplayCamera,
    ReplayDiverter,
    ReplayEncoder,
    ReplayInterlock,
    ReplayMagnetometer,
    ReplayTape,
)
from neosort_hardware.types import Decision, ItemTruth, Landing
from neosort_inference.commands import RunOptions, conclude, open_bundle, open_recipe, watching
from neosort_inference.score import match_decisions
from neosort_inference.sorting import Sorting, SortingPlan, threshold_for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Something to play back. ``items``: what lay on the belt, None where nobody knows."""

    tape: ReplayTape
    config: LineConfig
    blind: Blind
    items: list[ItemTruth] | None


def replay_source(
    source: Path, config: LineConfig | None, options: RunOptions, console: Console, *, salvage: bool
) -> int:
    """Sort a recording (a file) or photographs (a folder, or one picture); the exit code.

    Raises what the user can mend (see `cli.main`).
    """
    bundle, recipe = open_bundle(options), open_recipe(options)
    threshold_for(recipe, bundle)
    clock: Clock = VirtualClock() if options.fast else RealClock()
    photographs = source.is_dir() or source.suffix.lower() in SUFFIXES
    played = (
        _photographs(source, config or LineConfig(), clock, console)
        if photographs
        else _recording(source, config, clock, options.blind, salvage=salvage)
    )
    with watching(options, console) as watchers, _line(played.tape) as line:
        plan = SortingPlan(bundle=bundle, recipe=recipe, blind=played.blind)
        telemetry = Sorting(line, plan, watchers).run()
    if played.items is not None:
        telemetry.on_items(played.items)
        telemetry.on_landings(landings_as_decided(played.items, telemetry.decisions))
    return conclude(telemetry, played.config, options, console, truth=played.items is not None)


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


def _recording(source: Path, config: LineConfig | None, clock: Clock, blind: Blind, *, salvage: bool) -> _Source:
    if config is not None:
        raise ConfigError(f"{source}: a recording brings its own line configuration, leave --config out")
    recording = Recording(source, salvage=salvage)
    return _Source(
        tape=ReplayTape(recording.events(), clock, recording.config, has_field=recording.has_field),
        config=recording.config,
        blind=blind if recording.has_field else "field",
        items=list(recording.items()) if recording.has_truth else None,
    )


def _photographs(source: Path, config: LineConfig, clock: Clock, console: Console) -> _Source:
    console.print(f"{source}: photographs, no magnetometers: sorting by the camera alone", highlight=False)
    frames = photograph_frames(source, config, lambda path, why: console.print(f"skipped {path}: {why}"))
    return _Source(tape=ReplayTape(frames, clock, config, has_field=False), config=config, blind="field", items=None)


def _line(tape: ReplayTape) -> Line:
    return Line(
        config=tape.config,
        geometry=LineGeometry.of(tape.config),
        clock=tape.clock,
        camera=ReplayCamera(tape),
        magnetometer=ReplayMagnetometer(tape),
        encoder=ReplayEncoder(tape),
        diverter=ReplayDiverter(tape),
        interlock=ReplayInterlock(tape),
    )
