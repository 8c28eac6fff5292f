"""One procedure at one line, step by step: in the process that holds the line's devices, and at nobody else's pace.

Whoever drives it (a command, a job of the API) calls `step` again and again and shows what comes back. Nothing is
sorted meanwhile. The procedure is fed with what the devices give without any correction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal, Protocol

from neosort_hardware.calibrated import as_felt_by, as_read_by, bare_array, bare_camera
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError, ExposingCamera, LookingCamera
from neosort_hardware.line import Line
from neosort_hardware.reference_pieces import WitnessMark
from neosort_hardware.types import FieldBlock, Frame, Shot, ShotOutcome
from neosort_inference.calibration.procedure import (
    CalibrationError,
    Guidance,
    Need,
    Procedure,
    Result,
    Value,
    WouldDecide,
)

STEP_S = 0.02
State = Literal["running", "done", "cancelled"]


class Decider(Protocol):
    """The way that windows go on the line, without a shot at its end. Fed with what devices give, corrected."""

    def see_frame(self, frame: Frame) -> None: ...
    def see_block(self, block: FieldBlock) -> None: ...
    def decided(self, belt_mm: float) -> Sequence[WouldDecide]:
        """On what has passed since the last call. ``belt_mm``: the encoder now."""


class CalibrationSession:
    """A procedure under way. ``state`` is 'running' until there is enough, or it was cancelled; one thread.
    ``decider``: asked by the procedures that want to know; None where no bundle runs. ``blows``: it may fire shots.

    ``config``: the line with the calibration that is in force; left out: that which it was opened with.

    Raises `CalibrationError` where the line lacks what the procedure needs, or for wrong parameters; `DeviceError`
    from `step` where a device fails.
    """

    def __init__(
        self,
        line: Line,
        procedure: Procedure,
        parameters: Mapping[str, Value],
        decider: Decider | None = None,
        *,
        config: LineConfig | None = None,
    ) -> None:
        self.procedure = procedure
        self.config = line.config if config is None else config
        self._decider = decider if procedure.asks_what_is_decided else None
        self.state: State = "running"
        self._line = line
        self._camera, self._array = bare_camera(line.camera), bare_array(line.magnetometer)
        self._exposed_anew = False
        self.blows = Need.FREE_JETS in procedure.about.needs
        if self.blows and not line.interlock.read().closed:
            raise CalibrationError(
                f"{procedure.about.name} blows: {line.interlock.read().detail or 'interlock is open'}"
            )
        procedure.begin(self, parameters)
        self._held = list(procedure.held())
        self._holds = bool(self._held)
        self._set_out()

    @property
    def belt_mm(self) -> float:
        return self._line.encoder.read().belt_mm

    def fire(self, shot: Shot) -> ShotOutcome:
        if not self.blows or not self._line.interlock.read().closed:
            return ShotOutcome.REFUSED
        return self._line.diverter.schedule(shot)

    def run_at(self, speed_m_per_s: float) -> bool:
        return self._line.hands is not None and self._line.hands.run_at(speed_m_per_s)

    def look(self) -> str:
        if not isinstance(self._camera, LookingCamera):
            return f"{self._camera.name} sees no belt that stands"
        try:
            self._camera.look()
        except DeviceError as error:
            return str(error)
        return ""

    def turn_array(self, turning: bool) -> bool:
        if self._line.hands is None:
            return False
        self._line.hands.turn_array(turning)
        return True

    def expose(self, exposure_us: float) -> str:
        if not isinstance(self._camera, ExposingCamera):
            return f"{self._camera.name} takes no exposure while it runs"
        try:
            self._camera.expose_for(exposure_us)
        except DeviceError as error:
            return str(error)
        self._exposed_anew = True
        return ""

    def witness(self) -> Sequence[WitnessMark]:
        return () if self._line.hands is None else self._line.hands.witness()

    def decided(self) -> Sequence[WouldDecide] | None:
        return None if self._decider is None else self._decider.decided(self.belt_mm)

    def step(self, timeout_s: float = STEP_S) -> Guidance:
        """Hand the procedure what the devices have given meanwhile; blocks for about ``timeout_s``."""
        if self.state == "running":
            self._feed(timeout_s)
        guidance = self.procedure.guidance()
        if guidance.done and self.state == "running":
            self._end("done")
        return guidance

    def act(self, action: str, values: Mapping[str, Value] | None = None) -> None:
        """A button was pressed, and its fields filled in."""
        if self.state != "running":
            raise CalibrationError(f"{self.procedure.about.name} is {self.state}")
        self.procedure.act(action, values or {})

    def cancel(self) -> None:
        """Stop, every valve closed; nothing was changed. May be called at any time."""
        if self.state == "running":
            self._end("cancelled")

    def result(self) -> Result:
        """What was found. Raises `CalibrationError` where there is not enough, or it was cancelled."""
        if self.state == "cancelled":
            raise CalibrationError(f"{self.procedure.about.name} was cancelled")
        return self.procedure.result()

    def _feed(self, timeout_s: float) -> None:
        if self.blows:
            self._must_be_safe()
            self._line.diverter.heartbeat()
        frame = self._camera.read(timeout_s)
        while frame is not None:
            self.procedure.see_frame(frame)
            if self._decider is not None:
                self._decider.see_frame(as_read_by(self._line.camera, frame))
            self._hold_next()
            frame = self._camera.read(0.0)
        block = self._array.read(0.0)
        while block is not None:
            self.procedure.see_block(block)
            if self._decider is not None:
                self._decider.see_block(as_felt_by(self._line.magnetometer, block))
            block = self._array.read(0.0)
        self.procedure.see_travel(self._line.encoder.read())

    def _must_be_safe(self) -> None:
        """Shots that wait are forgotten, and the procedure ends, as soon as the interlock opens."""
        state = self._line.interlock.read()
        if not state.closed:
            self.cancel()
            raise CalibrationError(f"{self.procedure.about.name} ended: {state.detail or 'the interlock was opened'}")

    def _set_out(self) -> None:
        """On a simulated line its hands do what a person would."""
        if self._line.hands is None:
            return
        self._line.hands.empty_belt(Need.EMPTY_BELT in self.procedure.about.needs)
        for placed in self.procedure.props():
            self._line.hands.lay(placed)
        self._hold_next()

    def _hold_next(self) -> None:
        if self._line.hands is not None and self._holds:
            self._line.hands.hold(self._held.pop(0) if self._held else None)

    def _end(self, state: State) -> None:
        self.state = state
        if self.blows:
            with suppress(DeviceError):  # one that is lost shuts by itself, for it hears no heartbeat
                self._line.diverter.close_all()
        if self._exposed_anew:  # what was found holds once it is applied, and not before
            self.expose(self.config.camera.exposure_us)
        if self._line.hands is not None:
            self._line.hands.hold(None)
            self._line.hands.put_away()
            self._line.hands.turn_array(False)
            self._line.hands.run_at(self._line.config.belt.speed_m_per_s)
            self._line.hands.empty_belt(False)
