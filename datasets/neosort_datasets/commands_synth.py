"""`neosort-data synth`: labelled belt windows from the twin."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from neosort_datasets.scenes import Scenes
from neosort_datasets.synthesis import SHARD_WINDOWS, SynthPlan, parts_done, synthesise
from neosort_datasets.window import WindowGrid
from neosort_hardware.config import ConfigError, LineConfig, at_belt_speed, load_line_config

WINDOW_SIDES_PX = 32  # the network halves them five times


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.0f} windows/s")


def synth(
    store: Annotated[Path, typer.Argument(help="Folder of the store; one that was broken off is gone on with.")],
    *,
    split: Annotated[str, typer.Option(help="Which item models: train, validation, … or held-out.")] = "train",
    windows: Annotated[int, typer.Option(min=1, help="How many windows.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Everything random follows from it.")] = 1,
    config: Annotated[Path | None, typer.Option(help="Line whose twin is run; the default twin if left out.")] = None,
    scenes: Annotated[
        Scenes,
        typer.Option(
            help="'varied': speed, feed, array, background, look are drawn anew for every 40 windows, to learn from. "
            "'line': every scene is that line exactly as configured, and only the seed differs, to quote figures on."
        ),
    ] = Scenes.VARIED,
    belt_speed: Annotated[
        float | None,
        typer.Option(help="Belt speed in m/s, instead of the configuration's ('line' scenes).", show_default=False),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(
            min=32,
            help="Belt from one window to the next, mm. Left out: side by side. Less than a window's length: they "
            "overlap, and items that one of them cuts lie whole in another.",
            show_default=False,
        ),
    ] = None,
    scene_windows: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=SHARD_WINDOWS,
            help="Windows of each scene. Left out: 40. Fewer make more scenes of as many windows, with 8 a fifth more "
            "slowly: to prove thresholds on, where scenes are what counts.",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=64, max=4096, help="Window along the belt, px; a multiple of 32.")] = 512,
    cols: Annotated[
        int,
        typer.Option(min=64, max=4096, help="And across it, the belt in its middle; 320 × 1024 covers a belt of 1 m."),
    ] = 640,
    belts: Annotated[
        Path | None,
        typer.Option(
            help="Folder with photographs of real belts to show in more than half of the scenes.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder, of 512 MB at most, in which pictures of items are kept ready for the next run. Left out: in "
            "the user's cache folder.",
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep none.")] = False,
    clutter: Annotated[
        Path | None,
        typer.Option(
            help="Folder with photographs of single things on a plain light board; half of the foreign matter is then "
            "cut out of those that show one whole.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Left out: one a core.")] = None,
) -> None:
    """Make labelled belt windows with the twin, shard by shard, until the store holds that many.

    Broken off and called again with the same arguments it goes on where it stopped, after checking what is there;
    other arguments are refused.
    """
    if belt_speed is not None and scenes is not Scenes.LINE:
        raise ConfigError("--belt-speed goes with --scenes line; varied scenes draw theirs")
    line = LineConfig() if config is None else load_line_config(config)
    plan = SynthPlan(
        line=line if belt_speed is None else at_belt_speed(line, belt_speed),
        split=_split_named(split),
        seed=seed,
        windows=windows,
        belts=belts,
        clutter=clutter,
        scenes=scenes,
        every_mm=every,
        sprite_cache=None if no_cache else cache or _user_cache(),
        scene_windows=scene_windows,
        grid=_grid_over(line, rows, cols),
    )
    if every is not None and every > plan.grid.length_mm:
        raise ConfigError(f"--every is {every:g} mm, must be at most a window's {plan.grid.length_mm:g}")
    console = Console()
    done, mended = parts_done(store, plan)
    for text in mended:
        console.print(Text(text), soft_wrap=True)
    there = sum(part.windows for part in plan.parts()[:done])
    if there:
        console.print(f"{there:,} windows are there and as written")
    columns = (TextColumn("windows"), BarColumn(), MofNCompleteColumn(), _RateColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("windows", total=windows, completed=there)
        try:
            synthesise(
                store,
                plan,
                workers=workers or len(os.sched_getaffinity(0)),
                skip=done,
                on_windows=lambda count: progress.advance(bar, count),
            )
        except KeyboardInterrupt:
            progress.stop()
            console.print("broken off; the same command goes on from here")
            raise typer.Exit(130) from None


def _grid_over(line: LineConfig, rows: int, cols: int) -> WindowGrid:
    """Windows with the line's belt in their middle. Raises `ConfigError`."""
    for name, size in (("--rows", rows), ("--cols", cols)):
        if size % WINDOW_SIDES_PX:
            raise ConfigError(f"{name} is {size}, must be a multiple of {WINDOW_SIDES_PX}")
    plain = WindowGrid(rows=rows, cols=cols)
    return replace(plain, across_start_mm=0.5 * (line.belt.width_mm - cols * plain.mm_per_px))


def _user_cache() -> Path:
    """Where a user's programs keep what they can make anew (XDG base directories)."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named else Path.home() / ".cache") / "neosort"


def _split_named(split: str) -> str:
    from neosort_datasets.synthetic import SplitName  # noqa: PLC0415 - brings the simulated world with it

    if split not in get_args(SplitName):
        raise ConfigError(f"--split is '{split}', must be one of {', '.join(get_args(SplitName))}")
    return split
