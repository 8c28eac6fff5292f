"""The loop's side of the ledger: takes what happens, never waits, and hands it to the process that writes.

What finds no room is counted, and the ledger itself says so as soon as there is room again.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias
from uuid import uuid4

from neosort_datasets.recording_queue import WriteQueue
from neosort_datasets.window import BeltWindow
from neosort_hardware.types import Decision, ImageU8, Shot
from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.ledger.chain import stamp
from neosort_inference.ledger.messages import BY, Batch, Committed, Failed, Setup
from neosort_inference.ledger.observed import (
    SortedBy,
    crop_of,
    decision_record,
    fault_record,
    jpeg_of,
    outcome_of,
    shot_record,
    utc_of,
    wants_picture,
)
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import EventRecord, Numbered, Record
from neosort_inference.ledger.retention_limits import Limits
from neosort_inference.ledger.writer_process import WriterDiedError, WriterProcess

MOST_WAITING = 50_000  # records: some half an hour of a crowded belt
MOST_BYTES = 96_000_000
PICTURE_BYTES = 64_000_000  # pictures leave the rest of the room to records
RECORD_BYTES = 800  # about
EVERY_S = 0.25  # a commit waits for the disk: some records share one
MOST_IN_BATCH = 1000
MOST_BYTES_IN_BATCH = 2_000_000  # of pictures, a hundred at most: each waits for the disk
PICTURE_COSTS_BYTES = 20_000  # to write, however small it is
RETRY_S = 1.0
CLOSE_WITHIN_S = 10.0
LOGGER = logging.getLogger("neosort.ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    decision: Decision
    senses: str
    by: SortedBy
    crop: ImageU8 | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recalled:
    shot: Shot
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alarmed:
    alarm: Alarm
    step: Step
    belt_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exchanged:
    by: str
    now: SortedBy


_Happening: TypeAlias = _Decided | _Recalled | _Alarmed | _Exchanged


class LedgerKeeper:
    """Keeps what a run of a line decides, shoots and suffers. Called in the loop: every call returns at once.

    ``patience_s``: how long a call may wait for room, for a run in virtual time, whose belt waits as well. Counted over
    the run: ``committed`` records are safely in the ledger, ``pictures_lost`` found no room; see also ``dropped``.
    """

    def __init__(
        self, url: str, place: Place, *, line: str, sorted_by: SortedBy, limits: Limits, patience_s: float = 0.0
    ) -> None:
        self.run_id = uuid4().hex
        self.sorted_by = sorted_by
        self.committed = self.pictures_lost = 0
        self.lot_id = ""
        self.free_bytes: int | None = None
        self.trouble = ""
        self._unfit = self._given_up = self._refused = self._refused_told = 0
        self._refused_from_ns = self._in_hand = self._run_seq = 0
        self._patience_s = patience_s
        self._queue: WriteQueue[tuple[_Happening, int]] = WriteQueue(MOST_WAITING, MOST_BYTES)
        self._closing = threading.Event()
        self._close_by_s = float("inf")
        setup = Setup(url=url, place=place, line=line, run_id=self.run_id, about=sorted_by.detail, limits=limits)
        self._writer = WriterProcess(setup)
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Happenings that are not in the ledger yet."""
        return len(self._queue) + self._in_hand

    @property
    def dropped(self) -> int:
        """Happenings that will never be in it: no room to wait, given up at the end, or unfit for the tables."""
        return self._refused + self._given_up + self._unfit

    @property
    def writer_pid(self) -> int | None:
        """The process that writes; None before there was anything to write."""
        return self._writer.pid

    def on_window(self, window: BeltWindow, decisions: Sequence[Decision], senses: str) -> None:
        """A window has been decided on."""
        for decision in decisions:
            wanted = wants_picture(decision, self.sorted_by.near_p) and self._queue.size < PICTURE_BYTES
            crop = crop_of(window, decision.box) if wanted else None
            happened = _Decided(decision=decision, senses=senses, by=self.sorted_by, crop=crop)
            self._put(happened, RECORD_BYTES + (0 if crop is None else crop.nbytes))

    def on_recalled(self, shot: Shot, fault: str) -> None:
        """A shot that the diverter had taken was undone by a fault before it blew."""
        self._put(_Recalled(shot=shot, fault=fault), RECORD_BYTES)

    def on_alarm(self, alarm: Alarm, step: Step, belt_mm: float) -> None:
        """A step of an alarm."""
        self._put(_Alarmed(alarm=alarm, step=step, belt_mm=belt_mm), RECORD_BYTES)

    def exchange(self, sorted_by: SortedBy, by: str) -> None:
        """The line sorts by something else from now on, as a person has asked."""
        self.sorted_by = sorted_by
        self._put(_Exchanged(by=by, now=sorted_by), RECORD_BYTES)

    def summary(self) -> str:
        """What stands in the ledger of this run, and what does not, in one sentence."""
        lost = self.dropped + self.waiting
        lacks = [
            *([f"{lost:,} happenings were lost"] if lost else []),
            *([f"{self.pictures_lost:,} pictures found no room"] if self.pictures_lost else []),
        ]
        kept = f"{self.committed:,} records in lot {self.lot_id}" if self.lot_id else "nothing was written"
        return f"ledger: {kept}; {', '.join(lacks) or 'nothing was lost'}"

    def close(self) -> None:
        """Write what waits. May be called twice; returns within some ten seconds, however the disk does."""
        self._close_by_s = min(self._close_by_s, time.monotonic() + CLOSE_WITHIN_S)
        self._closing.set()
        self._queue.close()
        self._thread.join(CLOSE_WITHIN_S + 5.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, happened: _Happening, size: int) -> None:
        now_ns = time.time_ns()
        if self._queue.put((happened, now_ns), size, self._patience_s):
            return
        if self._refused == self._refused_told:
            self._refused_from_ns = now_ns
        self._refused += 1

    def _work(self) -> None:
        """The thread: batch by batch, until the queue is closed and empty."""
        while (first := self._queue.get()) is not None:
            if len(self._queue) < MOST_IN_BATCH and self._queue.size < MOST_BYTES_IN_BATCH:
                self._closing.wait(EVERY_S)
            happened, size = [first], _picture_bytes(first)
            while len(happened) < MOST_IN_BATCH and size < MOST_BYTES_IN_BATCH and len(self._queue):
                if (more := self._queue.get()) is not None:
                    happened.append(more)
                    size += _picture_bytes(more)
            self._in_hand = len(happened)
            try:
                self._deliver(self._batch(happened))
            except Exception as error:  # whatever it was: a thread that died in silence would lose the run
                LOGGER.exception("what happened cannot be put down")
                self._unfit += len(happened)
                self._say(f"{type(error).__name__}: {error}")
            self._in_hand = 0
        self._writer.end()

    def _batch(self, happened: Sequence[tuple[_Happening, int]]) -> Batch:
        records: list[Record] = []
        pictures: dict[str, bytes] = {}
        refused = self._refused
        if refused > self._refused_told:
            records.append(self._lost(refused - self._refused_told))
            self._refused_told = refused
        for one, unix_ns in happened:
            records += _records_of(one, unix_ns, pictures)
        items = [Numbered(record=record, run_id=self.run_id, run_seq=self._next()) for record in records]
        return Batch(items=items, pictures=pictures)

    def _next(self) -> int:
        self._run_seq += 1
        return self._run_seq

    def _lost(self, count: int) -> EventRecord:
        now_ns = time.time_ns()
        detail = {"happenings": count, "from": stamp(utc_of(self._refused_from_ns)), "to": stamp(utc_of(now_ns))}
        return EventRecord(utc=utc_of(now_ns), event="lost", by=BY, detail=detail | {"why": self.trouble})

    def _deliver(self, batch: Batch) -> None:
        """Until it is in the ledger, or there is no time left."""
        while True:
            try:
                answer = self._writer.ask(batch, self._stalled)
            except WriterDiedError as died:
                answer = Failed(why=str(died))
            if isinstance(answer, Committed):
                self.committed += len(batch.items) - answer.unfit
                self._unfit += answer.unfit
                self.pictures_lost += answer.pictures_lost
                self.lot_id, self.free_bytes, self.trouble = answer.lot_id, answer.free_bytes, ""
                return
            self._say(answer.why)
            if time.monotonic() >= self._close_by_s:
                self._given_up += len(batch.items)
                return
            time.sleep(RETRY_S)

    def _stalled(self, waited_s: float) -> bool:
        """Whether to give an answer up that has not come for so long; says so meanwhile."""
        self._say(f"no answer for {waited_s:.0f} s")
        return time.monotonic() >= self._close_by_s

    def _say(self, why: str) -> None:
        if not self.trouble:
            LOGGER.warning("the ledger is not written: %s", why)
        self.trouble = f"{why}; {self.waiting:,} wait" + (f", {self.dropped:,} lost" if self.dropped else "")


