"""One coil a valve on a Modbus/TCP output station, for the shot process to set."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from neosort_hardware.devices import DeviceError, Encoder
from neosort_hardware.encoder_modbus import ModbusEncoder
from neosort_hardware.modbus_link import ModbusLink
from neosort_hardware.settings_modbus import ModbusEncoderConfig, ModbusOutputs
from neosort_hardware.shot_timer import NO_VALVES


class ModbusCoils:
    """Every write sets all coils in one request: nothing that went wrong before outlives the next one."""

    def __init__(self, name: str, settings: ModbusOutputs) -> None:
        """Raises `DeviceError` when they cannot be shut."""
        self._settings = settings
        self._link = ModbusLink(name, settings.peer, settings.expect, self._arm)
        try:
            self.set_open(NO_VALVES)
        except DeviceError:
            self._link.close()
            raise

    def set_open(self, nozzles: frozenset[int]) -> None:
        bits = [False] * self._settings.valves
        for nozzle in nozzles:
            bits[nozzle] = True
        self._link.write_coils(self._settings.first_coil, bits)

    def close(self) -> None:
        with suppress(DeviceError):  # the station's own watchdog is left to shut them
            self.set_open(NO_VALVES)
        self._link.close()

    def _arm(self, link: ModbusLink) -> None:
        """The station's own watchdog, for the day when this whole machine is gone."""
        for register in self._settings.watchdog:
            link.write_registers(register.at, [register.value])


@dataclass(frozen=True, slots=True)
class OpensModbusCoils:
    """Pickles the way to the coils."""

    name: str
    settings: ModbusOutputs

    def open_outputs(self) -> ModbusCoils:
        return ModbusCoils(self.name, self.settings)


@dataclass(frozen=True, slots=True)
class OpensModbusEncoder:
    """Pickles the way to a Modbus encoder: a second connection to the same counter, in the counter's own counts.

    Two that each went on by themselves after a restart of the counter would not agree to the millimetre.
    """

    settings: ModbusEncoderConfig

    def open_encoder(self) -> Encoder:
        return ModbusEncoder(self.settings, goes_on=False)
