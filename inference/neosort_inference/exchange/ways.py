"""The way that windows go now, the one that is to follow it, and the one before, to go back to. In the loop's thread.

Ways change between windows. Where the windows themselves are made otherwise (another calibration, windows of another
shape), the next way sees frames and samples beside the one that is gone until its windows go on whole from where that
one's have got to: no stretch of belt is left out, and none decided on twice, for items keep their places and identity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from neosort_datasets.assembly import Blind, WindowAssembler
from neosort_datasets.window import BeltWindow
from neosort_hardware.types import Decision, FieldBlock, Frame
from neosort_inference.detector import Detection
from neosort_inference.exchange.way import Way
from neosort_inference.tracks import Tracker

PROBATION = 200  # windows, most of a minute at 1 m/s: a way that fails by then is left again for the one before
REMEMBERED = 8  # windows with items, to try the next bundle on: some 9 MB
REMEMBER_EVERY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A window with something in it, and what the bundle in use has found there."""

    window: BeltWindow
    detections: tuple[Detection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The line goes another way from ``from_mm`` on. ``failed``: why it had to leave the former; empty where somebody
    wanted it."""

    now: Way
    former: Way
    from_mm: float
    failed: str = ""


class Ways:
    """``tracker``: of the line, whatever way its windows go. ``on_change``: told of every exchange, in the loop."""

    def __init__(self, first: Way, tracker: Tracker, on_change: Callable[[Changed], None] = lambda _: None) -> None:
        self.now = first
        self.next: Way | None = None
        self.former: Way | None = None
        self.probation = 0  # windows left of it
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self.most_waiting = 0
        self._tracker = tracker
        self._on_change = on_change
        self._dropped_before = 0
        self._reached_mm = float("-inf")
        self._since_seen = 0

    @property
    def blind(self) -> Blind:
        """The sense that windows are without now."""
        return self.now.assembler.blind

    def go_without(self, blind: Blind) -> None:
        """From now on windows are made without that sense."""
        for assembler in self._assemblers():
            assembler.blind = blind

    @property
    def waiting(self) -> int:
        """Windows that wait for their field."""
        return self.now.assembler.waiting

    @property
    def dropped(self) -> int:
        """Windows that were never looked at."""
        return self._dropped_before + self.now.assembler.dropped

    def add_frame(self, frame: Frame) -> None:
        """Every frame goes through here."""
        for assembler in self._assemblers():
            assembler.add_frame(frame)

    def add_block(self, block: FieldBlock) -> None:
        """Every block goes through here."""
        for assembler in self._assemblers():
            assembler.add_block(block)

    def forget(self) -> None:
        """Places begin anew."""
        for assembler in self._assemblers():
            assembler.forget()
        self._reached_mm = float("-inf")
        self.seen.clear()

    def ready(self, belt_mm: float) -> list[BeltWindow]:
        """Windows to decide on now, oldest first."""
        self.most_waiting = max(self.most_waiting, self.waiting)
        return self.now.assembler.ready(belt_mm)

    def detect(self, window: BeltWindow) -> list[Detection]:
        """What lies in one of them. A bundle that breaks down on probation is left for the one before, at once.

        Raises what the bundle raises when there is no other.
        """
        try:
            found = self.now.detector.detect(window)
        except Exception as error:  # the runtime's exceptions share no base of their own
            if not self.go_back(f"the bundle has broken down: {type(error).__name__}: {error}"):
                raise
            # Where the former makes windows of its own, these have not got there yet and show the same belt.
            return self.now.detector.detect(window) if window.grid == self.now.assembler.grid else []
        self._since_seen += 1
        if found and self._since_seen >= REMEMBER_EVERY:
            self._since_seen = 0
            self.seen.append(Seen(window=window, detections=tuple(found)))
        return found

    def decided(self, window: BeltWindow, decisions: Sequence[Decision]) -> None:
        """That window is done. On probation a shot that came too late ends the trial."""
        self._reached_mm = max(self._reached_mm, window.start_mm + window.grid.length_mm)
        if not self.probation:
            return
        self.probation -= 1
        if any(decision.late for decision in decisions):
            self.go_back("a decision came too late for its shot")
        elif not self.probation:
            self.former = None

    def between_windows(self) -> None:
        """The moment at which ways change."""
        if self.former is not None and self.former.assembler is not self.now.assembler:
            self.former.assembler.follows(self._reached_mm)  # lets go what need not be done again
        following = self.next
        if following is None:
            return
        if following.assembler is self.now.assembler or following.assembler.follows(self._reached_mm):
            former, self.next, self.probation = self.now, None, PROBATION
            self._change(following, "")
            self.former = former

    def propose(self, way: Way) -> None:
        """Go that way as soon as it can be gone."""
        way.assembler.blind = self.blind
        self.next = way

    def go_back(self, why: str) -> bool:
        """Leave a way on probation, at once; whether there is one to go back to."""
        former = self.former
        if former is None:
            return False
        self.former, self.next, self.probation = None, None, 0
        self._change(former, why)
        return True

    def _change(self, way: Way, failed: str) -> None:
        former = self.now
        if way.assembler is not self.now.assembler:
            self._dropped_before += self.now.assembler.dropped - way.assembler.dropped
            self.seen.clear()
        self.now = way
        self._tracker.hop_mm = way.hop_mm
        self._on_change(Changed(now=way, former=former, from_mm=self._reached_mm, failed=failed))

    def _assemblers(self) -> Iterator[WindowAssembler]:
        """Each that windows are or may be made by, once."""
        told: list[WindowAssembler] = []
        for way in (self.now, self.next, self.former):
            if way is not None and all(way.assembler is not other for other in told):
                told.append(way.assembler)
        return iter(told)
