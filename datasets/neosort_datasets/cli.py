"""`neosort-data`: make, check and describe what models learn from."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, get_args

import cv2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neosort_datasets.store import StoreError, WindowStore, WindowStoreWriter
from neosort_datasets.synthetic import SplitName, labelled_windows
from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_hardware.config import ConfigError, LineConfig, load_line_config

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Make and check what models learn from: stores of labelled belt windows, made by the simulated line.\n\n"
    "'synth' makes windows of one split of the item models; train on 'train', choose by 'validation', and judge once, "
    "at the end, by 'held-out'. 'verify' checks a store against its manifest.",
)
SHARD_WINDOWS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shard:
    config: LineConfig
    split: SplitName
    seed: int
    windows: int


def _make(shard: _Shard) -> list[LabelledWindow]:
    cv2.setNumThreads(1)  # the shards are what runs in parallel
    return list(labelled_windows(shard.config, shard.split, shard.seed, shard.windows))


@app.command()
def synth(
    store: Annotated[Path, typer.Argument(help="Folder of the store; an existing one is added to.")],
    split: Annotated[str, typer.Option(help="Which item models: train, validation or held-out.")] = "train",
    windows: Annotated[int, typer.Option(min=1, help="How many windows.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Everything random follows from it.")] = 1,
    config: Annotated[Path | None, typer.Option(help="Line whose twin is run; the default twin if left out.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Make labelled belt windows with the twin and append them to a store, shard by shard.

    A run that was broken off leaves whole shards behind; `neosort-data verify` says which.
    """
    line = LineConfig() if config is None else load_line_config(config)
    if split not in get_args(SplitName):
        raise ConfigError(f"--split is '{split}', must be one of {', '.join(get_args(SplitName))}")
    writer = WindowStoreWriter(store, WindowGrid(), split=split, seed=seed, origin=f"twin {line.name}, seed {seed}")
    sizes = [min(SHARD_WINDOWS, windows - first) for first in range(0, windows, SHARD_WINDOWS)]
    shards = [
        _Shard(config=line, split=split, seed=seed * 1_000_003 + index, windows=size)  # type: ignore[arg-type]
        for index, size in enumerate(sizes)
    ]
    columns = (TextColumn("windows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress, ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        bar = progress.add_task("windows", total=windows)
        for made in pool.map(_make, shards):  # in order, so that the same seed gives the same store
            writer.append(made)
            progress.advance(bar, len(made))


@app.command()
def verify(store: Annotated[Path, typer.Argument(help="Folder of the store.")]) -> None:
    """Check every file of a store against its manifest."""
    found = WindowStore(store)
    problems = found.verify()
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{store}: {len(found)} windows, all as written")


def main() -> None:
    """Entry point: errors of the user's making end in one sentence and exit code 2."""
    try:
        app()
    except (ConfigError, StoreError) as error:
        Console(stderr=True).print(f"neosort-data: {error}", style="bold red", highlight=False, soft_wrap=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
