"""A board's clock of 32 bits of microseconds as ours: what comes late is never taken for what happened late."""

from __future__ import annotations

from neosort_hardware.device_clock import DeviceClock
from neosort_hardware.wrapping import ahead


class BoardClock:
    """Stamps of a board in our monotonic nanoseconds.

    Bytes arrive some time after what they tell of, at the earliest by the shortest way there is. The smallest
    difference seen between arrival and board time is therefore the offset of the clocks (and that shortest way, some
    tenths of a millisecond).
    """

    def __init__(self) -> None:
        self._last_us: int | None = None
        self._board_ns = 0
        self._clock = DeviceClock()

    def heard(self, time_us: int, arrived_ns: int) -> None:
        """A stamp of the board has come, the newest of those that came together."""
        board_ns = self._unwrapped(time_us)
        self._clock.told(board_ns, arrived_ns)
        self._last_us, self._board_ns = time_us, board_ns

    def ours_ns(self, time_us: int) -> int:
        """A stamp of the board near the newest one, in our time."""
        return self._clock.ours_ns(self._unwrapped(time_us))

    def _unwrapped(self, time_us: int) -> int:
        if self._last_us is None:
            return time_us * 1000
        return self._board_ns + ahead(time_us, self._last_us) * 1000
