"""Who else has to do with a run: those who watch it and ask things of it, who keep it, who take its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from neosort_datasets.window import BeltWindow
from neosort_hardware.types import Decision, FieldBlock, Frame, ItemTruth, Landing, Shot
from neosort_inference.asking.channel import Asked
from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.ledger.observed import SortedBy
from neosort_inference.telemetry import Snapshot, WindowView


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

    def exchange(self, sorted_by: SortedBy, by: str) -> None:
        """The line sorts by something else from now on, as ``by`` has wanted."""


class Fleet(Protocol):
    """Tells the plant of a run. Called in the loop: returns at once."""

    @property
    def standing(self) -> FleetStanding:
        """How that goes."""

    @property
    def trouble(self) -> str:
        """Why the plant hears nothing, once that has lasted; empty while it does."""

    def alarmed(self, alarm: Alarm, step: Step) -> None:
        """A step of an alarm."""


class DecisionSink(Protocol):
    """Takes every decision. Called in the loop: returns at once."""

    def write(self, decision: Decision) -> None:
        """A decision, just made."""
