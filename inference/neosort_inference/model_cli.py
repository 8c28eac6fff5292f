"""`neosort model`: may a bundle be run, and what does it say of itself?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neosort_inference.bundle import BundleError, load_bundle
from neosort_inference.bundle_card import SENSES, described, kinds_on_card, origin
from neosort_inference.bundle_metadata import BundleMetadata, GuaranteedThreshold, Threshold
from neosort_inference.words import kind_title

app = typer.Typer(no_args_is_help=True, help="Model bundles: may one be run, and what it says of itself.")
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
    for one in kinds_on_card(metadata):
        itself = "" if one.itself is None else f"{one.itself:.0%}"
        grams = "" if one.grams_off is None else f"{one.grams_off:.0%}"
        table.add_row(kind_title(one.kind), f"{one.items:,}", itself, one.other, grams)
    return table
