"""Settings of the drivers that speak Modbus/TCP: where the peer is, and which register holds what."""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from neosort_hardware.section import Section
from neosort_hardware.settings_serial import SignedAxis
from neosort_hardware.slots import (
    BankConfig,
    DiverterConfig,
    EncoderConfig,
    HeavyDiverterConfig,
    InterlockConfig,
    MagnetometerConfig,
    PlantInputsConfig,
)

RegisterTable = Literal["holding", "input"]
BitTable = Literal["coil", "discrete"]
ValueType = Literal["int16", "uint16", "int32", "uint32", "float32"]
WordOrder = Literal["big", "little"]
Place = Annotated[int, Field(ge=0, le=65_535, description="counted from 0, as on the wire")]
LONGEST_LEAD_MS = 655.0  # 16 bits of 10 µs
WORDS: dict[ValueType, int] = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2}


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError("must be an IP address: a name server keeps no deadline of ours") from error


class ModbusPeer(Section):
    """Who answers, and within what time. There are no retries: what is late is too late."""

    host: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    port: int = Field(502, ge=1, le=65_535)
    unit: int = Field(1, ge=0, le=255)
    timeout_ms: float = Field(50.0, ge=5, le=5000, description="of a connection, and of each answer")


class RegisterValue(Section):
    """A register and a value in it."""

    at: Place
    value: int = Field(ge=0, le=65_535)


class ModbusEncoderConfig(EncoderConfig):
    """A counter module, or a controller that counts the belt. The count wraps at its width."""

    driver: Literal["modbus"] = "modbus"
    peer: ModbusPeer = ModbusPeer()
    table: RegisterTable = "input"
    first_register: Place = 0
    type: Literal["int16", "uint16", "int32", "uint32"] = "uint32"
    word_order: WordOrder = "big"
    poll_ms: float = Field(2.0, ge=0.5, le=100)
    slow_ms: float = Field(
        4.0, ge=0.5, le=5000, description="an answer that took longer is of no known moment: left out"
    )
    stale_ms: float = Field(100.0, ge=10, le=5000, description="a count this old is no position any more")
    expect: tuple[RegisterValue, ...] = Field((), description="holding registers that tell the right peer from others")


class ModbusMagnetometerConfig(MagnetometerConfig):
    """An array behind a gateway, polled at `rate_hz`; three values a channel."""

    driver: Literal["modbus"] = "modbus"
    rate_hz: float = Field(200.0, ge=50, le=2000)
    high_range_ut: float = Field(0.0, ge=0, le=2_000_000)
    peer: ModbusPeer = ModbusPeer()
    table: RegisterTable = "input"
    first_register: Place = 0
    type: ValueType = "int16"
    word_order: WordOrder = "big"
    order: Literal["by-channel", "by-axis"] = Field("by-channel", description="x0 y0 z0 x1 …, or x0 x1 … y0 y1 …")
    ut_per_unit: float = Field(0.1, gt=0, le=1000)
    axes: tuple[SignedAxis, SignedAxis, SignedAxis] = Field(
        ("+x", "+y", "+z"), description="the array's axes that point along our x, y and z"
    )
    absent: int | None = Field(None, ge=-(2**31), le=2**32 - 1, description="raw value of a channel without reading")
    sample_register: Place | None = Field(
        None, description="16 bit, counts samples: one that stands still is no sample"
    )
    count_register: Place | None = Field(None, description="the belt's count, 32 bit, latched with the sample")
    expect: tuple[RegisterValue, ...] = ()

    @property
    def words(self) -> int:
        """Registers that one sample takes."""
        return 3 * self.channels * WORDS[self.type]

    @model_validator(mode="after")
    def _three_different_axes(self) -> Self:
        if len({axis[1] for axis in self.axes}) != 3:
            raise ValueError(f"magnetometer.axes is {list(self.axes)}, must name each of x, y and z once")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        if self.first_register + self.words > 65_536:
            raise ValueError(
                f"first_register {self.first_register} and {self.words} registers of sample end beyond register 65535"
            )
        return self


class ModbusInterlockConfig(InterlockConfig):
    """Contacts of the safety circuit, each read as true while closed."""

    driver: Literal["modbus"] = "modbus"
    peer: ModbusPeer = ModbusPeer()
    table: BitTable = "discrete"
    first: Place = 0
    contacts: tuple[str, ...] = Field(("emergency stop",), min_length=1, max_length=64, description="names, in order")
    poll_ms: float = Field(10.0, ge=1, le=1000)
    stale_ms: float = Field(100.0, ge=10, le=5000, description="a contact read this long ago counts as open")
    expect: tuple[RegisterValue, ...] = ()


