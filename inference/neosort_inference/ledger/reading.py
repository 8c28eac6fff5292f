"""What the ledger holds, read back: lots, and the records of a lot in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Select, func, select

from neosort_inference.ledger import tables
from neosort_inference.ledger.chain import moment_of, row_entry
from neosort_inference.ledger.database import Database
from neosort_inference.ledger.records import (
    DecisionRecord,
    Entry,
    EventRecord,
    FaultRecord,
    LedgerError,
    Lot,
    Record,
    ShotRecord,
)

PAGE = 2000  # records read at a time

_Kind = TypeVar("_Kind", bound=Record)


class Ledger:
    """A ledger that is open. Reading takes nothing from whoever writes meanwhile. Close it, or use ``with``."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def lots(self, line: str | None = None) -> tuple[Lot, ...]:
        """Every lot, of one line or of all, the oldest first."""
        asked = select(tables.lots).order_by(tables.lots.c.opened_us, tables.lots.c.line, tables.lots.c.ordinal)
        with self.database.reading() as connection:
            return read_lots(connection, asked if line is None else asked.where(tables.lots.c.line == line))

    def lot(self, lot_id: str) -> Lot:
        """One lot. Raises `LedgerError` where there is none of that name."""
        with self.database.reading() as connection:
            found = read_lots(connection, select(tables.lots).where(tables.lots.c.lot_id == lot_id))
        if not found:
            raise LedgerError(f"ledger {self.database.name}: no lot {lot_id!r}")
        return found[0]

    def current_lot(self, line: str) -> Lot | None:
        """The lot that the line's records go to now; None where none is open."""
        with self.database.reading() as connection:
            return open_lot_of(connection, line)

    def entries(self, lot_id: str) -> Iterator[Entry]:
        """Every record of a lot in its place, in order. Raises ValueError for one that cannot be read."""
        with self.database.reading() as connection:
            for row_table, row in rows(connection, lot_id):
                yield row_entry(row_table, row)

    def decisions(self, lot_id: str) -> Iterator[DecisionRecord]:
        """The decisions of a lot, in order."""
        return self._only(DecisionRecord, lot_id)

    def shots(self, lot_id: str) -> Iterator[ShotRecord]:
        """The shots of a lot, in order; one that was recalled stands there twice."""
        return self._only(ShotRecord, lot_id)

    def faults(self, lot_id: str) -> Iterator[FaultRecord]:
        """The alarms of a lot, step by step."""
        return self._only(FaultRecord, lot_id)

    def events(self, lot_id: str) -> Iterator[EventRecord]:
        """What happened to the lot itself, in order."""
        return self._only(EventRecord, lot_id)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _only(self, kind: type[_Kind], lot_id: str) -> Iterator[_Kind]:
        with self.database.reading() as connection:
            for row in _rows_of(connection, kind.table, lot_id):
                record = row_entry(kind.table, row).record
                assert isinstance(record, kind)
                yield record


def open_ledger(url: str) -> Ledger:
    """The ledger at ``url`` (see `database.parsed`), made where it is missing. Raises `LedgerError`."""
    return Ledger(Database(url))


def read_lots(connection: Connection, asked: Select[Any]) -> tuple[Lot, ...]:
    """Lots that a selection of their table gives."""
    return tuple(_lot_of(row) for row in connection.execute(asked).mappings())


def open_lot_of(connection: Connection, line: str) -> Lot | None:
    """The lot of a line that takes records; None where there is none."""
    lots = tables.lots
    asked = select(lots).where(lots.c.line == line, lots.c.closed_us.is_(None)).order_by(lots.c.ordinal.desc()).limit(1)
    found = read_lots(connection, asked)
    return found[0] if found else None


def rows(connection: Connection, lot_id: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Every row of a lot with the kind of its record, by their numbers, whatever those are."""
    bounds = [
        connection.execute(select(func.min(t.c.seq), func.max(t.c.seq)).where(t.c.lot_id == lot_id)).one()
        for t in tables.CHAINED.values()
    ]
    lowest = min((low for low, _ in bounds if low is not None), default=1)
    highest = max((high for _, high in bounds if high is not None), default=0)
    for start in range(lowest, highest + 1, PAGE):
        found: list[tuple[str, Mapping[Any, Any]]] = []
        for name, table in tables.CHAINED.items():
            page = select(table).where(table.c.lot_id == lot_id, table.c.seq.between(start, start + PAGE - 1))
            found += [(name, row) for row in connection.execute(page).mappings()]
        yield from sorted(found, key=lambda one: int(one[1]["seq"]))


def hash_at(connection: Connection, lot_id: str, seq: int) -> str | None:
    """The hash that stands with a lot's record of that number; None where there is none."""
    for table in tables.CHAINED.values():
        asked = select(table.c.hash).where(table.c.lot_id == lot_id, table.c.seq == seq)
        if (found := connection.execute(asked).scalar()) is not None:
            return str(found)
    return None


def last_written(connection: Connection, lot_id: str) -> datetime | None:
    """When the newest record of a lot was made; None where it has none."""
    newest = [
        connection.execute(select(func.max(table.c.utc_us)).where(table.c.lot_id == lot_id)).scalar()
        for table in tables.CHAINED.values()
    ]
    there = [int(us) for us in newest if us is not None]
    return moment_of(max(there)) if there else None


def _rows_of(connection: Connection, kind: str, lot_id: str) -> Iterator[Mapping[Any, Any]]:
    table = tables.CHAINED[kind]
    last = None
    while True:
        asked = select(table).where(table.c.lot_id == lot_id).order_by(table.c.seq).limit(PAGE)
        page = connection.execute(asked if last is None else asked.where(table.c.seq > last)).mappings().all()
        if not page:
            return
        yield from page
        last = page[-1]["seq"]


def _lot_of(row: Mapping[Any, Any]) -> Lot:
    values = {name: value for name, value in row.items() if not name.endswith("_us")}
    for name in ("opened", "closed", "dropped"):
        us = row[f"{name}_us"]
        values[f"{name}_utc"] = None if us is None else moment_of(us)
    return Lot(**values)
