"""The path of one window, and nothing else: sense, assemble, detect, track, judge, shoot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from neosort_datasets.assembly import WindowAssembler
from neosort_datasets.window import BeltWindow
from neosort_hardware.devices import EndOfStream
from neosort_hardware.line import Line
from neosort_hardware.types import Decision, FieldBlock, Frame, Shot, ShotOutcome, Verdict
from neosort_inference.detector import Detector
from neosort_inference.ejection import ShotPlanner
from neosort_inference.recipe import Judge, NoShot
from neosort_inference.stages import Stages
from neosort_inference.telemetry import Telemetry
from neosort_inference.tracks import Track, Tracker

READ_TIMEOUT_S = 0.05
_ANSWERS: dict[ShotOutcome, NoShot | None] = {
    ShotOutcome.ACCEPTED: None,
    ShotOutcome.LATE: NoShot(verdict=Verdict.LATE, reason="too late"),
    ShotOutcome.REFUSED: NoShot(verdict=Verdict.REFUSED, reason="refused by the diverter"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who else wants to know: each is called in the loop and must return at once."""

    on_frame: Callable[[Frame], None]
    on_block: Callable[[FieldBlock], None]
    on_window: Callable[[BeltWindow, list[Decision]], None]


def nobody_listens() -> Listeners:
    """Listeners that do nothing."""
    return Listeners(on_frame=lambda _: None, on_block=lambda _: None, on_window=lambda _, __: None)


class SortingLoop:
    """Sorts one line until told to stop. One thread; whoever calls `step` owns the devices."""

    def __init__(
        self,
        line: Line,
        *,
        assembler: WindowAssembler,
        detector: Detector,
        tracker: Tracker,
        judge: Judge,
        planner: ShotPlanner,
        telemetry: Telemetry,
        listeners: Listeners,
        stages: Stages,
    ) -> None:
        self._line = line
        self._assembler = assembler
        self._detector = detector
        self._tracker = tracker
        self._judge = judge
        self._planner = planner
        self._telemetry = telemetry
        self._listeners = listeners
        self._stages = stages
        self._permitted = True

    def run(self, carry_on: Callable[[], bool]) -> None:
        """Step until ``carry_on`` says no or the source ends. Every valve is closed on the way out, however that is."""
        try:
            self._line.diverter.heartbeat()  # opening a line and warming up may have taken longer than its limit
            while carry_on():
                self.step()
        except EndOfStream:
            return
        finally:
            self._line.diverter.close_all()

    def step(self) -> None:
        """One turn: whatever the sensors have, through to shots. Blocks for at most `READ_TIMEOUT_S` when idle."""
        self._keep_alive()
        self._obey_interlock()
        block = self._line.magnetometer.read(READ_TIMEOUT_S)
        if block is not None:
            with self._stages.field:
                self._assembler.add_block(block)
            with self._stages.tell:
                self._listeners.on_block(block)
        self._decide_ready_windows()
        frame = self._line.camera.read(0.0 if block is not None else READ_TIMEOUT_S)
        if frame is not None:
            with self._stages.rectify:
                self._assembler.add_frame(frame)
            with self._stages.tell:
                self._listeners.on_frame(frame)
        if self._line.truth is not None:
            self._telemetry.on_items(self._line.truth.items())
            self._telemetry.on_landings(self._line.truth.landings())

    def _keep_alive(self) -> None:
        """Tell the diverter that the host lives. A silence it has acted on stays a fault until the end of the run."""
        health = self._line.diverter.health()
        if not health.ok:
            self._telemetry.on_fault(health.detail)
        self._line.diverter.heartbeat()

    def _obey_interlock(self) -> None:
        state = self._line.interlock.read()
        if not state.closed and self._permitted:
            self._line.diverter.close_all()
            self._telemetry.on_fault("interlock open")
        elif state.closed and not self._permitted:
            self._telemetry.fault_cleared("interlock open")
        self._permitted = state.closed

    def _decide_ready_windows(self) -> None:
        belt_mm = self._line.encoder.read().belt_mm
        with self._stages.grid:
            windows = self._assembler.ready(belt_mm)
        for window in windows:
            decisions = self._decide(window)
            with self._stages.tell:
                self._listeners.on_window(window, decisions)

    def _decide(self, window: BeltWindow) -> list[Decision]:
        began = time.perf_counter_ns()
        with self._stages.detect:
            detections = self._detector.detect(window)
        with self._stages.track:
            due = self._tracker.update(detections, window.start_mm, window.grid.length_mm)
        spent_ns = time.perf_counter_ns() - began
        # Virtual time has stood still while we computed; the belt would not have.
        self._line.clock.charge(spent_ns)
        with self._stages.decide:
            decisions = [self._settle(track, window) for track in due]
        with self._stages.tell:
            self._telemetry.on_window(spent_ns * 1e-6)
            for decision in decisions:
                self._telemetry.on_decision(decision)
        return decisions

    def _settle(self, track: Track, window: BeltWindow) -> Decision:
        aim = self._aim(track)
        shot, no_shot = (aim, self._hand_over(aim)) if isinstance(aim, Shot) else (None, aim)
        now_ns = self._line.clock.now_ns()
        detection = track.detection
        last_sensor_mm = track.box.belt_hi_mm + self._line.geometry.array_station_mm
        return Decision(
            track_id=track.track_id,
            box=track.box,
            kind=detection.kind,
            p_ndfeb=detection.p_ndfeb,
            magnet_g=detection.magnet_g,
            magnet_g_sigma=detection.magnet_g_sigma,
            verdict=Verdict.FIRED if no_shot is None else no_shot.verdict,
            reason="" if no_shot is None else no_shot.reason,
            latency_ms=(now_ns - window.last_input_ns) * 1e-6,
            distance_mm=self._line.encoder.read().belt_mm - last_sensor_mm,
            decided_ns=now_ns,
            shot=shot,
        )

    def _hand_over(self, shot: Shot) -> NoShot | None:
        """None when the diverter takes the shot, else why it does not."""
        return _ANSWERS[self._line.diverter.schedule(shot)]

    def _aim(self, track: Track) -> Shot | NoShot:
        """The shot for a track, or why there is none."""
        if no_shot := self._judge.why_not(track.detection):
            return no_shot
        if not self._permitted:
            return NoShot(verdict=Verdict.REFUSED, reason="interlock open")
        beside = self._tracker.neighbours(track, reach_mm=20.0)
        protected = [t.box for t in beside if self._judge.forbidden(t.detection)]
        spared = [t.box for t in beside if self._judge.why_not(t.detection)]
        shot = self._planner.plan(track.track_id, track.box, spared, protected)
        if isinstance(shot, Shot) and not self._planner.within_rate(self._line.clock.now_ns()):
            return NoShot(verdict=Verdict.REFUSED, reason="air supply at its limit")
        return shot
