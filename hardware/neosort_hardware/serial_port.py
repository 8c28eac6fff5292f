"""A serial port that waits no longer than it is told, and says in a sentence what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import select
import time

import serial

READ_BYTES = 65_536


class PortError(Exception):
    """The port cannot be opened, or has gone. The text is a cause, to stand behind a device's name."""


class SerialPort:
    """A port of this machine (``/dev/ttyACM0``) or of a device server (``socket://host:2217``), opened at once.

    Nobody else may open it meanwhile. ``write_s``: the longest that a write may take. Raises `PortError`.
    """

    def __init__(self, address: str, baud: int, write_s: float) -> None:
        self.address = address
        try:
            self._port = serial.serial_for_url(
                address, baudrate=baud, timeout=0, write_timeout=write_s, do_not_open=True
            )
            if "://" not in address:
                self._port.exclusive = True
            self._port.open()
        except (serial.SerialException, OSError, ValueError) as error:
            raise PortError(f"{address} cannot be opened ({_why(error)})") from error
        with contextlib.suppress(AttributeError, ValueError, OSError):
            self._port.set_low_latency_mode(True)  # an FTDI chip else keeps bytes for 16 ms; others do not know it
        self._ready = select.poll()
        self._ready.register(self._port.fileno(), select.POLLIN)

    def write(self, data: bytes) -> None:
        """Hand over bytes. Raises `PortError` when the port has gone or takes none for ``write_s``."""
        try:
            self._port.write(data)
        except (serial.SerialException, OSError) as error:
            raise PortError(f"{self.address} takes no bytes ({_why(error)})") from error

    def read(self, timeout_s: float) -> bytes:
        """What has been received; waits for the first byte until the time is up (then nothing). Raises `PortError`."""
        try:
            if not self._ready.poll(max(0.0, timeout_s) * 1000.0):
                return b""
            return bytes(self._port.read(READ_BYTES))
        except (serial.SerialException, OSError) as error:
            raise PortError(f"{self.address} has gone ({_why(error)})") from error

    def close(self) -> None:
        """Let go. Never raises."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.close()


class BackOff:
    """When a lost device may be tried again: soon at first, then ever more seldom."""

    def __init__(self, first_s: float = 0.1, longest_s: float = 2.0) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._wait_s = first_s
        self._next_s = 0.0

    def over(self) -> bool:
        """Whether it may be tried now."""
        return time.monotonic() >= self._next_s

    def failed(self) -> None:
        """It did not work: wait, and twice as long the next time."""
        self._next_s = time.monotonic() + self._wait_s
        self._wait_s = min(self._longest_s, 2 * self._wait_s)

    def worked(self) -> None:
        """It is there again."""
        self._wait_s = self._first_s
        self._next_s = 0.0


def _why(error: Exception) -> str:
    """The system's own words; pyserial wraps them twice."""
    number = getattr(error, "errno", None)
    if number:
        return os.strerror(number)
    return str(error).partition("\n")[0] or type(error).__name__
