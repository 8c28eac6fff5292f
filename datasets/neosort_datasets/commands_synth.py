"""`neosort-data synth`: labelled belt windows from the twin."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, get_args

import cv2
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neosort_datasets.store import WindowStoreWriter
from neosort_datasets.synthetic import SplitName, labelled_windows
from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_hardware.config import ConfigError, LineConfig, load_line_config

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


def synth(
    store: Annotated[Path, typer.Argument(help="Folder of the store; an existing one is added to.")],
    *,
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
