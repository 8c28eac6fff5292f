"""The signed head of every lot's chain: a small file apart from the database, by which a cut-off tail is found.

A head says: lot, how many records, the hash of the last, and whether the lot is closed. It is written after what it
speaks of has been committed, so it never says more than the database holds.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from neosort_inference.files import sync_folder
from neosort_inference.ledger.chain import stamp
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import Lot
from neosort_inference.ledger.signing import Signed, Signer

SUFFIX, PENDING = ".head.json", ".head.pending"


def head_of(lot: Lot, signer: Signer) -> Signed:
    """The head of ``lot`` as it stands, signed."""
    return signer.sign(
        {
            "neosort": "chain head",
            "version": 1,
            "lot": lot.lot_id,
            "line": lot.line,
            "ordinal": lot.ordinal,
            "previous_lot": lot.previous_lot_id,
            "records": lot.records,
            "hash": lot.head_hash,
            "closed": None if lot.closed_utc is None else stamp(lot.closed_utc),
            "signed": stamp(datetime.now(UTC)),
        }
    )


def read_head(file: Path) -> Signed | None:
    """A head as it lies there, unchecked; None where there is none. Raises ValueError for what is no head."""
    try:
        return Signed.from_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def head_file(place: Place, lot_id: str) -> Path:
    """Where a lot's head lies."""
    return place.heads / f"{lot_id}{SUFFIX}"


def pending_file(place: Place, lot_id: str) -> Path:
    """Where the head of a lot lies that is just being closed."""
    return place.heads / f"{lot_id}{PENDING}"


def doubt_file(place: Place, lot_id: str) -> Path:
    """Where a head is put aside that the chain did not bear out; the next free name."""
    number = 1
    while (file := place.heads / f"{lot_id}.doubt-{number}.json").exists():
        number += 1
    return file


def keep(head: Signed, file: Path) -> None:
    """Write it whole and to the disk, in the place of the one before. Raises OSError."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as opened:
        opened.write(head.to_json())
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(file)
    sync_folder(file.parent)
