"""`neosort-train export` and `export-reference`: what leaves the training for the line."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from neosort_datasets.progress import shown
from neosort_datasets.store import WindowStore
from neosort_training.checkpoint import Checkpoint, load_checkpoint
from neosort_training.evaluate import Scores
from neosort_training.export import Exported, ExportPlan, export_bundle
from neosort_training.looking import every_window, thinned
from neosort_training.reference import write_reference
from neosort_training.refusals import one_sentence

CALIBRATION_WINDOWS = 64
SENSES = 3


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint, such as runs/neosort/last.pt.", dir_okay=False)],
    out: Annotated[Path, typer.Argument(help="The bundle to write, such as model.onnx.", dir_okay=False)],
    *,
    int8: Annotated[
        bool, typer.Option("--int8", help="Eight bits instead of float: a third of the size, about twice as fast.")
    ] = False,
    rows: Annotated[
        int | None, typer.Option(min=64, max=4096, help="Window along the belt, px. Left out: as it was trained.")
    ] = None,
    cols: Annotated[
        int | None, typer.Option(min=64, max=4096, help="And across it; 320 × 1024 serves a belt of 1 m.")
    ] = None,
    store: Annotated[
        list[Path] | None,
        typer.Option(
            help="Find thresholds and all other figures on these stores, instead of the run's validation stores.",
            file_okay=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most this many of their windows; 0: all.")] = 0,
    calibration_windows: Annotated[
        int, typer.Option(min=8, max=4096, help="Windows of the training stores to find the ranges of eight bits on.")
    ] = CALIBRATION_WINDOWS,
) -> None:
    """Write CHECKPOINT as a bundle: one ONNX file with everything about the model inside it.

    The graph is compared with the network, and eight bits with float, on real windows; where they differ by more than
    they may, nothing is written. Thresholds found here promise nothing: 'neosort-train guarantee' proves some.
    """
    console = Console()
    with one_sentence():
        state = load_checkpoint(checkpoint)
        grid = replace(state.grid, rows=rows or state.grid.rows, cols=cols or state.grid.cols)
        measured = thinned(every_window(_validation(checkpoint, state, store)), limit)
        ranges_on = _calibration(state, calibration_windows) or thinned(measured, calibration_windows)
        plan = ExportPlan(
            checkpoint=state,
            grid=grid,
            measured=measured,
            calibration=ranges_on if int8 else None,
            command=shlex.join(["neosort-train", *sys.argv[1:]]),
        )
        total = len(measured) * (1 + SENSES + int8) + (len(ranges_on) if int8 else 0)
        with shown(console, "windows", total) as done:
            made = export_bundle(plan, out, lambda what: done(doing=what))
    _say(made, out, console)


def export_reference(
    out: Annotated[Path, typer.Argument(help="The file to write, such as reference.onnx.", dir_okay=False)],
) -> None:
    """Write the network that `neosort bench model --reference` times a bundle against.

    torchvision's SSDLite-MobileNetV3 at 640 × 640, fp32, with random weights, which don't matter for time.
    """
    with one_sentence():
        write_reference(out)
    Console().print(f"{out}: {out.stat().st_size / 1e6:.1f} MB", highlight=False, markup=False, soft_wrap=True)


def _validation(checkpoint: Path, state: Checkpoint, given: Sequence[Path] | None) -> list[WindowStore]:
    """The stores to measure on. Raises `ValueError` where there is none, or one that must not be tuned on."""
    paths = given or [Path(path) for path in state.validation]
    if not paths:
        raise ValueError(f"{checkpoint}: its run had no validation stores, name one with --store")
    opened = [WindowStore(path) for path in paths]
    for source in opened:
        for split in ("held-out", "calibration"):
            if any(entry.split == split for entry in source.entries):
                raise ValueError(f"{source.path}: holds {split} items, thresholds must be found on others")
    return opened


def _calibration(state: Checkpoint, count: int) -> Sequence[tuple[WindowStore, int]]:
    """Windows of the training stores that are still there."""
    paths = [Path(used["path"]) for used in state.stores if used["split"] == "train"]
    return thinned(every_window([WindowStore(path) for path in paths if path.is_dir()]), count)


def _say(made: Exported, out: Path, console: Console) -> None:
    metadata = made.bundle.metadata
    for blind, scores in made.scores.items():
        console.print(scores_table(scores, f"{out.name}, blind: {blind}"))
    lines = [f"measured on {', '.join(used.path for used in metadata.measured_on)}"]
    if metadata.measured_grid != metadata.grid and metadata.measured_grid is not None:
        was, reads = metadata.measured_grid, metadata.grid
        lines.append(f"found on windows of {was.rows} × {was.cols} px; the bundle reads {reads.rows} × {reads.cols} px")
    if metadata.presence is not None:
        lines.append(
            f"P(NdFeB) holds that an item lies there at all: {metadata.presence.at(0.4):.0%} at score 0.4, "
            f"{metadata.presence.at(0.6):.0%} at 0.6"
        )
    lines.append(f"network and fp32 graph differ by at most {metadata.parity:.1g}")
    if metadata.quantisation is not None:
        against, loss = metadata.quantisation.against_fp32, metadata.quantisation.recovery_loss
        lines.append(
            f"eight bits against fp32, on {against.items} items in {against.windows} windows: P(NdFeB) differs by "
            f"{against.p_ndfeb_mean:.4f} on average, by less than {against.p_ndfeb_p95:.3f} for 95 % of them; "
            f"{against.found_by_one:.1%} found by only one of the two; {100 * loss:+.2f} points of recovery lost at "
            "purity 95 %"
        )
    lines.append(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {metadata.precision}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def scores_table(scores: Scores, title: str) -> Table:
    """The figures of a model as a table."""
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_row("windows / whole items / bearing NdFeB", f"{scores.windows} / {scores.items} / {scores.bearing}")
    table.add_row("items found (at all / IoU ≥ 0.5)", f"{scores.recall:.1%} / {scores.recall_iou50:.1%}")
    table.add_row("AP50 of boxes", f"{scores.ap50:.3f}")
    table.add_row("strays", str(scores.strays))
    table.add_row("kind right, of those found", f"{scores.kind_accuracy:.1%}")
    table.add_row("average precision of P(NdFeB)", f"{scores.p_ndfeb_ap:.3f}")
    table.add_row("magnet mass, mean |Δ log(1 + g)|", f"{scores.magnet_log_error:.2f}")
    for point in scores.thresholds:
        value = f"{point.recovery:.1%} (P ≥ {point.p_ndfeb:.3f})"
        table.add_row(f"recovery of items at purity ≥ {point.purity_target:.0%}", value)
    return table
