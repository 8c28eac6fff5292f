"""`ModbusInterlock`: contacts of the safety circuit. What cannot be read, or was read too long ago, is open."""

from __future__ import annotations

import time
from typing import Self

from neosort_hardware.modbus_device import PolledModbusDevice
from neosort_hardware.settings_modbus import ModbusInterlockConfig
from neosort_hardware.site import Site
from neosort_hardware.types import InterlockState

NAME = "Modbus interlock"


class ModbusInterlock(PolledModbusDevice):
    """Closed while every contact is. It reads; the circuit itself stops the machine, with or without us."""

    def __init__(self, settings: ModbusInterlockConfig) -> None:
        """Raises `DeviceError` when the contacts cannot be read."""
        super().__init__(NAME, settings.peer, settings.expect)
        self._settings = settings
        self._contacts: tuple[int, list[bool]]
        self._poll_with(self._ask, settings.poll_ms)

    @classmethod
    def connect(cls, settings: ModbusInterlockConfig, site: Site) -> Self:
        """The interlock, watched. Raises `DeviceError`."""
        return cls(settings)

    def read(self) -> InterlockState:
        if not self._open:
            return InterlockState(closed=False, detail=f"{NAME} is closed")
        read_ns, contacts = self._contacts
        if time.monotonic_ns() - read_ns > self._settings.stale_ms * 1e6:
            error = self._poll.error
            return InterlockState(closed=False, detail=str(error) if error else f"{NAME}: contacts not read in time")
        opened = [name for name, closed in zip(self._settings.contacts, contacts, strict=True) if not closed]
        return InterlockState(closed=not opened, detail=", ".join(f"{name} open" for name in opened))

    def _ask(self) -> None:
        settings = self._settings
        asked_ns = time.monotonic_ns()
        self._contacts = (asked_ns, self._link.read_bits(settings.table, settings.first, len(settings.contacts)))
