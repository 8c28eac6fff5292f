"""A board's own count of the belt as the line's: unwrapped, going on over a restart, set against the line's encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neosort_hardware.devices import Encoder
from neosort_hardware.wrapping import WRAP, ahead

CLOCK_SLACK_US = 200_000  # a board's clock that is so far from where it should be has begun anew
ALIGNING_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """A board's count at one moment, between ``asked_ns`` and ``told_ns`` of our clock."""

    raw_count: int
    board_us: int
    asked_ns: int
    told_ns: int

    @property
    def at_ns(self) -> int:
        """The middle: when the board looked, to within half the round trip."""
        return (self.asked_ns + self.told_ns) // 2


class CountedBelt:
    """Turns counts of 32 bits, which wrap around and begin anew, into ones that rise with the belt's travel.

    ``restarts``: how often the board has begun anew. The belt's travel meanwhile is not known; counts go on from the
    last, and whoever has set them against another encoder must do so again.
    """

    def __init__(self) -> None:
        self.restarts = 0
        self.counts = 0
        self._last: Latch | None = None

    def note(self, latch: Latch) -> int:
        """The board's count as one that rises."""
        if self._last is None:
            self.counts = latch.raw_count
        elif self._has_restarted(self._last, latch):
            self.restarts += 1
        else:
            self.counts += ahead(latch.raw_count, self._last.raw_count)
        self._last = latch
        return self.counts

    def raw(self, counts: int) -> int:
        """A count of ours as the board has it. Meaningless before the first `note`."""
        last_raw = 0 if self._last is None else self._last.raw_count
        return (counts - self.counts + last_raw) % WRAP

    def counts_at(self, raw_count: int) -> int:
        """A count that the board has told, near the last, as ours."""
        return self.counts + (0 if self._last is None else ahead(raw_count, self._last.raw_count))

    def _has_restarted(self, last: Latch, latch: Latch) -> bool:
        passed_us = (latch.at_ns - last.at_ns) // 1000
        strayed_us = ahead(latch.board_us, last.board_us + passed_us)
        return abs(strayed_us) > CLOCK_SLACK_US + passed_us // 1000


def shift_to(encoder: Encoder, latch: Callable[[], Latch], belt: CountedBelt) -> int:
    """What must be added to a board's counts to make them the encoder's, when both count the same belt.

    Of several looks the one that took the shortest: the belt moves on meanwhile. Raises `DeviceError`.
    """
    best: tuple[int, int] | None = None
    for _ in range(ALIGNING_TRIES):
        before = encoder.read()
        seen = latch()
        after = encoder.read()
        shift = (before.counts + after.counts) // 2 - belt.note(seen)
        took_ns = seen.told_ns - seen.asked_ns
        best = min((took_ns, shift), best) if best is not None else (took_ns, shift)
    assert best is not None
    return best[1]
