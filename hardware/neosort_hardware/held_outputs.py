"""Outputs that are opened again when they were lost, all shut first; nobody fires meanwhile."""

from __future__ import annotations

from neosort_hardware.back_off import BackOff
from neosort_hardware.devices import DeviceError
from neosort_hardware.shot_timer import NO_VALVES
from neosort_hardware.valve_outputs import OpensOutputs, ValveOutputs


class HeldOutputs:
    """Shows valves on outputs. ``trouble``: what is wrong with them, empty while nothing is."""

    def __init__(self, opener: OpensOutputs, refresh_ms: float) -> None:
        """Raises `DeviceError` when they cannot be opened the first time: that is a mistake, not a fault."""
        self._opener = opener
        self._refresh_ns = round(refresh_ms * 1e6)
        self._back_off = BackOff()
        self._outputs: ValveOutputs | None = opener.open_outputs()
        self._shown = NO_VALVES
        self._written_ns = 0
        self.trouble = ""

    def show(self, valves: frozenset[int], now_ns: int, *, again: bool = False) -> bool:
        """These valves open, now; written when they differ from what stands, have stood for long, or ``again``.

        False when that cannot be known: the outputs are lost, and shut as soon as they are found again.
        """
        if self._outputs is None and not (self._back_off.due(now_ns) and self._find(now_ns)):
            return False
        if not again and valves == self._shown and now_ns - self._written_ns < self._refresh_ns:
            return True
        return self._write(valves, now_ns)

    def close(self) -> None:
        """Shut, and let go."""
        if self._outputs is not None:
            self._outputs.close()
            self._outputs = None

    def _find(self, now_ns: int) -> bool:
        try:
            self._outputs = self._opener.open_outputs()
        except DeviceError as error:
            self._lose(error, now_ns)
            return False
        self._shown = NO_VALVES
        self._back_off.done()
        self.trouble = ""
        return True

    def _write(self, valves: frozenset[int], now_ns: int) -> bool:
        assert self._outputs is not None
        try:
            self._outputs.set_open(valves)
        except DeviceError as error:
            self.close()
            self._lose(error, now_ns)
            return False
        self._shown, self._written_ns = valves, now_ns
        return True

    def _lose(self, error: DeviceError, now_ns: int) -> None:
        self.trouble = error.cause
        self._back_off.failed(now_ns)
