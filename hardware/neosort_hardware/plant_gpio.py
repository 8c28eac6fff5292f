"""`GpioPlant`: contacts of the plant on GPIO lines."""

from __future__ import annotations

from typing import Self

from neosort_hardware.gpio_contacts import GpioContacts
from neosort_hardware.gpio_lines import present
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.settings_gpio import GpioContact, GpioPlantConfig
from neosort_hardware.site import Site
from neosort_hardware.types import DeviceHealth, PlantState

NAME = "GPIO plant contacts"


class GpioPlant(NamedDevice):
    """Reads when asked, a call into the kernel each."""

    def __init__(self, settings: GpioPlantConfig) -> None:
        """Raises `DeviceError` when the contacts cannot be read."""
        super().__init__(NAME)
        signals = {"chute_full": settings.chute_full, "belt_jammed": settings.belt_jammed}
        wired: list[GpioContact] = [
            GpioContact(name=name, **signal.model_dump()) for name, signal in signals.items() if signal is not None
        ]
        self._contacts = GpioContacts(NAME, wired)
        self._contacts.closed()

    @classmethod
    def connect(cls, settings: GpioPlantConfig, site: Site) -> Self:
        """The contacts. Raises `DeviceError`."""
        return cls(settings)

    @staticmethod
    def present() -> list[str]:
        """The kernel's chips on this machine."""
        return present()

    def read(self) -> PlantState:
        self._must_be_open()
        closed = self._contacts.closed()
        return PlantState(chute_full=closed.get("chute_full", False), belt_jammed=closed.get("belt_jammed", False))

    def health(self) -> DeviceHealth:
        if self._open and self._contacts.trouble:
            return DeviceHealth(name=NAME, ok=False, detail=self._contacts.trouble)
        return super().health()

    def close(self) -> None:
        super().close()
        self._contacts.release()
