"""`neosort-data cut`: a recording of the line → windows to learn from, or to be labelled first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neosort_datasets.cutting import cut_windows, must_be_recording, origin_of
from neosort_datasets.manifest import MANIFEST, NOT_STATED, StoreError
from neosort_datasets.recording import Recording
from neosort_datasets.recording_messages import CAMERA
from neosort_datasets.store import WindowStore, WindowStoreWriter
from neosort_datasets.window import WindowGrid
from neosort_hardware.config import ConfigError, FeedConfig

SHARD_WINDOWS = 80
UNLABELLED = "unlabelled"
SPLITS: tuple[str, ...] = get_args(FeedConfig.model_fields["models"].annotation)


def cut(
    recording: Annotated[Path, typer.Argument(help="A recording (.mcap), ours or somebody else's.")],
    store: Annotated[Path, typer.Argument(help="Folder of the store; an existing one is added to.")],
    *,
    every: Annotated[float, typer.Option(min=16, max=100_000, help="Belt from one window to the next, mm.")] = 512.0,
    unlabelled: Annotated[bool, typer.Option(help="Leave out what is known of the items: to be labelled.")] = False,
    split: Annotated[
        str | None, typer.Option(help="Which item models lie on it. Left out: as the recording says, else held-out.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Under which the recording may be used.")] = NOT_STATED,
    salvage: Annotated[bool, typer.Option(help="Read a torn recording up to where it is good.")] = False,
) -> None:
    """Cut a recording into windows of a store, as the line itself would, labelled where the truth is in it.

    A belt wider than the model's window gives several side by side. Every window names the recording and its hash as
    its source, so that 'neosort-data split' keeps recordings together.
    """
    if split is not None and split not in SPLITS:
        raise ConfigError(f"--split is '{split}', must be one of {', '.join(SPLITS)}")
    opened = must_be_recording(recording, salvage=salvage)
    origin = origin_of(opened)
    grid = _grid_of(store, origin)
    name = UNLABELLED if unlabelled else split or opened.config.twin.feed.models
    writer = partial(WindowStoreWriter, store, grid, split=name, seed=0, origin=origin, licence=licence)
    made, labels = _append(opened, grid, every, writer, labelled=not unlabelled)
    if not made:
        raise StoreError(f"{recording}: too short for a window of {grid.length_mm:g} mm that every sense has seen")
    typer.echo(f"{store}: {made:,} windows ({name}) with {labels:,} labels from {recording}")


def _grid_of(store: Path, origin: str) -> WindowGrid:
    """The grid of a store that is there, else the model's. Raises `StoreError` where it has this recording already."""
    if not (store / MANIFEST).exists():
        return WindowGrid()
    found = WindowStore(store)
    if any(entry.origin == origin for entry in found.entries):
        raise StoreError(f"{store}: holds windows of this recording already ({origin})")
    return found.grid


def _append(
    recording: Recording, grid: WindowGrid, every_mm: float, writer: Callable[[], WindowStoreWriter], *, labelled: bool
) -> tuple[int, int]:
    """Cut and write, shard by shard, with a bar; how many windows and labels there are."""
    made = labels = 0
    columns = (TextColumn("frames"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("frames", total=recording.count(CAMERA))
        windows = cut_windows(recording, grid, every_mm, labelled=labelled, on_frame=lambda: progress.advance(bar))
        while shard := list(islice(windows, SHARD_WINDOWS)):
            writer().append(shard)
            made += len(shard)
            labels += sum(len(window.items) for window in shard)
    return made, labels
