"""Lots opened and closed, and what people put down about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from neosort_inference.files import sync_folder
from neosort_inference.ledger import tables
from neosort_inference.ledger.appending import append, borne_out, keep_as, keep_head, lock_line
from neosort_inference.ledger.chain import microseconds, stamp
from neosort_inference.ledger.database import Database
from neosort_inference.ledger.heads import head_file, head_of, pending_file
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import open_lot_of, read_lots
from neosort_inference.ledger.records import GENESIS, EventRecord, LedgerError, Lot, Numbered
from neosort_inference.ledger.signing import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is known of a lot when it is opened. ``mass_in_kg``: by the weighbridge, None: not weighed."""

    supplier: str = ""
    origin: str = ""
    category: str = ""
    mass_in_kg: float | None = None


def open_lot(
    database: Database, place: Place, *, line: str, by: str, feed: Feed | None = None, automatic: bool = False
) -> Lot:
    """Open a lot of ``line``: its records go there from now on. A lot that was opened automatically is closed first.

    Raises `LedgerError` while one that a person has opened is open.
    """
    signer = Signer(place)
    with place.alone():
        with database.writing() as connection:
            lock_line(connection, line)
            standing = open_lot_of(connection, line)
            if standing is not None and not standing.automatic:
                raise LedgerError(f"line {line!r}: lot {standing.lot_id} is open; close it first")
            if standing is not None:
                _close(connection, place, signer, lot=standing, by=by)
            lot = begin_lot(connection, place, signer, line=line, by=by, feed=feed or Feed(), automatic=automatic)
        if standing is not None:
            settle(place, standing.lot_id)
        keep_head(place, signer, lot)
    return lot


def close_lot(database: Database, place: Place, *, lot_id: str, by: str) -> Lot:
    """Close a lot: nothing more goes into it, and its head is signed. Raises `LedgerError` where it is closed."""
    signer = Signer(place)
    with place.alone():
        with database.writing() as connection:
            lot = _lot(connection, lot_id)
            lock_line(connection, lot.line)
            lot = _close(connection, place, signer, lot=_lot(connection, lot_id), by=by)
        settle(place, lot_id)
    return lot


def note(database: Database, place: Place, *, lot_id: str, event: str, by: str, detail: Mapping[str, Any]) -> Lot:
    """Put an event into the chain of an open lot, like a weighing. Raises `LedgerError` where it is closed."""
    signer = Signer(place)
    told = EventRecord(utc=datetime.now(UTC), event=event, by=by, detail=detail)
    with place.alone():
        with database.writing() as connection:
            lot = _lot(connection, lot_id)
            lock_line(connection, lot.line)
            lot = _lot(connection, lot_id)
            if not lot.open:
                raise LedgerError(f"lot {lot_id}: is closed, and takes no records any more")
            lot = append(connection, borne_out(connection, place, signer, lot), [Numbered(record=told)])
        keep_head(place, signer, lot)
    return lot


def begin_lot(
    connection: Connection, place: Place, signer: Signer, *, line: str, by: str, feed: Feed, automatic: bool
) -> Lot:
    """A new lot with its first record. The line must be locked, and have no lot open.

    Its head is kept before anything is committed, so that no lot is ever without one: it speaks of no record yet.
    """
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
    keep_head(place, signer, lot)
    connection.execute(tables.lots.insert().values(**_lot_row(lot)))
    return append(connection, lot, [Numbered(record=opening(lot))])


def settle(place: Place, lot_id: str) -> None:
    """The closing of a lot has been committed: its head holds from now on. Raises `LedgerError`."""
    try:
        pending_file(place, lot_id).replace(head_file(place, lot_id))
        sync_folder(place.heads)
    except OSError as error:
        raise LedgerError(f"lot {lot_id}: its head cannot be kept in {place.heads} ({error.strerror})") from error


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


def _close(connection: Connection, place: Place, signer: Signer, *, lot: Lot, by: str) -> Lot:
    """The last record of a lot, and its head beside it until that is committed."""
    now = datetime.now(UTC)
    if not lot.open:
        raise LedgerError(f"lot {lot.lot_id}: is closed already")
    lot = borne_out(connection, place, signer, lot)
    last = EventRecord(utc=now, event="closed", by=by, detail={"records": lot.records + 1})
    lot = replace(append(connection, lot, [Numbered(record=last)]), closed_utc=now, closed_by=by)
    values = {"closed_us": microseconds(now), "closed_by": by}
    connection.execute(update(tables.lots).where(tables.lots.c.lot_id == lot.lot_id).values(**values))
    keep_as(place, head_of(lot, signer), pending_file(place, lot.lot_id))
    return lot


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
