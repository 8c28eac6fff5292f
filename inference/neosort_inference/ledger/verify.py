"""Whether a ledger is as it was written: every chain followed, and held against what was signed and kept apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from neosort_inference.ledger import tables
from neosort_inference.ledger.chain import record_body, stamp
from neosort_inference.ledger.chain_check import Bad, Chain
from neosort_inference.ledger.heads import SUFFIX, head_file, pending_file, read_head
from neosort_inference.ledger.lots import opening
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import Ledger, read_lots, rows
from neosort_inference.ledger.records import GENESIS, Lot
from neosort_inference.ledger.tombstones import EVIDENCE, LOT, tombstones_of


@dataclass(slots=True, kw_only=True)
class LotCheck:
    """What came of checking one lot. ``records``: as written, from the first on. ``signed``: how many of them a signed
    head vouches for. ``notes``: what a person should know of it without anything being wrong."""

    lot_id: str
    closed: bool = False
    records: int = 0
    signed: int = 0
    bad: list[Bad] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def wrong(self, words: str, seq: int | None = None) -> None:
        """One more thing that is not as it was written."""
        self.bad.append(Bad(seq=seq, words=words))


def verify(
    ledger: Ledger, place: Place, trusted: Collection[str], *, line: str | None = None, pictures: bool = True
) -> Iterator[LotCheck]:
    """Check every lot, the oldest first, and then whether one is missing whose head is there.

    ``trusted``: public keys, hexadecimal; nobody else's signature counts. ``line``: its lots alone. ``pictures``:
    whether every picture is read.
    """
    seen = {lot.lot_id for lot in ledger.lots()}
    ordinals: dict[str, int] = {}
    for lot in ledger.lots(line):
        check = check_lot(ledger, place, lot, trusted, pictures=pictures)
        if lot.ordinal != (wanted := ordinals.get(lot.line, 0) + 1):
            check.wrong(f"the lot before it, number {wanted} of line {lot.line!r}, is missing")
        ordinals[lot.line] = lot.ordinal
        yield check
    for file in sorted(place.heads.glob(f"*{SUFFIX}")):
        lot_id = file.name.removesuffix(SUFFIX)
        if lot_id not in seen and _speaks_of_records(file):
            yield LotCheck(lot_id=lot_id, bad=[Bad(seq=None, words=f"the whole lot is missing; its head is {file}")])


def check_lot(ledger: Ledger, place: Place, lot: Lot, trusted: Collection[str], *, pictures: bool = True) -> LotCheck:
    """One lot: its records, its head, the lot before it, its tombstones, its pictures."""
    check = LotCheck(lot_id=lot.lot_id)
    heads = _heads(place, lot.lot_id, trusted, check)  # before the records: they never say more than those
    with ledger.database.reading() as connection:
        lot = read_lots(connection, select(tables.lots).where(tables.lots.c.lot_id == lot.lot_id))[0]
        check.closed, head = not lot.open, _head_of(lot, heads, place, check)
        stones = _stones(connection, lot, trusted, check)
        if lot.dropped:
            _check_dropped(connection, lot, head, stones, check)
            return check
        gone_to = max((int(stone["to_seq"]) for stone in stones if stone["what"] == EVIDENCE), default=0)
        chain = Chain(lot.lot_id, mark=int(head.get("records", 0)), place=place, gone_to=gone_to, pictures=pictures)
        chain.follow(connection, _hash_before(connection, lot))
    check.records = chain.count
    check.signed = head["records"] if chain.hash_at is not None and chain.hash_at == head["hash"] else 0
    if chain.broken is not None:
        check.bad.append(chain.broken)
    else:
        _check_end(lot, chain, head, check)
        _check_row(lot, chain, head, check)
    check.bad += chain.bad_pictures
    if chain.pictures_gone:
        check.notes.append(f"{chain.pictures_gone:,} pictures were dropped, as a signed tombstone says")
    for file in sorted(place.heads.glob(f"{lot.lot_id}.doubt-*.json")):
        check.wrong(f"when writing went on, its records did not bear out the signed head put aside as {file}")
    return check


def _heads(place: Place, lot_id: str, trusted: Collection[str], check: LotCheck) -> dict[Path, Mapping[str, Any]]:
    """What signed heads say, by their files: the one in force, and that of a closing that was perhaps broken off."""
    found: dict[Path, Mapping[str, Any]] = {}
    for file in (head_file(place, lot_id), pending_file(place, lot_id)):
        try:
            head = read_head(file)
        except (ValueError, OSError):
            check.wrong(f"its signed head {file} cannot be read")
            continue
        if head is not None and head.public_key in trusted and head.valid() and head.body.get("lot") == lot_id:
            found[file] = head.body
        elif head is not None:
            check.wrong(f"its head {file} is not signed by a key that is trusted")
    return found


def _head_of(lot: Lot, heads: Mapping[Path, Mapping[str, Any]], place: Place, check: LotCheck) -> Mapping[str, Any]:
    """The head that holds for the lot as it stands; empty where there is none."""
    closing = heads.get(pending_file(place, lot.lot_id))
    if closing is not None and not lot.open and closing["hash"] == lot.head_hash:
        return closing
    head = heads.get(file := head_file(place, lot.lot_id))
    if head is None and not check.bad:
        check.wrong(f"its signed head {file} is missing: nothing says where its records end")
    return head or {}


def _stones(connection: Connection, lot: Lot, trusted: Collection[str], check: LotCheck) -> list[Mapping[str, Any]]:
    """What tombstones say that can be believed."""
    found: list[Mapping[str, Any]] = []
    for stone in tombstones_of(connection, lot.lot_id):
        if stone.public_key in trusted and stone.valid() and stone.body.get("lot") == lot.lot_id:
            found.append(stone.body)
        else:
            check.wrong("a tombstone of it is not signed by a key that is trusted")
    return found


def _check_dropped(
    connection: Connection, lot: Lot, head: Mapping[str, Any], stones: list[Mapping[str, Any]], check: LotCheck
) -> None:
    if next(rows(connection, lot.lot_id), None) is not None:
        check.wrong("was dropped, and yet records of it are there")
    stone = next((stone for stone in stones if stone["what"] == LOT), None)
    if stone is None:
        check.wrong("its records are gone, and no signed tombstone says why")
    elif (stone["hash"], stone["records"]) != (lot.head_hash, lot.records) or head.get("hash") != lot.head_hash:
        check.wrong("its tombstone, its head and its row do not speak of the same records")
    else:
        check.notes.append(f"dropped on {stone['dropped'][:10]} with {stone['records']:,} records: {stone['why']}")


def _check_end(lot: Lot, chain: Chain, head: Mapping[str, Any], check: LotCheck) -> None:
    """Where the records end, against the lot's row and the head."""
    said = max(lot.records, int(head.get("records", 0)))
    if chain.count < said:
        check.wrong(f"was removed: the records are cut off before it, and there were {said:,}", chain.count + 1)
    elif chain.count > lot.records:
        check.wrong("was put in behind the last one", lot.records + 1)
    elif chain.last_hash != lot.head_hash:
        check.wrong("its hash is not the one that stands with the lot", chain.count)
    elif head.get("records") and chain.hash_at != head["hash"]:
        check.wrong("the records were written anew up to here: the signed head has another hash", head["records"])


