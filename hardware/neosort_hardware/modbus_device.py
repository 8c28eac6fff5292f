"""What polled Modbus devices share: the link, the thread that asks on it, how they stand, their end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neosort_hardware.devices import DeviceError
from neosort_hardware.modbus_link import ModbusLink
from neosort_hardware.modbus_poll import ModbusPoll
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.settings_modbus import ModbusPeer, RegisterValue
from neosort_hardware.types import DeviceHealth


class PolledModbusDevice(NamedDevice):
    """Well as long as the newest answer was one."""

    def __init__(self, name: str, peer: ModbusPeer, expect: Sequence[RegisterValue]) -> None:
        """Raises `DeviceError` when the peer is not to be had, or is another than ``expect`` says."""
        super().__init__(name)
        self._link = ModbusLink(name, peer, expect)

    def _poll_with(self, ask: Callable[[], None], period_ms: float) -> None:
        """Ask once now, and every period from then on. Raises `DeviceError` of the first time, and hangs up."""
        try:
            ask()
        except DeviceError:
            self._link.close()
            raise
        self._poll = ModbusPoll(self._name, self._link, period_ms, ask)

    def health(self) -> DeviceHealth:
        error = self._poll.error
        if self._open and error is not None:
            return DeviceHealth(name=self._name, ok=False, detail=error.cause)
        return super().health()

    def close(self) -> None:
        super().close()
        self._poll.stop()
