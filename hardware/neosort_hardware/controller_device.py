"""What the devices on a counting controller share: its link, which the last of them closes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from neosort_hardware.controller_link import ControllerLink
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.types import DeviceHealth


class ControllerDevice(NamedDevice):
    """One slot on the board behind ``link``."""

    def __init__(self, link: ControllerLink, name: str) -> None:
        super().__init__(name)
        self._link = link

    @property
    def link(self) -> ControllerLink:
        """The board."""
        return self._link

    def health(self) -> DeviceHealth:
        if self._open and self._link.trouble:
            return DeviceHealth(name=self.name, ok=False, detail=self._link.trouble)
        return super().health()

    def close(self) -> None:
        if self._open:
            self._link.release()
        super().close()

    def _begun_with(self, begin: Callable[[], object]) -> Self:
        """Itself, once ``begin`` has gone well; closed, and its `DeviceError` raised, where it has not."""
        try:
            begin()
        except BaseException:
            self.close()
            raise
        return self
