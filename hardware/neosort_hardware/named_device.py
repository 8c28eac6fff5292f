"""What every device that lives in this process shares: a name, a state of health, an end."""

from __future__ import annotations

from neosort_hardware.devices import DeviceError
from neosort_hardware.types import DeviceHealth


class NamedDevice:
    """Open from the start until closed; the rest of the contract is its subclasses' own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open = True

    @property
    def name(self) -> str:
        return self._name

    def health(self) -> DeviceHealth:
        return DeviceHealth(name=self._name, ok=self._open, detail="" if self._open else "closed")

    def close(self) -> None:
        self._open = False

    def _must_be_open(self) -> None:
        """Raises `DeviceError` once the device is closed."""
        if not self._open:
            raise DeviceError(self._name, "was used after it had been closed")
