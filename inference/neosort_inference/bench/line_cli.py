"""`neosort bench line`: its options, and the order in which things are measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from neosort_datasets.recorded_line import as_recorded
from neosort_datasets.recording import Recording
from neosort_hardware.config import ConfigError, LineConfig
from neosort_inference.bench.counted_by import CountedBy
from neosort_inference.bench.lap import Lap, lap_of, twin_lap
from neosort_inference.bench.line import Pass, figures, highest_speed, run_belt
from neosort_inference.bench.line_screen import print_line
from neosort_inference.bench.record import Record, keep, must_take_json, origin
from neosort_inference.bench.twin import rated
from neosort_inference.bundle import load_bundle
from neosort_inference.bundle_choice import choose_bundle
from neosort_inference.faults.alarm_log import unlogged
from neosort_inference.opening import open_config, open_recipe
from neosort_inference.options import BundleOption, ConfigOption, JsonOption, RecipeOption
from neosort_inference.recipe import Recipe
from neosort_inference.saying import say
from neosort_inference.sorting import SortingPlan

LAP_M = 30.0
FED_PER_SHOT = 1.3
# Whatever lies there is fired at, and no rate keeps anything back: what the chain does is what is asked.
EVERY_ITEM = Recipe(name="every item", min_p_ndfeb=0.0, never_fire=(), max_shots_per_s=1000.0)
PROBE_M = 40.0  # a backlog of half a metre shows over it when the belt is 1.3 % too fast
SLOWER_M_PER_S = (0.5, 1.0, 2.0)


def line(
    recording: Annotated[
        Path | None,
        typer.Argument(
            help="What to play back (.mcap). Left out: the simulated line is recorded here.", dir_okay=False
        ),
    ] = None,
    *,
    speeds: Annotated[
        list[float] | None,
        typer.Option(
            "--speed",
            min=0.05,
            max=20,
            help="m/s, repeatable; the first is the one that is quoted. [default: the line's, 0.5, 1, 2]",
        ),
    ] = None,
    metres: Annotated[float, typer.Option(min=2, max=100_000, help="Belt of each repeat at each speed.")] = 100.0,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Times that everything is measured.")] = 3,
    search: Annotated[bool, typer.Option(help="Find the highest speed at which nothing is late.")] = True,
    shots: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=60,
            help="Feed the simulated belt so densely, and fire at everything on it, that so many shots a second and "
            "more are planned and handed over: does the whole chain sustain it?",
            show_default=False,
        ),
    ] = None,
    counted_by: Annotated[
        CountedBy,
        typer.Option(
            "--time",
            help="clock: as it passes, less the waiting. processor: this program's own, as if it had the machine "
            "to itself. real: waiting too.",
        ),
    ] = CountedBy.CLOCK,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated line.")] = 1,
    config: ConfigOption = None,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    json_file: JsonOption = None,
) -> None:
    """How fast is the loop? Decision latency and distance, metres of belt per second of a core, the fastest belt.

    The real loop on a belt that is played back from memory, at several speeds; by default a belt of 1 m at 2.8 m/s.
    Waiting is skipped. Exit code 1 when a shot came late at the quoted speed.
    """
    if shots is not None and (recording is not None or recipe is not None):
        raise ConfigError("--shots feeds a simulated belt and fires at everything: leave recording and --recipe out")
    rules = open_recipe(recipe) if shots is None else EVERY_ITEM
    if recording is not None and config is not None:
        raise ConfigError(f"{recording}: a recording brings its own line configuration, leave --config out")
    must_take_json(json_file)
    console = Console()
    line_config = rated(LineConfig()) if config is None else open_config(config)
    lap = _lap(recording, line_config if shots is None else _dense(line_config, shots), seed)
    choice = choose_bundle(bundle, lap.config)
    say(console, choice.why)
    plan = SortingPlan(bundle=load_bundle(choice.path), recipe=rules, kept=None)
    own_m_per_s = lap.config.belt.speed_m_per_s
    wanted = speeds or [own_m_per_s, *(slower for slower in SLOWER_M_PER_S if slower < own_m_per_s)]
    by_speed: list[list[Pass]] = [[] for _ in wanted]
    highest: list[float] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, unlogged():
        bar = progress.add_task("belt", total=repeats * (len(wanted) + search))
        for _ in range(repeats):  # in turn, so that a busy minute of the machine falls on all of them
            for passes, speed in zip(by_speed, wanted, strict=True):
                progress.update(bar, description=f"{speed:.2f} m/s")
                passes.append(run_belt(lap, plan, speed, metres, counted_by))
                progress.advance(bar)
            if search:
                progress.update(bar, description="highest speed")
                highest.append(_highest(lap, plan, wanted[0], min(metres, PROBE_M), counted_by))
                progress.advance(bar)
    record = figures(by_speed, highest) | _about(lap, plan, recording, counted_by) | origin()
    record["line"]["items_per_m"] = record["speeds"][0]["decisions"] / record["speeds"][0]["metres"]
    print_line(record, console)
    keep(record, json_file, console)
    raise typer.Exit(1 if record["late"] else 0)


def _dense(config: LineConfig, shots_per_s: float) -> LineConfig:
    """The line with somewhat more items than shots: not every one is seen by itself."""
    per_m = min(100.0, FED_PER_SHOT * shots_per_s / (config.belt.width_mm * 1e-3))
    feed = config.twin.feed.model_copy(update={"items_per_s_per_m": per_m})
    return config.model_copy(update={"twin": config.twin.model_copy(update={"feed": feed})})


def _lap(recording: Path | None, config: LineConfig, seed: int) -> Lap:
    if recording is None:
        return twin_lap(config, LAP_M, seed)
    source = Recording(recording)
    return lap_of(as_recorded(source), source.events(), str(recording))


def _highest(lap: Lap, plan: SortingPlan, from_m_per_s: float, metres: float, counted_by: CountedBy) -> float:
    return highest_speed(lambda speed: run_belt(lap, plan, speed, metres, counted_by, stops=True).in_time, from_m_per_s)


def _about(lap: Lap, plan: SortingPlan, recording: Path | None, counted_by: CountedBy) -> Record:
    config = lap.config
    return {
        "line": {
            "config": config.name,
            "recording": None if recording is None else str(recording),
            "width_mm": config.belt.width_mm,
            "recorded_at_m_s": config.belt.speed_m_per_s,
            "lap_m": lap.length_mm * 1e-3,
            "hop_mm": config.camera.trigger_every_mm,
        },
        "bundle": {"name": plan.bundle.metadata.name, "recipe": plan.recipe.name},
        "time": counted_by.value,
    }
