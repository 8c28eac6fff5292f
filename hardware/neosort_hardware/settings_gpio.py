"""Settings of valves and contacts on the line-side device's own pins, or on expanders of the kernel's."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from neosort_hardware.section import Section
from neosort_hardware.slots import (
    BankConfig,
    DiverterConfig,
    HeavyDiverterConfig,
    InterlockConfig,
    PlantInputsConfig,
)

GpioLine = Annotated[int, Field(ge=0, le=1023)] | Annotated[str, Field(min_length=1, max_length=64)]
ChipName = Annotated[str, Field(min_length=1, max_length=128, description="/dev/gpiochip…, or the chip's label")]
Bias = Literal["as-is", "disabled", "pull-up", "pull-down"]


class GpioBank(Section):
    """Valves on one chip, in the order of the nozzles. Lines by number or by name."""

    chip: ChipName
    lines: tuple[GpioLine, ...] = Field(min_length=1, max_length=64)
    active_low: bool = False


class GpioWatchdog(Section):
    """A line that changes with every write to the valves: what keeps a monostable, and with it their supply, alive."""

    chip: ChipName
    line: GpioLine


class GpioOutputs(BankConfig):
    """One line a valve, timed by our shot process.

    The kernel leaves lines as they are when a process is killed: without ``watchdog`` nothing shuts the valves then.
    """

    banks: tuple[GpioBank, ...] = Field(min_length=1, max_length=64)
    watchdog: GpioWatchdog | None = None
    refresh_ms: float = Field(20.0, ge=1, le=1000, description="lines are written at least this often")
    late_ms: float = Field(2.0, ge=0.1, le=20, description="a shot whose moment passed this long ago is not fired")

    @property
    def timed_by_host(self) -> bool:
        return True

    def held(self) -> frozenset[Hashable]:
        return frozenset(self._lines())

    @model_validator(mode="after")
    def _a_line_a_valve(self) -> Self:
        lines = self._lines()
        named = sum(len(bank.lines) for bank in self.banks)
        if named != self.valves:
            raise ValueError(f"{self.SLOT}.banks name {named} lines, {self.SLOT}.{self.COUNTED} is {self.valves}")
        twice = next((line for line in lines if lines.count(line) > 1), None)
        if twice is not None:
            raise ValueError(f"{self.SLOT}.banks: line {twice[1]} of '{twice[0]}' is named twice")
        return self

    @model_validator(mode="after")
    def _refreshed_before_silent(self) -> Self:
        self._must_refresh_in_time(self.refresh_ms)
        return self

    def _lines(self) -> list[tuple[str, GpioLine]]:
        """Chip and line of everything that is set, the watchdog last."""
        lines = [(bank.chip, line) for bank in self.banks for line in bank.lines]
        return lines if self.watchdog is None else [*lines, (self.watchdog.chip, self.watchdog.line)]


class GpioDiverterConfig(DiverterConfig, GpioOutputs):
    """Air jets' valves on GPIO lines."""

    driver: Literal["gpio"] = "gpio"


class GpioHeavyDiverterConfig(HeavyDiverterConfig, GpioOutputs):
    """Flaps' valves on GPIO lines."""

    driver: Literal["gpio"] = "gpio"


class GpioSignal(Section):
    """A line that is active while something is so; ``active_low`` where that pulls it down."""

    chip: ChipName
    line: GpioLine
    active_low: bool = False
    bias: Bias = "as-is"


class GpioContact(GpioSignal):
    """A contact with a name, active while it is closed."""

    name: str = Field(min_length=1, max_length=64)


class GpioInterlockConfig(InterlockConfig):
    """Contacts of the safety circuit."""

    driver: Literal["gpio"] = "gpio"
    contacts: tuple[GpioContact, ...] = Field(min_length=1, max_length=64)


class GpioPlantConfig(PlantInputsConfig):
    """Contacts of the plant; those that are left out say that all is well."""

    driver: Literal["gpio"] = "gpio"
    chute_full: GpioSignal | None = None
    belt_jammed: GpioSignal | None = None

    @model_validator(mode="after")
    def _something_is_wired(self) -> Self:
        if self.chute_full is None and self.belt_jammed is None:
            raise ValueError("plant: neither chute_full nor belt_jammed is wired")
        return self