def _picture_bytes(happened: tuple[_Happening, int]) -> int:
    one, _ = happened
    return max(one.crop.nbytes, PICTURE_COSTS_BYTES) if isinstance(one, _Decided) and one.crop is not None else 0


def _records_of(happened: _Happening, unix_ns: int, pictures: dict[str, bytes]) -> list[Record]:
    """Records of what happened; the picture among them goes into ``pictures``."""
    utc = utc_of(unix_ns)
    match happened:
        case _Decided(decision=decision):
            jpeg = None if happened.crop is None else jpeg_of(happened.crop)
            sha256 = None if jpeg is None else hashlib.sha256(jpeg).hexdigest()
            if jpeg is not None and sha256 is not None:
                pictures[sha256] = jpeg
            decided = decision_record(decision, utc, happened.senses, happened.by, sha256)
            if decision.shot is None:
                return [decided]
            return [decided, shot_record(decision.shot, utc, outcome_of(decision), decision.reason)]
        case _Recalled(shot=shot, fault=fault):
            return [shot_record(shot, utc, "recalled", fault)]
        case _Alarmed(alarm=alarm, step=step, belt_mm=belt_mm):
            return [fault_record(alarm, step, utc, belt_mm)]
        case _Exchanged(by=by, now=now):
            return [EventRecord(utc=utc, event="exchanged", by=by, detail=now.detail)]
