"""A board's clock of 32 bits of microseconds as ours: what comes late is never taken for what happened late."""

from __future__ import annotations

from neosort_hardware.wrapping import ahead

DRIFT = 100e-6  # a: two crystals differ by less


class BoardClock:
    """Stamps of a board in our monotonic nanoseconds.

    Bytes arrive some time after what they tell of, at the earliest by the shortest way there is. The smallest
    difference seen between arrival and board time is therefore the offset of the clocks (and that shortest way, some
    tenths of a millisecond); it is let out as fast as crystals drift, so that it follows.
    """

    def __init__(self) -> None:
        self._last_us: int | None = None
        self._board_ns = 0
        self._offset_ns = 0.0
        self._heard_ns = 0

    def heard(self, time_us: int, arrived_ns: int) -> None:
        """A stamp of the board has come, the newest of those that came together."""
        board_ns = self._unwrapped(time_us)
        offset_ns = arrived_ns - board_ns
        if self._last_us is None:
            self._offset_ns = offset_ns
        else:
            self._offset_ns = min(offset_ns, self._offset_ns + DRIFT * (arrived_ns - self._heard_ns))
        self._last_us, self._board_ns, self._heard_ns = time_us, board_ns, arrived_ns

    def ours_ns(self, time_us: int) -> int:
        """A stamp of the board near the newest one, in our time."""
        return self._unwrapped(time_us) + round(self._offset_ns)

    def _unwrapped(self, time_us: int) -> int:
        if self._last_us is None:
            return time_us * 1000
        return self._board_ns + ahead(time_us, self._last_us) * 1000
