"""One lot's records followed from the first to the last, each hash computed anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from neosort_inference.ledger.chain import link, row_entry
from neosort_inference.ledger.evidence import is_whole
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import rows
from neosort_inference.ledger.records import DecisionRecord, Entry, EventRecord, LedgerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """Something that is not as it was written. ``seq``: the first record that it concerns, None: the lot itself."""

    seq: int | None
    words: str

    def __str__(self) -> str:
        return self.words if self.seq is None else f"record {self.seq}: {self.words}"


class Chain:
    """What a lot's records say when they are followed.

    ``count``: as written from the first on, up to ``broken``; ``last_hash``: of the last of these, ``hash_at``: of
    number ``mark``, None where it was not reached. ``first``, ``last``: these records. ``pictures``: kept, gone with a
    tombstone, and those that are bad.
    """

    def __init__(self, lot_id: str, *, mark: int, place: Place, gone_to: int, pictures: bool) -> None:
        self._lot_id, self._mark, self._place = lot_id, mark, place
        self._gone_to, self._look_at_pictures = gone_to, pictures
        self.count = 0
        self.last_hash = ""
        self.hash_at: str | None = None
        self.broken: Bad | None = None
        self.first: EventRecord | None = None
        self.last: EventRecord | None = None
        self.pictures_kept = self.pictures_gone = 0
        self.bad_pictures: list[Bad] = []

    def follow(self, connection: Connection, before: str | None) -> None:
        """Follow the records until one is not as it was written. ``before``: the hash before the first, None: not
        known, then the first is believed."""
        previous = before
        for kind, row in rows(connection, self._lot_id):
            entry = self._read(kind, row)
            if entry is None:
                return
            if previous is not None and not _follows(entry, previous):
                words = "is not what was written there: it was changed, or belongs in another place"
                self.broken = Bad(seq=entry.seq, words=words)
                return
            previous = self.last_hash = entry.hash
            self._take(entry)

    def _read(self, kind: str, row: Mapping[Any, Any]) -> Entry | None:
        """The next record; None, and ``broken``, where it is not the next or cannot be read."""
        seq, wanted = int(row["seq"]), self.count + 1
        if seq < wanted:
            self.broken = Bad(seq=seq, words="a record was put in beside it")
        elif seq > wanted:
            gap = f"{wanted} to {seq - 1} are" if seq - 1 > wanted else f"{wanted} is"
            self.broken = Bad(seq=wanted, words=f"was removed ({gap} missing)")
        else:
            try:
                return row_entry(kind, row)
            except (ValueError, TypeError, OverflowError):
                self.broken = Bad(seq=seq, words="is not what was written there: it cannot be read")
        return None

    def _take(self, entry: Entry) -> None:
        self.count = entry.seq
        if entry.seq == self._mark:
            self.hash_at = entry.hash
        record = entry.record
        if entry.seq == 1:
            self.first = record if isinstance(record, EventRecord) else None
        self.last = record if isinstance(record, EventRecord) else None
        if self._look_at_pictures and isinstance(record, DecisionRecord) and record.evidence_sha256 is not None:
            self._look_at(entry.seq, record.evidence_sha256)

    def _look_at(self, seq: int, sha256: str) -> None:
        try:
            whole = is_whole(self._place.picture(self._lot_id, sha256), sha256)
        except OSError as error:
            self.bad_pictures.append(Bad(seq=seq, words=f"its picture cannot be read ({error.strerror})"))
            return
        if whole:
            self.pictures_kept += 1
        elif whole is None and seq <= self._gone_to:
            self.pictures_gone += 1
        else:
            what = "is missing, and no tombstone says why" if whole is None else "was changed"
            self.bad_pictures.append(Bad(seq=seq, words=f"its picture {sha256[:12]}… {what}"))


def _follows(entry: Entry, previous: str) -> bool:
    place = {"lot_id": entry.lot_id, "seq": entry.seq, "run_id": entry.run_id, "run_seq": entry.run_seq}
    try:
        return link(entry.record, previous=previous, **place) == entry.hash  # type: ignore[arg-type]
    except LedgerError:
        return False
