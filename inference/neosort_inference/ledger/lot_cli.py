"""`neosort lot open | close | list | show | records`: a lot from its opening to its closing, and all that it holds."""

from __future__ import annotations

from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from neosort_inference.opening import open_config
from neosort_inference.options import ConfigOption, LedgerOption, StateOption
from neosort_inference.state import State, state_folder

if TYPE_CHECKING:
    from neosort_inference.ledger.asking import Opened

app = typer.Typer(
    no_args_is_help=True,
    help="Lots: what a delivery of scrap is called from its opening to its closing.\n\n"
    "Every decision, shot and fault of a line belongs to the lot that is open when it is written. Where nobody has "
    "opened one, the run opens one by itself. A lot that is closed takes nothing more, and its records are signed. "
    "A typical day: 'neosort lot open --supplier … --mass-kg …' when the lorry is tipped, 'neosort lot close' when the "
    "belt is empty, 'neosort lot passport' and 'export' for the buyer. All of it works while the line runs.",
)

LotArgument = Annotated[
    str | None, typer.Argument(metavar="LOT", help="Its name. Left out: the lot that the line has open.")
]
ByOption = Annotated[str | None, typer.Option("--by", help="Who does it. Left out: the account's name.")]


class ExportForm(StrEnum):
    """How a lot is written out."""

    CSV = "csv"
    JSON = "json"


class RecordKind(StrEnum):
    """A kind of record, as its table is called."""

    DECISIONS = "decisions"
    SHOTS = "shots"
    FAULTS = "faults"
    EVENTS = "events"


@app.command("open")
def open_(
    *,
    supplier: Annotated[str, typer.Option(help="Who delivered it.")] = "",
    origin: Annotated[str, typer.Option(help="Where it comes from, like 'municipal collection, Graz'.")] = "",
    category: Annotated[str, typer.Option(help="What it is, like 'WEEE 5, small appliances'.")] = "",
    mass_kg: Annotated[
        float | None, typer.Option("--mass-kg", min=0.001, max=1_000_000, help="Weighed on arrival, in kg.")
    ] = None,
    by: ByOption = None,
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    state: StateOption = None,
) -> None:
    """Open a lot: the line's records go there from now on.

    One lot of a line is open at a time: close the one before first. One that the run has opened by itself is closed by
    this. --config says which line, as for 'neosort run'.
    """
    from neosort_inference.ledger.asking import person  # noqa: PLC0415
    from neosort_inference.ledger.lots import Feed, open_lot  # noqa: PLC0415

    feed = Feed(supplier=supplier, origin=origin, category=category, mass_in_kg=mass_kg)
    with opened_as_asked(ledger, state, made=True) as one:
        lot = open_lot(one.ledger.database, one.place, line=open_config(config).name, by=person(by), feed=feed)
    typer.echo(f"opened {lot.lot_id}, line '{lot.line}'")


@app.command()
def close(
    lot: LotArgument = None,
    *,
    passport: Annotated[bool, typer.Option(help="Issue its passport too.")] = True,
    by: ByOption = None,
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    state: StateOption = None,
) -> None:
    """Close a lot: nothing more goes into it, its records are signed, and its passport is issued.

    A line that runs on opens a lot by itself with its next record; what was decided a moment ago may go there.
    """
    from neosort_inference.ledger.asking import lot_asked, person  # noqa: PLC0415
    from neosort_inference.ledger.lots import close_lot  # noqa: PLC0415

    with opened_as_asked(ledger, state) as one:
        asked = lot_asked(one.ledger, lot, open_config(config).name)
        closed = close_lot(one.ledger.database, one.place, lot_id=asked.lot_id, by=person(by))
        typer.echo(f"closed {closed.lot_id}: {closed.records:,} records, signed")
        if passport:
            from neosort_inference.passport.commands import issue_at_closing  # noqa: PLC0415

            issue_at_closing(one, closed.lot_id)


@app.command("list")
def list_(
    *,
    line: Annotated[str | None, typer.Option(help="Of this line alone.")] = None,
    ledger: LedgerOption = None,
    state: StateOption = None,
) -> None:
    """Every lot, the oldest first: when, from whom, how much, how many records, and whether it is open."""
    from neosort_inference.ledger.lot_screen import lots_table  # noqa: PLC0415

    with opened_as_asked(ledger, state) as one:
        lots = one.ledger.lots(line)
    Console().print(lots_table(lots) if lots else "no lots yet")


@app.command()
def show(
    lot: LotArgument = None,
    *,
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    state: StateOption = None,
) -> None:
    """One lot: what it is, and what its records come to: decisions, kinds, shots, faults, events."""
    from neosort_inference.ledger.asking import counted, lot_asked  # noqa: PLC0415
    from neosort_inference.ledger.lot_screen import lot_table  # noqa: PLC0415

    with opened_as_asked(ledger, state) as one:
        asked = lot_asked(one.ledger, lot, open_config(config).name)
        Console().print(lot_table(asked, counted(one.ledger, asked.lot_id)))


@app.command()
def records(
    lot: LotArgument = None,
    *,
    form: Annotated[ExportForm, typer.Option("--as", help="A table of one kind of record, or everything.")] = (
        ExportForm.JSON
    ),
    kind: Annotated[RecordKind, typer.Option("--of", help="Which records a CSV holds.")] = RecordKind.DECISIONS,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write. Left out: standard output.", dir_okay=False)
    ] = None,
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    state: StateOption = None,
) -> None:
    """Write a lot's records out.

    As JSON: the lot, its signed head and every record with its hash, so that anybody can compute the chain anew. As
    CSV: one kind of record, a line each, in the units that the columns' names say; times are UTC.
    """
    from neosort_inference.ledger.asking import lot_asked  # noqa: PLC0415
    from neosort_inference.ledger.exporting import export_lot  # noqa: PLC0415

    with opened_as_asked(ledger, state) as one:
        asked = lot_asked(one.ledger, lot, open_config(config).name)
        written = export_lot(one, asked, as_csv=kind.value if form is ExportForm.CSV else None, file=out)
    if out is not None:
        typer.echo(f"{out}: {written:,} records of {asked.lot_id}")


def opened_as_asked(ledger: str | None, state: Path | None, *, made: bool = False) -> AbstractContextManager[Opened]:
    """The ledger asked for. SQLAlchemy is loaded here: whoever runs a line does without it."""
    from neosort_inference.ledger.asking import opened  # noqa: PLC0415

    return opened(ledger, State(folder=state_folder(state)).ledger, made=made)
