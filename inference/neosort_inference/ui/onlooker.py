"""A child process that is shown the line and may ask things of it: the page, the plant's server."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection

from neosort_inference.asking.channel import Asked, open_asking
from neosort_inference.ui.channel import SharedBytes, open_channel

STOP_WITHIN_S = 3.0

Serve = Callable[[Connection, SharedBytes, socket.socket], None]
"""What the child runs: views come out of the first two, orders to the loop go into the last. It ends when the other end
of the first closes or dies."""


class OnlookerProcess:
    """Of its own, so that it and the loop never share an interpreter lock. Ends when this one dies."""

    def _begin(self, serve: Serve, name: str) -> None:
        """Start the child; it is a fresh interpreter, so ``serve`` is named by its module."""
        context = multiprocessing.get_context("spawn")
        self._writer, receiver, shared = open_channel(context)
        self._asked, asking = open_asking()
        self._process = context.Process(target=serve, args=(receiver, shared, asking), name=name, daemon=True)
        self._process.start()
        for end in (receiver, asking):
            end.close()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    def asked(self) -> tuple[Asked, ...]:
        """What its people have asked of the loop since the last call. Does not wait."""
        return self._asked.take()

    def stop(self) -> None:
        """End it. Returns within some five seconds, by force where need be; may be called twice."""
        self._writer.close()
        self._asked.close()
        for end in (None, self._process.terminate, self._process.kill):
            if end is not None:
                end()
            self._process.join(STOP_WITHIN_S if end is None else 1.0)
            if not self._process.is_alive():
                return
