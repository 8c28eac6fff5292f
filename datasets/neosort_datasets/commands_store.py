"""`neosort-data verify`: what a person asks of a store that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neosort_datasets.store import WindowStore


def verify(store: Annotated[Path, typer.Argument(help="Folder of the store.")]) -> None:
    """Check every file of a store against its manifest."""
    found = WindowStore(store)
    problems = found.verify()
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{store}: {len(found)} windows, all as written")
