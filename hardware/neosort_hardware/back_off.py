"""When to try again: soon at first, then ever more seldom, so that a dead peer costs next to nothing."""

from __future__ import annotations

FIRST_NS = 100_000_000
LONGEST_NS = 5_000_000_000


class BackOff:
    """Doubles the wait with every failure, from 0.1 s to 5 s. Monotonic nanoseconds."""

    def __init__(self, first_ns: int = FIRST_NS, longest_ns: int = LONGEST_NS) -> None:
        self._first_ns = first_ns
        self._longest_ns = longest_ns
        self._wait_ns = first_ns
        self.next_ns = 0

    def due(self, now_ns: int) -> bool:
        """Whether it is time to try."""
        return now_ns >= self.next_ns

    def failed(self, now_ns: int) -> None:
        """It did not work; wait longer than last time."""
        self.next_ns = now_ns + self._wait_ns
        self._wait_ns = min(2 * self._wait_ns, self._longest_ns)

    def done(self) -> None:
        """It worked; the next failure is the first again."""
        self._wait_ns = self._first_ns
        self.next_ns = 0
