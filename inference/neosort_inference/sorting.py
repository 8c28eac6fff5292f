"""Puts a line, a bundle and a recipe together, sorts for as long as asked, and tells everybody who watches."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

from neosort_datasets.assembly import Blind
from neosort_datasets.window import BeltWindow
from neosort_hardware.clock import VirtualClock
from neosort_hardware.line import Line
from neosort_hardware.types import Decision, FieldBlock, Frame
from neosort_inference.asking.desk import Desk
from neosort_inference.audience import Audience, view_of
from neosort_inference.bundle import Bundle
from neosort_inference.calibrating import Calibrating
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.counters import Counters
from neosort_inference.exchange.dry_run import DryRun
from neosort_inference.exchange.exchanging import Exchanging
from neosort_inference.exchange.shadowing import Shadowing
from neosort_inference.exchange.way import Means, WayMaker
from neosort_inference.exchange.ways import Changed, Ways
from neosort_inference.faults.alarm_log import log_alarm
from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.faults.building import watch_of
from neosort_inference.faults.load import Load
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.faults.undecided import Undecided
from neosort_inference.ledger.beginning import sorted_by
from neosort_inference.loop import Listeners, SortingLoop
from neosort_inference.onlookers import DecisionSink, Fleet, Keeper, Recorder, Watcher
from neosort_inference.operating import Operating
from neosort_inference.recipe import Recipe
from neosort_inference.signals import stop_on_signals
from neosort_inference.speed_gauge import SpeedGauge
from neosort_inference.stages import Stages
from neosort_inference.state import State
from neosort_inference.telemetry import KEPT, Snapshot, Telemetry
from neosort_inference.tracks import FIELD_MARGIN_MM, Tracker

LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class SortingPlan:
    """How to sort. ``seconds``: of the line's clock, None until stopped or the source ends. ``kept``: decisions held in
    memory, see `Telemetry`. ``shadow``: a bundle that looks on and fires nothing; ``shadow_log``: where each item that
    any shadow decides otherwise becomes a line of JSON."""

    bundle: Bundle
    recipe: Recipe
    blind: Blind = "none"
    seconds: float | None = None
    kept: int | None = KEPT
    shadow: Bundle | None = None
    shadow_log: Path | None = None


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
        fleet: Fleet | None = None,
    ) -> None:
        self._line = line
        self.plan = plan
        self._audience = Audience(watchers=watchers, recorder=recorder, log=log, keeper=keeper, fleet=fleet)
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
        self.undecided = Undecided()
        self._gauge = SpeedGauge(reached)
        self.stages = Stages.at_zero()
        self._recent: deque[Decision] = deque(maxlen=64)
        self._stop = False
        self.interrupted = False  # somebody has ended the run by a signal
        self._next_look_s = 0.0
        self._end_ns = None if plan.seconds is None else started_ns + round(plan.seconds * 1e9)
        self._maker = WayMaker(line, plan.blind, self.stages.network)
        first = self._maker.first(Means(bundle=plan.bundle, recipe=plan.recipe, config=line.config))
        tracker = Tracker(first.hop_mm)
        self._ways = Ways(first, tracker, self._on_change)
        self._counters = Counters(
            line,
            about=first.means.about,
            stages=self.stages,
            windows=self._ways,
            recorder=recorder,
            keeper=keeper,
            left_out=self._load.left_out,
        )
        self._watch = watch_of(
            line.config,
            reached,
            self.telemetry.alarms,
            plan.blind,
            window_mm=first.assembler.grid.length_mm,
            load=self._load,
            recording=recorder,
            ledger=keeper,
            fleet=fleet,
        )
        self._loop = SortingLoop(
            line=line,
            ways=self._ways,
            tracker=tracker,
            reached=reached,
            watch=self._watch,
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
            shot_ids=self._maker.shot_ids,
            speed_m_per_s=lambda: self._gauge.read()[1],
        ).serve(self.desk)
        self.exchanging = Exchanging(self._maker, self._ways, self._fails)
        self.exchanging.serve(self.desk)
        self.shadowing = Shadowing(
            self._maker, self._ways, waits=isinstance(line.clock, VirtualClock), log=plan.shadow_log
        )
        self.shadowing.serve(self.desk)
        if plan.shadow is not None:
            self.shadowing.begin(plan.shadow)

    def calibrate_into(self, state: State) -> None:
        """Let people measure the line with procedures; what they find is kept there."""
        self._calibrating = Calibrating(
            self._line,
            config=lambda: self._ways.now.means.config,
            loop=self._loop,
            reached=self._reached,
            store=CalibrationStore(state.calibrations),
            folder=state.procedure,
            decider=lambda: DryRun(self._maker.first(self._ways.now.means)),
        )
        self._calibrating.serve(self.desk)

    def run(self) -> Telemetry:
        """Sort until the time is up, the source ends, or somebody stops it. Valves are closed afterwards."""
        self.plan.bundle.warm_up(3)
        try:
            with stop_on_signals(self._interrupt):
                self._loop.run(self._carry_on)
        finally:
            self._audience.record_truth(*self.telemetry.untold_truth())
            self.exchanging.close()
            self.shadowing.close()
        self.telemetry.finish()
        self._look()
        return self.telemetry

    @property
    def dropped_windows(self) -> int:
        """Windows that were never looked at, for too many waited."""
        return self._ways.dropped

    @property
    def most_waiting(self) -> int:
        """Windows that waited for their field, at most."""
        return self._ways.most_waiting

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
            on_recalled=self._audience.recalled,
        )

    def _on_alarm(self, alarm: Alarm, step: Step) -> None:
        log_alarm(alarm, step)
        self._audience.alarmed(alarm, step, self._reached.belt_mm())

    def _on_frame(self, frame: Frame) -> None:
        self._counters.on_frame(frame)
        if self._audience.records and not self._load.leaves_out("recording"):
            self._audience.record_frame(frame)

    def _on_block(self, block: FieldBlock) -> None:
        self._counters.on_block(block)
        if self._audience.records and not self._load.leaves_out("recording"):
            self._audience.record_block(block)

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
        self.exchanging.turn()
        self.shadowing.turn()
        stop = self._loop.stopped_by()
        self.undecided.turn(self._reached.last_mm, "" if stop is None else stop.fault)

    def _snapshot(self) -> Snapshot:
        belt_mm, speed_m_per_s = self._gauge.read()
        snapshot = self.telemetry.snapshot(self._line.clock.now_ns(), belt_mm, speed_m_per_s)
        stop = self._loop.stopped_by()
        return replace(
            snapshot,
            stopped_by="" if stop is None else stop.words,
            exchange=self.exchanging.state(),
            went_back=self.exchanging.went_back,
            counts=self._counters.counts(self.telemetry.alarms.raised, self.shadowing.counts(), self.undecided.metres),
            fleet=self._audience.standing,
        )

    def _on_change(self, changed: Changed) -> None:
        """The line goes another way from here on."""
        means = changed.now.means
        self.plan = replace(self.plan, bundle=means.bundle, recipe=means.recipe)
        self._counters.about = means.about
        if means.config != changed.former.means.config:
            self._watch.recalibrated(means.config)
        by = self.exchanging.changed(changed)
        self._audience.exchanged(lambda: sorted_by(means.config, means.recipe, means.bundle, self.plan.blind), by)
        self.shadowing.changed()

    def _fails(self) -> str:
        """Whether what the line sorts by now lets it down, for those who can go back to what it sorted by before."""
        silent = next((alarm for alarm in self.telemetry.alarms.open if alarm.fault == "output.silent"), None)
        return "" if silent is None or not silent.standing else silent.detail

    def _look(self) -> None:
        self._audience.record_truth(*self.telemetry.untold_truth())
        for asked in self._audience.asked():
            self.desk.take(asked)
        self._audience.update(self._snapshot())

    def _on_window(self, window: BeltWindow, decisions: list[Decision]) -> None:
        self._recent.extend(decisions)
        self._counters.on_window(decisions)
        end_mm, stopped = window.start_mm + window.grid.length_mm, self._loop.stopped_by() is not None
        self.undecided.see_window(window.start_mm, end_mm, self.telemetry.alarms.open, stopped=stopped)
        self.decided_to_mm = end_mm - FIELD_MARGIN_MM
        self._audience.decided(window, decisions, self.telemetry.senses)
        self.shadowing.see(window, decisions, overloaded=self._load.overloaded)
        if self._audience.watched and not self._load.leaves_out("preview"):
            self._audience.show(view_of(window, self._recent, self._snapshot()))
