"""Puts a line, a bundle and a recipe together, sorts for as long as asked, and tells everybody who watches."""

from __future__ import annotations

import math
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from types import FrameType
from typing import Protocol

from neosort_datasets.assembly import Blind, WindowAssembler
from neosort_datasets.line_grid import line_grid
from neosort_datasets.pacing import Pace
from neosort_datasets.rectification import View
from neosort_datasets.window import BeltWindow
from neosort_hardware.line import Line
from neosort_hardware.types import Decision, FieldBlock, Frame, ItemTruth, Landing, Shot
from neosort_inference.asking.channel import Asked
from neosort_inference.asking.desk import Desk
from neosort_inference.bundle import Bundle
from neosort_inference.calibrating import Calibrating
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.counters import Counters
from neosort_inference.detector import Detector
from neosort_inference.ejection import ShotPlanner, heavy_planner
from neosort_inference.faults.alarm_log import log_alarm
from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.faults.building import watch_of
from neosort_inference.faults.load import Load
from neosort_inference.faults.modes import left_with
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.loop import Listeners, SortingLoop
from neosort_inference.operating import Operating
from neosort_inference.operating_point import operating_point
from neosort_inference.recipe import Judge, Recipe
from neosort_inference.speed_gauge import SpeedGauge
from neosort_inference.stages import Stages
from neosort_inference.state import State
from neosort_inference.telemetry import KEPT, Snapshot, Telemetry, WindowView
from neosort_inference.tracks import FIELD_MARGIN_MM, Tracker

LOOK_EVERY_S = 0.2


class Watcher(Protocol):
    """Shows the run to a person while it goes on. Called in the loop: returns at once."""

    def update(self, snapshot: Snapshot) -> None:
        """A fresh snapshot, a few times a second."""

    def show(self, view: WindowView) -> None:
        """A window with its decisions."""

    def asked(self) -> tuple[Asked, ...]:
        """What its people have asked of the line since the last call."""


class Recorder(Protocol):
    """Keeps a run. Called in the loop: returns at once, whatever the disk does."""

    @property
    def trouble(self) -> str:
        """What keeps the recording from being whole; empty while nothing does."""

    @property
    def waiting(self) -> int:
        """Values that wait for the disk."""

    @property
    def dropped(self) -> dict[str, int]:
        """Values that were not written, by topic."""

    @property
    def free_bytes(self) -> int | None:
        """Room on the disk when last looked; None before that."""

    def write_frame(self, frame: Frame) -> None:
        """A frame as it came."""

    def write_block(self, block: FieldBlock) -> None:
        """A block as it came."""

    def write_decision(self, decision: Decision) -> None:
        """A decision, its shot inside it."""

    def write_item(self, item: ItemTruth) -> None:
        """What lay on the belt."""

    def write_landing(self, landing: Landing) -> None:
        """Where it came to rest."""


class Keeper(Protocol):
    """Puts the run down in the ledger. Called in the loop: returns at once, whatever the database does."""

    @property
    def trouble(self) -> str:
        """What keeps the ledger from being written; empty while nothing does."""

    @property
    def waiting(self) -> int:
        """Happenings that wait for the database."""

    @property
    def dropped(self) -> int:
        """Happenings that will never be in it."""

    @property
    def free_bytes(self) -> int | None:
        """Room on its disk when last looked; None before that."""

    def on_window(self, window: BeltWindow, decisions: Sequence[Decision], senses: str) -> None:
        """A window has been decided on."""

    def on_recalled(self, shot: Shot, fault: str) -> None:
        """A shot that the diverter had taken was undone by a fault before it blew."""

    def on_alarm(self, alarm: Alarm, step: Step, belt_mm: float) -> None:
        """A step of an alarm."""


