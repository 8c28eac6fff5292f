"""The magnetometer array behind its board: samples stamped and latched with the belt's count by the board itself."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Self

import numpy as np

from neosort_hardware.array_protocol import decoded
from neosort_hardware.array_stream import ArrayStream, Heard
from neosort_hardware.devices import DeviceError, Encoder
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.serial_port import PortError
from neosort_hardware.settings_serial import SerialMagnetometerConfig
from neosort_hardware.site import Site
from neosort_hardware.types import ArrayF64, ArrayI64, DeviceHealth, FieldBlock
from neosort_hardware.wrapping import ahead

LOOKS = 9  # at the line's encoder, before the board's count is believed to be set against it
BRIDGED_S = 0.2  # lost samples are shown as unknown over no longer a gap; beyond, the stamps jump


class SerialMagnetometer(NamedDevice):
    """Blocks of the array. A sample that was lost or spoilt on its way is a row of NaN, its stamps interpolated.

    The board counts the same belt as the line's encoder, from another start: the first `LOOKS` blocks after it was
    found are held back until both are set against each other. ``lost``: samples so far that never came. The encoder is
    read by whoever reads here; a thread of the stream does nothing but listen.
    """

    def __init__(
        self, stream: ArrayStream, settings: SerialMagnetometerConfig, mm_per_count: float, encoder: Encoder
    ) -> None:
        super().__init__("serial magnetometer array")
        self.lost = 0
        self._stream = stream
        self._settings = settings
        self._mm_per_count = mm_per_count
        self._encoder = encoder
        self._block = max(1, round(settings.block_ms * 1e-3 * settings.rate_hz))
        self._signs = np.array([-1.0 if axis[0] == "-" else 1.0 for axis in settings.axes], dtype=np.float32)
        self._order = ["xyz".index(axis[1]) for axis in settings.axes]
        self._sequence = 0
        self._life = 0
        self._held: list[Heard] = []
        self._shifts: deque[float] = deque(maxlen=LOOKS)
        self._shift: int | None = None
        self._last: tuple[int, int, int] | None = None  # index, count and stamp of the newest sample handed over

    @classmethod
    def connect(cls, settings: SerialMagnetometerConfig, site: Site) -> Self:
        """Finds the board and has it sample. Raises `DeviceError` when it does not answer or is another one."""
        encoder, mm_per_count = site.encoder, site.config.encoder.mm_per_count
        assert encoder is not None, "the encoder is opened first"
        try:
            stream = ArrayStream(settings, mm_per_count)
        except PortError as error:
            raise DeviceError("serial magnetometer array", str(error)) from error
        return cls(stream, settings, mm_per_count, encoder)

    @property
    def bad_frames(self) -> int:
        """Frames that were torn or spoilt on their way."""
        return self._stream.bad_frames

    def read(self, timeout_s: float) -> FieldBlock | None:
        self._must_be_open()
        heard = self._stream.take(self._block, timeout_s)
        if not heard:
            if self._stream.trouble:
                raise DeviceError(self.name, self._stream.trouble)
            return None
        if heard[0].life != self._life:
            self._begin_anew(heard[0].life)
        self._held += heard
        self._set_against_encoder()
        if self._shift is None:
            return None
        held, self._held = self._held, []
        return self._block_of(held, self._shift)

    def health(self) -> DeviceHealth:
        if self._open and self._stream.trouble:
            return DeviceHealth(name=self.name, ok=False, detail=self._stream.trouble)
        if self._open and self._shift is not None and self._apart_mm(self._shift) > self._settings.apart_mm:
            detail = f"the board's count and the encoder are more than {self._settings.apart_mm:g} mm apart"
            return DeviceHealth(name=self.name, ok=False, detail=detail)
        return super().health()

    def close(self) -> None:
        if self._open:
            self._stream.close()
        super().close()

    def _begin_anew(self, life: int) -> None:
        """The board was lost and has been found again; its numbers begin anew, and the belt has moved meanwhile."""
        self._life = life
        self._held = []
        self._shifts.clear()
        self._shift = None
        self._last = None

    def _set_against_encoder(self) -> None:
        """One more look at what the line's encoder shows beside the board's newest count."""
        oldest, newest = self._held[0], self._held[-1]
        shown = self._encoder.read()
        passed_ns = newest.at_ns - oldest.at_ns
        speed = ahead(newest.sample.count, oldest.sample.count) / passed_ns if passed_ns > 0 else 0.0
        known = oldest.sample.count if self._last is None else self._last[1]
        counts = known + ahead(newest.sample.count, known)
        self._shifts.append(shown.counts - counts - speed * (shown.sampled_ns - newest.at_ns))
        if self._shift is None and len(self._shifts) == LOOKS:
            self._shift = round(median(self._shifts))

    def _apart_mm(self, shift: int) -> float:
        return abs(median(self._shifts) - shift) * self._mm_per_count

    def _block_of(self, held: list[Heard], shift: int) -> FieldBlock:
        field_ut, saturated = decoded(
            [one.sample.readings for one in held], self._settings.channels, self._stream.unit_nt
        )
        index, counts, at_ns = self._unwrapped(held)
        everything, here = _bridged(index, max(1, round(BRIDGED_S * self._settings.rate_hz)))
        first = 0 if self._last is None else 1  # the newest of the last block, to bridge from
        self._last = (int(index[-1]), int(counts[-1]), int(at_ns[-1]))
        self.lost += int((np.diff(index) - 1).sum())
        rows = len(everything) - first
        full_ut = np.full((rows, *field_ut.shape[1:]), np.nan, dtype=np.float32)
        full_ut[here[first:] - first] = field_ut[:, :, self._order] * self._signs
        flagged = np.zeros((rows, saturated.shape[1]), dtype=np.bool_)
        flagged[here[first:] - first] = saturated
        belt_mm = np.interp(everything, index, counts + shift) * self._mm_per_count
        stamps_ns = at_ns[0] + np.interp(everything, index, (at_ns - at_ns[0]).astype(np.float64)).astype(np.int64)
        self._sequence += 1
        return FieldBlock(
            field_ut=full_ut,
            saturated=flagged,
            belt_mm=belt_mm[first:],
            sampled_ns=stamps_ns[first:],
            sequence=self._sequence,
        )

    def _unwrapped(self, held: list[Heard]) -> tuple[ArrayI64, ArrayI64, ArrayI64]:
        """Index, count and stamp of the samples, the newest of the block before them; rising over wrap-around."""
        first = held[0]
        before = self._last or ()
        index, counts, at_ns = ([value] for value in before) if before else ([], [], [])
        last_index, last_count = (before[0], before[1]) if before else (first.sample.index, first.sample.count)
        for one in held:
            last_index += ahead(one.sample.index, last_index)
            last_count += ahead(one.sample.count, last_count)
            index.append(last_index)
            counts.append(last_count)
            at_ns.append(max(one.at_ns, at_ns[-1] + 1) if at_ns else one.at_ns)
        return np.array(index), np.array(counts), np.array(at_ns)


def _bridged(index: ArrayI64, longest: int) -> tuple[ArrayF64, ArrayI64]:
    """Numbers of all samples from the first to the last, without gaps longer than that; where the given ones stand."""
    steps = np.diff(index)
    steps = np.where(steps > longest, 1, steps)
    here = np.concatenate([[0], np.cumsum(steps)])
    everything = np.interp(np.arange(here[-1] + 1), here, index)
    return np.asarray(everything, dtype=np.float64), np.asarray(here, dtype=np.int64)
