"""`ModbusPlant`: contacts of the plant, and its air pressure, out of the registers of its controller."""

from __future__ import annotations

import time
from typing import Self

from neosort_hardware.devices import DeviceError
from neosort_hardware.modbus_device import PolledModbusDevice
from neosort_hardware.settings_modbus import ModbusPlantConfig
from neosort_hardware.site import Site
from neosort_hardware.types import PlantState

NAME = "Modbus plant contacts"


class ModbusPlant(PolledModbusDevice):
    """Asks again and again on a thread; what was read too long ago is not to be had."""

    def __init__(self, settings: ModbusPlantConfig) -> None:
        """Raises `DeviceError` when the contacts cannot be read."""
        super().__init__(NAME, settings.peer, settings.expect)
        self._settings = settings
        self._state = (0, PlantState())
        self._poll_with(self._ask, settings.poll_ms)

    @classmethod
    def connect(cls, settings: ModbusPlantConfig, site: Site) -> Self:
        """The contacts, watched. Raises `DeviceError`."""
        return cls(settings)

    def read(self) -> PlantState:
        self._must_be_open()
        read_ns, state = self._state
        if time.monotonic_ns() - read_ns > self._settings.stale_ms * 1e6:
            raise self._poll.error or DeviceError(NAME, "contacts not read in time")
        return state

    def _ask(self) -> None:
        settings = self._settings
        asked_ns = time.monotonic_ns()
        share = None
        if settings.air_register is not None:
            (raw,) = self._link.read_registers(settings.air_table, settings.air_register, 1)
            share = raw / settings.air_rated
        state = PlantState(
            chute_full=self._bit(settings.chute_full), belt_jammed=self._bit(settings.belt_jammed), air_share=share
        )
        self._state = (asked_ns, state)

    def _bit(self, place: int | None) -> bool:
        return place is not None and self._link.read_bits(self._settings.table, place, 1)[0]
