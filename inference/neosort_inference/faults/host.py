"""What goes wrong in the machine itself: a clock that is set while it runs, a disk that fills."""

from __future__ import annotations

import time
from typing import Protocol

JUMP_NS = 1_000_000_000
TOLD_NS = 10_000_000_000
LOW_BYTES = 2_000_000_000


class Recording(Protocol):
    """Who records, or keeps the ledger, as far as its troubles go."""

    @property
    def trouble(self) -> str:
        """What keeps it from being whole; empty while nothing does."""

    @property
    def free_bytes(self) -> int | None:
        """Room on its disk when last looked; None before that."""


class Telling(Protocol):
    """Who tells the plant, as far as that does not go."""

    @property
    def trouble(self) -> str:
        """Why the plant hears nothing of the line; empty while it does."""


class ClockJumped:
    """The wall clock was set by more than a second. Nothing on the line hangs on it but names and logs."""

    fault = "clock.jumped"

    def __init__(self) -> None:
        self._ahead_ns: int | None = None
        self._by_ns = 0
        self._until_ns = 0

    def says(self, now_ns: int) -> str:
        steady_ns = time.monotonic_ns()
        ahead_ns = time.time_ns() - steady_ns
        if self._ahead_ns is None:
            self._ahead_ns = ahead_ns
        if abs(ahead_ns - self._ahead_ns) > JUMP_NS:
            self._by_ns, self._until_ns = ahead_ns - self._ahead_ns, steady_ns + TOLD_NS
            self._ahead_ns = ahead_ns
        return f"the wall clock was set by {self._by_ns * 1e-9:+.0f} s" if steady_ns < self._until_ns else ""


class DiskLow:
    """The disk of the recording, or of the ledger, is nearly full: it will break off when it is."""

    fault = "disk.low"

    def __init__(self, recording: Recording, what: str) -> None:
        self._recording, self._what = recording, what

    def says(self, now_ns: int) -> str:
        free = self._recording.free_bytes
        return f"{free / 1e9:.1f} GB left for the {self._what}" if free is not None and free < LOW_BYTES else ""
