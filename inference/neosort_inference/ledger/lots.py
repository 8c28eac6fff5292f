"""Lots opened and closed, and records put into them: everything that writes into a chain."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, text, update

from neosort_inference.ledger import tables
from neosort_inference.ledger.chain import entry_row, link, microseconds, stamp
from neosort_inference.ledger.database import Database
from neosort_inference.ledger.heads import head_file, head_of, keep, pending_file
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import open_lot_of, read_lots
from neosort_inference.ledger.records import GENESIS, Entry, EventRecord, LedgerError, Lot, Record
from neosort_inference.ledger.signing import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is known of a lot when it is opened. ``mass_in_kg``: by the weighbridge, None: not weighed."""

    supplier: str = ""
    origin: str = ""
    category: str = ""
    mass_in_kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A record on its way into the ledger, with its writer's number; a person's has none."""

    record: Record
    run_id: str = ""
    run_seq: int = 0


def open_lot(
    database: Database, place: Place, *, line: str, by: str, feed: Feed | None = None, automatic: bool = False
) -> Lot:
    """Open a lot of ``line``: its records go there from now on. A lot that was opened automatically is closed first.

    Raises `LedgerError` while one that a person has opened is open.
    """
    with database.writing() as connection:
        lock_line(connection, line)
        standing = open_lot_of(connection, line)
    if standing is not None and not standing.automatic:
        raise LedgerError(f"line {line!r}: lot {standing.lot_id} is open; close it first")
    if standing is not None:
        close_lot(database, place, lot_id=standing.lot_id, by=by)
    with database.writing() as connection:
        lock_line(connection, line)
        return begin_lot(connection, line=line, by=by, feed=feed or Feed(), automatic=automatic)


def close_lot(database: Database, place: Place, *, lot_id: str, by: str) -> Lot:
    """Close a lot: nothing more goes into it, and its head is signed. Raises `LedgerError` where it is closed."""
    signer = Signer(place)
    try:
        with database.writing() as connection:
            lot = _lot(connection, lot_id)
            lock_line(connection, lot.line)
            lot = _lot(connection, lot_id)
            now = datetime.now(UTC)
            if not lot.open:
                raise LedgerError(f"lot {lot_id}: is closed already")
            last = EventRecord(utc=now, event="closed", by=by, detail={"records": lot.records + 1})
            lot = replace(append(connection, lot, [Numbered(record=last)]), closed_utc=now, closed_by=by)
            values = {"closed_us": microseconds(now), "closed_by": by}
            connection.execute(update(tables.lots).where(tables.lots.c.lot_id == lot_id).values(**values))
            keep(head_of(lot, signer), pending_file(place, lot_id))
        pending_file(place, lot_id).replace(head_file(place, lot_id))
    except OSError as error:
        raise LedgerError(f"lot {lot_id}: its head cannot be kept in {place.heads} ({error.strerror})") from error
    return lot


def note(database: Database, *, lot_id: str, event: str, by: str, detail: Mapping[str, Any]) -> Lot:
    """Put an event into the chain of an open lot, like a weighing. Raises `LedgerError` where it is closed."""
    with database.writing() as connection:
        lot = _lot(connection, lot_id)
        lock_line(connection, lot.line)
        lot = _lot(connection, lot_id)
        if not lot.open:
            raise LedgerError(f"lot {lot_id}: is closed, and takes no records any more")
        told = EventRecord(utc=datetime.now(UTC), event=event, by=by, detail=detail)
        return append(connection, lot, [Numbered(record=told)])


def begin_lot(connection: Connection, *, line: str, by: str, feed: Feed, automatic: bool) -> Lot:
    """A new lot with its first record. The line must be locked, and have no lot open."""
    lots = tables.lots
    last = read_lots(connection, select(lots).where(lots.c.line == line).order_by(lots.c.ordinal.desc()).limit(1))
    now = datetime.now(UTC)
    ordinal = last[0].ordinal + 1 if last else 1
    lot = Lot(
        lot_id=f"{_in_a_name(line)}-{now:%Y%m%d}-{ordinal:04d}",
        line=line,
        ordinal=ordinal,
        supplier=feed.supplier,
        origin=feed.origin,
        category=feed.category,
        mass_in_kg=feed.mass_in_kg,
        automatic=automatic,
        opened_utc=now,
        opened_by=by,
        head_hash=last[0].head_hash if last else GENESIS,
        previous_lot_id=last[0].lot_id if last else None,
    )
    connection.execute(tables.lots.insert().values(**_lot_row(lot)))
    return append(connection, lot, [Numbered(record=opening(lot))])


def append(connection: Connection, lot: Lot, items: Sequence[Numbered]) -> Lot:
    """Put records behind the last of an open lot, in their order; the lot as it stands then.

    The line must be locked. Raises `LedgerError` for a record that cannot be hashed; nothing is written then.
    """
    entries = list(_chained(lot, items))
    for name, table in tables.CHAINED.items():
        if found := [entry_row(entry) for entry in entries if entry.record.table == name]:
            connection.execute(table.insert(), found)
    lot = replace(lot, records=lot.records + len(entries), head_hash=entries[-1].hash if entries else lot.head_hash)
    values = {"records": lot.records, "head_hash": lot.head_hash}
    connection.execute(update(tables.lots).where(tables.lots.c.lot_id == lot.lot_id).values(**values))
    return lot


def lock_line(connection: Connection, line: str) -> None:
    """Nobody else writes for this line until the transaction ends. SQLite lets only one write at all."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def opening(lot: Lot) -> EventRecord:
    """A lot's first record: everything that was known of it."""
    detail = {
        "line": lot.line,
        "ordinal": lot.ordinal,
        "supplier": lot.supplier,
        "origin": lot.origin,
        "category": lot.category,
        "mass_in_kg": lot.mass_in_kg,
        "automatic": lot.automatic,
        "opened": stamp(lot.opened_utc),
        "previous_lot": lot.previous_lot_id,
    }
    return EventRecord(utc=lot.opened_utc, event="opened", by=lot.opened_by, detail=detail)


def _chained(lot: Lot, items: Iterable[Numbered]) -> Iterable[Entry]:
    previous = lot.head_hash
    for seq, item in enumerate(items, start=lot.records + 1):
        place = {"lot_id": lot.lot_id, "seq": seq, "run_id": item.run_id, "run_seq": item.run_seq}
        previous = link(item.record, previous=previous, **place)  # type: ignore[arg-type]
        yield Entry(**place, hash=previous, record=item.record)  # type: ignore[arg-type]


def _lot(connection: Connection, lot_id: str) -> Lot:
    found = read_lots(connection, select(tables.lots).where(tables.lots.c.lot_id == lot_id))
    if not found:
        raise LedgerError(f"no lot {lot_id!r} in this ledger")
    return found[0]


def _lot_row(lot: Lot) -> dict[str, Any]:
    names = [column.name for column in tables.lots.columns if not column.name.endswith("_us")]
    moments = {"opened_us": lot.opened_utc, "closed_us": lot.closed_utc, "dropped_us": lot.dropped_utc}
    return {name: getattr(lot, name) for name in names} | {
        name: None if moment is None else microseconds(moment) for name, moment in moments.items()
    }


def _in_a_name(line: str) -> str:
    """A line's name as it may stand in the name of a file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", line).strip("-.") or "line"
