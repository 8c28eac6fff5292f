"""The broker's side of publishing: reaches it, says who is there, and tells what waits in the outbox, in its order."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from neosort_hardware.section import ConfigError
from neosort_inference.fleet.connection import Connection, ConnectionLostError, Retained
from neosort_inference.fleet.messages import StateMessage, TelemetryMessage
from neosort_inference.fleet.outbox import Outbox
from neosort_inference.fleet.standing import FleetState
from neosort_inference.fleet.topics import Kind, Topics
from neosort_inference.fleet.wire import Setup

FIRST_WAIT_S = 0.5
STEADY_S = 10.0  # a connection that has lasted so long is a good one
OFTEN = 3
TELEMETRY_LASTS_S = 60
LOST = "lost"


class Teller:
    """``state`` and ``detail``: of the way to the broker. ``sent``: messages that it has confirmed, by kind.

    ``telemetry``: what is to be told next of how the line stands; the newest only, and nothing of it is kept.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup, self._broker = setup, setup.config.broker
        self._topics = Topics(setup.config.plant, setup.told_as)
        self.state: FleetState = "starting"
        self.detail = ""
        self.sent: Counter[str] = Counter()
        self.telemetry: dict[str, Any] | None = None
        self._connection: Connection | None = None
        self._session = ""
        self._born = False
        self._in_hand: dict[int, tuple[Kind, int]] = {}
        self._told_to = 0
        self._wait_s = FIRST_WAIT_S
        self._next_try_s = self._born_s = 0.0
        self._short = 0  # connections in a row that were lost as soon as they had been made

    @property
    def connection(self) -> Connection | None:
        """The one there is; None while there is none."""
        return self._connection

    @property
    def busy(self) -> bool:
        """Whether the broker still owes a confirmation."""
        return bool(self._in_hand)

    def turn(self, outbox: Outbox) -> None:
        """Everything that can be done now. Takes seconds only where a broker does not answer. Raises `OutboxError`."""
        try:
            self._move()
            if self._connection is not None and self._born:
                self._note_confirmed(self._connection, outbox)
                self._tell(self._connection, outbox)
        except ConnectionLostError as error:
            self._lose(error.state, str(error))
        except ConfigError as error:  # a password's file that is not there yet may come
            self._lose("refused", str(error))

    def leave(self, outbox: Outbox, why: str, within_s: float) -> None:
        """Say that the line is off, and why; what the broker does not confirm in that time stays in the outbox."""
        if self._connection is not None and self._born:
            self._publish(self._connection, "state", self._state("offline", why))
            until_s = time.monotonic() + within_s
            while self._connection is not None and self.busy and time.monotonic() < until_s:
                self.turn(outbox)
                time.sleep(0.005)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _move(self) -> None:
        if self._connection is not None:
            self._connection.turn()
        elif time.monotonic() >= self._next_try_s:
            self._session = uuid4().hex[:12]
            will = Retained(topic=self._topics.of("state"), payload=self._state("offline", LOST))
            connection = Connection(self._broker, self._setup.client_id, will=will)
            connection.open()
            self._connection = connection
        if self._connection is not None and self._connection.connected and not self._born:
            self._born, self._born_s = True, time.monotonic()
            self.state, self.detail = "connected", ""
            self._publish(self._connection, "state", self._state("online", ""))

    def _tell(self, connection: Connection, outbox: Outbox) -> None:
        if self.telemetry is not None and len(self._in_hand) < connection.room:
            told, self.telemetry = TelemetryMessage(**self._setup.names, **self.telemetry), None
            self._publish(connection, "telemetry", told.model_dump_json().encode(), TELEMETRY_LASTS_S)
        for message in outbox.after(self._told_to, connection.room - len(self._in_hand)):
            mid = connection.tell(self._topics.of(message.kind), message.payload(outbox.id))
            self._in_hand[mid] = (message.kind, message.seq)
            self._told_to = message.seq

    def _publish(self, connection: Connection, kind: Kind, payload: bytes, expires_s: int | None = None) -> None:
        mid = connection.publish(Retained(topic=self._topics.of(kind), payload=payload, expires_s=expires_s))
        self._in_hand[mid] = (kind, 0)

    def _note_confirmed(self, connection: Connection, outbox: Outbox) -> None:
        confirmed = [self._in_hand.pop(mid) for mid in connection.take_confirmed()]
        if not confirmed:
            return
        if time.monotonic() - self._born_s > STEADY_S:
            self._wait_s, self._short = FIRST_WAIT_S, 0
        self.sent.update(kind for kind, _ in confirmed)
        outbox.confirmed([seq for _, seq in confirmed if seq])

    def _lose(self, state: FleetState, why: str) -> None:
        """Another attempt later, and later each time; lines that lost a broker together do not come back together."""
        if self._connection is not None:
            self._connection.drop()
        if self._born and state == "lost" and time.monotonic() - self._born_s < STEADY_S:
            self._short += 1
            if self._short >= OFTEN:  # not every broker says so itself
                state, why = "displaced", f"{why} Again and again: has another line the name {self._setup.told_as!r}?"
        self._connection, self._born = None, False
        self._in_hand.clear()
        self._told_to = 0
        self.state, self.detail = state, why
        self._next_try_s = time.monotonic() + self._wait_s * random.uniform(0.75, 1.25)
        self._wait_s = min(2 * self._wait_s, self._broker.longest_wait_s)

    def _state(self, state: Literal["online", "offline"], why: str) -> bytes:
        told = StateMessage(
            **self._setup.names, utc=datetime.now(UTC), state=state, why=why, session=self._session,
            software=self._setup.software,
        )  # fmt: skip
        return told.model_dump_json().encode()
