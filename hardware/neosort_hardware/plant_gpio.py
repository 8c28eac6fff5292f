"""`GpioPlant`: contacts of the plant on GPIO lines."""

from __future__ import annotations

from typing import Self

from neosort_hardware.gpio_device import GpioContactsDevice
from neosort_hardware.settings_gpio import GpioContact, GpioPlantConfig
from neosort_hardware.site import Site
from neosort_hardware.types import PlantState

NAME = "GPIO plant contacts"


class GpioPlant(GpioContactsDevice):
    """Reads when asked, a call into the kernel each."""

    def __init__(self, settings: GpioPlantConfig) -> None:
        """Raises `DeviceError` when the contacts cannot be read."""
        signals = {"chute_full": settings.chute_full, "belt_jammed": settings.belt_jammed}
        wired: list[GpioContact] = [
            GpioContact(name=name, **signal.model_dump()) for name, signal in signals.items() if signal is not None
        ]
        super().__init__(NAME, wired)

    @classmethod
    def connect(cls, settings: GpioPlantConfig, site: Site) -> Self:
        """The contacts. Raises `DeviceError`."""
        return cls(settings)

    def read(self) -> PlantState:
        self._must_be_open()
        closed = self._contacts.closed()
        return PlantState(chute_full=closed.get("chute_full", False), belt_jammed=closed.get("belt_jammed", False))
