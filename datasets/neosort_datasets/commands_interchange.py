"""`neosort-data import` and `export`: other people's data sets, in and out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from neosort_datasets.interchange.exporting import WRITERS, export_pictures
from neosort_datasets.interchange.formats import FORMATS
from neosort_datasets.interchange.importing import AUTO, ImportReport, ImportRequest, import_pictures
from neosort_datasets.picture_store import PictureStore
from neosort_datasets.stores import open_store
from neosort_datasets.window_pictures import window_pictures


def import_(
    source: Annotated[Path, typer.Argument(help="Folder of the data set, unpacked.")],
    store: Annotated[Path, typer.Argument(help="Folder of the picture store; an existing one is added to.")],
    *,
    source_format: Annotated[str, typer.Option("--format", help=f"{AUTO}, {', '.join(FORMATS)}.")] = AUTO,
    class_map: Annotated[
        Path | None, typer.Option(help="TOML: which kind of the catalogue a class is. Left out: classes stay as named.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Its licence. Left out: as the source states it.")] = "",
    origin: Annotated[str, typer.Option(help="Where it is from. Left out: as the source states it.")] = "",
) -> None:
    """Take a data set's pictures and boxes into a picture store, and tell everything that was wrong with it.

    Pictures that the store already holds are not taken again: an import that broke off is simply repeated.
    """
    request = ImportRequest(
        source=source,
        store=store,
        source_format=source_format,
        class_map=class_map,
        licence=licence,
        origin=origin,
    )
    with _progress() as progress:
        bar = progress.add_task("pictures", total=None)
        report = import_pictures(
            request, _kinds(class_map), lambda done, of: progress.update(bar, completed=done, total=of)
        )
    _show(report, source, store, Console())


def _kinds(class_map: Path | None) -> tuple[str, ...]:
    """Those of the catalogue, which only a class map asks for."""
    if class_map is None:
        return ()
    from neosort_datasets.synthetic import KINDS  # noqa: PLC0415 - brings the simulated world with it

    return KINDS


def _show(report: ImportReport, source: Path, store: Path, console: Console) -> None:
    console.print(Text(f"{source} ({report.source_format}) into {store}"))
    console.print(_counts("taken", report.pictures, report.boxes))
    console.print(report.findings.table() if report.findings.counts else "nothing was wrong with it")
    licences = ", ".join(f"{name} ({count:,})" for name, count in report.licences.items()) or "none taken"
    console.print(Text(f"origin: {report.origin}; licence: {licences}"))


def export(
    store: Annotated[Path, typer.Argument(help="Folder of a picture store or of a store of belt windows.")],
    dest: Annotated[Path, typer.Argument(help="New folder for the data set.")],
    *,
    target_format: Annotated[str, typer.Option("--format", help=f"{', '.join(WRITERS)}.")],
) -> None:
    """Write a store's pictures and boxes as a data set that other programs read.

    Of a belt window its picture is written, and the boxes of the items that show; the field has no place in these
    formats. SOURCES.txt says where the pictures are from and under which licences.
    """
    opened = open_store(store)
    pictures = iter(opened) if isinstance(opened, PictureStore) else window_pictures(opened)
    with _progress() as progress:
        shown = progress.track(pictures, total=len(opened))
        report = export_pictures(shown, opened.kinds(), dest, target_format)
    console = Console()
    console.print(Text(f"{store} into {dest} ({target_format})"))
    console.print(_counts("written", report.pictures, report.boxes))


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _counts(done: str, pictures: int, boxes: Counter[str]) -> Table:
    table = Table(done, "")
    table.columns[1].justify = "right"
    table.add_row("pictures", f"{pictures:,}")
    table.add_row("boxes", f"{boxes.total():,}")
    for kind, count in sorted(boxes.items()):
        table.add_row(Text(f"  {kind}"), f"{count:,}")
    return table
