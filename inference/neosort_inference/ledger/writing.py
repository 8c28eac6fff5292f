"""The process that writes the ledger: takes batches, answers what has been committed. Light: no NumPy, no OpenCV.

A process rather than a thread, because whatever Python does here would hold the interpreter lock of the sorting loop.
A batch is one transaction; its answer is given when it is on the disk. What is handed over twice is written once.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from neosort_inference.ledger import tables
from neosort_inference.ledger.appending import append, borne_out, keep_head, lock_line
from neosort_inference.ledger.chain import canonical, microseconds, record_body
from neosort_inference.ledger.database import Database, cause_of
from neosort_inference.ledger.evidence import Room, keep_pictures
from neosort_inference.ledger.lots import Feed, begin_lot
from neosort_inference.ledger.messages import BY, Batch, Committed, Failed, Setup
from neosort_inference.ledger.reading import open_lot_of
from neosort_inference.ledger.records import DecisionRecord, EventRecord, LedgerError, Lot, Numbered, Record
from neosort_inference.ledger.retention import apply_limits
from neosort_inference.ledger.signing import Signer

WRITER_NICENESS = 5
LIMITS_EVERY_S = 600.0
FULL_EVERY_S = 60.0  # while pictures have reached their limit, and new ones find no room


class BatchWriter:
    """Puts batches into the open lot of a line. Connects when there is something to write, anew after a failure."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._database: Database | None = None
        self._signer: Signer | None = None
        self._joined: set[str] = set()
        self._next_limits_s = 0.0
        self._room = Room(setup.place, setup.limits)

    def write(self, batch: Batch) -> Committed | Failed:
        """One batch, whole or not at all."""
        try:
            return self._write(batch)
        except (SQLAlchemyError, LedgerError, OSError) as error:
            self.close()
            return Failed(why=cause_of(error))

    def keep_within_limits(self) -> None:
        """Drop what is too old or too much, now and then. What cannot be dropped keeps nobody from writing."""
        now_s = time.monotonic()
        due_s = self._next_limits_s - (LIMITS_EVERY_S - FULL_EVERY_S if self._room.full else 0.0)
        if self._database is None or self._signer is None or now_s < due_s:
            return
        self._next_limits_s = now_s + LIMITS_EVERY_S
        try:
            apply_limits(self._database, self._setup.place, self._signer, self._setup.limits)
            self._room.look()
        except (SQLAlchemyError, LedgerError, OSError) as error:
            print(f"ledger: nothing can be dropped ({cause_of(error)})", file=sys.stderr)

    def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            self._database.close()
        self._database = None

    def _write(self, batch: Batch) -> Committed:
        setup, place = self._setup, self._setup.place
        database, signer = self._opened()
        fit = [item for item in batch.items if can_be_held(item.record)]
        last = batch.items[-1].run_seq
        with place.alone():
            with database.writing() as connection:
                lock_line(connection, setup.line)
                lot = self._lot(connection, signer)
                reached = self._reached(connection)
                new = [item for item in fit if item.run_seq > reached]
                lost = keep_pictures(place, self._room, lot.lot_id, batch.pictures) if new else frozenset()
                lot = append(connection, lot, [_less(lost, item) for item in new])
                connection.execute(_OF_THIS_RUN.values(last_run_seq=last), {"this": setup.run_id})
            self._joined.add(lot.lot_id)
            keep_head(place, signer, lot)
        return Committed(
            run_seq=last,
            lot_id=lot.lot_id,
            unfit=len(batch.items) - len(fit),
            pictures_lost=len(lost),
            free_bytes=self._room.free_bytes(),
        )

    def _opened(self) -> tuple[Database, Signer]:
        if self._signer is None:
            self._signer = Signer(self._setup.place)
        if self._database is None:
            self._database = Database(self._setup.url)
        return self._database, self._signer

    def _lot(self, connection: Connection, signer: Signer) -> Lot:
        """The lot to write into, this run made known there."""
        setup = self._setup
        lot = open_lot_of(connection, setup.line)
        if lot is None:
            lot = begin_lot(connection, setup.place, signer, line=setup.line, by=BY, feed=Feed(), automatic=True)
        if lot.lot_id in self._joined:
            return lot
        lot = borne_out(connection, setup.place, signer, lot)
        told = EventRecord(utc=datetime.now(UTC), event="run", by=BY, detail=setup.about)
        return append(connection, lot, [Numbered(record=told, run_id=setup.run_id)])

    def _reached(self, connection: Connection) -> int:
        """The number of this run's last record that is in the ledger."""
        runs = tables.runs
        asked = select(runs.c.last_run_seq).where(runs.c.run_id == self._setup.run_id)
        if (found := connection.execute(asked).scalar()) is not None:
            return int(found)
        begun = {"run_id": self._setup.run_id, "line": self._setup.line, "begun_us": microseconds(datetime.now(UTC))}
        connection.execute(runs.insert().values(**begun, last_run_seq=0))
        return 0


_OF_THIS_RUN = update(tables.runs).where(tables.runs.c.run_id == bindparam("this"))


def can_be_held(record: Record) -> bool:
    """Whether the tables and canonical JSON can hold it: finite numbers, no text that is too long or not text."""
    for column in tables.CHAINED[record.table].columns:
        value = getattr(record, column.name, None)
        if isinstance(value, str):
            longest = getattr(column.type, "length", None)
            if "\0" in value or (longest is not None and len(value) > longest):
                return False
    try:
        return b"\\u0000" not in canonical(record_body(record))
    except LedgerError:
        return False


def _less(lost: Collection[str], item: Numbered) -> Numbered:
    """A record, not speaking of a picture that was not kept."""
    record = item.record
    if isinstance(record, DecisionRecord) and record.evidence_sha256 in lost:
        return replace(item, record=replace(record, evidence_sha256=None))
    return item


def serve(pipe: Pipe) -> None:
    """Answer batches until the other end closes or dies."""
    with suppress(EOFError, BrokenPipeError, ConnectionResetError), closing(BatchWriter(pipe.recv())) as writer:
        while True:
            pipe.send(writer.write(pipe.recv()))
            writer.keep_within_limits()


def main() -> None:
    """The process: its end of a socket is the file descriptor given as the only argument."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group; the loop's process says when to end
        signal.signal(number, signal.SIG_IGN)
    os.nice(WRITER_NICENESS)
    serve(Pipe(int(sys.argv[1])))


if __name__ == "__main__":
    main()
