"""Settings of the boards on serial ports: the counting controller and the array board."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, Self

from pydantic import Field, model_validator

from neosort_hardware.section import Section
from neosort_hardware.slots import (
    BankConfig,
    DiverterConfig,
    EncoderConfig,
    HeavyDiverterConfig,
    InterlockConfig,
    MagnetometerConfig,
)

SignedAxis = Literal["+x", "-x", "+y", "-y", "+z", "-z"]


class BoardPort(Section):
    """Where a board is. A USB device ignores the baud rate."""

    port: str = Field(min_length=1, max_length=256, description="/dev/serial/by-id/…, or socket://host:port")
    baud: int = Field(921_600, ge=9_600, le=12_000_000)
    answer_ms: float = Field(50.0, ge=2, le=1000, description="a call that the board does not answer lasts so long")


class SerialEncoderConfig(BoardPort, EncoderConfig):
    """The count of the counting controller."""

    driver: Literal["serial"] = "serial"


class BoardOutputs(BoardPort, BankConfig):
    """Valves of the counting controller. A board knows one set of limits: flaps have another one than jets."""

    max_late_counts: int = Field(4, ge=0, le=1000, description="a shot that the board finds later than this is dropped")
    apart_mm: float = Field(
        3.0, ge=0.1, le=100, description="the board's count and another encoder's may come apart by no more"
    )

    def held(self) -> frozenset[Hashable]:
        return frozenset({self.port})


class SerialDiverterConfig(DiverterConfig, BoardOutputs):
    """Air jets' valves on the counting controller."""

    driver: Literal["serial"] = "serial"


class SerialHeavyDiverterConfig(HeavyDiverterConfig, BoardOutputs):
    """Flaps' valves on a counting controller of their own."""

    driver: Literal["serial"] = "serial"


class SerialInterlockConfig(BoardPort, InterlockConfig):
    """The interlock's input on the counting controller."""

    driver: Literal["serial"] = "serial"


class SerialMagnetometerConfig(BoardPort, MagnetometerConfig):
    """The array board."""

    driver: Literal["serial"] = "serial"
    silent_ms: float = Field(250.0, ge=10, le=10_000, description="a board that sends nothing for so long is lost")
    axes: tuple[SignedAxis, SignedAxis, SignedAxis] = Field(
        ("+x", "+y", "+z"), description="the board's axes that point along our x, y and z"
    )
    apart_mm: float = Field(
        3.0, ge=0.1, le=100, description="the board's count and the line's encoder may come apart by no more"
    )

    @model_validator(mode="after")
    def _three_different_axes(self) -> Self:
        if len({axis[1] for axis in self.axes}) != 3:
            raise ValueError(f"magnetometer.axes is {list(self.axes)}, must name each of x, y and z once")
        return self
