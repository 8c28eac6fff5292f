"""`neosort model`: may a bundle be run, and what does it say of itself?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neosort_datasets.assembly import Blind
from neosort_inference.bundle import BundleError, load_bundle
from neosort_inference.bundle_metadata import BundleMetadata, GuaranteedThreshold, Threshold
from neosort_inference.words import kind_title

app = typer.Typer(no_args_is_help=True, help="Model bundles: may one be run, and what it says of itself.")
SENSES: dict[Blind, str] = {"none": "both senses", "camera": "field alone", "field": "camera alone"}
FilesArgument = Annotated[list[Path], typer.Argument(help="Bundles (.onnx).", dir_okay=False)]
FileArgument = Annotated[Path, typer.Argument(help="A bundle (.onnx).", dir_okay=False)]


@app.command()
def check(files: FilesArgument) -> None:
    """Say of each FILE whether it may be run here: whole, unaltered, of this program's make and shape, self-contained.

    It is read byte by byte before the runtime sees it: what is foreign, torn, altered or too large, reaches for other
    files, brings code of its own, may loop, or has inputs and outputs of another shape is refused with the cause. Then
    it runs once on an empty belt. Exit code 1 when one is refused.
    """
    refused = 0
    for path in files:
        try:
            bundle = load_bundle(path)
            spent_ms = bundle.warm_up()
        except BundleError as error:
            refused += 1
            typer.echo(f"refused: {error}")
        else:
            typer.echo(f"fit to run: {path}: {described(bundle.metadata)}; {spent_ms:.1f} ms a window on one thread")
    raise typer.Exit(1 if refused else 0)


@app.command()
def show(file: FileArgument) -> None:
    """What FILE says of itself: thresholds and what they promise, each kind, how it was made. Refuses as 'check'."""
    metadata, console = load_bundle(file).metadata, Console()
    console.print(Text(f"{file}: {described(metadata)}"))
    console.print(thresholds_table(metadata), kinds_table(metadata))
    for line in origin(metadata):
        console.print(Text(line), soft_wrap=True)


def described(metadata: BundleMetadata) -> str:
    """One line: name, precision, window, kinds, whether thresholds are proven."""
    grid, guarantee = metadata.grid, metadata.guarantee
    proven = sum(point.p_ndfeb is not None for point in guarantee.points) if guarantee is not None else 0
    return (
        f"'{metadata.name}', {metadata.precision}, windows of {grid.rows} × {grid.cols} px at {grid.mm_per_px:g} mm, "
        f"{len(metadata.kinds)} kinds, {proven or 'no'} proven thresholds"
    )


def thresholds_table(metadata: BundleMetadata) -> Table:
    """Operating points, a row for each senses and purity: what was found on validation windows, what was proven."""
    table = Table("senses", "purity ≥", "found: P ≥", "recovery", "proven: P ≥", "recovery", title="thresholds")
    found = {(point.blind, point.purity_target): point for point in metadata.thresholds}
    points = metadata.guarantee.points if metadata.guarantee is not None else ()
    proven = {(point.blind, point.purity_target): point for point in points}
    for blind, words in SENSES.items():
        for target in sorted({target for sense, target in (found | proven) if sense == blind}):
            cells = (*_point_cells(found.get((blind, target))), *_point_cells(proven.get((blind, target))))
            table.add_row(words, f"{target:.0%}", *cells)
    return table


def _point_cells(point: Threshold | GuaranteedThreshold | None) -> tuple[str, str]:
    if point is None:
        return "", ""
    return (
        ("none", "")
        if point.p_ndfeb is None or not point.recovery
        else (f"{point.p_ndfeb:.4f}", f"{point.recovery:.1%}")
    )


def kinds_table(metadata: BundleMetadata) -> Table:
    """How often each kind is taken for itself, for what else most often, and how far off its grams are."""
    table = Table("kind", "items", "taken for itself", "else most often for", "grams off by", title="kinds")
    errors = {} if metadata.mass_error is None else {one.kind: one for one in metadata.mass_error.by_kind}
    for kind, items, itself, other in _taken_for(metadata):
        grams = f"{errors[kind].median_relative:.0%}" if kind in errors else ""
        table.add_row(kind_title(kind), f"{items:,}", f"{itself / items:.0%}" if items else "", other, grams)
    return table


def _taken_for(metadata: BundleMetadata) -> Iterator[tuple[str, int, int, str]]:
    """Of each kind: its name, its items, how many were taken for it, and the words for its worst mistake."""
    if metadata.confusion is None:
        return
    said = (*(kind_title(kind) for kind in metadata.kinds), "nothing")
    for kind, row in zip(metadata.confusion.truth, metadata.confusion.counts, strict=True):
        own = metadata.kinds.index(kind) if kind in metadata.kinds else -1
        rest = [(count, name) for place, (count, name) in enumerate(zip(row, said, strict=True)) if place != own]
        worst, name = max(rest)
        yield kind, sum(row), row[own] if own >= 0 else 0, f"{name} ({worst:,})" if worst else ""


def origin(metadata: BundleMetadata) -> Iterator[str]:
    """How it was made, in lines."""
    made = metadata.training
    yield f"made {made.made_at} by: {made.command}; {made.epochs} epochs, {made.steps:,} steps"
    for used in made.datasets:
        yield f"made with {used.path}: {used.windows:,} windows of {used.split} items"
    for used in metadata.measured_on:
        yield f"thresholds found on {used.path}: {used.windows:,} windows, {used.origin}"
    if metadata.quantisation is not None:
        loss = 100 * metadata.quantisation.recovery_loss
        yield f"eight bits against fp32: {loss:+.2f} points of recovery lost at purity 95 %"
    if metadata.guarantee is not None:
        yield f"proven: {metadata.guarantee.statement}"
        sure = sorted({point.confidence for point in metadata.guarantee.points})
        yield f"confidence {' / '.join(f'{one:.0%}' for one in sure)}, on {metadata.guarantee.scenes:,} scenes of " + (
            metadata.guarantee.feed
        )
        yield f"taken as exchangeable: {metadata.guarantee.exchangeable}"
    yield "versions: " + ", ".join(f"{name} {version}" for name, version in sorted(made.versions.items()))
