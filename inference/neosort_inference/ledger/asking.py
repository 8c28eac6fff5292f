"""What `neosort lot` and `neosort ledger` do, apart from their options."""

from __future__ import annotations

import getpass
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from neosort_inference.ledger import tables
from neosort_inference.ledger.beginning import ledger_url, limits_at
from neosort_inference.ledger.chain import stamp
from neosort_inference.ledger.evidence import pictures_in
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import Ledger, open_ledger
from neosort_inference.ledger.records import LedgerError, Lot
from neosort_inference.ledger.signing import read_public_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A ledger with the files beside it."""

    ledger: Ledger
    place: Place


@contextmanager
def opened(asked: str | None, folder: Path, *, made: bool = False) -> Iterator[Opened]:
    """The ledger asked for, its files in ``folder``. ``made``: where it is missing; else that is a `LedgerError`."""
    url, place = ledger_url(asked, folder), Place(folder=folder)
    file = Path(url.removeprefix("sqlite:///"))
    if not made and url.startswith("sqlite:///") and not file.exists():
        raise LedgerError(f"ledger {file}: there is none yet; a run makes it, or 'neosort lot open'")
    with open_ledger(url) as ledger:
        yield Opened(ledger=ledger, place=place)


def person(given: str | None) -> str:
    """Who does something: the name given, or the account's."""
    return given or getpass.getuser()


def lot_asked(ledger: Ledger, lot_id: str | None, line: str) -> Lot:
    """The lot of that name, or the one that the line has open. Raises `LedgerError`."""
    if lot_id is not None:
        return ledger.lot(lot_id)
    lot = ledger.current_lot(line)
    if lot is None:
        raise LedgerError(f"line {line!r}: no lot is open; name one ('neosort lot list' shows all)")
    return lot


def trusted_keys(place: Place, files: Sequence[Path]) -> set[str]:
    """The public keys whose signatures count: those given, or the machine's own."""
    return {read_public_key(file) for file in (files or [place.public_key_file])}


def told(lot: Lot) -> dict[str, Any]:
    """A lot ready for JSON."""
    return {
        "lot": lot.lot_id,
        "line": lot.line,
        "ordinal": lot.ordinal,
        "supplier": lot.supplier,
        "origin": lot.origin,
        "category": lot.category,
        "mass_in_kg": lot.mass_in_kg,
        "automatic": lot.automatic,
        "opened": stamp(lot.opened_utc),
        "opened_by": lot.opened_by,
        "closed": None if lot.closed_utc is None else stamp(lot.closed_utc),
        "closed_by": lot.closed_by,
        "records": lot.records,
        "head_hash": lot.head_hash,
        "previous_lot": lot.previous_lot_id,
        "dropped": None if lot.dropped_utc is None else stamp(lot.dropped_utc),
    }


def counted(ledger: Ledger, lot_id: str) -> dict[str, Any]:
    """What a lot's records come to: decisions by verdict and by kind, shots by outcome, faults by name."""
    tallies: dict[str, Counter[str]] = {}
    with ledger.database.reading() as connection:
        for name, column in (
            ("verdicts", tables.decisions.c.verdict),
            ("kinds", tables.decisions.c.kind),
            ("shots", tables.shots.c.outcome),
            ("faults", tables.faults.c.fault),
            ("events", tables.events.c.event),
        ):
            asked = select(column, func.count()).where(column.table.c.lot_id == lot_id).group_by(column)
            tallies[name] = Counter({str(value): int(count) for value, count in connection.execute(asked)})
        pictures = select(func.count(tables.decisions.c.evidence_sha256)).where(tables.decisions.c.lot_id == lot_id)
        kept = int(connection.execute(pictures).scalar() or 0)
    return {
        "decisions": tallies["verdicts"].total(),
        **{name: dict(tally.most_common()) for name, tally in tallies.items()},
        "pictures": kept,
    }


def figures(one: Opened) -> dict[str, Any]:
    """How much there is: lots, records by kind, bytes, room, and what is kept for how long."""
    ledger, place = one.ledger, one.place
    lots = ledger.lots()
    with ledger.database.reading() as connection:
        records = {
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
            for table in tables.CHAINED.values()
        }
    pictures = list(pictures_in(place.evidence))
    limits = limits_at(place)
    return {
        "ledger": ledger.database.name,
        "folder": str(place.folder),
        "lots": len(lots),
        "open": [lot.lot_id for lot in lots if lot.open],
        "dropped": sum(lot.dropped for lot in lots),
        "records": records,
        "database_bytes": _database_bytes(one),
        "pictures": len(pictures),
        "picture_bytes": sum(size for _, size in pictures),
        "free_bytes": shutil.disk_usage(place.folder).free,
        "limits": {
            "evidence_bytes": limits.evidence_bytes,
            "evidence_days": limits.evidence_days,
            "lot_days": limits.lot_days,
            "reserve_bytes": limits.reserve_bytes,
        },
    }


def _database_bytes(one: Opened) -> int:
    database = one.ledger.database
    if database.sqlite:
        files = [Path(f"{database.url.database}{end}") for end in ("", "-wal")]
        return sum(file.stat().st_size for file in files if file.exists())
    with database.reading() as connection:
        return int(connection.execute(select(func.pg_database_size(func.current_database()))).scalar() or 0)