def _check_row(lot: Lot, chain: Chain, head: Mapping[str, Any], check: LotCheck) -> None:
    """What stands with the lot, against its first and last record and its head."""
    if chain.first is None or record_body(chain.first) != record_body(opening(lot)):
        check.wrong("what stands with the lot is not what its first record says")
    last = chain.last if chain.last is not None and chain.last.event == "closed" else None
    if lot.closed_utc is None:
        if last is not None:
            check.wrong("it was closed, and stands there as open", chain.count)
    elif last is None or (last.utc, last.by) != (lot.closed_utc, lot.closed_by):
        check.wrong("what stands with the lot of its closing is not what its last record says")
    elif head and head["closed"] != stamp(lot.closed_utc):
        check.wrong("it stands there as closed, and its signed head does not say so")


def _hash_before(connection: Connection, lot: Lot) -> str | None:
    """The hash before the lot's first record; None where the lot before it is not there to tell."""
    if lot.previous_lot_id is None:
        return GENESIS
    asked = select(tables.lots.c.head_hash).where(tables.lots.c.lot_id == lot.previous_lot_id)
    found = connection.execute(asked).scalar()
    return None if found is None else str(found)


def _speaks_of_records(file: Path) -> bool:
    """Whether a head speaks of records at all: that of a lot whose opening was broken off does not."""
    try:
        head = read_head(file)
    except (ValueError, OSError):
        return True
    return head is not None and head.body.get("records") != 0
