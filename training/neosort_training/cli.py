"""`neosort-train`: train a model, see how good it is, export it for the line."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from neosort_datasets.store import WindowStore
from neosort_hardware.config import load_toml
from neosort_inference.bundle import load_bundle
from neosort_training.checkpoint import load_checkpoint
from neosort_training.commands_export import export, export_reference, scores_table
from neosort_training.config import TrainConfig
from neosort_training.evaluate import Blind, Predictor, TorchPredictor, score_windows
from neosort_training.refusals import one_sentence
from neosort_training.train import TrainingRun
from neosort_training.watch import StopRequest, stop_on_signals

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Train the recognition model of a line, see how good it is, and export it.\n\n"
    "The usual way: make stores of labelled windows with `neosort-data`, then `train` a configuration, `evaluate` the "
    "checkpoint on windows it never learnt from, `export` it, and `evaluate` the exported bundle once more.",
)


class BlindSense(StrEnum):
    """A sense to take away."""

    NONE = "none"
    CAMERA = "camera"
    FIELD = "field"


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="TOML file, such as training/configs/first.toml")],
    resume: Annotated[bool, typer.Option("--resume", help="go on from the run's last checkpoint")] = False,
) -> None:
    """Train a model as CONFIG says; the run's folder gets last.pt, log.jsonl and tensorboard/.

    Ctrl-C stops after the step in hand and saves; --resume goes on from there as if nothing had happened.
    """
    console = Console()
    with one_sentence():
        run = TrainingRun(load_toml(config, TrainConfig), config.read_text(encoding="utf-8"), _command())
        if not resume and run.checkpoint_path.exists():
            raise ValueError(f"{run.checkpoint_path} exists: go on with --resume, or name another folder in 'out'")
        stop = StopRequest()
        with stop_on_signals(stop):
            finished = run.run(resume=resume, stop=stop, console=console)
    console.print(f"{'finished' if finished else 'stopped, go on with --resume'}: {run.checkpoint_path}")


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="a checkpoint (.pt) or a bundle (.onnx)")],
    stores: Annotated[list[Path], typer.Argument(help="stores of labelled windows that the model never learnt from")],
    blind: Annotated[BlindSense, typer.Option(help="take one sense away")] = BlindSense.NONE,
    limit: Annotated[int, typer.Option(min=0, help="at most this many windows, evenly spread; 0: all")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the scores to this file")] = None,
) -> None:
    """Score MODEL on STORES: where items are, what they are, and how much NdFeB would be found at which purity."""
    with one_sentence():
        predictor, kinds = _predictor(model)
        opened = [WindowStore(path) for path in stores]
        spread = _spread(opened, limit)
        sense: Blind = blind.value
        scores = score_windows(predictor, (store[index] for store, index in spread), kinds, sense)
        if json_file is not None:
            fields = asdict(scores) | {"thresholds": [point.model_dump() for point in scores.thresholds]}
            said = {"model": str(model), "stores": [str(path) for path in stores], "blind": blind.value}
            json_file.write_text(json.dumps(said | fields, indent=2) + "\n", encoding="utf-8")
    Console().print(scores_table(scores, f"{model.name}, blind: {blind.value}"))


app.command()(export)
app.command("export-reference")(export_reference)


def main() -> None:
    """Entry point."""
    app()


def _command() -> str:
    return shlex.join(["neosort-train", *sys.argv[1:]])


def _predictor(model: Path) -> tuple[Predictor, tuple[str, ...]]:
    if model.suffix == ".pt":
        state = load_checkpoint(model)
        return TorchPredictor(state.averaged_net(), state.grid), state.kinds
    bundle = load_bundle(model)
    return bundle, bundle.metadata.kinds


def _spread(stores: list[WindowStore], limit: int) -> list[tuple[WindowStore, int]]:
    """Windows of all stores, thinned evenly to at most ``limit``."""
    every = [(store, index) for store in stores for index in range(len(store))]
    return every if limit == 0 else every[:: -(-len(every) // limit)]
