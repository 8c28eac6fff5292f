"""The tape behind all replayed devices, as one world stands behind the simulated ones. All on one thread."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sized
from dataclasses import dataclass, replace

from neosort_hardware.clock import Clock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.types import FieldBlock, Frame

SPEED_OVER_VALUES = 64  # the belt's speed is taken over this many values, so that whole counts average out


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """The belt at one moment."""

    at_ns: int
    belt_mm: float


class ReplayTape:
    """Merged frames and field blocks, moved on by a clock: a virtual one jumps from value to value, a real one waits.

    ``events`` come in order of their stamps (a frame's exposure, a block's last sample); one that is out of order is
    handed over late rather than lost. The first stamp becomes the clock's now at the first read, and every stamp is
    shifted alike. ``has_field`` says whether blocks are to be expected; a tape without them runs on, empty, at the
    configured speed over the way from camera to nozzles, so that its last picture is decided too. An error of the
    source passes through whichever read meets it.
    """

    def __init__(
        self, events: Iterable[Frame | FieldBlock], clock: Clock, config: LineConfig, *, has_field: bool = True
    ) -> None:
        self.clock = clock
        self.config = config
        self.has_field = has_field
        self._source = iter(events)
        self._shift_ns = 0
        self._started = False
        self._next: tuple[Passing, Frame | FieldBlock] | None = None
        self._recent: deque[Passing] = deque(maxlen=SPEED_OVER_VALUES)
        self._frames: deque[Frame] = deque()
        self._blocks: deque[FieldBlock] = deque()
        self._run_out_mm = 0.0 if has_field else config.calibration.nozzle_station_mm

    def take_frame(self, timeout_s: float) -> Frame | None:
        """The oldest frame not yet taken; None when none is due within ``timeout_s``."""
        return self._frames.popleft() if self._await(self._frames, timeout_s) else None

    def take_blocks(self, timeout_s: float) -> list[FieldBlock]:
        """All blocks not yet taken, oldest first; empty when none is due within ``timeout_s``."""
        if not self._await(self._blocks, timeout_s):
            return []
        blocks = list(self._blocks)
        self._blocks.clear()
        return blocks

    def belt_mm(self) -> float:
        """Where the belt is now: between the values before and after, beyond the last one on its run-out.

        Raises `DeviceError` for a tape that holds nothing.
        """
        self._advance()
        now_ns = self.clock.now_ns()
        if not self._recent:
            raise DeviceError("replay", "the recording holds neither frames nor field blocks")
        before = self._recent[-1]
        if self._next is None:
            gone_mm = (now_ns - before.at_ns) * 1e-6 * self.config.belt.speed_m_per_s
            return before.belt_mm + min(gone_mm, self._run_out_mm)
        after = self._next[0]
        part = (now_ns - before.at_ns) / max(1, after.at_ns - before.at_ns)
        return before.belt_mm + min(1.0, max(0.0, part)) * (after.belt_mm - before.belt_mm)

    def speed_m_per_s(self) -> float:
        """The belt's speed lately; the configured one as long as the tape has not told."""
        passed = list(self._recent) + ([self._next[0]] if self._next is not None else [])
        lasted_ns = passed[-1].at_ns - passed[0].at_ns if passed else 0
        if lasted_ns <= 0:
            return self.config.belt.speed_m_per_s
        return (passed[-1].belt_mm - passed[0].belt_mm) / (lasted_ns * 1e-6)

    def _await(self, queue: Sized, timeout_s: float) -> bool:
        """Wait until something stands in ``queue``; false when the time is up first."""
        deadline_ns = self.clock.now_ns() + round(timeout_s * 1e9)
        self._advance()
        while not queue:
            if self._next is None:
                self._run_out(deadline_ns)
                return False
            due_ns = self._next[0].at_ns
            self.clock.sleep_until(min(due_ns, deadline_ns))
            if due_ns > deadline_ns:
                return False
            self._advance()
        return True

    def _run_out(self, deadline_ns: int) -> None:
        """Nothing is left to come: wait on while the other device still has values, or the belt runs empty."""
        if self._frames or self._blocks:
            return
        end_ns = 0
        if self._recent:
            speed_mm_per_ns = self.config.belt.speed_m_per_s * 1e-6
            end_ns = self._recent[-1].at_ns + math.ceil(self._run_out_mm / speed_mm_per_ns)
        if self._run_out_mm == 0.0 or self.clock.now_ns() >= end_ns:
            raise EndOfStream("the recording is at its end")
        self.clock.sleep_until(min(deadline_ns, end_ns))

    def _advance(self) -> None:
        """Move everything that is due into its queue."""
        if not self._started:
            self._started = True
            self._fetch(first=True)
        while self._next is not None and self._next[0].at_ns <= self.clock.now_ns():
            passing, event = self._next
            self._recent.append(passing)
            if isinstance(event, Frame):
                self._frames.append(event)
            else:
                self._blocks.append(event)
            self._fetch()

    def _fetch(self, *, first: bool = False) -> None:
        event = next(self._source, None)
        if event is None:
            self._next = None
            return
        stamp_ns, belt_mm = _stamp(event)
        if first:
            self._shift_ns = self.clock.now_ns() - stamp_ns
        earliest_ns = self._recent[-1].at_ns if self._recent else stamp_ns + self._shift_ns
        passing = Passing(at_ns=max(earliest_ns, stamp_ns + self._shift_ns), belt_mm=belt_mm)
        self._next = passing, _shifted(event, self._shift_ns)


def _stamp(event: Frame | FieldBlock) -> tuple[int, float]:
    if isinstance(event, Frame):
        return event.captured_ns, event.belt_mm
    return int(event.sampled_ns[-1]), float(event.belt_mm[-1])


def _shifted(event: Frame | FieldBlock, shift_ns: int) -> Frame | FieldBlock:
    if isinstance(event, Frame):
        return replace(event, captured_ns=event.captured_ns + shift_ns)
    return replace(event, sampled_ns=event.sampled_ns + shift_ns)
