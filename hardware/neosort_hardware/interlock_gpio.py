"""`GpioInterlock`: contacts of the safety circuit on GPIO lines. What cannot be read is open."""

from __future__ import annotations

from typing import Self

from neosort_hardware.devices import DeviceError
from neosort_hardware.gpio_device import GpioContactsDevice
from neosort_hardware.settings_gpio import GpioInterlockConfig
from neosort_hardware.site import Site
from neosort_hardware.types import InterlockState

NAME = "GPIO interlock"


class GpioInterlock(GpioContactsDevice):
    """Closed while every contact is. It reads; the circuit itself stops the machine, with or without us."""

    def __init__(self, settings: GpioInterlockConfig) -> None:
        """Raises `DeviceError` when the contacts cannot be read."""
        super().__init__(NAME, settings.contacts)

    @classmethod
    def connect(cls, settings: GpioInterlockConfig, site: Site) -> Self:
        """The interlock. Raises `DeviceError`."""
        return cls(settings)

    def read(self) -> InterlockState:
        if not self._open:
            return InterlockState(closed=False, detail=f"{NAME} is closed")
        try:
            opened = [name for name, closed in self._contacts.closed().items() if not closed]
        except DeviceError as error:
            return InterlockState(closed=False, detail=str(error))
        return InterlockState(closed=not opened, detail=", ".join(f"{name} open" for name in opened))
