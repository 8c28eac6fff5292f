"""A collector: hears what the lines of a plant tell, and keeps the lots where it is given a ledger for them.

A message is confirmed to the broker only when it has been dealt with, a lot when it is committed; with a ledger the
broker remembers what came while the collector was away.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from uuid import uuid4

from neosort_inference.fleet.connection import Connection, ConnectionLostError, Heard
from neosort_inference.fleet.heard_lots import HeardLots
from neosort_inference.fleet.messages import LotMessage, Message, MessageError, read_message
from neosort_inference.fleet.seen import SeenLines
from neosort_inference.fleet.settings import BrokerConfig
from neosort_inference.fleet.topics import every, kind_of
from neosort_inference.ledger.records import LedgerError

TURN_S = 0.2
FIRST_WAIT_S = 0.5
REMEMBERED_S = 7 * 24 * 3600
LEDGER_AGAIN_S = 2.0


class Listener:
    """To what the lines of ``plant`` (None: of every plant) tell. ``name``: the collector's own; two of one name take
    the connection from each other. ``trouble``: why it hears or keeps nothing at the moment.

    Counted: ``new`` lots kept, ``known`` ones that were there already, ``foreign`` messages that are none of ours.
    """

    def __init__(self, broker: BrokerConfig, plant: str | None, lots: HeardLots | None, name: str = "") -> None:
        self._broker, self._topic, self._lots = broker, every(plant), lots
        fallback = socket.gethostname() if lots is not None else uuid4().hex[:12]
        self._client_id = f"neosort-listener-{name or fallback}"
        self.seen = SeenLines()
        self.trouble = ""
        self.new = self.known = self.foreign = 0
        self._connection: Connection | None = None
        self._subscribed = False
        self._heard: deque[Heard] = deque()
        self._next_try_s = self._next_keep_s = 0.0
        self._wait_s = FIRST_WAIT_S

    @property
    def hears(self) -> bool:
        """Whether there is a broker."""
        return self._subscribed

    def turn(self) -> None:
        """Hear what there is; returns within a fraction of a second, or some five where no broker answers.

        Raises `ConfigError` for a password or certificate that cannot be read.
        """
        try:
            self._move()
        except ConnectionLostError as error:
            self._lose(str(error))
        self._deal()

    def close(self) -> None:
        """Say goodbye to the broker; with a ledger it goes on remembering."""
        if self._connection is not None:
            self._connection.close()

    def _move(self) -> None:
        if self._connection is None:
            if time.monotonic() < self._next_try_s:
                time.sleep(TURN_S)
                return
            keep_s = 0 if self._lots is None else REMEMBERED_S
            connection = Connection(self._broker, self._client_id, keep_session_s=keep_s, on_message=self._heard.append)
            connection.open()
            self._connection = connection
        self._connection.turn(TURN_S)
        if self._connection.connected and not self._subscribed:
            self._connection.subscribe(self._topic)
            self._subscribed, self.trouble, self._wait_s = True, "", FIRST_WAIT_S

    def _deal(self) -> None:
        """With what has come, in its order; what cannot be kept now stays, unconfirmed."""
        while self._heard and time.monotonic() >= self._next_keep_s:
            heard = self._heard[0]
            try:
                self._take(heard)
            except LedgerError as error:
                self.trouble = str(error)
                self._next_keep_s = time.monotonic() + LEDGER_AGAIN_S
                return
            self._heard.popleft()
            if self._connection is not None:
                self._connection.confirm(heard)

    def _take(self, heard: Heard) -> None:
        message = self._message(heard)
        if message is None:
            self.foreign += 1
            return
        if isinstance(message, LotMessage) and self._lots is not None:
            new = self._lots.keep(message)
            self.new, self.known, self.trouble = self.new + new, self.known + (not new), ""
        self.seen.see(message)

    def _message(self, heard: Heard) -> Message | None:
        kind = kind_of(heard.topic)
        if kind is None or not heard.payload:
            return None
        try:
            return read_message(kind, heard.payload)
        except MessageError:
            return None

    def _lose(self, why: str) -> None:
        if self._connection is not None:
            self._connection.drop()
        self._connection, self._subscribed, self.trouble = None, False, why
        self._heard.clear()  # unconfirmed: they come again
        self._next_try_s = time.monotonic() + self._wait_s
        self._wait_s = min(2 * self._wait_s, self._broker.longest_wait_s)
