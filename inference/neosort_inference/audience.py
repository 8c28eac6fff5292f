"""Everybody who has to do with a run, told of what happens as it happens, where there is anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from neosort_datasets.window import BeltWindow
from neosort_hardware.types import Decision, FieldBlock, Frame, ItemTruth, Landing, Shot
from neosort_inference.asking.channel import Asked
from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.faults.modes import Mode
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.ledger.observed import SortedBy
from neosort_inference.onlookers import DecisionSink, Fleet, Keeper, Recorder, Watcher
from neosort_inference.telemetry import Snapshot, WindowView


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Hands on, in the loop, to whom it may concern: `onlookers` says what each is for."""

    watchers: tuple[Watcher, ...] = ()
    recorder: Recorder | None = None
    log: DecisionSink | None = None
    keeper: Keeper | None = None
    fleet: Fleet | None = None

    @property
    def watched(self) -> bool:
        """Whether anybody looks on."""
        return bool(self.watchers)

    @property
    def records(self) -> bool:
        """Whether frames and blocks are wanted."""
        return self.recorder is not None

    @property
    def standing(self) -> FleetStanding | None:
        """How telling the plant goes; None where nobody is to be told."""
        return None if self.fleet is None else self.fleet.standing

    def asked(self) -> Iterator[Asked]:
        """What people have asked of the line since the last call."""
        return (asked for watcher in self.watchers for asked in watcher.asked())

    def update(self, snapshot: Snapshot) -> None:
        """How the line stands now."""
        for watcher in self.watchers:
            watcher.update(snapshot)

    def show(self, view: WindowView) -> None:
        """A window with its decisions."""
        for watcher in self.watchers:
            watcher.show(view)

    def record_frame(self, frame: Frame) -> None:
        """A frame as it came."""
        if self.recorder is not None:
            self.recorder.write_frame(frame)

    def record_block(self, block: FieldBlock) -> None:
        """A block as it came."""
        if self.recorder is not None:
            self.recorder.write_block(block)

    def record_truth(self, items: Iterable[ItemTruth], landings: Iterable[Landing]) -> None:
        """What the twin has told of its items."""
        if self.recorder is None:
            return
        for item in items:
            self.recorder.write_item(item)
        for landing in landings:
            self.recorder.write_landing(landing)

    def decided(self, window: BeltWindow, decisions: Sequence[Decision], senses: Mode) -> None:
        """A window has been decided on, by these senses."""
        if self.keeper is not None:
            self.keeper.on_window(window, decisions, senses.value)
        for decision in decisions:
            if self.recorder is not None:
                self.recorder.write_decision(decision)
            if self.log is not None:
                self.log.write(decision)

    def recalled(self, shot: Shot, fault: str) -> None:
        """A shot that the diverter had taken was undone by a fault before it blew."""
        if self.keeper is not None:
            self.keeper.on_recalled(shot, fault)

    def alarmed(self, alarm: Alarm, step: Step, belt_mm: float) -> None:
        """A step of an alarm, the belt being there."""
        if self.keeper is not None:
            self.keeper.on_alarm(alarm, step, belt_mm)
        if self.fleet is not None:
            self.fleet.alarmed(alarm, step)

    def exchanged(self, sorted_by: Callable[[], SortedBy], by: str) -> None:
        """The line sorts by something else from now on, as ``by`` has wanted."""
        if self.keeper is not None:
            self.keeper.exchange(sorted_by(), by)


def view_of(window: BeltWindow, recent: Iterable[Decision], snapshot: Snapshot) -> WindowView:
    """A window as people are shown it, with those of the recent decisions that lie in it."""
    end_mm = window.start_mm + window.grid.length_mm
    return WindowView(
        picture=window.picture,
        field_ut=window.field_ut,
        field_mask=window.field_mask,
        start_mm=window.start_mm,
        mm_per_px=window.grid.mm_per_px,
        across_start_mm=window.grid.across_start_mm,
        decisions=tuple(d for d in recent if d.box.belt_hi_mm > window.start_mm and d.box.belt_lo_mm < end_mm),
        snapshot=snapshot,
    )