class ModbusPlantConfig(PlantInputsConfig):
    """What the plant's controller says, each bit true while it is so; what is left out says that all is well.

    ``air_rated``: what ``air_register`` reads at the jets' rated pressure.
    """

    driver: Literal["modbus"] = "modbus"
    peer: ModbusPeer = ModbusPeer()
    table: BitTable = "discrete"
    chute_full: Place | None = None
    belt_jammed: Place | None = None
    air_table: RegisterTable = "input"
    air_register: Place | None = None
    air_rated: float = Field(6000.0, gt=0, le=65_535, description="6 bar(g) in millibar")
    poll_ms: float = Field(50.0, ge=1, le=1000)
    stale_ms: float = Field(500.0, ge=10, le=5000, description="what was read this long ago is not to be had")
    expect: tuple[RegisterValue, ...] = ()

    @model_validator(mode="after")
    def _something_is_wired(self) -> Self:
        if self.chute_full is None and self.belt_jammed is None and self.air_register is None:
            raise ValueError("plant: none of chute_full, belt_jammed and air_register is wired")
        return self


class ControllerMap(Section):
    """Where a counting controller keeps what; holding registers, the first of each block (hardware/README.md)."""

    identity: Place = 0
    settings: Place = 10
    shot: Place = 20
    answer: Place = 30
    heartbeat: Place = 32
    close_all: Place = 33
    status: Place = 40
    leads: Place | None = Field(
        None, description="of each valve; left out: the controller leads all valves by their mean lag"
    )


class ModbusOutputs(BankConfig):
    """Valves behind Modbus/TCP.

    ``mode`` "controller": shots are written to a controller that counts the belt itself. "coils": one coil a valve,
    timed by our shot process.
    """

    mode: Literal["controller", "coils"] = "controller"
    peer: ModbusPeer = ModbusPeer()
    word_order: WordOrder = Field("big", description="of the controller's 32-bit values")
    registers: ControllerMap = ControllerMap()
    answer_ms: float = Field(25.0, ge=1, le=200, description="a controller's longest cycle and some more")
    first_coil: Place = 0
    watchdog: tuple[RegisterValue, ...] = Field(
        (), description="holding registers that make the outputs shut by themselves when nobody writes, in order"
    )
    refresh_ms: float = Field(50.0, ge=5, le=1000, description="coils are written at least this often")
    late_ms: float = Field(2.0, ge=0.1, le=20, description="a shot whose moment passed this long ago is not fired")
    expect: tuple[RegisterValue, ...] = ()

    @property
    def timed_by_host(self) -> bool:
        return self.mode == "coils"

    def held(self) -> frozenset[Hashable]:
        peer = self.peer.host, self.peer.port, self.peer.unit
        if self.mode == "coils":
            return frozenset((*peer, f"coil {self.first_coil + valve}") for valve in range(self.valves))
        blocks = self.registers.model_dump(exclude_none=True).values()
        return frozenset((*peer, f"holding register {first}") for first in blocks)

    @model_validator(mode="after")
    def _coils_end_in_time(self) -> Self:
        if self.first_coil + self.valves > 65_536:
            raise ValueError(f"first_coil {self.first_coil} and {self.valves} {self.COUNTED} end beyond coil 65535")
        return self

    @model_validator(mode="after")
    def _refreshed_before_silent(self) -> Self:
        self._must_refresh_in_time(self.refresh_ms)
        return self


class ModbusDiverterConfig(DiverterConfig, ModbusOutputs):
    """Air jets' valves behind Modbus/TCP."""

    driver: Literal["modbus"] = "modbus"


class ModbusHeavyDiverterConfig(HeavyDiverterConfig, ModbusOutputs):
    """Flaps' valves behind Modbus/TCP."""

    driver: Literal["modbus"] = "modbus"

    @model_validator(mode="after")
    def _travel_time_fits_its_register(self) -> Self:
        if self.mode == "controller" and self.out_ms > LONGEST_LEAD_MS:
            raise ValueError(
                f"heavy_diverter.out_ms is {self.out_ms:g}, its register holds {LONGEST_LEAD_MS:g} ms at most"
            )
        return self
