"""What is dropped, and how: a signed tombstone first, then the files or records it speaks of."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update

from neosort_inference.ledger import tables
from neosort_inference.ledger.appending import lock_line
from neosort_inference.ledger.chain import microseconds
from neosort_inference.ledger.database import Database
from neosort_inference.ledger.evidence import pictures_in
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import Ledger
from neosort_inference.ledger.records import LedgerError, Lot
from neosort_inference.ledger.retention_limits import Limits
from neosort_inference.ledger.signing import Signer
from neosort_inference.ledger.tombstones import EVIDENCE, LOT, raise_tombstone
from neosort_inference.ledger.verify import check_lot

OLD_SHARE = 0.5  # of an open lot's pictures that go when there is no older lot left


def drop_lot(database: Database, place: Place, signer: Signer, lot_id: str, *, why: str) -> None:
    """Take a closed lot's records and pictures away; its tombstone, its row and its signed head stay.

    Raises `LedgerError` for an open lot, and for one whose records are not as they were signed: that would be hidden.
    """
    ledger = Ledger(database)
    lot = ledger.lot(lot_id)
    if lot.open:
        raise LedgerError(f"lot {lot_id}: is open; close it first")
    if lot.dropped:
        raise LedgerError(f"lot {lot_id}: has been dropped already")
    if bad := check_lot(ledger, place, lot, {signer.public_key}, pictures=False).bad:
        raise LedgerError(f"lot {lot_id}: is not dropped, for it is not as it was signed ({bad[0]})")
    with database.writing() as connection:
        lock_line(connection, lot.line)
        raise_tombstone(connection, signer, lot, what=LOT, to_seq=lot.records, why=why)
        for table in tables.CHAINED.values():
            connection.execute(delete(table).where(table.c.lot_id == lot_id))
        dropped = {"dropped_us": microseconds(datetime.now(UTC))}
        connection.execute(update(tables.lots).where(tables.lots.c.lot_id == lot_id).values(**dropped))
    shutil.rmtree(place.evidence / lot_id, ignore_errors=True)


def drop_evidence(database: Database, place: Place, signer: Signer, lot: Lot, *, why: str, share: float = 1.0) -> int:
    """Take a lot's pictures away, or the oldest ``share`` of them; how many bytes that gave."""
    decisions = tables.decisions
    asked = select(decisions.c.seq, decisions.c.evidence_sha256).where(
        decisions.c.lot_id == lot.lot_id, decisions.c.evidence_sha256.is_not(None)
    )
    with database.reading() as connection:
        kept = [(int(seq), str(sha256)) for seq, sha256 in connection.execute(asked.order_by(decisions.c.seq))]
    there = [(seq, file) for seq, sha256 in kept if (file := place.picture(lot.lot_id, sha256)).exists()]
    if not there:
        return 0
    going = there if share >= 1.0 else there[: max(1, round(share * len(there)))]
    with database.writing() as connection:
        lock_line(connection, lot.line)
        raise_tombstone(connection, signer, lot, what=EVIDENCE, to_seq=going[-1][0], why=why)
    freed = 0
    for file in {file for _, file in going} - {file for _, file in there[len(going) :]}:  # two may look alike
        freed += file.stat().st_size
        file.unlink()
    return freed


def apply_limits(database: Database, place: Place, signer: Signer, limits: Limits) -> None:
    """Drop what is older, or more, than ``limits`` allow, the oldest first. What was doctored with stays."""
    now = datetime.now(UTC)
    ledger = Ledger(database)
    for lot in ledger.lots():
        if lot.dropped or lot.closed_utc is None:
            continue
        age = now - lot.closed_utc
        if limits.lot_days is not None and age > timedelta(days=limits.lot_days):
            _drop_if_sound(database, place, signer, lot, why=f"closed more than {limits.lot_days:g} days ago")
        elif limits.evidence_days is not None and age > timedelta(days=limits.evidence_days):
            why = f"closed more than {limits.evidence_days:g} days ago"
            drop_evidence(database, place, signer, lot, why=why)
    excess = sum(size for _, size in pictures_in(place.evidence)) - limits.evidence_bytes
    why = f"pictures took more than {limits.evidence_bytes / 1e9:g} GB"
    for lot in ledger.lots():
        if excess <= 0:
            return
        excess -= drop_evidence(database, place, signer, lot, why=why, share=OLD_SHARE if lot.open else 1.0)


def _drop_if_sound(database: Database, place: Place, signer: Signer, lot: Lot, *, why: str) -> None:
    try:
        drop_lot(database, place, signer, lot.lot_id, why=why)
    except LedgerError:
        return  # it tells of somebody's doing, and is kept until a person decides
