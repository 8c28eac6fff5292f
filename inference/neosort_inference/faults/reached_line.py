"""A line whose devices may be lost one by one: what is left of it can be used all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from neosort_hardware.line import Line
from neosort_hardware.types import (
    EncoderSample,
    FieldBlock,
    Frame,
    InterlockState,
    PlantState,
    Shot,
    ShotOutcome,
)
from neosort_inference.faults.reach import Reach

_Answer = TypeVar("_Answer")
IDLE_S = 0.005  # of a turn in which no sensor was waited for


class ReachedLine:
    """The devices of a line as the loop uses them: None instead of `DeviceError`, and a `Reach` for each.

    ``waited_ns``: for sensors, so far. ``interlock``, ``plant_state``, ``diverter_health``: as read last. An
    interlock never fails: what cannot be read is open.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self.camera, self.magnetometer, self.encoder, self.diverter, self.heavy_diverter, self.plant = (
            Reach(line.clock) for _ in range(6)
        )  # fmt: skip
        self.plant_state = PlantState()
        self.diverter_health = line.diverter.health()
        self._complaint = self._heavy_complaint = ""
        self.interlock = InterlockState(closed=False, detail="not read yet")
        self.waited_ns = 0
        self._belt_mm = 0.0

    def heartbeat(self) -> None:
        """Tell the diverters that the host lives, once they have said how they are: a silence acted on ends here."""
        self.diverter_health = self._line.diverter.health()
        if not self.diverter_health.ok:
            self._complaint = self.diverter_health.detail
        if (heavy := self._line.heavy_diverter) is not None and not (health := heavy.health()).ok:
            self._heavy_complaint = health.detail
        self.begin()

    def begin(self) -> None:
        """Tell the diverters that the host lives from now on: that nobody spoke to them before, while the line was
        opened and warmed up, is no complaint."""
        self.diverter.ask(self._line.diverter.heartbeat)
        if (heavy := self._line.heavy_diverter) is not None:
            self.heavy_diverter.ask(heavy.heartbeat)

    def shut(self, *, at_once: bool = True) -> bool:
        """Every valve closed, every flap drawn in and every shot forgotten; whether the diverters have been told.

        One that is lost shuts by itself, for it hears no heartbeat. ``at_once``: though it was asked in vain just now.
        """
        told = self.diverter.did(self._line.diverter.close_all, at_once=at_once)
        if self._line.heavy_diverter is not None:
            told &= self.heavy_diverter.did(self._line.heavy_diverter.close_all, at_once=at_once)
        return told

    def schedule(self, shot: Shot) -> ShotOutcome | None:
        """The word of the diverter that a shot is for; None when it is lost."""
        heavy = self._line.heavy_diverter
        if shot.heavy and heavy is not None:
            return self.heavy_diverter.ask(lambda: heavy.schedule(shot))
        return self.diverter.ask(lambda: self._line.diverter.schedule(shot))

    def diverter_trouble(self) -> str:
        """What the diverter has complained of since this was asked last; nothing while it is lost."""
        complaint, self._complaint = self._complaint, ""
        return "" if self.diverter.lost else complaint

    def heavy_diverter_trouble(self) -> str:
        """The same of the diverter for what is too heavy for air."""
        complaint, self._heavy_complaint = self._heavy_complaint, ""
        return "" if self.heavy_diverter.lost else complaint

    def interlock_trouble(self) -> str:
        """Why shots are not permitted; empty while they are."""
        return "" if self.interlock.closed else self.interlock.detail or "opened"

    def read_interlock(self) -> None:
        """Take the safety circuit as it is now."""
        self.interlock = self._line.interlock.read()

    def read_plant(self) -> None:
        """Take what the plant says now, where anybody has wired it."""
        if self._line.plant is not None and (state := self.plant.ask(self._line.plant.read)) is not None:
            self.plant_state = state

    def travel(self) -> EncoderSample | None:
        """The encoder now; None while it is lost."""
        sample = self.encoder.ask(self._line.encoder.read)
        if sample is not None:
            self._belt_mm = sample.belt_mm
        return sample

    @property
    def last_mm(self) -> float:
        """Where the belt was when last heard of; asks nobody."""
        return self._belt_mm

    def belt_mm(self) -> float:
        """Where the belt is; while the encoder is lost, where it was when last heard of."""
        self.travel()
        return self._belt_mm

    def block(self, timeout_s: float) -> FieldBlock | None:
        """What the array has sampled; None when nothing has come, or it is lost."""
        block = self.waiting(lambda: self.magnetometer.ask(lambda: self._line.magnetometer.read(timeout_s)))
        if block is not None and self.encoder.lost:
            self._belt_mm = float(block.belt_mm[-1])
        return block

    def frame(self, timeout_s: float) -> Frame | None:
        """The next frame; None when none has come, or the camera is lost."""
        return self.waiting(lambda: self.camera.ask(lambda: self._line.camera.read(timeout_s)))

    def idle(self) -> None:
        """Let a moment pass: a turn that waits for nothing would keep a core busy."""
        clock = self._line.clock
        self.waiting(lambda: clock.sleep_until(clock.now_ns() + round(IDLE_S * 1e9)))

    def waiting(self, call: Callable[[], _Answer]) -> _Answer:
        """What a call gives that may wait; the time goes to ``waited_ns``."""
        began_ns = self._line.clock.now_ns()
        answer = call()
        self.waited_ns += self._line.clock.now_ns() - began_ns
        return answer
