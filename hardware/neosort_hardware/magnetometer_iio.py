"""`IioMagnetometer`: an array behind Linux' Industrial I/O, on this machine or on a board that runs `iiod`."""

from __future__ import annotations

import time
from typing import Self

import numpy as np

from neosort_hardware.belt_past import BeltPast
from neosort_hardware.devices import DeviceError, Encoder
from neosort_hardware.iio_array import contexts
from neosort_hardware.iio_stream import Heard, IioStream
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.settings_iio import IioMagnetometerConfig
from neosort_hardware.site import Site
from neosort_hardware.types import DeviceHealth, FieldBlock

NAME = "IIO magnetometer array"
LOOK_S = 0.005  # between looks at the belt while waiting


class IioMagnetometer(NamedDevice):
    """Blocks of the array, stamped by the kernel and placed by the line's encoder.

    The encoder is read by whoever reads here; a thread of the stream samples. ``unplaced``: samples left out because
    nobody looked at the belt around their time.
    """

    def __init__(self, stream: IioStream, settings: IioMagnetometerConfig, encoder: Encoder) -> None:
        super().__init__(NAME)
        self.unplaced = 0
        self._stream = stream
        self._encoder = encoder
        self._past = BeltPast()
        self._least = max(1, round(settings.block_ms * 1e-3 * settings.rate_hz))
        self._waiting: list[Heard] = []
        self._sequence = 0

    @classmethod
    def connect(cls, settings: IioMagnetometerConfig, site: Site) -> Self:
        """Finds the array and has it sample. Raises `DeviceError` when it is not there or is another one."""
        if site.encoder is None:
            raise DeviceError(NAME, "needs an encoder to know its samples' places by")
        return cls(IioStream(NAME, settings), settings, site.encoder)

    @staticmethod
    def present() -> list[str]:
        """Contexts that libiio finds here: this machine's own, and boards on USB."""
        return contexts()

    def read(self, timeout_s: float) -> FieldBlock | None:
        self._must_be_open()
        deadline_ns = time.monotonic_ns() + round(timeout_s * 1e9)
        while True:
            left_s = max(0.0, (deadline_ns - time.monotonic_ns()) * 1e-9)
            ripe = self._take(min(LOOK_S, left_s))
            self._past.add(self._encoder.read())  # after the samples: each of them lies between two looks
            if ripe or left_s == 0.0:
                block = self._block()
                if block is not None or left_s == 0.0:
                    return block

    def health(self) -> DeviceHealth:
        if self._open and self._stream.trouble:
            return DeviceHealth(name=self.name, ok=False, detail=self._stream.trouble)
        return super().health()

    def close(self) -> None:
        if self._open:
            super().close()
            self._stream.stop()

    def _take(self, timeout_s: float) -> bool:
        """Whether what has come is a block: enough, or the last for now, for then trouble is told next time."""
        try:
            self._waiting += self._stream.take(timeout_s)
        except DeviceError:
            if not self._waiting:
                raise
            return True
        return sum(len(heard.sampled_ns) for heard in self._waiting) >= self._least

    def _block(self) -> FieldBlock | None:
        """What waits, as far as the belt was looked at then."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return None
        stamps_ns = np.concatenate([heard.sampled_ns for heard in waiting])
        places = [self._past.mm_at(at_ns) for at_ns in stamps_ns.tolist()]
        known = np.array([place is not None for place in places])
        self.unplaced += int((~known).sum())
        if not known.any():
            return None
        self._sequence += 1
        return FieldBlock(
            field_ut=np.concatenate([heard.field_ut for heard in waiting])[known],
            saturated=np.concatenate([heard.saturated for heard in waiting])[known],
            belt_mm=np.array([place for place in places if place is not None], dtype=np.float64),
            sampled_ns=stamps_ns[known],
            sequence=self._sequence,
        )
