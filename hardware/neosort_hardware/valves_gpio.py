"""One GPIO line a valve, for the shot process to set."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass

from neosort_hardware.devices import DeviceError
from neosort_hardware.gpio_lines import GpioLines, output
from neosort_hardware.settings_gpio import GpioBank, GpioOutputs
from neosort_hardware.shot_timer import NO_VALVES


class GpioValves:
    """Every write sets every line of every bank, and turns the watchdog's line over."""

    def __init__(self, name: str, settings: GpioOutputs) -> None:
        """Raises `DeviceError` when lines cannot be had; those that were by then are let go."""
        self._watchdog: GpioLines | None = None
        self._pulse = settings.watchdog
        self._high = False
        with ExitStack() as undo:
            self._banks = [(bank, _held(name, bank, undo)) for bank in settings.banks]
            if settings.watchdog is not None:
                line = {settings.watchdog.line: output(active_low=False)}
                self._watchdog = GpioLines(name, settings.watchdog.chip, line)
                undo.callback(self._watchdog.release)
            self._held = undo.pop_all()

    def set_open(self, nozzles: frozenset[int]) -> None:
        first = 0
        for bank, lines in self._banks:
            lines.set_active(line for number, line in enumerate(bank.lines, first) if number in nozzles)
            first += len(bank.lines)
        if self._watchdog is not None and self._pulse is not None:
            self._high = not self._high
            self._watchdog.set_active([self._pulse.line] if self._high else [])

    def close(self) -> None:
        with suppress(DeviceError):
            self.set_open(NO_VALVES)
        self._held.close()


def _held(name: str, bank: GpioBank, undo: ExitStack) -> GpioLines:
    lines = GpioLines(name, bank.chip, dict.fromkeys(bank.lines, output(active_low=bank.active_low)))
    undo.callback(lines.release)
    return lines


@dataclass(frozen=True, slots=True)
class OpensGpioValves:
    """Pickles the way to the lines."""

    name: str
    settings: GpioOutputs

    def open_outputs(self) -> GpioValves:
        return GpioValves(self.name, self.settings)