class DecisionSink(Protocol):
    """Takes every decision. Called in the loop: returns at once."""

    def write(self, decision: Decision) -> None:
        """A decision, just made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SortingPlan:
    """How to sort. ``seconds``: of the line's clock, None until stopped or the source ends. ``kept``: decisions held in
    memory, see `Telemetry`."""

    bundle: Bundle
    recipe: Recipe
    blind: Blind = "none"
    seconds: float | None = None
    kept: int | None = KEPT


class Sorting:
    """One run of one line."""

    def __init__(
        self,
        line: Line,
        plan: SortingPlan,
        watchers: tuple[Watcher, ...] = (),
        recorder: Recorder | None = None,
        log: DecisionSink | None = None,
        *,
        keeper: Keeper | None = None,
    ) -> None:
        self._line = line
        self.plan = plan
        self._watchers = watchers
        self._recorder = recorder
        self._log = log
        self._keeper = keeper
        started_ns = line.clock.now_ns()
        self.telemetry = Telemetry(
            started_ns=started_ns,
            start_belt_mm=line.encoder.read().belt_mm,
            blind=plan.blind,
            on_alarm=self._on_alarm,
            kept=plan.kept,
        )
        self.decided_to_mm = -math.inf  # every item that lies before this place of the belt has been decided
        self._reached = reached = ReachedLine(line)
        self._load = Load()
        self._gauge = SpeedGauge(reached)
        self.stages = Stages.at_zero()
        self._recent: deque[Decision] = deque(maxlen=64)
        self._stop = False
        self.interrupted = False  # somebody has ended the run by a signal
        self._next_look_s = 0.0
        self._end_ns = None if plan.seconds is None else started_ns + round(plan.seconds * 1e9)
        recipe, metadata = plan.recipe, plan.bundle.metadata
        calibration, camera = line.config.calibration, line.config.camera
        shot_ids = count(1)
        judges = {
            blind: Judge(recipe, metadata.kinds, operating_point(recipe, plan.bundle, blind).p_ndfeb)
            for blind in left_with(plan.blind)
        }
        if line.heavy_diverter is not None:
            judges[plan.blind].must_know_heavy_kinds()
        view = View.of(line.geometry.pixel_to_belt, camera.width_px, camera.height_px)
        grid = line_grid(metadata.grid, line.geometry, view)
        pace = Pace.overlapping(grid.length_mm)
        self._assembler = WindowAssembler(grid, line.geometry, plan.blind, pace)
        self._counters = Counters(
            line,
            about={"line": line.config.name, "bundle": metadata.name, "recipe": recipe.name},
            stages=self.stages,
            windows=self._assembler,
            recorder=recorder,
            keeper=keeper,
            left_out=self._load.left_out,
        )
        self._loop = SortingLoop(
            line=line,
            assembler=self._assembler,
            detector=Detector(plan.bundle, recipe.score_from(plan.bundle), self.stages.network),
            tracker=Tracker(pace.hop_mm(view.length_mm, camera.trigger_every_mm, grid.length_mm)),
            judges=judges,
            planner=ShotPlanner(line.geometry.jets, calibration.position_sigma_mm, recipe.max_shots_per_s, shot_ids),
            heavy_planner=heavy_planner(line.config, shot_ids),
            reached=reached,
            watch=watch_of(
                line.config,
                reached,
                self.telemetry.alarms,
                plan.blind,
                window_mm=grid.length_mm,
                load=self._load,
                recording=recorder,
                ledger=keeper,
            ),
            telemetry=self.telemetry,
            listeners=self._listeners(),
            stages=self.stages,
        )
        self._calibrating: Calibrating | None = None
        self.desk = Desk()  # who does what people ask of this run
        Operating(
            line,
            loop=self._loop,
            alarms=self.telemetry.alarms,
            reached=reached,
            shot_ids=shot_ids,
            speed_m_per_s=lambda: self._gauge.read()[1],
        ).serve(self.desk)

    def calibrate_into(self, state: State) -> None:
        """Let people measure the line with procedures; what they find is kept there."""
        self._calibrating = Calibrating(
            self._line,
            loop=self._loop,
            reached=self._reached,
            store=CalibrationStore(state.calibrations),
            folder=state.procedure,
        )
        self._calibrating.serve(self.desk)

    def run(self) -> Telemetry:
        """Sort until the time is up, the source ends, or somebody stops it. Valves are closed afterwards."""
        self.plan.bundle.warm_up(3)
        try:
            with stop_on_signals(self._interrupt):
                self._loop.run(self._carry_on)
        finally:
            self._keep_truth()
        self.telemetry.finish()
        self._look()
        return self.telemetry

    @property
    def dropped_windows(self) -> int:
        """Windows that were never looked at, for too many waited."""
        return self._assembler.dropped

    def stop(self) -> None:
        """Finish the turn in hand, then end."""
        self._stop = True

    def _interrupt(self) -> None:
        self.interrupted = True
        self.stop()

    def acknowledge(self, number: int | None, by: str) -> int:
        """A person has taken note of an alarm, or of all (None); how many that were."""
        return self.telemetry.alarms.acknowledge(number, by, self._line.clock.now_ns())

    def _listeners(self) -> Listeners:
        return Listeners(
            on_frame=self._on_frame,
            on_block=self._on_block,
            on_window=self._on_window,
            on_recalled=self._on_recalled,
        )

    def _on_alarm(self, alarm: Alarm, step: Step) -> None:
        log_alarm(alarm, step)
        if self._keeper is not None:
            self._keeper.on_alarm(alarm, step, self._reached.belt_mm())

    def _on_recalled(self, shot: Shot, fault: str) -> None:
        if self._keeper is not None:
            self._keeper.on_recalled(shot, fault)

    def _on_frame(self, frame: Frame) -> None:
        self._counters.on_frame(frame)
        if self._recorder is not None and not self._load.leaves_out("recording"):
            self._recorder.write_frame(frame)

    def _on_block(self, block: FieldBlock) -> None:
        self._counters.on_block(block)
        if self._recorder is not None and not self._load.leaves_out("recording"):
            self._recorder.write_block(block)

    def _carry_on(self) -> bool:
        self._look_about()
        while self._calibrating is not None and self._calibrating.under_way() and not self._over():
            self._calibrating.turn()
            self._look_about()
        return not self._over()

    def _over(self) -> bool:
        return self._stop or (self._end_ns is not None and self._line.clock.now_ns() >= self._end_ns)

    def _look_about(self) -> None:
        self._load.see(self._line.clock.now_ns(), self._reached.waited_ns)
        if time.monotonic() >= self._next_look_s:
            self._next_look_s = time.monotonic() + LOOK_EVERY_S
            self._look()

    def _snapshot(self) -> Snapshot:
        belt_mm, speed_m_per_s = self._gauge.read()
        snapshot = self.telemetry.snapshot(self._line.clock.now_ns(), belt_mm, speed_m_per_s)
        stop = self._loop.stopped_by()
        return replace(
            snapshot,
            stopped_by="" if stop is None else stop.words,
            counts=self._counters.counts(self.telemetry.alarms.raised),
        )

    def _keep_truth(self) -> None:
        """Hand the recorder what the twin has told since the last time, and say where the disk lets it down."""
        items, landings = self.telemetry.untold_truth()
        if self._recorder is None:
            return
        for item in items:
            self._recorder.write_item(item)
        for landing in landings:
            self._recorder.write_landing(landing)

    def _look(self) -> None:
        self._keep_truth()
        for watcher in self._watchers:
            for asked in watcher.asked():
                self.desk.take(asked)
        snapshot = self._snapshot()
        for watcher in self._watchers:
            watcher.update(snapshot)

    def _on_window(self, window: BeltWindow, decisions: list[Decision]) -> None:
        self._recent.extend(decisions)
        self._counters.on_window(decisions)
        self.decided_to_mm = window.start_mm + window.grid.length_mm - FIELD_MARGIN_MM
        if self._keeper is not None:
            self._keeper.on_window(window, decisions, self.telemetry.senses.value)
        for decision in decisions:
            if self._recorder is not None:
                self._recorder.write_decision(decision)
            if self._log is not None:
                self._log.write(decision)
        if not self._watchers or self._load.leaves_out("preview"):
            return
        end_mm = window.start_mm + window.grid.length_mm
        view = WindowView(
            picture=window.picture,
            field_ut=window.field_ut,
            field_mask=window.field_mask,
            start_mm=window.start_mm,
            mm_per_px=window.grid.mm_per_px,
            across_start_mm=window.grid.across_start_mm,
            decisions=tuple(
                d for d in self._recent if d.box.belt_hi_mm > window.start_mm and d.box.belt_lo_mm < end_mm
            ),
            snapshot=self._snapshot(),
        )
        for watcher in self._watchers:
            watcher.show(view)


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM end the run in good order; the old handlers come back afterwards."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    old = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
