"""The interlock's input on the counting controller, which obeys it by itself whatever we do."""

from __future__ import annotations

from typing import Self

from neosort_hardware.controller_device import ControllerDevice
from neosort_hardware.controller_link import ControllerLink
from neosort_hardware.controller_protocol import Flag
from neosort_hardware.devices import DeviceError
from neosort_hardware.settings_serial import SerialInterlockConfig
from neosort_hardware.site import Site
from neosort_hardware.types import InterlockState


class SerialInterlock(ControllerDevice):
    """Asks the board at every reading: one round trip, bounded by ``answer_ms``. No answer reads as opened."""

    def __init__(self, link: ControllerLink) -> None:
        super().__init__(link, "serial interlock")

    @classmethod
    def connect(cls, settings: SerialInterlockConfig, site: Site) -> Self:
        """Finds the board. Raises `DeviceError` when it does not answer."""
        interlock = cls(ControllerLink.of(settings, site))
        return interlock._begun_with(interlock._closed)

    def read(self) -> InterlockState:
        if not self._open:
            return InterlockState(closed=False, detail="the device is closed")
        try:
            closed = self._closed()
        except DeviceError as error:
            return InterlockState(closed=False, detail=error.cause)
        return InterlockState(closed=closed, detail="" if closed else "emergency stop or guard")

    def _closed(self) -> bool:
        return Flag.INTERLOCKED not in self._link.flags(self.name)
