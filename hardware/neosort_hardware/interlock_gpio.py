"""`GpioInterlock`: contacts of the safety circuit on GPIO lines. What cannot be read is open."""

from __future__ import annotations

from typing import Self

from neosort_hardware.devices import DeviceError
from neosort_hardware.gpio_contacts import GpioContacts
from neosort_hardware.gpio_lines import present
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.settings_gpio import GpioInterlockConfig
from neosort_hardware.site import Site
from neosort_hardware.types import DeviceHealth, InterlockState

NAME = "GPIO interlock"


class GpioInterlock(NamedDevice):
    """Closed while every contact is. It reads; the circuit itself stops the machine, with or without us."""

    def __init__(self, settings: GpioInterlockConfig) -> None:
        """Raises `DeviceError` when the contacts cannot be read."""
        super().__init__(NAME)
        self._contacts = GpioContacts(NAME, settings.contacts)
        self._contacts.closed()

    @classmethod
    def connect(cls, settings: GpioInterlockConfig, site: Site) -> Self:
        """The interlock. Raises `DeviceError`."""
        return cls(settings)

    @staticmethod
    def present() -> list[str]:
        """The kernel's chips on this machine."""
        return present()

    def read(self) -> InterlockState:
        if not self._open:
            return InterlockState(closed=False, detail=f"{NAME} is closed")
        try:
            opened = [name for name, closed in self._contacts.closed().items() if not closed]
        except DeviceError as error:
            return InterlockState(closed=False, detail=str(error))
        return InterlockState(closed=not opened, detail=", ".join(f"{name} open" for name in opened))

    def health(self) -> DeviceHealth:
        if self._open and self._contacts.trouble:
            return DeviceHealth(name=NAME, ok=False, detail=self._contacts.trouble)
        return super().health()

    def close(self) -> None:
        super().close()
        self._contacts.release()
