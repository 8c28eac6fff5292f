"""Signed words on what was taken out of a ledger on purpose: a whole lot, or its pictures up to a record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from neosort_inference.ledger import tables
from neosort_inference.ledger.chain import canonical, stamp
from neosort_inference.ledger.records import Lot
from neosort_inference.ledger.signing import Signed, Signer

LOT, EVIDENCE = "lot", "evidence"


def raise_tombstone(connection: Connection, signer: Signer, lot: Lot, *, what: str, to_seq: int, why: str) -> Signed:
    """Put down that ``what`` of ``lot`` goes, up to record ``to_seq``. Before it goes."""
    body: dict[str, Any] = {
        "neosort": "tombstone",
        "version": 1,
        "what": what,
        "lot": lot.lot_id,
        "line": lot.line,
        "ordinal": lot.ordinal,
        "previous_lot": lot.previous_lot_id,
        "records": lot.records,
        "hash": lot.head_hash,
        "to_seq": to_seq,
        "why": why,
        "dropped": stamp(datetime.now(UTC)),
    }
    signed = signer.sign(body)
    row = {"lot_id": lot.lot_id, "body": canonical(body).decode()}
    row |= {"public_key": signed.public_key, "signature": signed.signature}
    connection.execute(tables.tombstones.insert().values(**row))
    return signed


def tombstones_of(connection: Connection, lot_id: str) -> tuple[Signed, ...]:
    """Every tombstone of a lot as it stands there, unchecked."""
    asked = select(tables.tombstones).where(tables.tombstones.c.lot_id == lot_id)
    found = connection.execute(asked.order_by(tables.tombstones.c.tombstone_id)).mappings()
    return tuple(
        Signed(body=json.loads(row["body"]), public_key=row["public_key"], signature=row["signature"]) for row in found
    )
