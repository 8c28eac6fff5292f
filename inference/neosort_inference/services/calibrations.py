"""Calibrations over the interface: kept records, what differs, which is in force, and files to take elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from neosort_hardware.config import LineConfig
from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.asking.channel import Loop, UnheardError
from neosort_inference.asking.orders import Activate, RefusedError
from neosort_inference.calibration.constants import Difference, constants_of, differences
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.record import SHORT, Record, read_record, written
from neosort_inference.calibration.store import Applied, CalibrationStore
from neosort_inference.exchange.went_back import WentBack

WITHIN_S = 60.0
LINES_OWN = "the line's own file"
GONE_BACK = "calibration.gone-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is in force now. ``running``: the line goes by it already; else from its next start on, and ``why``."""

    record: Record | None
    running: bool
    why: str = ""


class Calibrations:
    """Those of one machine and one line. Refusals of the store are `CalibrationError`."""

    def __init__(self, folder: Path, config: LineConfig, loop: Loop) -> None:
        self.store = CalibrationStore(folder)
        self._config = config
        self._loop = loop

    def all(self) -> tuple[Record, ...]:
        """Those that are whole, oldest first."""
        return self.store.records()

    def record(self, id_: str) -> Record:
        """That one, by the beginning of its id. Raises `RefusedError` where there is none."""
        try:
            return self.store.record(id_)
        except CalibrationError as error:
            raise RefusedError("not there", str(error)) from error

    def in_force(self) -> Record | None:
        """None: what the line's own file says."""
        return self.store.in_force()

    def history(self) -> tuple[Applied, ...]:
        """What was in force from when on, oldest first."""
        return self.store.history()

    def difference(self, before: str | None, after: str) -> tuple[Difference, ...]:
        """What differs, constant by constant. ``before`` None: what the line goes by now."""
        if before is None:
            current = self.store.in_force()
            old = constants_of(self._config) if current is None else current.constants
        else:
            old = self.record(before).constants
        return differences(old, self.record(after).constants)

    def apply(self, actor: Actor, id_: str) -> Outcome:
        """Put it in force: at once where the line can change over while it runs, else from its next start on."""
        actor.must(Role.TECHNICIAN)
        wanted, before = self.record(id_), self.store.in_force()
        record = self.store.apply(wanted.id, self._config, by=actor.name, at=datetime.now(UTC))
        actor.note("calibration.apply", "calibration", old=_named(before), new=_named(record))
        return self._told(actor, record)

    def roll_back(self, actor: Actor) -> Outcome:
        """Back to what was in force before."""
        actor.must(Role.TECHNICIAN)
        before = self.store.in_force()
        record = self.store.roll_back(self._config, by=actor.name, at=datetime.now(UTC))
        actor.note("calibration.roll-back", "calibration", old=_named(before), new=_named(record))
        if record is None:
            return Outcome(record=None, running=False, why="from its next start the line goes by its own file")
        return self._told(actor, record)

    def follow(self, went_back: WentBack, line: Actor) -> bool:
        """The line has gone back by itself: the record follows. Whether it said that the line went by what it left."""
        left = self.store.in_force()
        if _named(left) != went_back.version:
            return False
        self.store.undo(by=line.name, at=datetime.now(UTC), reason=went_back.why)
        told: dict[str, JsonValue] = {"in force": _named(self.store.in_force()), "why": went_back.why}
        line.note(GONE_BACK, "calibration", old=_named(left), new=told)
        return True

    def take_in(self, actor: Actor, text: str) -> Record:
        """Keep a record from elsewhere; it is not applied. Raises `CalibrationError` for what is none."""
        actor.must(Role.TECHNICIAN)
        record = read_record(text, "this file")
        known = any(one.id == record.id for one in self.store.records())
        if not known:
            self.store.keep(record)
            actor.note("calibration.import", _named(record), new={"by": record.by, "at": record.at})
        return record

    def text(self, id_: str) -> str:
        """A record as a file to take elsewhere."""
        return written(self.record(id_))

    def _told(self, actor: Actor, record: Record) -> Outcome:
        """Have the loop change over, from a file that stays as long as that takes."""
        file = self.store.folder / "records" / f"{record.id}.json"
        try:
            order = Activate(what="calibration", file=str(file), version=record.id[:SHORT])
            self._loop.ask(order, actor.name, WITHIN_S)
        except (RefusedError, UnheardError) as error:
            return Outcome(record=record, running=False, why=str(error))
        return Outcome(record=record, running=True)


def _named(record: Record | None) -> str:
    return LINES_OWN if record is None else record.id[:SHORT]
