"""Both ends of the way between page and loop: whole messages over a pair of local sockets.

A `SOCK_SEQPACKET` pair keeps messages apart, takes each whole or not at all, and tells either end when the other is
gone, so the loop reads and answers without ever waiting. What is asked and answered is JSON: nothing that comes from
the process that serves the network is run, and all of it is checked here.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import ValidationError

from neosort_hardware.section import describe_invalid
from neosort_inference.asking.orders import ANSWER, REQUEST, Answer, Order, Refusal, RefusedError, Request, Result

MOST_AT_ONCE = 16  # orders that one look of the loop takes: the others wait for its next
MOST_PENDING = 64  # orders without an answer yet, of all pages together
MOST_BYTES = 96 * 1024  # of a message; what is larger goes into a file that it names
ANSWER_WITHIN_S = 5.0
LOGGER = logging.getLogger("neosort.asking")


class UnheardError(Exception):
    """The loop has not answered: it is gone, has too much to do, or did not come to it in time. ``handed_over``: it has
    the order, and may still do it."""

    def __init__(self, why: str, *, handed_over: bool = False) -> None:
        super().__init__(why)
        self.handed_over = handed_over


class Loop(Protocol):
    """The loop, as the page's process knows it."""

    def ask(self, order: Order, by: str, within_s: float = ANSWER_WITHIN_S) -> Result:
        """Ask and wait for the answer. Raises `RefusedError`, or `UnheardError` when none came ``within_s``."""


class NoLoop:
    """Where nobody listens."""

    def ask(self, order: Order, by: str, within_s: float = ANSWER_WITHIN_S) -> Result:
        """Raises `UnheardError`."""
        raise UnheardError("the loop does not listen")


@dataclass(slots=True, kw_only=True)
class Asked:
    """An order as the loop has it. It is to be answered or refused, at once or later, from any thread; once."""

    order: Order
    by: str
    number: int = 0
    reply: Callable[[Answer], None] = field(default=lambda _: None)

    def answer(self, result: Result | None = None) -> None:
        """It is done; what came of it."""
        self.reply(Answer(number=self.number, result=result or {}))

    def refuse(self, refusal: Refusal, why: str) -> None:
        """It is not done, and why."""
        self.reply(Answer(number=self.number, refusal=refusal, why=why))


def open_asking() -> tuple[LoopsEnd, socket.socket]:
    """The loop's end, and what a `PagesEnd` in the other process is made of."""
    loops, pages = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return LoopsEnd(loops), pages


class LoopsEnd:
    """Takes orders and answers them. Nothing here waits. ``unanswered``: answers that nobody came to read."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)
        self.unanswered = 0

    def take(self) -> tuple[Asked, ...]:
        """Orders that have come, oldest first. What is no order is refused here."""
        taken: list[Asked] = []
        for _ in range(MOST_AT_ONCE):
            try:
                message = self._connection.recv(MOST_BYTES)
            except OSError:
                break  # nothing is there, or this end is closed
            if not message:
                break  # the page is gone, and nobody asks anything there any more
            try:
                request = REQUEST.validate_json(message)
            except ValidationError as error:
                LOGGER.warning("the page asked for what there is not: %s", error.errors(include_url=False)[0]["msg"])
                continue
            taken.append(Asked(order=request.order, by=request.by, number=request.number, reply=self._reply))
        return tuple(taken)

    def _reply(self, answer: Answer) -> None:
        message = ANSWER.dump_json(answer)
        if len(message) > MOST_BYTES:
            LOGGER.error("answer %d has %d bytes, at most %d can be told", answer.number, len(message), MOST_BYTES)
            why = f"the answer has {len(message)} bytes, more than can be told"
            message = ANSWER.dump_json(Answer(number=answer.number, refusal="nobody", why=why))
        try:
            self._connection.send(message)
        except OSError:
            self.unanswered += 1

    def close(self) -> None:
        """Nothing will be answered any more."""
        self._connection.close()


class PagesEnd:
    """Asks the loop; used by any thread of the page's process."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._pending: dict[int, Future[Result]] = {}
        self._last = 0
        self._gone = False
        threading.Thread(target=self._read, name="answers", daemon=True).start()

    def ask(self, order: Order, by: str, within_s: float = ANSWER_WITHIN_S) -> Result:
        """Ask and wait for the answer. Raises `RefusedError`, or `UnheardError` when none came ``within_s``."""
        number, future = self._send(order, by)
        try:
            return future.result(within_s)
        except TimeoutError:
            why = f"the loop has not answered within {within_s:g} s; it may still do it"
            raise UnheardError(why, handed_over=True) from None
        finally:
            with self._lock:
                self._pending.pop(number, None)

    def _send(self, order: Order, by: str) -> tuple[int, Future[Result]]:
        with self._lock:
            if self._gone:
                raise UnheardError("the loop does not listen")
            if len(self._pending) >= MOST_PENDING:
                raise UnheardError(f"{MOST_PENDING} orders wait for the loop already")
            self._last += 1
            number = self._last
            message = REQUEST.dump_json(Request(number=number, by=by, order=order))
            _must_fit(message)
            future = self._pending[number] = Future()
            try:
                self._connection.send(message, socket.MSG_DONTWAIT)
            except OSError:
                del self._pending[number]
                raise UnheardError("the loop does not listen") from None
        return number, future

    def _read(self) -> None:
        while True:
            try:
                message = self._connection.recv(MOST_BYTES)
            except OSError:
                message = b""
            if not message:
                break
            self._settle(ANSWER.validate_json(message))
        with self._lock:
            self._gone = True
            left = list(self._pending.values())
        for future in left:
            future.set_exception(UnheardError("the loop has gone", handed_over=True))

    def _settle(self, answer: Answer) -> None:
        with self._lock:
            future = self._pending.pop(answer.number, None)
        if future is None:
            return  # nobody waits for it any more
        if answer.refusal is not None:
            future.set_exception(RefusedError(answer.refusal, answer.why))
        else:
            future.set_result(answer.result or {})

    def close(self) -> None:
        """Nobody asks any more."""
        self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def _must_fit(message: bytes) -> None:
    """The loop will take it for an order. Raises `RefusedError`."""
    if len(message) > MOST_BYTES:
        raise RefusedError("not fitting", f"an order has at most {MOST_BYTES} bytes, this one {len(message)}")
    try:
        REQUEST.validate_json(message)
    except ValidationError as error:
        raise RefusedError("not fitting", describe_invalid(error)) from None
