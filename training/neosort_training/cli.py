"""`neosort-train`: train a model, see how good it is, export it for the line."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from neosort_datasets.store import StoreError, WindowStore
from neosort_hardware.config import ConfigError, load_toml
from neosort_inference.bundle import BundleError, load_bundle
from neosort_training.checkpoint import CheckpointError, load_checkpoint
from neosort_training.config import TrainConfig
from neosort_training.data import KindError
from neosort_training.evaluate import Blind, Predictor, Scores, TorchPredictor, score_windows
from neosort_training.export import ExportError, export_bundle
from neosort_training.reference import write_reference
from neosort_training.train import TrainingRun
from neosort_training.watch import StopRequest, stop_on_signals

_BAD_INPUT = (
    ConfigError,
    StoreError,
    BundleError,
    CheckpointError,
    KindError,
    ExportError,
    ValueError,
    FloatingPointError,
    OSError,
)
_PARITY_WINDOWS = 8

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


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Bad input: one sentence on stderr and exit code 2, no traceback."""
    try:
        yield
    except _BAD_INPUT as error:
        typer.echo(" ".join(str(error).split()), err=True)
        raise typer.Exit(2) from error


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="TOML file, such as training/configs/first.toml")],
    resume: Annotated[bool, typer.Option("--resume", help="go on from the run's last checkpoint")] = False,
) -> None:
    """Train a model as CONFIG says; the run's folder gets last.pt, log.jsonl and tensorboard/.

    Ctrl-C stops after the step in hand and saves; --resume goes on from there as if nothing had happened.
    """
    console = Console()
    with _one_sentence():
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
    with _one_sentence():
        predictor, kinds = _predictor(model)
        opened = [WindowStore(path) for path in stores]
        spread = _spread(opened, limit)
        sense: Blind = blind.value
        scores = score_windows(predictor, (store[index] for store, index in spread), kinds, sense)
        if json_file is not None:
            fields = asdict(scores) | {"thresholds": [point.model_dump() for point in scores.thresholds]}
            said = {"model": str(model), "stores": [str(path) for path in stores], "blind": blind.value}
            json_file.write_text(json.dumps(said | fields, indent=2) + "\n", encoding="utf-8")
    Console().print(_table(scores, f"{model.name}, blind: {blind.value}"))


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="a checkpoint, such as runs/first/last.pt")],
    out: Annotated[Path, typer.Argument(help="the bundle to write, such as model.onnx")],
    store: Annotated[
        list[Path] | None,
        typer.Option(help="find thresholds on these stores instead of the run's validation stores"),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="at most this many windows for thresholds; 0: all")] = 0,
) -> None:
    """Write CHECKPOINT as a bundle: one ONNX file with metadata and operating thresholds inside.

    The bundle is loaded as the line loads it and compared with the network; where they differ, nothing is written.
    """
    console = Console()
    with _one_sentence():
        state = load_checkpoint(checkpoint)
        paths = store or [Path(used["path"]) for used in state.stores if used["split"] != "train"]
        if not paths:
            raise ValueError(f"{checkpoint}: its run had no validation stores, name one with --store")
        opened = [WindowStore(path) for path in paths]
        for source in opened:
            if any(entry.split == "held-out" for entry in source.entries):
                raise ValueError(f"{source.path}: holds held-out items, thresholds must be found on others")
        spread = _spread(opened, limit)
        predictor = TorchPredictor(state.averaged_net(), state.grid)
        by_sense = [
            score_windows(predictor, (source[index] for source, index in spread), state.kinds, blind)
            for blind in get_args(Blind)
        ]
        thresholds = [point for scores in by_sense for point in scores.thresholds]
        compared = [source[index].window for source, index in _spread(opened, _PARITY_WINDOWS)]
        difference = export_bundle(state, out, compared, thresholds)
    for scores, blind in zip(by_sense, get_args(Blind), strict=True):
        found_on = ", ".join(str(path) for path in paths)
        console.print(_table(scores, f"{out.name}, blind: {blind}, thresholds found on {found_on}"))
    console.print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, differs from the network by at most {difference:.1g}")


@app.command("export-reference")
def export_reference(
    out: Annotated[Path, typer.Argument(help="the file to write, such as reference.onnx", dir_okay=False)],
) -> None:
    """Write the network that `neosort bench model --reference` times a bundle against.

    torchvision's SSDLite-MobileNetV3 at 640 × 640, fp32, with random weights, which don't matter for time.
    """
    with _one_sentence():
        write_reference(out)
    Console().print(f"{out}: {out.stat().st_size / 1e6:.1f} MB", highlight=False, markup=False, soft_wrap=True)


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


def _table(scores: Scores, title: str) -> Table:
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_row("windows / whole items / bearing NdFeB", f"{scores.windows} / {scores.items} / {scores.bearing}")
    table.add_row("items found (IoU ≥ 0.3 / ≥ 0.5)", f"{scores.recall:.1%} / {scores.recall_iou50:.1%}")
    table.add_row("AP50 of boxes", f"{scores.ap50:.3f}")
    table.add_row("strays", str(scores.strays))
    table.add_row("kind right, of those found", f"{scores.kind_accuracy:.1%}")
    table.add_row("average precision of P(NdFeB)", f"{scores.p_ndfeb_ap:.3f}")
    table.add_row("magnet mass, mean |Δ log(1 + g)|", f"{scores.magnet_log_error:.2f}")
    for point in scores.thresholds:
        value = f"{point.recovery:.1%} (P ≥ {point.p_ndfeb:.3f})"
        table.add_row(f"recovery of items at purity ≥ {point.purity_target:.0%}", value)
    return table
