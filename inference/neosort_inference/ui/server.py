"""The web page in a process of its own, so that it and the loop never share an interpreter lock."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from functools import partial
from multiprocessing.connection import Connection

from neosort_inference.access.database import AccountError, any_account
from neosort_inference.access.serving import Serving, loopback
from neosort_inference.asking.channel import PagesEnd
from neosort_inference.telemetry import WindowView
from neosort_inference.ui.channel import SharedBytes, ViewReader
from neosort_inference.ui.onlooker import STOP_WITHIN_S, OnlookerProcess
from neosort_inference.ui.running import Running

MAX_VIEWS_PER_S = 10.0
PAGE_NICENESS = 10


class PageError(Exception):
    """The page cannot be served. The text is one sentence for a technician."""


class PageProcess(OnlookerProcess):
    """Serves the page on ``host``:``port`` from a child process, which also ends when this one dies.

    Raises `PageError` at once when the address is not to be had. ``published`` counts views handed over, ``withheld``
    those that came sooner than a tenth of a second after the last.
    """

    def __init__(self, host: str, port: int, running: Running | None = None, serving: Serving | None = None) -> None:
        self._running, self._serving = running or Running(), serving or Serving()
        _must_be_allowed(host, self._serving)
        listener = _listen(host, port)
        self._host, self._port = host, listener.getsockname()[1]
        self.url = f"http://{host}:{self._port}/"
        self.published = 0
        self.withheld = 0
        self._next_s = 0.0
        self._start(listener)

    def _start(self, listener: socket.socket) -> None:
        self._begin(partial(serve_page, listener, running=self._running, serving=self._serving), "neosort-page")
        listener.close()

    def serve_again(self) -> None:
        """Start a process anew at the same address, where the last one has died. Raises `PageError`."""
        self.stop()
        self._start(_listen(self._host, self._port))

    def publish(self, view: WindowView) -> None:
        """Show ``view``. Costs well under a millisecond and never waits; most often the newest wins. A view of a line
        that no longer sorts is always handed over."""
        now_s = time.monotonic()
        if now_s < self._next_s and view.snapshot.state == "sorting":
            self.withheld += 1
            return
        self._next_s = now_s + 1.0 / MAX_VIEWS_PER_S
        self.published += self._writer.write(view)


def _must_be_allowed(host: str, serving: Serving) -> None:
    """Other machines are served only to people who have said who they are. Raises `PageError`."""
    if loopback(host):
        return
    try:
        served = any_account(serving.state.accounts)
    except AccountError as error:
        raise PageError(str(error)) from error
    if not served:
        raise PageError(
            f"--host {host} would serve other machines, and there are no accounts in {serving.state.folder}: make one "
            "with neosort account add NAME --role admin"
        )


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, opened here and handed on, so that nobody can take the port in between."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(64)
    except (OSError, OverflowError) as error:
        listener.close()
        cause = error.strerror if isinstance(error, OSError) else "not a port number"
        raise PageError(
            f"the page cannot be served on {host}:{port} ({cause}); choose another port with --port"
        ) from error
    return listener


def serve_page(
    listener: socket.socket,
    receiver: Connection,
    shared: SharedBytes,
    asking: socket.socket,
    *,
    running: Running,
    serving: Serving,
) -> None:
    """The child process: serves until the other end of ``receiver`` closes or dies. ``asking``: to the loop."""
    # Ctrl-C reaches the whole terminal group; the loop's process decides when the page ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(PAGE_NICENESS)  # on a small edge device the loop goes first
    # Imported here, in the child alone: the loop's process neither waits for the web's libraries nor carries them.
    from neosort_inference.ui.pages import page_server  # noqa: PLC0415

    feed, server = page_server(PagesEnd(asking), running, serving)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="http", daemon=True)
    thread.start()
    reader = ViewReader(receiver, shared)
    while True:
        try:
            view = reader.read()
        except (EOFError, OSError):
            break
        feed.put(view)
    server.should_exit = True
    thread.join(STOP_WITHIN_S)
