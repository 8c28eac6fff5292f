"""An opened array behind IIO: found, set up and checked once, then asked for samples. libiio does the talking.

The one module that knows libiio: Debian's library (`libiio0`) under its own Python face (`pylibiio`).
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import iio
import numpy as np

from neosort_hardware.iio_scan import ScanElement, ScanLayout
from neosort_hardware.settings_iio import IioMagnetometerConfig
from neosort_hardware.types import ArrayF64, ArrayI64

_Given = TypeVar("_Given")
_Channel: TypeAlias = Any  # pylibiio carries no types

UT_PER_GAUSS = 100.0
RATE = "sampling_frequency"
RATE_OFF = 0.02
STAMPS_BY = "current_timestamp_clock"
_DEVICES = Path("/sys/bus/iio/devices")
# What one chip of many says when it does not answer; the way to all of them is another matter.
_ONE_CHIP = (errno.EIO, errno.ENXIO, errno.EREMOTEIO, errno.EBUSY, errno.EAGAIN)


class IioFault(Exception):  # noqa: N818 - a cause, which becomes a DeviceError
    """The array is not there, not as it should be, or has stopped talking. The text is a cause."""

    def __init__(self, cause: str, number: int = 0) -> None:
        super().__init__(cause)
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """``units`` (samples, channels, 3) as the device counts them, NaN for none; ``device_ns`` (samples,) by its clock,
    None where it has none; ``arrived_ns``: when they were here, monotonic."""

    units: ArrayF64
    device_ns: ArrayI64 | None
    arrived_ns: int


class IioArray:
    """Raises `IioFault`, as every method does. One thread uses it.

    ``to_ut``, ``offset``: (channels, 3), a number n of the device is (n + offset) · to_ut µT.
    """

    def __init__(self, settings: IioMagnetometerConfig) -> None:
        self._settings = settings
        self._context: Any = _asked(f"{settings.uri} cannot be opened", lambda: iio.Context(settings.uri))
        # Answers come at once or never; a buffer takes as long as it takes to fill, and is lost when it stays silent.
        _asked("no time limit can be set", lambda: self._context.set_timeout(round(settings.silent_ms)))
        self._channels = [[self._channel(s.device, one) for one in s.ids] for s in settings.wiring()]
        self._set_rate()
        self.offset, self.to_ut = self._constants()
        self._buffer: Any = None
        self._layout: ScanLayout | None = None
        self._stamp: int = -1
        if settings.mode == "buffer":
            self._begin()

    def take(self) -> Samples:
        """The next samples; waits for them as long as a silence is borne."""
        if self._layout is None:
            return self._poll()
        _asked("gives no samples", self._buffer.refill)
        raw = self._buffer.read()
        arrived_ns = time.monotonic_ns()
        numbers = self._layout.numbers(raw)
        units = np.stack([np.stack([numbers[c.index] for c in row], axis=-1) for row in self._channels], axis=1)
        return Samples(units=units.astype(np.float64), device_ns=numbers[self._stamp], arrived_ns=arrived_ns)

    def cancel(self) -> None:
        """Whoever waits for samples waits no longer. For any thread."""
        buffer = self._buffer
        if buffer is not None:
            buffer.cancel()

    def close(self) -> None:
        """Sampling stopped, everything let go. Never raises."""
        self._buffer = None  # libiio's objects are destroyed with their last reference, the buffer before its context
        self._channels = []
        self._context = None

    def _poll(self) -> Samples:
        units = np.full((1, len(self._channels), 3), np.nan)
        began_ns = time.monotonic_ns()
        silent: IioFault | None = None
        for number, row in enumerate(self._channels):
            try:
                units[0, number] = [_number(channel, "raw") for channel in row]
            except IioFault as fault:
                if fault.number not in _ONE_CHIP:
                    raise
                silent = fault
        if silent is not None and np.isnan(units).all():
            raise silent
        middle_ns = (began_ns + time.monotonic_ns()) // 2
        return Samples(units=units, device_ns=None, arrived_ns=middle_ns)

    def _channel(self, device_name: str, channel_id: str) -> _Channel:
        device = self._context.find_device(device_name)
        if device is None:
            there = ", ".join(str(d.name or d.id) for d in self._context.devices) or "none"
            raise IioFault(f"{self._settings.uri} has no device '{device_name}'; there are: {there}")
        channel = device.find_channel(channel_id)
        if channel is None:
            there = ", ".join(c.id for c in device.channels if not c.output)
            raise IioFault(f"device '{device_name}' has no channel '{channel_id}'; there are: {there}")
        return channel

    def _set_rate(self) -> None:
        """Asked of the device or of its channels, whichever has the attribute; one without it samples as it likes."""
        wanted = self._settings.rate_hz
        for channel in {row[0].device.id: row[0] for row in self._channels}.values():
            holder = next((one for one in (channel.device, channel) if RATE in one.attrs), None)
            if holder is None:
                continue
            _write(holder, RATE, f"{wanted:g}")
            found = _number(holder, RATE)
            if self._settings.mode == "buffer" and abs(found - wanted) > RATE_OFF * wanted:
                raise IioFault(f"samples at {found:g} Hz, magnetometer.rate_hz is {wanted:g}")

    def _constants(self) -> tuple[ArrayF64, ArrayF64]:
        offset, to_ut = (np.full((len(self._channels), 3), value) for value in (0.0, self._settings.ut_per_unit or 1.0))
        for number, row in enumerate(self._channels):
            for axis, channel in enumerate(row):
                if "offset" in channel.attrs:
                    offset[number, axis] = _number(channel, "offset")
                if self._settings.ut_per_unit is None:
                    if "scale" not in channel.attrs:
                        raise IioFault(f"channel '{channel.id}' tells no scale: set magnetometer.ut_per_unit")
                    to_ut[number, axis] = UT_PER_GAUSS * _number(channel, "scale")
        return offset, to_ut

    def _begin(self) -> None:
        settings, device = self._settings, self._channels[0][0].device
        stamp = device.find_channel("timestamp")
        if stamp is None:
            raise IioFault(f"device '{device.name or device.id}' stamps no samples: set magnetometer.mode = 'poll'")
        if settings.trigger:
            trigger = self._context.find_device(settings.trigger)
            if not isinstance(trigger, iio.Trigger):
                raise IioFault(f"there is no trigger '{settings.trigger}'")
            _asked(f"does not take the trigger '{settings.trigger}'", lambda: setattr(device, "trigger", trigger))
        if STAMPS_BY in device.attrs:  # the wall clock, which is the default, may be set
            _write(device, STAMPS_BY, "monotonic")
        for one in device.channels:
            one.enabled = False
        wanted = [stamp, *(channel for row in self._channels for channel in row)]
        for one in wanted:
            one.enabled = True
        try:
            self._layout = ScanLayout(_element(channel) for channel in wanted)
        except ValueError as error:
            raise IioFault(f"lays its samples out in a way that is not understood ({error})") from error
        self._stamp = stamp.index
        count = max(1, round(settings.block_ms * 1e-3 * settings.rate_hz))
        self._buffer = _asked("cannot be sampled", lambda: iio.Buffer(device, count))
        if self._buffer.step != self._layout.sample_bytes:
            raise IioFault(f"has samples of {self._buffer.step} bytes, {self._layout.sample_bytes} are due")


def contexts() -> list[str]:
    """What is here, as `uri` names it: this machine's own devices, and what libiio finds besides, on USB."""
    own = [(file / "name").read_text().strip() for file in sorted(_DEVICES.glob("iio:device*"))]
    try:
        others = [f"{uri} ({what})" for uri, what in iio.scan_contexts().items() if uri != "local:"]
    except OSError:
        others = []
    return [*([f"local: ({', '.join(own)})"] if own else []), *others]


def _element(channel: _Channel) -> ScanElement:
    form = channel.data_format
    return ScanElement(
        index=channel.index,
        storage_bits=form.length,
        bits=form.bits,
        shift=form.shift,
        signed=form.is_signed,
        big_endian=form.is_be,
    )


def _number(holder: _Channel, name: str) -> float:
    text: str = _asked(f"'{name}' of '{holder.id}' cannot be read", lambda: holder.attrs[name].value)
    try:
        return float(text)
    except ValueError:
        raise IioFault(f"'{name}' of '{holder.id}' reads '{text[:40]}', which is no number") from None


def _write(holder: _Channel, name: str, value: str) -> None:
    _asked(f"'{holder.id}' does not take {name} = {value}", lambda: setattr(holder.attrs[name], "value", value))


def _asked(trouble: str, call: Callable[[], _Given]) -> _Given:
    """What ``call`` gives; libiio tells what went wrong by the system's numbers alone."""
    try:
        return call()
    except OSError as error:
        number = abs(error.errno or 0)
        why = os.strerror(number) if number else str(error)
        raise IioFault(f"{trouble} ({why})", number) from error
    except (UnicodeDecodeError, KeyError) as error:
        raise IioFault(f"{trouble} (the answer makes no sense)") from error
