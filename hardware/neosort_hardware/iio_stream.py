"""A thread that keeps an array behind IIO sampling, its samples in our units and time, and finds it again when lost."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from neosort_hardware.back_off import BackOff
from neosort_hardware.device_clock import DeviceClock
from neosort_hardware.devices import DeviceError
from neosort_hardware.iio_array import IioArray, IioFault, Samples
from neosort_hardware.settings_iio import IioMagnetometerConfig
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayI64

KEPT_S = 2.0
LOGGER = logging.getLogger("neosort.array")
JOIN_S = 5.0
# Samples that seem to have come so late were stamped by a clock that has been set meanwhile.
SET_ANEW_NS = 500_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Samples that came together: as a `FieldBlock`, without their places."""

    field_ut: ArrayF32
    saturated: ArrayBool
    sampled_ns: ArrayI64


class IioStream:
    """``trouble``: why there are no samples, empty while well. ``dropped``: samples that nobody took in time.

    Raises `DeviceError` when the array is not open within ``answer_ms``; what is being opened then is let go as soon
    as that call returns.
    """

    def __init__(self, name: str, settings: IioMagnetometerConfig) -> None:
        self.trouble = ""
        self.dropped = 0
        self._name = name
        self._settings = settings
        self._signs = np.array([-1.0 if axis[0] == "-" else 1.0 for axis in settings.axes])
        self._order = ["xyz".index(axis[1]) for axis in settings.axes]
        self._clock = DeviceClock()
        self._last_ns = 0
        self._heard: deque[Heard] = deque()
        self._news = threading.Condition()
        self._tried = threading.Event()
        self._stop = threading.Event()
        self._array: IioArray | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._await_opening()

    def take(self, timeout_s: float) -> list[Heard]:
        """All that nobody has taken, waited for. Raises `DeviceError` when there is nothing and will be nothing."""
        with self._news:
            self._news.wait_for(lambda: self._heard or self.trouble, timeout_s)
            if not self._heard and self.trouble:
                raise DeviceError(self._name, self.trouble)
            taken = list(self._heard)
            self._heard.clear()
        return taken

    def stop(self) -> None:
        """End the thread, and with it the sampling. Idempotent; opening the array is waited for."""
        self._stop.set()
        array = self._array
        if array is not None:
            array.cancel()
        self._thread.join(JOIN_S)

    def _await_opening(self) -> None:
        answered = self._tried.wait(self._settings.answer_ms * 1e-3)
        if answered and not self.trouble:
            return
        self._stop.set()
        if answered:
            self._thread.join(JOIN_S)
        raise DeviceError(self._name, self.trouble or f"does not answer within {self._settings.answer_ms:g} ms")

    def _run(self) -> None:
        back_off = BackOff()
        while not self._stop.is_set():
            left_s = (back_off.next_ns - time.monotonic_ns()) * 1e-9
            if left_s > 0:
                self._stop.wait(left_s)
                continue
            try:
                self._array = array = IioArray(self._settings)
            except IioFault as fault:
                self._lose(str(fault), back_off)
                continue
            try:
                self._live(array, back_off)
            except IioFault as fault:
                self._lose(str(fault), back_off)
            except Exception as error:  # a thread that died of what nobody has foreseen would never come back
                LOGGER.exception("%s: an error that its driver does not know", self._name)
                self._lose(f"{type(error).__name__}: {error}", back_off)
            finally:
                self._array = None
                array.close()

    def _live(self, array: IioArray, back_off: BackOff) -> None:
        self._clock = DeviceClock()
        due_ns = time.monotonic_ns()
        while not self._stop.is_set():
            samples = array.take()
            back_off.done()
            self._keep(self._heard_of(samples, array))
            if self._settings.mode == "poll":
                due_ns = self._rest(due_ns)

    def _rest(self, due_ns: int) -> int:
        """Until the next sample is due, whose time comes back; those that one overran are left out."""
        period_ns, now_ns = round(1e9 / self._settings.rate_hz), time.monotonic_ns()
        due_ns += period_ns * max(1, -(-(now_ns - due_ns) // period_ns))
        time.sleep(max(0, due_ns - now_ns) * 1e-9)
        return due_ns

    def _heard_of(self, samples: Samples, array: IioArray) -> Heard:
        ut = (samples.units + array.offset) * array.to_ut
        limit_ut = self._settings.range_ut
        field_ut = np.clip(ut, -limit_ut, limit_ut)[..., self._order] * self._signs
        return Heard(
            field_ut=np.asarray(field_ut, dtype=np.float32),
            saturated=np.asarray((np.abs(ut) >= limit_ut).any(axis=-1)),
            sampled_ns=self._stamps_ns(samples),
        )

    def _stamps_ns(self, samples: Samples) -> ArrayI64:
        """In our time, rising whatever the device's clock does."""
        if samples.device_ns is None:
            stamps = np.full(len(samples.units), samples.arrived_ns, dtype=np.int64)
        else:
            newest_ns = int(samples.device_ns[-1])
            self._clock.told(newest_ns, samples.arrived_ns)
            if samples.arrived_ns - self._clock.ours_ns(newest_ns) > SET_ANEW_NS:
                self._clock = DeviceClock()
                self._clock.told(newest_ns, samples.arrived_ns)
            stamps = samples.device_ns + (self._clock.ours_ns(newest_ns) - newest_ns)
        # Every stamp at least one nanosecond after the one before it.
        steps = np.arange(len(stamps), dtype=np.int64)
        rising = np.maximum.accumulate(np.maximum(stamps - steps, self._last_ns + 1)) + steps
        self._last_ns = int(rising[-1])
        return np.asarray(rising, dtype=np.int64)

    def _keep(self, heard: Heard) -> None:
        oldest_ns = heard.sampled_ns[-1] - round(KEPT_S * 1e9)
        with self._news:
            self._heard.append(heard)
            while self._heard[0].sampled_ns[-1] < oldest_ns:
                self.dropped += len(self._heard.popleft().sampled_ns)
            self.trouble = ""
            self._tried.set()
            self._news.notify_all()

    def _lose(self, trouble: str, back_off: BackOff) -> None:
        back_off.failed(time.monotonic_ns())
        with self._news:
            self.trouble = trouble
            self._tried.set()
            self._news.notify_all()
