"""One Modbus/TCP connection with a deadline, no retries, and errors that say who, where and why.

pymodbus does the protocol. Its own defaults (3 s, three retries) would hold the firing path up for twelve seconds.
"""

from __future__ import annotations

import logging
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from neosort_hardware.back_off import BackOff
from neosort_hardware.devices import DeviceError
from neosort_hardware.settings_modbus import BitTable, ModbusPeer, RegisterTable, RegisterValue

MOST_REGISTERS = 125
_Value = TypeVar("_Value", int, bool)
# What pymodbus lets through when the peer's bytes make no sense.
_GARBAGE = (ModbusException, OSError, ValueError, IndexError, struct.error)
_REFUSALS = {
    1: "the peer does not know the function",
    2: "no such register: the register map does not match the peer",
    3: "the peer takes no such value or so many: the register map does not match the peer",
    4: "the peer has failed",
    6: "the peer is busy",
    10: "the gateway cannot reach the unit",
    11: "the unit behind the gateway does not answer",
}


class ModbusLink:
    """Connects when first asked, and again with back-off after a failure. For one thread at a time.

    ``expect``: registers that must read so after every connect. ``on_connect``: what else is to be done then. Every
    method raises `DeviceError` within about twice the peer's timeout, at once while it waits to try again.
    """

    def __init__(
        self,
        device: str,
        peer: ModbusPeer,
        expect: Sequence[RegisterValue] = (),
        on_connect: Callable[[ModbusLink], None] | None = None,
    ) -> None:
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # whatever it logs, it also raises
        self._device = device
        self._peer = peer
        self._expect = tuple(expect)
        self._on_connect = on_connect
        self._back_off = BackOff()
        self._client: ModbusTcpClient | None = None
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """What the last failure was; empty since things went well."""
        return self._trouble

    def connect(self) -> None:
        """See that the peer is there and the right one."""
        self._connected()

    def read_registers(self, table: RegisterTable, first: int, count: int) -> list[int]:
        """Registers, 0..65535 each; in several requests where one cannot hold them."""
        values: list[int] = []
        while len(values) < count:
            values += self._read_some(table, first + len(values), min(MOST_REGISTERS, count - len(values)))
        return values

    def read_bits(self, table: BitTable, first: int, count: int) -> list[bool]:
        """Coils or discrete inputs, at most 2,000."""
        what = f"{table}s {first} to {first + count - 1}"
        client = self._connected()
        read = client.read_coils if table == "coil" else client.read_discrete_inputs
        function = 1 if table == "coil" else 2
        answer = self._ask(what, function, lambda: read(first, count=count, device_id=self._peer.unit))
        return self._whole(what, answer.bits, count)

    def write_registers(self, first: int, values: list[int]) -> None:
        """Holding registers, in one request."""
        client = self._connected()
        what = f"holding registers {first} to {first + len(values) - 1}"
        self._ask(what, 16, lambda: client.write_registers(first, values, device_id=self._peer.unit))

    def write_coils(self, first: int, bits: list[bool]) -> None:
        """Coils, in one request: at most 1,968."""
        client = self._connected()
        what = f"coils {first} to {first + len(bits) - 1}"
        self._ask(what, 15, lambda: client.write_coils(first, bits, device_id=self._peer.unit))

    def close(self) -> None:
        """Let go. Idempotent, never raises."""
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]
            self._client = None

    def error(self, cause: str) -> DeviceError:
        """An error of this peer."""
        peer = self._peer
        return DeviceError(self._device, f"{peer.host}:{peer.port} unit {peer.unit}: {cause}")

    def _read_some(self, table: RegisterTable, first: int, count: int) -> list[int]:
        what = f"{table} registers {first} to {first + count - 1}"
        client = self._connected()
        read = client.read_holding_registers if table == "holding" else client.read_input_registers
        function = 3 if table == "holding" else 4
        answer = self._ask(what, function, lambda: read(first, count=count, device_id=self._peer.unit))
        return self._whole(what, answer.registers, count)

    def _connected(self) -> ModbusTcpClient:
        if self._client is not None:
            return self._client
        if not self._back_off.due(time.monotonic_ns()):
            raise self.error(self._trouble)
        try:
            self._open()
        except DeviceError:
            self._back_off.failed(time.monotonic_ns())
            raise
        self._back_off.done()
        self._trouble = ""
        assert self._client is not None
        return self._client

    def _open(self) -> None:
        peer = self._peer
        try:
            connection = socket.create_connection((peer.host, peer.port), timeout=1e-3 * peer.timeout_ms)
        except OSError as error:
            self._trouble = f"no connection ({_why(error)})"
            raise self.error(self._trouble) from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = ModbusTcpClient(peer.host, port=peer.port, timeout=1e-3 * peer.timeout_ms, retries=0)
        self._client.socket = connection  # its own connect() keeps to itself why it failed
        try:
            self._must_be_expected()
            if self._on_connect is not None:
                self._on_connect(self)
        except DeviceError as error:
            self.close()
            self._trouble = error.cause.partition(": ")[2]
            raise

    def _must_be_expected(self) -> None:
        for wanted in self._expect:
            found = self.read_registers("holding", wanted.at, 1)[0]
            if found != wanted.value:
                raise self.error(
                    f"holding register {wanted.at} is {found}, the register map expects {wanted.value}: another "
                    "peer, or another map"
                )

    def _ask(self, what: str, function: int, request: Callable[[], ModbusPDU]) -> ModbusPDU:
        try:
            answer = request()
        except _GARBAGE as error:
            raise self._lost(f"{what}: {_why(error)}") from error
        if answer.function_code == function:
            return answer
        if not answer.isError():
            raise self._lost(f"{what}: the answer makes no sense")
        code = getattr(answer, "exception_code", 0)
        raise self.error(f"{what}: {_REFUSALS.get(code, f'refused with exception {code}')}")

    def _whole(self, what: str, values: Sequence[_Value], count: int) -> list[_Value]:
        """So many values; bits come in whole bytes, registers exactly."""
        if len(values) < count:
            raise self._lost(f"{what}: the answer holds {len(values)} values")
        return list(values[:count])

    def _lost(self, cause: str) -> DeviceError:
        """Whatever else of that answer may still arrive must not be taken for the next one's: hang up."""
        self.close()
        self._trouble = cause
        self._back_off.failed(time.monotonic_ns())
        return self.error(cause)


def _why(error: Exception) -> str:
    """A failure in a technician's words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    text = str(error)
    if "No response received" in text:
        return "no answer in time"
    if "Connection" in text or "closed" in text:
        return "the peer has closed the connection"
    return "the answer makes no sense"
