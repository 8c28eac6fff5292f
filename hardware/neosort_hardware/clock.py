"""Monotonic time, real or virtual: one code runs the line at the wall's pace and a hundred times faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Monotonic nanoseconds."""

    def now_ns(self) -> int:
        """Time now."""

    def sleep_until(self, deadline_ns: int) -> None:
        """Return at ``deadline_ns``, at once if it has passed."""

    def computing_ns(self) -> int:
        """What computing is measured by, for `charge`: nanoseconds from any beginning."""

    def charge(self, spent_ns: int) -> None:
        """Account for computing time: a virtual clock moves on by it, a real one has moved by itself."""


class RealClock:
    """The machine's monotonic clock."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def sleep_until(self, deadline_ns: int) -> None:
        left_ns = deadline_ns - time.monotonic_ns()
        if left_ns > 0:
            time.sleep(left_ns * 1e-9)

    def computing_ns(self) -> int:
        return time.perf_counter_ns()

    def charge(self, spent_ns: int) -> None:
        """Nothing to do: the time has passed."""


class VirtualClock:
    """Time that passes only when somebody waits or computes.

    ``computing_ns``: what computing is measured by; the machine's clock, or `time.thread_time_ns` where what other
    programs take of the machine shall not count.
    """

    def __init__(self, start_ns: int = 0, computing_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._now_ns = start_ns
        self._computing_ns = computing_ns

    def now_ns(self) -> int:
        return self._now_ns

    def sleep_until(self, deadline_ns: int) -> None:
        self._now_ns = max(self._now_ns, deadline_ns)

    def computing_ns(self) -> int:
        return self._computing_ns()

    def charge(self, spent_ns: int) -> None:
        self._now_ns += max(0, spent_ns)


class SkippingClock:
    """Time without the waiting: computing takes as long as it takes, sleeping takes no time at all.

    What runs on it meets every delay of its own and none of the world's, so that an hour of belt is measured in
    minutes; what waking up costs on a real line (some 0.05 ms each time) is not in it. ``computing_ns``: what computing
    is counted by: the machine's time, or `time.thread_time_ns` where other programs' share of it shall not count.
    """

    def __init__(self, computing_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._computing_ns = computing_ns
        self._skipped_ns = 0

    def now_ns(self) -> int:
        return self._computing_ns() + self._skipped_ns

    def sleep_until(self, deadline_ns: int) -> None:
        self._skipped_ns += max(0, deadline_ns - self.now_ns())

    def computing_ns(self) -> int:
        return self._computing_ns()

    def charge(self, spent_ns: int) -> None:
        """Nothing to do: the time has passed."""
