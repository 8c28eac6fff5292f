"""The OPC UA server in a process of its own, like the page's: it and the loop never share an interpreter lock."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
import time
from functools import partial
from importlib.util import find_spec
from multiprocessing.connection import Connection

from neosort_inference.asking.channel import PagesEnd
from neosort_inference.memory import resident_bytes
from neosort_inference.plant.settings import PlantConfig
from neosort_inference.state import State
from neosort_inference.telemetry import Snapshot
from neosort_inference.ui.channel import SharedBytes, ViewReader
from neosort_inference.ui.onlooker import OnlookerProcess
from neosort_inference.watching import blank_view

HEARD_WITHIN_S = 5.0
NICENESS = 5
LOGGER = logging.getLogger("neosort.plant")


class PlantError(Exception):
    """The OPC UA server cannot be run. The text is one sentence for a technician."""


class PlantProcess(OnlookerProcess):
    """Serves the line over OPC UA from a child process, which also ends when this one dies.

    ``state``: where accounts, recipes and the trail of changes lie. Raises `PlantError` at once when the address is not
    to be had.
    """

    def __init__(self, config: PlantConfig, state: State) -> None:
        must_have_library()
        _must_be_free(config)
        self._config, self._state = config, state
        self.url = f"opc.tcp://{config.host}:{config.port}/"
        self._start()

    def _start(self) -> None:
        self._begin(partial(serve_plant, self._config, self._state), "neosort-plant")

    def serve_again(self) -> None:
        """Start a process anew at the same address, where the last one has died. Raises `PlantError`."""
        self.stop()
        _must_be_free(self._config)
        self._start()

    def publish(self, snapshot: Snapshot) -> None:
        """Show ``snapshot``. Costs a tenth of a millisecond and never waits; the newest wins."""
        self._writer.write(blank_view(snapshot))


def must_have_library() -> None:
    """Raises `PlantError` where the extra `plant` is not installed."""
    if find_spec("asyncua") is None:
        raise PlantError("OPC UA needs the package asyncua: pip install 'neosort[plant]'")


def _must_be_free(config: PlantConfig) -> None:
    """The library opens the port by itself, in the child; a port that somebody has is to be known before."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            raise PlantError(
                f"OPC UA cannot be served on {config.host}:{config.port} ({error.strerror}); "
                "choose another host or port in the file that --opcua names"
            ) from error


def serve_plant(
    config: PlantConfig, state: State, receiver: Connection, shared: SharedBytes, asking: socket.socket
) -> None:
    """The child process: serves until the other end of ``receiver`` closes or dies. ``asking``: to the loop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the loop's process decides when this one ends
    os.nice(NICENESS)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # tells of every client, and at length
    asyncio.run(_serve(config, state, ViewReader(receiver, shared), PagesEnd(asking)))


async def _serve(config: PlantConfig, state: State, reader: ViewReader, asked: PagesEnd) -> None:
    # Imported in the child alone: the loop's process does not carry the libraries.
    from neosort_inference.access.accounts import Accounts  # noqa: PLC0415
    from neosort_inference.access.audit import AuditTrail  # noqa: PLC0415
    from neosort_inference.access.database import Database  # noqa: PLC0415
    from neosort_inference.plant.line_server import LineServer  # noqa: PLC0415
    from neosort_inference.services.recipes import Recipes  # noqa: PLC0415

    newest: asyncio.Queue[Snapshot | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_hear, args=(reader, loop, newest), name="snapshots", daemon=True).start()
    accounts, trail = Accounts(Database(state.accounts)), AuditTrail(state.trail)
    async with LineServer(config, asked, accounts, trail, Recipes(state.recipes, asked)) as server:
        heard_s = time.monotonic()
        while True:
            try:
                snapshot = await asyncio.wait_for(newest.get(), 1.0)
            except TimeoutError:
                if time.monotonic() - heard_s > HEARD_WITHIN_S:
                    await server.doubt()
                continue
            while not newest.empty():
                snapshot = newest.get_nowait()
            if snapshot is None or resident_bytes() > config.most_memory_mb * 1e6:
                return
            heard_s = time.monotonic()
            await server.show(snapshot)


def _hear(reader: ViewReader, loop: asyncio.AbstractEventLoop, newest: asyncio.Queue[Snapshot | None]) -> None:
    """A thread that waits for snapshots; None once there will be no more."""
    while True:
        try:
            heard = reader.read().snapshot
        except (EOFError, OSError):
            heard = None
        try:
            loop.call_soon_threadsafe(newest.put_nowait, heard)
        except RuntimeError:
            return  # the server has ended
        if heard is None:
            return
