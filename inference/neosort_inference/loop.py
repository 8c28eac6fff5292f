"""The path of one window, and nothing else: sense, assemble, detect, track, judge, shoot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neosort_datasets.window import BeltWindow
from neosort_hardware.devices import EndOfStream
from neosort_hardware.line import Line
from neosort_hardware.types import Decision, FieldBlock, Frame, Shot
from neosort_inference.exchange.ways import Ways
from neosort_inference.faults.modes import Condition, Mode
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.faults.watch import FaultWatch
from neosort_inference.shooting import Shooting
from neosort_inference.stages import Stages
from neosort_inference.telemetry import Telemetry
from neosort_inference.tracks import Tracker

READ_TIMEOUT_S = 0.05
HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why no shot is fired: a fault of the catalogue, or `HELD` by a person; and its words."""

    fault: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who else wants to know: each is called in the loop and must return at once."""

    on_frame: Callable[[Frame], None]
    on_block: Callable[[FieldBlock], None]
    on_window: Callable[[BeltWindow, list[Decision]], None]
    on_recalled: Callable[[Shot, str], None]


def nobody_listens() -> Listeners:
    """Listeners that do nothing."""
    return Listeners(
        on_frame=lambda _: None,
        on_block=lambda _: None,
        on_window=lambda _, __: None,
        on_recalled=lambda _, __: None,
    )


class SortingLoop:
    """Sorts one line until told to stop. One thread; whoever calls `step` owns the devices.

    A device that is lost ends nothing: the line goes on by what is left, as ``watch`` says, and the device is looked
    for meanwhile. ``ways``: bundle, recipe and calibration, which may change between windows.
    """

    def __init__(
        self,
        line: Line,
        *,
        ways: Ways,
        tracker: Tracker,
        reached: ReachedLine,
        watch: FaultWatch,
        telemetry: Telemetry,
        listeners: Listeners,
        stages: Stages,
    ) -> None:
        self._line = line
        self._ways = ways
        self._tracker = tracker
        self._reached = reached
        self._watch = watch
        self._shooting = Shooting(line.clock, ways=ways, tracker=tracker, reached=reached)
        self._telemetry = telemetry
        self._listeners = listeners
        self._stages = stages
        self.occupied = ""  # what a person has the line do instead of sorting; empty while it may sort
        self._held_by = ""  # the person who has stopped the line; empty while nobody has
        self._shut_for = ""
        self._all_shut = True  # every diverter has been told so, since what it is for began
        self._misplaced = False

    def run(self, carry_on: Callable[[], bool]) -> None:
        """Step until ``carry_on`` says no or the source ends. Every valve is closed on the way out, however that is."""
        try:
            self._reached.begin()  # opening a line and warming up may have taken longer than its limit
            while carry_on():
                self.step()
        except EndOfStream:
            return
        finally:
            self._reached.shut()

    def hold(self, by: str) -> None:
        """No shot from now on, every valve shut at once, until `release`: a person wants it."""
        self._held_by = by
        self._obey(self._watch.condition)

    def release(self) -> None:
        """What that person wanted is over; faults may keep the line stopped."""
        self._held_by = ""
        self._obey(self._watch.condition)

    def stand_by(self) -> None:
        """A turn in which somebody else reads camera and array. Only while a person holds the line.

        Faults are looked for all the same: a guard that is opened shuts what may be blowing for a procedure or a test.
        """
        self._see_to_devices()
        self._watch.resume()  # what is read elsewhere is not missed here
        self._obey(self._watch.turn(self._line.clock.now_ns(), at_once=not self._reached.interlock.closed))
        self._take_truth()

    def catch_up(self) -> None:
        """They are read here again: what has lain on the belt meanwhile was never seen."""
        self.occupied = ""
        self._watch.resume()
        self._forget()

    def stopped_by(self) -> Stop | None:
        """What keeps the line stopped, a fault before a person; None where nothing does."""
        if (alarm := self._watch.stopped_by) is not None:
            return Stop(fault=alarm.fault, words=alarm.words)
        return Stop(fault=HELD, words=f"stopped by {self._held_by}") if self._held_by else None

    def step(self) -> None:
        """One turn: whatever the sensors have, through to shots. Blocks for some `READ_TIMEOUT_S` when idle."""
        self._see_to_devices()
        waited = self._take_block()
        with self._stages.watch:
            condition = self._watch.turn(self._line.clock.now_ns(), at_once=not self._reached.interlock.closed)
        self._obey(condition)
        self._decide_ready_windows()
        waited = self._take_frame(wait=not waited) or waited
        self._take_truth()
        if not waited:
            self._reached.idle()

    def _see_to_devices(self) -> None:
        """What is owed to them in every turn, whoever reads camera and array."""
        self._reached.heartbeat()
        self._reached.read_interlock()
        self._reached.read_plant()
        if (sample := self._reached.travel()) is not None:
            with self._stages.watch:
                self._watch.see_travel(sample)

    def _take_truth(self) -> None:
        if self._line.truth is not None:
            self._telemetry.on_items(self._line.truth.items())
            self._telemetry.on_landings(self._line.truth.landings())

    def _take_block(self) -> bool:
        """Read the array; whether that gave something. It is waited for while the line sorts by it."""
        block = self._reached.block(0.0 if self._watch.condition.blind == "field" else READ_TIMEOUT_S)
        if block is None:
            return False
        with self._stages.watch:
            self._watch.see_block(block)
        with self._stages.field:
            self._ways.add_block(self._watch.trusted(block))
        with self._stages.tell:
            self._listeners.on_block(block)
        return True

    def _take_frame(self, *, wait: bool) -> bool:
        """Read the camera; whether that gave something. It is waited for when the array was not, or gave nothing."""
        by_picture = self._watch.condition.blind != "camera"
        frame = self._reached.frame(READ_TIMEOUT_S if wait and by_picture else 0.0)
        if frame is None:
            return False
        with self._stages.watch:
            self._watch.see_frame(frame)
        with self._stages.rectify:
            self._ways.add_frame(frame)
        with self._stages.tell:
            self._listeners.on_frame(frame)
        if self._watch.condition.blind == "field":
            self._decide_ready_windows()  # nothing more is waited for
        return True

    def _obey(self, condition: Condition) -> None:
        """Sort by the senses that are left; stopped, keep every valve shut."""
        if condition.blind is not None:
            self._ways.go_without(condition.blind)
        self._telemetry.on_mode(Mode.STOP if self._held_by else condition.mode)
        stop = self.stopped_by()
        if stop is None:
            self._shut_for = ""
        elif self._shut_for != stop.fault:  # also when it changes: a valve may be tested while a person holds the line
            self._shut_for = stop.fault
            self._all_shut = self._reached.shut()
            self._recall(stop.fault)
        elif not self._all_shut:
            self._all_shut = self._reached.shut(at_once=False)
        if self._watch.misplaced is not self._misplaced:  # what was counted before means nothing now
            self._misplaced = self._watch.misplaced
            self._forget()

    def _forget(self) -> None:
        """Nothing of what was seen so far will lie where it was counted."""
        self._ways.forget()
        self._tracker.forget()

    def _recall(self, fault: str) -> None:
        """Note which of the shots handed over will not blow."""
        for shot in self._shooting.recall():
            self._telemetry.on_recalled(shot.shot_id, fault)
            self._listeners.on_recalled(shot, fault)

    def _decide_ready_windows(self) -> None:
        belt_mm = self._reached.belt_mm()
        with self._stages.grid:
            windows = self._ways.ready(belt_mm)
        for which, window in enumerate(windows):
            if which > 0:
                self._reached.heartbeat()  # several at once may take longer than its limit
            decisions = self._decide(window)
            with self._stages.watch:
                self._watch.see_window(window, len(decisions))
            with self._stages.tell:
                self._listeners.on_window(window, decisions)
            self._ways.decided(window, decisions)
        self._ways.between_windows()

    def _decide(self, window: BeltWindow) -> list[Decision]:
        began_ns = self._line.clock.computing_ns()
        with self._stages.detect:
            detections = self._ways.detect(window)
        with self._stages.track:
            due = self._tracker.update(detections, window.start_mm, window.grid.length_mm)
        spent_ns = self._line.clock.computing_ns() - began_ns
        # Virtual time has stood still while we computed; the belt would not have.
        self._line.clock.charge(spent_ns)
        with self._stages.decide:
            stop = self.stopped_by()
            decisions = [self._shooting.settle(track, window, "" if stop is None else stop.words) for track in due]
        with self._stages.tell:
            self._telemetry.on_window(spent_ns * 1e-6)
            for decision in decisions:
                self._telemetry.on_decision(decision)
        return decisions
