"""Faults that a simulated line can produce: their names, what each needs to be told, and what it may be told."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

FaultName = Literal[
    "camera.blurred",
    "camera.dark",
    "camera.dirty",
    "camera.frozen",
    "camera.gone",
    "camera.silent",
    "diverter.air_lost",
    "diverter.gone",
    "diverter.valve_closed",
    "diverter.valve_open",
    "encoder.gone",
    "encoder.jumped",
    "encoder.noisy",
    "encoder.reversed",
    "encoder.stopped",
    "interlock.opened",
    "magnetometer.dead",
    "magnetometer.dropped",
    "magnetometer.flipped",
    "magnetometer.gone",
    "magnetometer.saturated",
    "magnetometer.silent",
    "magnetometer.stuck",
    "magnetometer.swapped",
    "plant.belt_jammed",
    "plant.chute_full",
    "plant.gone",
]
FAULT_NAMES: tuple[FaultName, ...] = get_args(FaultName)
Axis = Literal["x", "y", "z"]

# Details that a fault must be told, and those it may be told; none of the others.
_MUST: dict[str, tuple[str, ...]] = {
    "diverter.valve_closed": ("valve",),
    "diverter.valve_open": ("valve",),
    "encoder.jumped": ("by_mm",),
    "encoder.noisy": ("by_mm",),
    "magnetometer.dead": ("channel",),
    "magnetometer.dropped": ("share",),
    "magnetometer.flipped": ("channel",),
    "magnetometer.saturated": ("channel",),
    "magnetometer.stuck": ("channel",),
    "magnetometer.swapped": ("channel", "other"),
}
_MAY: dict[str, tuple[str, ...]] = {
    "diverter.air_lost": ("share",),
    "magnetometer.flipped": ("axis",),
    "magnetometer.stuck": ("axis",),
}
_DETAILS = ("channel", "other", "axis", "valve", "share", "by_mm")

Detail = int | float | str


def must_be_told(fault: str) -> tuple[str, ...]:
    """Details without which a fault cannot be had."""
    return _MUST.get(fault, ())


class Fault(BaseModel):
    """One fault.

    ``channel``, ``other``: of the magnetometers; ``axis``: that one alone, left out all three. ``valve``: of the
    diverter. ``share``: of samples that are dropped, or of the air's pressure that is lost (left out: all of it).
    ``by_mm``: how far the encoder's count jumps, or is off at most where it is noisy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    fault: FaultName
    channel: int | None = Field(None, ge=0)
    other: int | None = Field(None, ge=0)
    axis: Axis | None = None
    valve: int | None = Field(None, ge=0)
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    by_mm: Annotated[float, Field(ge=-10_000, le=10_000)] | None = None

    @model_validator(mode="after")
    def _told_what_it_needs(self) -> Self:
        must, may = _MUST.get(self.fault, ()), _MAY.get(self.fault, ())
        given = [name for name in _DETAILS if getattr(self, name) is not None]
        if missing := [name for name in must if name not in given]:
            raise ValueError(f"fault '{self.fault}' must be told its {' and its '.join(missing)}")
        if needless := [name for name in given if name not in must + may]:
            raise ValueError(f"fault '{self.fault}' has no {needless[0]}")
        if self.other is not None and self.other == self.channel:
            raise ValueError(f"fault '{self.fault}' swaps channel {self.channel} with itself")
        return self

    def must_fit(self, channels: int, valves: int) -> None:
        """Raise `ValueError` for a channel or a valve that the line does not have."""
        for name, number in (("channel", self.channel), ("other", self.other)):
            if number is not None and number >= channels:
                raise ValueError(f"fault '{self.fault}': {name} = {number}, the array's last channel is {channels - 1}")
        if self.valve is not None and self.valve >= valves:
            raise ValueError(f"fault '{self.fault}': valve = {self.valve}, the diverter's last valve is {valves - 1}")
