"""`neosort ledger`: is it as it was written, how much is there, and what may go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from neosort_inference.bench.record import keep, must_take_json
from neosort_inference.ledger.lot_cli import opened_as_asked
from neosort_inference.options import JsonOption, LedgerOption, StateOption

app = typer.Typer(
    no_args_is_help=True,
    help="The ledger: every lot with its decisions, shots and faults, in chains that show what was changed.\n\n"
    "Each record is hashed together with the one before it; the head of every chain is signed with a key that stays on "
    "this machine (ledger.key, mode 0600) and is kept apart from the database, in heads/. Give ledger.pub away and "
    "keep copies of heads/ elsewhere ('verify --heads'): whoever owns this machine and its key cannot change those.",
)


@app.command()
def verify(
    lot: Annotated[str | None, typer.Argument(metavar="LOT", help="One lot alone. Left out: all of them.")] = None,
    *,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--public-key",
            help="Whose signatures count (ledger.pub), repeatable. Left out: this machine's.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(help="Folder of signed heads. Left out: this machine's own.", file_okay=False, exists=True),
    ] = None,
    line: Annotated[
        str | None, typer.Option(help="Of this line alone: where several share a database, each has its own heads.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Read every picture, too.")] = True,
    ledger: LedgerOption = None,
    state: StateOption = None,
    json_file: JsonOption = None,
) -> None:
    """Is everything as it was written? Computes every chain anew and holds it against its signed head.

    Finds records that were changed, removed, put in, reordered or cut off, and names the first of each lot; lots that
    are gone; pictures that are not those of the chain. What retention has dropped is no fault where a signed tombstone
    says so. Works while the line runs. Exit code 1 where anything is wrong.
    """
    from neosort_inference.ledger.asking import trusted_keys  # noqa: PLC0415
    from neosort_inference.ledger.lot_screen import check_lines, check_told  # noqa: PLC0415
    from neosort_inference.ledger.verify import check_lot  # noqa: PLC0415
    from neosort_inference.ledger.verify import verify as verify_all  # noqa: PLC0415

    must_take_json(json_file)
    console, checks = Console(), []
    with opened_as_asked(ledger, state) as one:
        keys = trusted_keys(one.place, public_key or [])
        place = replace(one.place, heads_elsewhere=heads)
        asked = (
            verify_all(one.ledger, place, keys, line=line, pictures=pictures)
            if lot is None
            else iter([check_lot(one.ledger, place, one.ledger.lot(lot), keys, pictures=pictures)])
        )
        for check in asked:
            checks.append(check)
            for words in check_lines(check):
                console.print(words, highlight=False, markup=False, soft_wrap=True)
    bad = sum(bool(check.bad) for check in checks)
    console.print(f"{len(checks):,} lots: {f'{bad:,} NOT as written' if bad else 'all as written'}", highlight=False)
    keep({"as_written": not bad, "lots": [check_told(check) for check in checks]}, json_file, console)
    raise typer.Exit(1 if bad else 0)


@app.command()
def stats(*, ledger: LedgerOption = None, state: StateOption = None, json_file: JsonOption = None) -> None:
    """How much is there? Lots, records, bytes of the database and of pictures, and how long what is kept."""
    from neosort_inference.ledger.asking import figures  # noqa: PLC0415
    from neosort_inference.ledger.lot_screen import stats_table  # noqa: PLC0415

    must_take_json(json_file)
    with opened_as_asked(ledger, state) as one:
        told = figures(one)
    console = Console()
    console.print(stats_table(told))
    keep(told, json_file, console)


@app.command()
def drop(
    lot: Annotated[str, typer.Argument(metavar="LOT", help="A closed lot.")],
    *,
    why: Annotated[str, typer.Option(help="What the tombstone says.")],
    pictures_only: Annotated[bool, typer.Option("--pictures-only", help="Keep the records.")] = False,
    ledger: LedgerOption = None,
    state: StateOption = None,
) -> None:
    """Take a closed lot out of the ledger, or its pictures alone. A signed tombstone stays, which 'verify' shows.

    Refused where the lot is not as it was signed. What is to go by itself, by age or size, says ledger.toml beside the
    ledger: evidence_gb, evidence_days, lot_days, reserve_gb.
    """
    from neosort_inference.ledger.retention import drop_evidence, drop_lot  # noqa: PLC0415
    from neosort_inference.ledger.signing import Signer  # noqa: PLC0415

    with opened_as_asked(ledger, state) as one:
        database, signer = one.ledger.database, Signer(one.place)
        if pictures_only:
            freed = drop_evidence(database, one.place, signer, one.ledger.lot(lot), why=why)
            typer.echo(f"{lot}: pictures dropped, {freed / 1e6:,.1f} MB")
        else:
            drop_lot(database, one.place, signer, lot, why=why)
            typer.echo(f"{lot}: dropped; its tombstone stays")
