"""What the simulated controllers of jets and flaps share: they hold shots and execute them by the belt's count."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.twin.motion import Motion
from neosort_hardware.types import Shot, ShotOutcome
from neosort_hardware.valve_leads import ValveLeads

KEEP_STROKES_NS = 4_000_000_000


class Stroke(Protocol):
    """What one lane did once."""

    @property
    def off_ns(self) -> int:
        """When it was over."""


_Stroke = TypeVar("_Stroke", bound=Stroke)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When one lane is told to open, and to close."""

    lane: int
    open_ns: int
    close_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A shot to come; ``told`` is empty while the encoder stands still short of it."""

    shot: Shot
    told: tuple[Told, ...]

    @property
    def open_ns(self) -> int | None:
        """When the first of its lanes is told to open."""
        return min((told.open_ns for told in self.told), default=None)

    @property
    def close_ns(self) -> int:
        """When the last of them is told to close; 0 while that is not known."""
        return max((told.close_ns for told in self.told), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``leads``: how long before its belt position each lane is told. ``max_on_ms``: from opening to closing."""

    lanes: int
    max_on_ms: float
    heartbeat_ms: float
    leads: ValveLeads


class ShotBank(Generic[_Stroke]):
    """Counts the belt by itself: a shot is executed at its positions however late the host's thread runs.

    It goes by the encoder, right or wrong; ``board``: what is wrong with that, and with its valves.
    """

    def __init__(self, limits: Limits, motion: Motion, board: FaultBoard | None = None) -> None:
        self._limits = limits
        self._motion = motion
        self._board = FaultBoard() if board is None else board
        self._pending: list[Pending] = []
        self._travel_changes = 0
        self._last_heartbeat_ns = motion.start_ns
        self.strokes: deque[_Stroke] = deque()
        self.silent_host = False

    def schedule(self, shot: Shot, now_ns: int) -> ShotOutcome:
        """Take a shot whose opening can still be met, leading each lane by its own lag at the belt's speed."""
        if not 0 <= shot.first_nozzle <= shot.last_nozzle < self._limits.lanes or shot.close_mm <= shot.open_mm:
            return ShotOutcome.REFUSED
        pending = self._timed(shot)
        if pending.open_ns is not None and pending.open_ns < now_ns:
            return ShotOutcome.LATE
        if not self._may(pending):
            return ShotOutcome.REFUSED
        self._pending.append(pending)
        return ShotOutcome.ACCEPTED

    def heartbeat(self, now_ns: int) -> None:
        """The host lives."""
        self._last_heartbeat_ns = now_ns
        self.silent_host = False

    def advance(self, now_ns: int) -> None:
        """Execute what has come due, and watch over the host."""
        limit_ns = self._last_heartbeat_ns + round(self._limits.heartbeat_ms * 1e6)
        if now_ns > limit_ns and not self.silent_host:
            self._execute(limit_ns)
            self.close_all(limit_ns)
            self.silent_host = True
        self._execute(now_ns)
        while self.strokes and self.strokes[0].off_ns < now_ns - KEEP_STROKES_NS:
            self.strokes.popleft()

    def close_all(self, now_ns: int) -> None:
        """Forget pending shots; what stands open is told to close now."""
        self._pending.clear()
        self.strokes = deque(self._ended(stroke, now_ns) for stroke in self.strokes)

    def _may(self, pending: Pending) -> bool:
        """Whether the lanes can do it at all."""
        raise NotImplementedError

    def _stroke(self, shot: Shot, told: Told) -> _Stroke | None:
        """What a lane does for a shot; None where it does not move."""
        raise NotImplementedError

    def _ended(self, stroke: _Stroke, now_ns: int) -> _Stroke:
        """The same when it is told to end now, if it was not told before."""
        raise NotImplementedError

    def _execute(self, now_ns: int) -> None:
        if self._board.travel.changes != self._travel_changes:
            self._travel_changes = self._board.travel.changes
            self._pending = [self._timed(pending.shot) for pending in self._pending]
        due = [pending for pending in self._pending if pending.open_ns is not None and pending.open_ns <= now_ns]
        if not due:
            return
        self._pending = [pending for pending in self._pending if pending not in due]
        for pending in sorted(due, key=lambda pending: pending.open_ns or 0):
            for told in pending.told:
                stroke = self._stroke(pending.shot, told)
                if stroke is not None:
                    self.strokes.append(stroke)

    def _timed(self, shot: Shot) -> Pending:
        """When the lanes are to be told to open and close, as the encoder goes now."""
        begin_ns, end_ns = self._jet_ns(shot.open_mm), self._jet_ns(shot.close_mm)
        lanes = () if begin_ns is None else range(shot.first_nozzle, shot.last_nozzle + 1)
        return Pending(shot=shot, told=tuple(self._told(lane, begin_ns or 0, end_ns) for lane in lanes))

    def _told(self, lane: int, begin_ns: int, end_ns: int | None) -> Told:
        leads = self._limits.leads
        open_ns = leads.told_open_ns(lane, begin_ns)
        longest_ns = open_ns + round(self._limits.max_on_ms * 1e6)
        close_ns = longest_ns if end_ns is None else leads.told_close_ns(lane, end_ns)
        return Told(lane=lane, open_ns=open_ns, close_ns=min(max(close_ns, open_ns), longest_ns))

    def _jet_ns(self, shown_mm: float) -> int | None:
        """When the encoder shows a position; None where it never will."""
        true_mm = self._board.travel.true_mm(shown_mm)
        return None if true_mm is None else self._motion.time_ns_at(true_mm)
