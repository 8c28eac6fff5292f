"""Contacts on GPIO lines, read when asked, a call into the kernel each; held anew with back-off when they were lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack

from neosort_hardware.back_off import BackOff
from neosort_hardware.devices import DeviceError
from neosort_hardware.gpio_lines import GpioLines, contact
from neosort_hardware.settings_gpio import GpioContact


class GpioContacts:
    """``trouble``: why they cannot be read, empty while they can."""

    def __init__(self, device: str, contacts: Sequence[GpioContact]) -> None:
        """Raises `DeviceError` when they cannot be had."""
        self._device = device
        self._contacts = tuple(contacts)
        self._back_off = BackOff()
        self._held = ExitStack()
        self._lines: dict[str, GpioLines] = {}
        self.trouble = ""
        self._hold()

    def closed(self) -> dict[str, bool]:
        """Every contact by name, whether it is closed. Raises `DeviceError`, at once while it waits to try again."""
        try:
            if not self._lines:
                self._hold()
            active = {chip: lines.active() for chip, lines in self._lines.items()}
        except DeviceError as error:
            self._lose(error)
            raise
        return {one.name: one.line in active[one.chip] for one in self._contacts}

    def release(self) -> None:
        """Let go. Idempotent."""
        self._held.close()
        self._lines = {}

    def _hold(self) -> None:
        if not self._back_off.due(time.monotonic_ns()):
            raise DeviceError(self._device, self.trouble)
        with ExitStack() as undo:
            for chip in dict.fromkeys(one.chip for one in self._contacts):
                settings = {
                    one.line: contact(active_low=one.active_low, bias=one.bias)
                    for one in self._contacts
                    if one.chip == chip
                }
                self._lines[chip] = GpioLines(self._device, chip, settings)
                undo.callback(self._lines[chip].release)
            self._held = undo.pop_all()
        self._back_off.done()
        self.trouble = ""

    def _lose(self, error: DeviceError) -> None:
        self.release()
        if not self.trouble or self._back_off.due(time.monotonic_ns()):
            self._back_off.failed(time.monotonic_ns())
        self.trouble = error.cause
