"""`ModbusEncoder`: the belt's count out of a counter module's or a controller's registers."""

from __future__ import annotations

import time
from typing import Self

from neosort_hardware.belt_fit import LEAP_MM_PER_MS
from neosort_hardware.devices import DeviceError
from neosort_hardware.modbus_device import PolledModbusDevice
from neosort_hardware.modbus_values import Unwrapped, count_of
from neosort_hardware.settings_modbus import WORDS, ModbusEncoderConfig
from neosort_hardware.site import Site
from neosort_hardware.types import EncoderSample

NAME = "Modbus encoder"
SLACK_MM = 10.0


class ModbusEncoder(PolledModbusDevice):
    """Polls the count; `read` gives the newest, stamped in the middle of its request. Slow answers are left out.

    The count is the counter's own, wrapped ones told apart, so that a controller on the same counter means the same
    place by it. A counter that began anew has lost the belt: that is an error once, and counts go on from the last;
    ``restarted_counts`` is what they are ahead of the counter's own since then.
    """

    def __init__(self, settings: ModbusEncoderConfig, *, goes_on: bool = True) -> None:
        """``goes_on`` False: a counter that began anew shows its own new counts.

        Raises `DeviceError` when the count is not to be had.
        """
        super().__init__(NAME, settings.peer, settings.expect)
        self._settings = settings
        self._words = WORDS[settings.type]
        self._unwrapped = Unwrapped(16 * self._words)
        self._newest: EncoderSample | None = None
        self._leapt: DeviceError | None = None
        self.restarted_counts = 0
        self._goes_on = goes_on
        self._was_silent = False
        self._poll_with(self._ask, settings.poll_ms)

    @classmethod
    def connect(cls, settings: ModbusEncoderConfig, site: Site) -> Self:
        """The encoder, counting. Raises `DeviceError`."""
        return cls(settings)

    def read(self) -> EncoderSample:
        self._must_be_open()
        leapt, self._leapt = self._leapt, None
        if leapt is not None:
            raise leapt
        newest = self._newest
        age_ms = 0.0 if newest is None else (time.monotonic_ns() - newest.sampled_ns) * 1e-6
        if newest is None or age_ms > self._settings.stale_ms:
            raise self._poll.error or self._link.error(f"the last count is {age_ms:.0f} ms old")
        return newest

    def _ask(self) -> None:
        settings = self._settings
        asked_ns = time.monotonic_ns()
        try:
            registers = self._link.read_registers(settings.table, settings.first_register, self._words)
        except DeviceError:
            self._was_silent = True
            raise
        now_ns = time.monotonic_ns()
        if self._newest is not None and now_ns - asked_ns > settings.slow_ms * 1e6:
            return
        raw = self._unwrapped.add(count_of(registers, settings.type, settings.word_order))
        sampled_ns = (asked_ns + now_ns) // 2
        if self._has_leapt(raw, sampled_ns):
            raw = self._begin_anew(count_of(registers, settings.type, settings.word_order))
        self._was_silent = False
        counts = raw + self.restarted_counts
        self._newest = EncoderSample(belt_mm=counts * settings.mm_per_count, counts=counts, sampled_ns=sampled_ns)

    def _has_leapt(self, raw: int, sampled_ns: int) -> bool:
        """Whether the counter is where no belt can have taken it, or further back after it had not answered."""
        last = self._newest
        if last is None:
            return False
        moved_mm = (raw + self.restarted_counts - last.counts) * self._settings.mm_per_count
        if self._was_silent and moved_mm < -SLACK_MM:
            return True
        return abs(moved_mm) > SLACK_MM + LEAP_MM_PER_MS * (sampled_ns - last.sampled_ns) * 1e-6

    def _begin_anew(self, raw: int) -> int:
        """Go on from the last count, and have it said that the belt's travel meanwhile is not known."""
        assert self._newest is not None
        last = self._newest.counts
        self._leapt = self._link.error(
            f"the count leapt from {last - self.restarted_counts} to {raw}: the counter began anew, and every place on "
            "the belt is lost"
        )
        self._unwrapped = Unwrapped(16 * self._words)
        self.restarted_counts = last - raw if self._goes_on else 0
        return self._unwrapped.add(raw)
