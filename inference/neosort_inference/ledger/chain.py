"""The hash chain of a lot: canonical JSON (RFC 8785), SHA-256, each record over the hash before it.

`rfc8785` writes the JSON, so that anybody can compute the same hash in any language.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785

from neosort_inference.ledger.records import (
    DecisionRecord,
    Entry,
    EventRecord,
    FaultRecord,
    LedgerError,
    Record,
    ShotRecord,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: dict[str, type[Record]] = {kind.table: kind for kind in (DecisionRecord, ShotRecord, FaultRecord, EventRecord)}
_FIELDS = {table: tuple(f.name for f in fields(kind)) for table, kind in _TYPES.items()}


def canonical(value: object) -> bytes:
    """Canonical JSON. Raises `LedgerError` for what JSON cannot say, like a number that is not finite."""
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # what it cannot take, it refuses
    except rfc8785.CanonicalizationError as error:
        raise LedgerError(f"a record that cannot be hashed: {error}") from error


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 UTC, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(us: int) -> datetime:
    """The moment so many microseconds after 1970 UTC, exactly."""
    return _EPOCH + timedelta(microseconds=us)


def stamp(moment: datetime) -> str:
    """As it is hashed and shown: ISO 8601 in UTC with six decimals and a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record_body(record: Record) -> dict[str, Any]:
    """A record as it is hashed, signed and exported: its fields by name."""
    body = {name: getattr(record, name) for name in _FIELDS[record.table]}
    body["utc"] = stamp(record.utc)
    return body


def link(record: Record, *, lot_id: str, seq: int, run_id: str, run_seq: int, previous: str) -> str:
    """The hash of a record in its place, hexadecimal."""
    place = {"lot": lot_id, "seq": seq, "run": run_id, "run_seq": run_seq, "previous": previous}
    return hashlib.sha256(canonical(place | {"kind": record.table, "record": record_body(record)})).hexdigest()


def entry_row(entry: Entry) -> dict[str, Any]:
    """An entry as a row of its table."""
    record = entry.record
    row = {name: getattr(record, name) for name in _FIELDS[record.table]}
    row["utc_us"] = microseconds(row.pop("utc"))
    if isinstance(record, EventRecord):
        row["detail"] = canonical(record.detail).decode()
    for name in ("lot_id", "seq", "run_id", "run_seq", "hash"):
        row[name] = getattr(entry, name)
    return row


def row_entry(table: str, row: Mapping[Any, Any]) -> Entry:
    """A row of that table as an entry. Raises ValueError where no entry can be read from it."""
    values = {name: row[name] for name in _FIELDS[table] if name != "utc"}
    values["utc"] = moment_of(row["utc_us"])
    if table == "event":
        values["detail"] = json.loads(values["detail"])
    return Entry(
        lot_id=row["lot_id"],
        seq=row["seq"],
        run_id=row["run_id"],
        run_seq=row["run_seq"],
        hash=row["hash"],
        record=_TYPES[table](**values),
    )
