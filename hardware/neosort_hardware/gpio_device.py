"""What devices share that read contacts on GPIO lines: where they may be, how they stand, their end."""

from __future__ import annotations

from collections.abc import Sequence

from neosort_hardware.gpio_contacts import GpioContacts
from neosort_hardware.gpio_lines import present
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.settings_gpio import GpioContact
from neosort_hardware.types import DeviceHealth


class GpioContactsDevice(NamedDevice):
    """Well as long as its contacts can be read."""

    def __init__(self, name: str, contacts: Sequence[GpioContact]) -> None:
        """Raises `DeviceError` when the contacts cannot be read."""
        super().__init__(name)
        self._contacts = GpioContacts(name, contacts)
        self._contacts.closed()

    @staticmethod
    def present() -> list[str]:
        """The kernel's chips on this machine."""
        return present()

    def health(self) -> DeviceHealth:
        if self._open and self._contacts.trouble:
            return DeviceHealth(name=self._name, ok=False, detail=self._contacts.trouble)
        return super().health()

    def close(self) -> None:
        super().close()
        self._contacts.release()
