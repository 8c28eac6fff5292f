"""`neosort-data verify`, `stats`, `view` and `split`: what a person asks of a store that is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from neosort_datasets.picture_store import PictureStore
from neosort_datasets.splits import Group, Share, parse_share
from neosort_datasets.store import WindowStore
from neosort_datasets.stores import open_store

StoreArgument = Annotated[Path, typer.Argument(help="Folder of a store of belt windows or of pictures.")]


def verify(store: StoreArgument) -> None:
    """Check a store: every file against the manifest, boxes, kinds, masses, fields, duplicates.

    One line a problem and exit code 1; nothing is changed.
    """
    from neosort_datasets.synthetic import KINDS  # noqa: PLC0415 - brings the simulated world with it
    from neosort_datasets.verification import unmapped_classes, verify_store  # noqa: PLC0415

    found = open_store(store)
    with _progress("checked", len(found)) as (progress, bar):
        problems = verify_store(found, KINDS, lambda: progress.advance(bar))
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    holds = "pictures" if isinstance(found, PictureStore) else "windows"
    typer.echo(f"{store}: {len(found)} {holds}, all as written and all in order")
    if isinstance(found, PictureStore) and (strange := unmapped_classes(found, KINDS)):
        names = ", ".join(f"'{name}'" for name in strange)
        typer.echo(f"no kinds of the catalogue, imported without a class map: {names}")


def stats(
    store: StoreArgument,
    *,
    html: Annotated[Path, typer.Option(help="File of the page; one that is there is replaced.")],
) -> None:
    """Write one HTML page: examples with boxes and field, kinds, magnet masses, field ranges, sizes, sources."""
    from neosort_datasets.statistics import statistics_of  # noqa: PLC0415 - brings matplotlib
    from neosort_datasets.statistics_page import write_statistics_page  # noqa: PLC0415

    found = open_store(store)
    with _progress("counted", len(found)) as (progress, bar):
        counted = statistics_of(found, lambda: progress.advance(bar))
    write_statistics_page(found, counted, html)
    typer.echo(f"{html}: {counted.count:,} {counted.holds}, {counted.kinds.total():,} boxes")


def view(
    store: StoreArgument,
    *,
    out: Annotated[Path, typer.Option(help="PNG file; one that is there is replaced.")],
    first: Annotated[int, typer.Option(min=0, help="The first window or picture, from 0.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 12,
) -> None:
    """Write a contact sheet: windows or pictures with boxes, kinds, and the field in colours over them."""
    from neosort_datasets.contact_sheet import contact_sheet  # noqa: PLC0415 - brings matplotlib

    contact_sheet(open_store(store), first, count, out)
    typer.echo(str(out))


def split(
    source: StoreArgument,
    shares: Annotated[list[str], typer.Argument(metavar="DEST=WEIGHT…", help="New stores, such as runs/train=80.")],
) -> None:
    """Split a store into new ones, named as their folders, by item model and by recording or photograph.

    What shares a model or a source stays together, whatever the weights; where that leaves a share without
    anything the split is refused. The same store split twice splits alike.
    """
    from neosort_datasets.split_stores import split_store  # noqa: PLC0415

    found, parsed = open_store(source), [parse_share(share) for share in shares]
    given = split_store(found, parsed)
    Console().print(_split_table(found, parsed, given))


def _split_table(store: WindowStore | PictureStore, shares: list[Share], given: list[list[Group]]) -> Table:
    holds = "pictures" if isinstance(store, PictureStore) else "windows"
    table = Table("share", holds, "of all", "asked", "groups", "most frequent kinds")
    for column in table.columns[1:5]:
        column.justify = "right"
    weight = sum(share.weight for share in shares)
    for share, groups in zip(shares, given, strict=True):
        part = open_store(share.dest)
        kinds = Counter(_kinds(part)).most_common(4)
        table.add_row(
            Text(share.name),
            f"{len(part):,}",
            f"{len(part) / len(store):.1%}",
            f"{share.weight / weight:.1%}",
            f"{len(groups):,}",
            Text(", ".join(f"{kind} {count:,}" for kind, count in kinds)),
        )
    return table


def _kinds(store: WindowStore | PictureStore) -> Iterator[str]:
    if isinstance(store, PictureStore):
        yield from (box.kind for picture in store for box in picture.boxes)
    else:
        yield from (item.kind for index in range(len(store)) for item in store[index].items)


@contextmanager
def _progress(done: str, total: int) -> Iterator[tuple[Progress, TaskID]]:
    console = Console(stderr=True)
    columns = (TextColumn(done), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task(done, total=total)
