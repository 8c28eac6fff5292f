"""Devices fed from stamped values: the line runs on what was recorded. Knows no file format."""

from __future__ import annotations

import math

import numpy as np

from neosort_hardware.config import HeavyDiverterConfig
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.replay_tape import ReplayTape
from neosort_hardware.types import EncoderSample, FieldBlock, Frame, InterlockState, Shot, ShotOutcome
from neosort_hardware.valve_leads import ValveLeads

__all__ = [
    "ReplayCamera",
    "ReplayDiverter",
    "ReplayEncoder",
    "ReplayInterlock",
    "ReplayMagnetometer",
    "ReplayTape",
]


class ReplayDevice(NamedDevice):
    """A device that plays a tape."""

    def __init__(self, tape: ReplayTape, name: str) -> None:
        super().__init__(name)
        self._tape = tape


class ReplayCamera(ReplayDevice):
    """Frames of a tape. At the end: None while blocks wait for the magnetometer, then `EndOfStream`."""

    def __init__(self, tape: ReplayTape) -> None:
        super().__init__(tape, "replayed camera")

    def read(self, timeout_s: float) -> Frame | None:
        self._must_be_open()
        return self._tape.take_frame(timeout_s)


class ReplayMagnetometer(ReplayDevice):
    """Field blocks of a tape, those that have piled up joined into one.

    At the end: None while frames wait for the camera, then `EndOfStream`. On a tape without a field every read
    returns None at once, and the camera alone blocks and tells the end.
    """

    def __init__(self, tape: ReplayTape) -> None:
        super().__init__(tape, "replayed magnetometer array")

    def read(self, timeout_s: float) -> FieldBlock | None:
        self._must_be_open()
        if not self._tape.has_field:
            return None
        blocks = self._tape.take_blocks(timeout_s)
        if len(blocks) <= 1:
            return blocks[0] if blocks else None
        return FieldBlock(
            field_ut=np.concatenate([block.field_ut for block in blocks]),
            saturated=np.concatenate([block.saturated for block in blocks]),
            belt_mm=np.concatenate([block.belt_mm for block in blocks]),
            sampled_ns=np.concatenate([block.sampled_ns for block in blocks]),
            sequence=blocks[-1].sequence,
        )


class ReplayEncoder(ReplayDevice):
    """The belt's position, interpolated between the values of a tape, in whole counts."""

    def __init__(self, tape: ReplayTape) -> None:
        super().__init__(tape, "replayed encoder")

    def read(self) -> EncoderSample:
        self._must_be_open()
        mm_per_count = self._tape.config.encoder.mm_per_count
        counts = math.floor(self._tape.belt_mm() / mm_per_count + 1e-9)
        return EncoderSample(belt_mm=counts * mm_per_count, counts=counts, sampled_ns=self._tape.clock.now_ns())


class ReplayDiverter(ReplayDevice):
    """Answers as a bank of air jets at the tape's belt would, and moves nothing."""

    def __init__(self, tape: ReplayTape) -> None:
        super().__init__(tape, "replayed air jets")
        self._lanes = tape.config.diverter.nozzles
        self._leads = tape.config.calibration.valve_leads(self._lanes)

    def schedule(self, shot: Shot) -> ShotOutcome:
        self._must_be_open()
        if not 0 <= shot.first_nozzle <= shot.last_nozzle < self._lanes or shot.close_mm <= shot.open_mm:
            return ShotOutcome.REFUSED
        belt_mm = self._tape.belt_mm()
        lead_ms = 1e-6 * self._leads.first_lead_ns(shot.first_nozzle, shot.last_nozzle)
        lead_mm = lead_ms * self._tape.speed_m_per_s()
        return ShotOutcome.LATE if belt_mm > shot.open_mm - lead_mm else ShotOutcome.ACCEPTED

    def heartbeat(self) -> None:
        self._must_be_open()

    def close_all(self) -> None:
        """Nothing is ever open."""


class ReplayFlaps(ReplayDiverter):
    """The same as a bank of flaps that never tire."""

    def __init__(self, tape: ReplayTape, flaps: HeavyDiverterConfig) -> None:
        super().__init__(tape)
        self._name = "replayed flaps"
        self._lanes, self._leads = flaps.lanes, ValveLeads.alike(flaps.lanes, flaps.out_ms, 0.0)


class ReplayInterlock(ReplayDevice):
    """Nobody can be hurt by a recording: closed for as long as the device is open."""

    def __init__(self, tape: ReplayTape) -> None:
        super().__init__(tape, "replayed interlock")

    def read(self) -> InterlockState:
        return InterlockState(closed=self._open, detail="" if self._open else "the device is closed")
