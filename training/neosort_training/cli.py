"""`neosort-train`: train a model, see how good it is, export it for the line."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from neosort_hardware.config import load_toml
from neosort_training.commands_evaluate import compare, evaluate
from neosort_training.commands_export import export, export_reference
from neosort_training.commands_guarantee import guarantee, guarantee_trial
from neosort_training.config import TrainConfig
from neosort_training.distributed import ranks_here
from neosort_training.refusals import one_sentence
from neosort_training.train import TrainingRun
from neosort_training.watch import StopRequest, stop_on_signals

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Train the recognition model of a line, see how good it is, and export it.\n\n"
    "The usual way: make stores of labelled windows with `neosort-data`, then `train` a configuration, `evaluate` the "
    "checkpoint on windows it never learnt from, `export` it, and `evaluate` the exported bundle once more.",
)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="TOML file, such as training/configs/neosort.toml")],
    resume: Annotated[bool, typer.Option("--resume", help="go on from the run's last checkpoint")] = False,
) -> None:
    """Train a model as CONFIG says; the run's folder gets last.pt, log.jsonl and tensorboard/.

    Ctrl-C stops after the step in hand and saves; --resume goes on from there as if nothing had happened.

    On several graphics cards or machines: torchrun --nproc-per-node 4 --no-python neosort-train train CONFIG
    """
    console, ranks = Console(), ranks_here()
    with one_sentence():
        run = TrainingRun(load_toml(config, TrainConfig), config.read_text(encoding="utf-8"), _command(), ranks)
        if not resume and run.checkpoint_path.exists():
            raise ValueError(f"{run.checkpoint_path} exists: go on with --resume, or name another folder in 'out'")
        stop = StopRequest()
        with stop_on_signals(stop):
            finished = run.run(resume=resume, stop=stop, console=console)
    if ranks.leads:
        console.print(f"{'finished' if finished else 'stopped, go on with --resume'}: {run.checkpoint_path}")


app.command()(evaluate)
app.command()(compare)
app.command()(export)
app.command("export-reference")(export_reference)
app.command()(guarantee)
app.command("guarantee-trial")(guarantee_trial)


def main() -> None:
    """Entry point."""
    app()


def _command() -> str:
    return shlex.join(["neosort-train", *sys.argv[1:]])
