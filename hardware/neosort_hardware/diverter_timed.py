"""Any bank of valves as a `Diverter`: our shot process times it, where no controller counts the belt by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from neosort_hardware.belt_teller import BeltTeller
from neosort_hardware.devices import DeviceError, Encoder
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.shot_messages import ShotStatus
from neosort_hardware.shot_process import ShotProcess
from neosort_hardware.types import DeviceHealth, Shot, ShotOutcome
from neosort_hardware.valve_outputs import ShotRig

LOSS_SHOWS_S = 10.0
BELT_WITHIN_S = 2.0


class TimedDiverter(NamedDevice):
    """Shots executed by a `ShotProcess`: re-timed from the encoder until the last moment, never fired late.

    Shuts every valve when the host falls silent, dies, or when outputs or encoder are lost. `schedule` waits for the
    process's word, well under a millisecond, and for a quarter of a second at most.
    """

    def __init__(self, rig: ShotRig, encoder: Encoder, ahead_mm: Callable[[], float] = lambda: 0.0) -> None:
        """``encoder``: what the process is told of where the rig gives it none of its own.

        ``ahead_mm``: by how much places on the line are ahead of those that the process's own encoder shows.
        Raises `DeviceError` when outputs or encoder cannot be opened.
        """
        super().__init__(rig.name)
        self._process = ShotProcess(rig)
        self._teller = BeltTeller(self._process, encoder) if rig.encoder is None else None
        self._ahead_mm = ahead_mm
        self._missed = 0
        try:
            self._must_follow_belt()
        except DeviceError:
            self.close()
            raise
        self._missed_s = -LOSS_SHOWS_S

    @property
    def process(self) -> ShotProcess:
        """What executes the shots."""
        return self._process

    def schedule(self, shot: Shot) -> ShotOutcome:
        self._must_be_open()
        ahead_mm = self._ahead_mm()
        return self._process.schedule(
            replace(shot, open_mm=shot.open_mm - ahead_mm, close_mm=shot.close_mm - ahead_mm) if ahead_mm else shot
        )

    def heartbeat(self) -> None:
        self._must_be_open()
        self._process.heartbeat()

    def close_all(self) -> None:
        if self._open:
            self._process.close_all()

    def health(self) -> DeviceHealth:
        if not self._open:
            return super().health()
        try:
            status = self._process.status()
        except DeviceError as error:
            return DeviceHealth(name=self._name, ok=False, detail=error.cause)
        detail = self._amiss(status)
        return DeviceHealth(name=self._name, ok=not detail, detail=detail)

    def close(self) -> None:
        super().close()
        if self._teller is not None:
            self._teller.stop()
        self._process.close()

    def _must_follow_belt(self) -> None:
        """Wait until the process has heard enough of the encoder to time a shot. Raises `DeviceError`."""
        deadline_s = time.monotonic() + BELT_WITHIN_S
        while not self._process.status().belt_known:
            if time.monotonic() > deadline_s:
                raise DeviceError(self._name, f"its process has heard no encoder within {BELT_WITHIN_S:g} s")
            self._process.heartbeat()
            time.sleep(0.005)

    def _amiss(self, status: ShotStatus) -> str:
        """What a technician ought to know; empty when all is well."""
        if status.missed > self._missed:
            self._missed, self._missed_s = status.missed, time.monotonic()
        if status.trouble:
            return status.trouble
        if status.silent_host:
            return "host was silent for too long; all valves closed"
        if not status.belt_known:
            return "the belt's encoder has only just been heard: no shot can be timed yet"
        if time.monotonic() - self._missed_s < LOSS_SHOWS_S:
            return f"shots missed so far: {status.missed}; the machine did not keep up, and they were not fired late"
        return ""
