"""Records put behind the last of a lot, and the signed head that speaks of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select, text, update

from neosort_inference.ledger import tables
from neosort_inference.ledger.chain import entry_row, link
from neosort_inference.ledger.heads import doubt_file, head_file, head_of, keep, read_head
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import Entry, EventRecord, LedgerError, Lot, Numbered
from neosort_inference.ledger.signing import Signed, Signer


def lock_line(connection: Connection, line: str) -> None:
    """Nobody else writes for this line until the transaction ends. SQLite lets only one write at all."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


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


def borne_out(connection: Connection, place: Place, signer: Signer, lot: Lot) -> Lot:
    """An open lot, once its chain has been held against its signed head, before anything is put behind it.

    Where the two do not agree the head is put aside for whoever verifies, and the chain says so.
    """
    file = head_file(place, lot.lot_id)
    try:
        head = read_head(file)
    except ValueError:
        said = None
    else:
        if head is None or _holds(connection, signer, lot, head):
            return lot
        said = head.body.get("records")
    aside = doubt_file(place, lot.lot_id)
    file.replace(aside)
    detail = {"head": aside.name, "records_said": said, "records_found": lot.records}
    doubt = EventRecord(utc=datetime.now(UTC), event="doubt", by="neosort", detail=detail)
    return append(connection, lot, [Numbered(record=doubt)])


def keep_head(place: Place, signer: Signer, lot: Lot) -> None:
    """Keep the signed head of an open lot as it has just been committed. Raises `LedgerError`."""
    keep_as(place, head_of(lot, signer), head_file(place, lot.lot_id))


def keep_as(place: Place, head: Signed, file: Path) -> None:
    """Keep a head in that file. Raises `LedgerError`."""
    try:
        keep(head, file)
    except OSError as error:
        raise LedgerError(f"{file.name}: cannot be kept in {place.heads} ({error.strerror})") from error


def _holds(connection: Connection, signer: Signer, lot: Lot, head: Signed) -> bool:
    records = head.body.get("records")
    if not head.valid(signer.public_key) or head.body.get("lot") != lot.lot_id or not isinstance(records, int):
        return False
    return records == 0 or _hash_at(connection, lot.lot_id, records) == head.body.get("hash")


def _hash_at(connection: Connection, lot_id: str, seq: int) -> str | None:
    """The hash of the record of that number; None where there is none."""
    for table in tables.CHAINED.values():
        asked = select(table.c.hash).where(table.c.lot_id == lot_id, table.c.seq == seq)
        if (found := connection.execute(asked).scalar()) is not None:
            return str(found)
    return None


def _chained(lot: Lot, items: Iterable[Numbered]) -> Iterable[Entry]:
    previous = lot.head_hash
    for seq, item in enumerate(items, start=lot.records + 1):
        place = {"lot_id": lot.lot_id, "seq": seq, "run_id": item.run_id, "run_seq": item.run_seq}
        previous = link(item.record, previous=previous, **place)  # type: ignore[arg-type]
        yield Entry(**place, hash=previous, record=item.record)  # type: ignore[arg-type]
