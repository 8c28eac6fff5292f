"""`ModbusMagnetometer`: an array behind a gateway, its newest sample polled out of registers."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Self

import numpy as np

from neosort_hardware.belt_fit import BeltFitter
from neosort_hardware.devices import DeviceError, Encoder
from neosort_hardware.modbus_device import PolledModbusDevice
from neosort_hardware.modbus_link import MOST_REGISTERS
from neosort_hardware.modbus_values import Unwrapped, count_of, numbers
from neosort_hardware.settings_modbus import ModbusMagnetometerConfig
from neosort_hardware.site import Site
from neosort_hardware.types import ArrayF32, FieldBlock

NAME = "Modbus magnetometer array"
BUFFER_S = 2.0


@dataclass(frozen=True, slots=True)
class _Sample:
    sampled_ns: int
    belt_mm: float
    registers: list[int]


class ModbusMagnetometer(PolledModbusDevice):
    """Polls one sample of all channels every 1/`rate_hz`, as far as the peer keeps up.

    Its place on the belt is the count latched beside it (`count_register`), else the line's encoder followed to the
    middle of the request. Holds two seconds; what is older is dropped, and counted in ``dropped``.
    """

    def __init__(self, settings: ModbusMagnetometerConfig, encoder: Encoder, mm_per_count: float) -> None:
        """Raises `DeviceError` when a sample is not to be had."""
        super().__init__(NAME, settings.peer, settings.expect)
        self._settings = settings
        self._encoder = encoder
        self._mm_per_count = mm_per_count
        self._signs = np.array([-1.0 if axis[0] == "-" else 1.0 for axis in settings.axes])
        self._order = ["xyz".index(axis[1]) for axis in settings.axes]
        self._fitter = BeltFitter(mm_per_count)
        self._latched = Unwrapped(32)
        self._beside = ((settings.sample_register, 1), (settings.count_register, 2))
        self._last_number: list[int] = []
        self._sequence = self.dropped = 0
        self._samples: deque[_Sample] = deque()
        self._keep = max(2, round(BUFFER_S * settings.rate_hz))
        self._block = max(1, round(settings.block_ms * 1e-3 * settings.rate_hz))
        self._arrived = threading.Condition()
        self._poll_with(self._ask_and_tell, 1e3 / settings.rate_hz)

    @classmethod
    def connect(cls, settings: ModbusMagnetometerConfig, site: Site) -> Self:
        """The array, sampling. Raises `DeviceError`."""
        if site.encoder is None:
            raise DeviceError(NAME, "needs an encoder to know its samples' places by")
        return cls(settings, site.encoder, site.geometry.mm_per_count)

    def read(self, timeout_s: float) -> FieldBlock | None:
        self._must_be_open()
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._samples) >= self._block or self._lost, timeout_s)
            samples = list(self._samples)
            self._samples.clear()
        error = self._poll.error
        if not samples and error is not None:
            raise error
        return self._block_of(samples) if samples else None

    @property
    def _lost(self) -> bool:
        return not self._samples and self._poll.error is not None

    def _ask_and_tell(self) -> None:
        try:
            self._ask()
        finally:
            with self._arrived:
                self._arrived.notify_all()

    def _ask(self) -> None:
        asked_ns = time.monotonic_ns()
        registers, number, count = self._fetch()
        sampled_ns = (asked_ns + time.monotonic_ns()) // 2
        if number and number == self._last_number:
            return
        self._last_number = number
        sample = _Sample(sampled_ns, self._belt_mm(sampled_ns, count), registers)
        with self._arrived:
            self._samples.append(sample)
            if len(self._samples) > self._keep:
                self._samples.popleft()
                self.dropped += 1

    def _fetch(self) -> tuple[list[int], list[int], list[int]]:
        """A sample's registers, its number's and its count's (empty where the map has none).

        In one request where one can hold all three: what is latched together then stays together.
        """
        settings = self._settings
        parts = [(settings.first_register, settings.words)]
        parts += [(place or 0, 0 if place is None else words) for place, words in self._beside]
        first = min(place for place, words in parts if words)
        span = max(place + words for place, words in parts if words) - first
        if span <= MOST_REGISTERS:
            everything = self._link.read_registers(settings.table, first, span)
            sample, number, count = (everything[place - first : place - first + words] for place, words in parts)
        else:
            sample, number, count = (self._link.read_registers(settings.table, *part) for part in parts)
        return sample, number, count

    def _belt_mm(self, sampled_ns: int, count: list[int]) -> float:
        """The encoder's reading at that moment."""
        if count:
            return self._latched.add(count_of(count, "uint32", self._settings.word_order)) * self._mm_per_count
        sample = self._encoder.read()
        self._fitter.add(sample)
        fit = self._fitter.fit()
        return sample.belt_mm if fit is None else fit.belt_mm_at(sampled_ns) - 0.5 * self._mm_per_count

    def _block_of(self, samples: list[_Sample]) -> FieldBlock:
        field_ut = self._field_ut([sample.registers for sample in samples])
        self._sequence += 1
        return FieldBlock(
            field_ut=field_ut,
            saturated=np.asarray((np.abs(field_ut) >= self._settings.range_ut).any(axis=-1)),
            belt_mm=np.array([sample.belt_mm for sample in samples], dtype=np.float64),
            sampled_ns=np.array([sample.sampled_ns for sample in samples], dtype=np.int64),
            sequence=self._sequence,
        )

    def _field_ut(self, rows: list[list[int]]) -> ArrayF32:
        """Rows of registers (samples, words) → (samples, channels, 3)."""
        settings = self._settings
        raw = numbers(rows, settings.type, settings.word_order)
        if settings.order == "by-channel":
            raw = raw.reshape(len(rows), settings.channels, 3)
        else:
            raw = raw.reshape(len(rows), 3, settings.channels).swapaxes(1, 2)
        absent = ~np.isfinite(raw) if settings.absent is None else (raw == settings.absent) | ~np.isfinite(raw)
        field_ut = np.clip(raw * settings.ut_per_unit, -settings.range_ut, settings.range_ut)
        field_ut[absent.any(axis=-1)] = np.nan
        return np.asarray(field_ut[..., self._order] * self._signs, dtype=np.float32)
