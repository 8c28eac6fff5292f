"""Lots and checks as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from neosort_inference.ledger.records import Lot
from neosort_inference.ledger.verify import LotCheck
from neosort_inference.words import kind_title

NOTHING = "–"


def lots_table(lots: Sequence[Lot]) -> Table:
    """A row a lot."""
    table = Table(box=SIMPLE_HEAD)
    for title in ("lot", "opened"):
        table.add_column(title, no_wrap=True)
    table.add_column("supplier")
    for title in ("mass in", "records"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("state")
    for lot in lots:
        opened = f"{lot.opened_utc:%Y-%m-%d}"
        table.add_row(lot.lot_id, opened, lot.supplier or NOTHING, _mass(lot), f"{lot.records:,}", state_of(lot))
    return table


def lot_table(lot: Lot, counts: Mapping[str, Any]) -> Table:
    """One lot, and what its records come to."""
    table = Table(show_header=False, title=lot.lot_id)
    table.add_row("line", lot.line)
    table.add_row("state", state_of(lot))
    for name, value in (("supplier", lot.supplier), ("origin", lot.origin), ("category", lot.category)):
        table.add_row(name, value or NOTHING)
    table.add_row("mass in", _mass(lot))
    table.add_row("opened", f"{_moment(lot.opened_utc)} UTC by {lot.opened_by}")
    if lot.closed_utc is not None:
        table.add_row("closed", f"{_moment(lot.closed_utc)} UTC by {lot.closed_by}")
    table.add_row("records", f"{lot.records:,}, the last {lot.head_hash[:16]}…")
    table.add_row("decisions", f"{counts['decisions']:,}, {counts['pictures']:,} with a picture")
    for name in ("verdicts", "shots", "faults", "events"):
        table.add_row(name, _listed(counts[name]))
    table.add_row("kinds", _listed({kind_title(kind): count for kind, count in counts["kinds"].items()}))
    return table


def stats_table(told: Mapping[str, Any]) -> Table:
    """How much there is."""
    table = Table(show_header=False)
    table.add_row("ledger", str(told["ledger"]))
    table.add_row("folder", str(told["folder"]))
    table.add_row("lots", f"{told['lots']:,}, {told['dropped']:,} dropped; open: {', '.join(told['open']) or NOTHING}")
    table.add_row("records", _listed(told["records"]))
    table.add_row("database", f"{told['database_bytes'] / 1e6:,.1f} MB")
    table.add_row("pictures", f"{told['pictures']:,}, {told['picture_bytes'] / 1e6:,.1f} MB")
    limits = told["limits"]
    days, lot_days = limits["evidence_days"], limits["lot_days"]
    kept = f"{limits['evidence_bytes'] / 1e9:g} GB" + ("" if days is None else f" or {days:g} days after closing")
    table.add_row("pictures are kept", f"up to {kept}")
    table.add_row("lots are kept", "for ever" if lot_days is None else f"{lot_days:g} days after closing")
    table.add_row("left on the disk", f"{told['free_bytes'] / 1e9:,.1f} GB")
    return table


def check_lines(check: LotCheck) -> Iterator[str]:
    """One lot's check: a line for it, and one for everything that is wrong or worth knowing."""
    state = "closed" if check.closed else "open"
    signed = "" if check.signed == check.records else f", {check.signed:,} of them under a signed head yet"
    verdict = "NOT AS WRITTEN" if check.bad else "as written"
    yield f"{check.lot_id}  {verdict}: {state}, {check.records:,} records{signed}"
    for bad in check.bad:
        yield f"    {bad}"
    for note in check.notes:
        yield f"    {note}"


def check_told(check: LotCheck) -> dict[str, Any]:
    """The same, ready for JSON."""
    return {
        "lot": check.lot_id,
        "as_written": not check.bad,
        "closed": check.closed,
        "records": check.records,
        "signed": check.signed,
        "bad": [asdict(bad) for bad in check.bad],
        "notes": list(check.notes),
    }


def state_of(lot: Lot) -> str:
    """In a word or two."""
    if lot.dropped:
        return "dropped"
    return ("open" if lot.open else "closed") + (", automatic" if lot.automatic else "")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or NOTHING


def _mass(lot: Lot) -> str:
    return NOTHING if lot.mass_in_kg is None else f"{lot.mass_in_kg:,.1f} kg"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
