"""What the process that publishes does: takes from the loop what happens, keeps it, and tells the broker.

One thread, turn by turn. Only reaching a broker may take seconds, and nobody waits for this process.
"""

from __future__ import annotations

import select
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from neosort_inference.fleet.lot_look import LotLook
from neosort_inference.fleet.messages import AlarmMessage, LotMessage
from neosort_inference.fleet.outbox import Outbox, OutboxError
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.fleet.teller import Teller
from neosort_inference.fleet.wire import Setup, Wire
from neosort_inference.ledger.place import Place

TURN_S = 0.25
TELL_EVERY_S = 1.0
TELL_LEAST_S = 0.1
LEAVE_WITHIN_S = 2.0
HEARD_AT_ONCE = 200
VANISHED = "its loop has ended without a word"
_LAST_LOT, _LAST_ALARM = "last lot", "last alarm"


class Publisher:
    """Everything of one run of one line."""

    def __init__(self, setup: Setup, wire: Wire) -> None:
        self._setup, self._wire = setup, wire
        self._teller = Teller(setup)
        self._look = LotLook(setup.ledger, Place(folder=setup.place), setup.line, setup.config.passport_within_s)
        self._outbox: Outbox | None = None
        self._trouble = ""
        self._kept = 0  # alarms of this run that are safe: numbers up to this one
        self._farewell = ""
        self._told: FleetStanding | None = None
        self._told_s = 0.0

    def run(self) -> None:
        """Until the loop's end of the wire is gone, and a moment longer, to tell what it said last."""
        while not self._farewell:
            self._turn()
            self._pause()
        self._leave()

    def _turn(self) -> None:
        try:
            self._outbox = self._outbox or self._open_outbox()
            self._hear(self._outbox)
            self._look_for_lots(self._outbox)
            self._teller.turn(self._outbox)
            self._trouble = ""
        except OutboxError as error:
            self._trouble = str(error)
            if self._wire.gone:
                self._farewell = VANISHED
        self._tell()

    def _open_outbox(self) -> Outbox:
        outbox = Outbox(self._setup.outbox)
        run, _, number = (outbox.mark(_LAST_ALARM) or "").partition(" ")
        self._kept = int(number) if run == self._setup.run else 0
        return outbox

    def _hear(self, outbox: Outbox) -> None:
        """Alarms are on the disk before the loop is told that it may forget them."""
        kept = self._kept
        try:
            for message in self._wire.heard(HEARD_AT_ONCE):
                self._take(message, outbox)
        except EOFError:
            self._farewell = self._farewell or VANISHED
        if self._kept != kept:
            self._wire.send({"kept": self._kept})

    def _take(self, message: dict[str, Any], outbox: Outbox) -> None:
        if "telemetry" in message:
            self._teller.telemetry = message["telemetry"]
        elif "end" in message:
            self._farewell = message["end"]
        elif message["number"] == self._kept + 1:  # one that comes before its time, or again, comes once more
            self._keep_alarm(message["number"], message["alarm"], outbox)
        elif message["number"] <= self._kept:
            self._wire.send({"kept": self._kept})

    def _keep_alarm(self, number: int, alarm: dict[str, Any], outbox: Outbox) -> None:
        run = self._setup.run
        told = AlarmMessage(
            **self._setup.names, **alarm, run=run, id=f"{self._setup.place_in_fleet}/alarm/{run}/{number}",
            outbox=outbox.id, seq=1,
        )  # fmt: skip
        outbox.keep("alarm", told.model_dump(mode="json"), mark=(_LAST_ALARM, f"{run} {number}"))
        self._kept = number

    def _look_for_lots(self, outbox: Outbox) -> None:
        for lot in self._look.take():
            message_id = f"{self._setup.place_in_fleet}/lot/{lot['lot']}/{lot['head_hash'][:16]}"
            told = LotMessage(**self._setup.names, **lot, utc=datetime.now(UTC), id=message_id, outbox=outbox.id, seq=1)
            outbox.keep("lot", told.model_dump(mode="json"), mark=(_LAST_LOT, lot["lot"]))
        if self._look.due:
            self._look.begin(outbox.mark(_LAST_LOT))

    def _tell(self) -> None:
        standing, now_s = self._standing(), time.monotonic()
        if now_s - self._told_s < (TELL_EVERY_S if standing == self._told else TELL_LEAST_S):
            return
        self._told, self._told_s = standing, now_s
        self._wire.send({"standing": asdict(standing)})

    def _standing(self) -> FleetStanding:
        return FleetStanding(
            broker=self._setup.config.broker.url,
            state="broken" if self._trouble else self._teller.state,
            detail=self._trouble or self._teller.detail,
            waiting=0 if self._outbox is None else self._outbox.waiting,
            sent=dict(self._teller.sent),
            ledger_trouble=self._look.trouble,
        )

    def _pause(self) -> None:
        """Until the loop or the broker says something, or it is time to look around."""
        if self._trouble:
            time.sleep(TURN_S)
            return
        reading: list[Any] = [self._wire.socket]
        connection = self._teller.connection
        found = None if connection is None else connection.socket
        writing = [found] if connection is not None and found is not None and connection.wants_to_write else []
        select.select(reading if found is None else [*reading, found], writing, [], TURN_S)

    def _leave(self) -> None:
        """Tell what is still to be told, but do not wait for a broker that is not there."""
        if self._outbox is None:
            return
        until_s = time.monotonic() + LEAVE_WITHIN_S
        try:
            while self._outbox.waiting and self._teller.connection is not None and time.monotonic() < until_s:
                self._teller.turn(self._outbox)
                time.sleep(0.005)
            self._teller.leave(self._outbox, self._farewell, LEAVE_WITHIN_S)
        except OutboxError:
            return  # what was not told is told by the next run
        finally:
            self._outbox.close()
