"""Settings of a magnetometer array behind Linux' IIO: on this machine, or on a board that runs `iiod`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from neosort_hardware.section import Section
from neosort_hardware.settings_serial import SignedAxis
from neosort_hardware.slots import MagnetometerConfig

AXES = ("x", "y", "z")


class IioSensor(Section):
    """One magnetometer: its IIO device by name or id, and the ids of its three channels there."""

    device: str = Field(min_length=1, max_length=128)
    ids: tuple[str, str, str] = ("magn_x", "magn_y", "magn_z")


class IioMagnetometerConfig(MagnetometerConfig):
    """``mode`` "buffer": the kernel samples all channels of one device and stamps them. "poll": every channel is read
    by itself, of as many devices as there are sensors.

    ``device`` and ``ids`` name the channels of one device that is the whole array, {n} the number of a sensor and
    {axis} its axis; ``sensors`` name them one by one instead.
    """

    driver: Literal["iio"] = "iio"
    uri: str = Field("local:", min_length=3, max_length=256, description="local:, ip:HOST or ip:HOST:PORT, usb:…")
    mode: Literal["buffer", "poll"] = "buffer"
    device: str = Field("", max_length=128, description="name or id of the IIO device that is the array")
    ids: str = Field("magn{n}_{axis}", min_length=1, max_length=64)
    sensors: tuple[IioSensor, ...] = Field((), max_length=256)
    trigger: str = Field("", max_length=128, description="IIO trigger that starts a sample; empty: as it is set up")
    ut_per_unit: float | None = Field(
        None, gt=0, le=1e6, description="left out: the device's own scale, which is in gauss"
    )
    axes: tuple[SignedAxis, SignedAxis, SignedAxis] = Field(
        ("+x", "+y", "+z"), description="the sensors' axes that point along our x, y and z"
    )
    answer_ms: float = Field(10_000.0, ge=100, le=60_000, description="to find and set up the array")
    silent_ms: float = Field(500.0, ge=20, le=60_000, description="an array that gives nothing for so long is lost")

    @model_validator(mode="after")
    def _three_different_axes(self) -> Self:
        if len({axis[1] for axis in self.axes}) != 3:
            raise ValueError(f"magnetometer.axes is {list(self.axes)}, must name each of x, y and z once")
        return self

    @model_validator(mode="after")
    def _every_channel_named_once(self) -> Self:
        if self.sensors and len(self.sensors) != self.channels:
            raise ValueError(
                f"magnetometer.sensors names {len(self.sensors)}, magnetometer.channels is {self.channels}"
            )
        if not self.sensors and not self.device:
            raise ValueError("magnetometer.device is missing: the name of the IIO device that is the array")
        try:
            places = [(sensor.device, one) for sensor in self.wiring() for one in sensor.ids]
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"magnetometer.ids is '{self.ids}', may only hold {{n}} and {{axis}}") from error
        twice = next((place for place in places if places.count(place) > 1), None)
        if twice is not None:
            raise ValueError(f"magnetometer: channel '{twice[1]}' of '{twice[0]}' is named twice (ids = '{self.ids}')")
        if self.mode == "buffer" and len({device for device, _ in places}) > 1:
            raise ValueError(
                "magnetometer.mode = 'buffer' takes all sensors of one IIO device; several have no common sample"
            )
        return self

    def wiring(self) -> tuple[IioSensor, ...]:
        """Every sensor, in the order of the channels."""
        if self.sensors:
            return self.sensors
        named = (tuple(self.ids.format(n=n, axis=axis) for axis in AXES) for n in range(self.channels))
        return tuple(IioSensor(device=self.device, ids=ids) for ids in named)
