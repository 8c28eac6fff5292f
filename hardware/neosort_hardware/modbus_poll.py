"""A thread that asks a Modbus peer again and again, so that nobody who reads the device waits for the wire."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from neosort_hardware.devices import DeviceError
from neosort_hardware.modbus_link import ModbusLink

LOGGER = logging.getLogger("neosort.modbus")
STOP_WITHIN_S = 5.0


class ModbusPoll:
    """Calls ``ask`` every period on its own thread, which owns the link from then on.

    ``ask`` does the asking and keeps the answer where it belongs; what it raises is kept in `error` until it succeeds
    again. Periods that one answer overran are left out, not made up for.
    """

    def __init__(self, name: str, link: ModbusLink, period_ms: float, ask: Callable[[], None]) -> None:
        self._name = name
        self._link = link
        self._period_ns = round(period_ms * 1e6)
        self._ask = ask
        self._stop = threading.Event()
        self.error: DeviceError | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and hang up. Idempotent; waits for the request on the wire."""
        self._stop.set()
        self._thread.join(STOP_WITHIN_S)

    def _run(self) -> None:
        due_ns = time.monotonic_ns()
        try:
            while not self._stop.is_set():
                self._once()
                now_ns = time.monotonic_ns()
                due_ns += self._period_ns * max(1, -(-(now_ns - due_ns) // self._period_ns))
                self._rest((due_ns - now_ns) * 1e-9)
        finally:
            self._link.close()

    def _once(self) -> None:
        try:
            self._ask()
        except DeviceError as error:
            self.error = error
        except Exception as error:  # a thread that died of what nobody has foreseen would never ask again
            LOGGER.exception("%s: an error that its driver does not know", self._name)
            self.error = DeviceError(self._name, f"{type(error).__name__}: {error}")
        else:
            self.error = None

    def _rest(self, seconds: float) -> None:
        """An event's wait has a lock to take and wakes later than a sleep; only a long one needs to hear of the end."""
        if seconds < 0.02:
            time.sleep(seconds)
        else:
            self._stop.wait(seconds)
