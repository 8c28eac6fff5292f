"""Modbus/TCP peers that somebody else wrote, each started on a free port of loopback and ended by the test."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from pyModbusTCP.server import DataBank, ModbusServer
from tests.hardware.waiting import WITHIN_S

from neosort_hardware.modbus_link import ModbusLink
from neosort_hardware.settings_modbus import ModbusPeer

RAMP, ECHO, MUTE, CONTACTS = 210, 211, 212, 200  # coils of the libmodbus peer
PEERS = Path(__file__).with_name("peers")


def free_port() -> int:
    """A port that nobody has, below those that the system hands out.

    Who asks again and again for a port among those, while nobody listens there, is one day handed that very port to
    ask from: connected with itself, and the peer that comes back finds its port taken.
    """
    handed_out = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10_000, max(handed_out, 11_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True)
class ValveMove:
    """What the peer saw of a valve, by its own clock and counter."""

    valve: int
    opened: bool
    at_ns: int
    count: int


@cache
def compiled_peer() -> Path:
    """The peer on libmodbus, compiled once; skips where that cannot be done."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler: apt-get install gcc")
    binary = Path(mkdtemp(prefix="neosort-peer-")) / "modbus_peer"
    command = [compiler, "-O2", "-o", binary, PEERS / "modbus_peer.c", "-I/usr/include/modbus", "-lmodbus", "-lm"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if "modbus.h" in made.stderr or "-lmodbus" in made.stderr:
        pytest.skip("needs libmodbus: apt-get install libmodbus-dev")
    assert made.returncode == 0, made.stderr
    return binary


class LibmodbusPeer:
    """The C peer: counter, array, contacts, coils and a counting controller, on a belt of its own."""

    def __init__(
        self,
        port: int,
        mm_per_s: tuple[float, float] = (1000.0, 1000.0),
        ramp_s: float = 1.0,
        first_count: int = 0,
    ) -> None:
        arguments = (port, *mm_per_s, ramp_s, first_count)
        self._process = subprocess.Popen(
            [compiled_peer(), *map(str, arguments)], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline().split()
        assert ready[:1] == ["ready"], "the peer did not start"
        self.start_ns = int(ready[1])
        self.ramp_ns: int | None = None
        self._echoes = threading.Semaphore(0)
        self._port = port
        self._moves: queue.SimpleQueue[ValveMove] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._seen: list[ValveMove] = []

    def moves(self) -> list[ValveMove]:
        """Every move of a valve so far."""
        while not self._moves.empty():
            self._seen.append(self._moves.get())
        return self._seen

    def set_coil(self, coil: int, value: bool = True) -> None:
        """By a connection of its own, as a technician would."""
        link = ModbusLink("technician", ModbusPeer(port=self._port, timeout_ms=2000.0))
        link.write_coils(coil, [value])
        link.close()

    def hear_out(self) -> None:
        """Return once everything that it did until now has been read here."""
        if self._process.poll() is None:
            self.set_coil(ECHO)
            assert self._echoes.acquire(timeout=WITHIN_S)

    def open_valves(self) -> set[int]:
        """Those that stand open."""
        state = {move.valve: move.opened for move in self.moves()}
        return {valve for valve, opened in state.items() if opened}

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            if line.startswith("echo"):
                self._echoes.release()
                continue
            if line.startswith("ramp"):
                self.ramp_ns = int(line.split()[1])
                continue
            _, valve, opened, at_ns, count = line.split()
            self._moves.put(ValveMove(int(valve), opened == "1", int(at_ns), int(count)))


@contextmanager
def libmodbus_peer(port: int | None = None, **belt) -> Iterator[tuple[int, LibmodbusPeer]]:
    port = free_port() if port is None else port
    peer = LibmodbusPeer(port, **belt)
    try:
        yield port, peer
    finally:
        peer.kill()


class LoggedBank(DataBank):
    """pyModbusTCP's data bank, with the coils' changes kept."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[int, bool, int]] = []

    def on_coils_change(self, address, from_value, to_value, srv_info) -> None:
        self.changes.append((address, to_value, time.monotonic_ns()))


@contextmanager
def pymodbustcp_peer(port: int | None = None) -> Iterator[tuple[int, LoggedBank]]:
    port = free_port() if port is None else port
    bank = LoggedBank()
    server = ModbusServer(host="127.0.0.1", port=port, no_block=True, data_bank=bank)
    server.start()
    try:
        yield port, bank
    finally:
        server.stop()


class PymodbusPeer:
    """pymodbus' own server on a thread's loop; sees every request, and may be told to refuse."""

    def __init__(self, port: int) -> None:
        self.writes: list[tuple[int, int, list, int]] = []
        self.refuse_with = None
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(WITHIN_S)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN_S)
        self._loop.close()

    async def _hook(self, *request):
        function, _, address, _, _, values = request
        if function in (5, 6, 15, 16):
            self.writes.append((function, address, list(values), time.monotonic_ns()))
        return self.refuse_with

    async def _start(self) -> None:
        blocks = (
            [SimData(0, count=64, values=False, datatype=DataType.BITS)],
            [SimData(0, count=8, values=True, datatype=DataType.BITS)],
            [SimData(0, count=64, values=0, datatype=DataType.REGISTERS)],
            [SimData(0, count=64, values=0, datatype=DataType.REGISTERS)],
        )
        device = SimDevice(id=1, simdata=blocks, action=self._hook)
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self._port))
        await self._server.listen()
        self._ready.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()


@contextmanager
def pymodbus_peer(port: int | None = None) -> Iterator[tuple[int, PymodbusPeer]]:
    port = free_port() if port is None else port
    peer = PymodbusPeer(port)
    try:
        yield port, peer
    finally:
        peer.stop()


class _Ill(socketserver.BaseRequestHandler):
    """Takes every request and answers with what it was told to: bytes, nothing at all, or by hanging up (None)."""

    def handle(self) -> None:
        while request := self.request.recv(300):
            answer = self.server.answer
            if answer is None:
                return
            self.request.sendall(answer(request) if callable(answer) else answer)


class _IllServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


@contextmanager
def ill_peer(answer) -> Iterator[int]:
    """A peer that speaks no Modbus worth the name."""
    with _IllServer(("127.0.0.1", 0), _Ill) as server:
        server.answer = answer
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class ModbusTkSlave:
    """modbus_tk's server in a process of its own."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", PEERS / "modbus_tk_peer.py", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._must_say("ready")

    def set_values(self, block: str, first: int, values: list[int]) -> None:
        self._process.stdin.write(f"{block} {first} {' '.join(map(str, values))}\n")
        self._process.stdin.flush()
        self._must_say("set")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _must_say(self, word: str) -> None:
        assert self._process.stdout.readline().strip() == word


@contextmanager
def modbus_tk_peer(port: int | None = None) -> Iterator[tuple[int, ModbusTkSlave]]:
    """A slave with 200 of each; knows no other addresses."""
    port = free_port() if port is None else port
    slave = ModbusTkSlave(port)
    try:
        yield port, slave
    finally:
        slave.kill()
