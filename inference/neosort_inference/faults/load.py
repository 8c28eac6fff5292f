"""When the machine does not keep up: what is left out then, and in which order. Decisions never are."""

from __future__ import annotations

from collections import Counter

LOOK_NS = 1_000_000_000
BUSY = 0.9  # share of the time in which no sensor was waited for: with less to spare, the belt gets ahead
EASY = 0.7
EASY_LOOKS = 3
LEFT_OUT = ("recording", "preview")  # in this order
_WORDS = ("frames and samples are not recorded", "and nothing is shown")


class Load:
    """How busy the loop is, looked at once a second by the line's clock. ``left_out`` counts what was, by queue."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter(dict.fromkeys(LEFT_OUT, 0))
        self.busy = 0.0
        self._level = 0
        self._easy = 0
        self._began_ns: int | None = None
        self._waited_ns = 0

    def see(self, now_ns: int, waited_ns: int) -> None:
        """``waited_ns``: for how long sensors have been waited for since the run began."""
        if self._began_ns is None:
            self._began_ns, self._waited_ns = now_ns, waited_ns
        passed_ns = now_ns - self._began_ns
        if passed_ns < LOOK_NS:
            return
        self.busy = 1.0 - (waited_ns - self._waited_ns) / passed_ns
        self._began_ns, self._waited_ns = now_ns, waited_ns
        self._easy = self._easy + 1 if self.busy < EASY else 0
        if self.busy > BUSY:
            self._level = min(self._level + 1, len(LEFT_OUT))
        elif self._easy >= EASY_LOOKS:
            self._level, self._easy = max(self._level - 1, 0), 0

    @property
    def overloaded(self) -> bool:
        """Whether anything is left out now."""
        return self._level > 0

    def leaves_out(self, queue: str) -> bool:
        """Whether that queue gets nothing now; if so, one more is counted."""
        out = LEFT_OUT.index(queue) < self._level
        self.left_out[queue] += out
        return out

    def tells(self, queue: str) -> str:
        """What is left out there, in a few words; empty while nothing is."""
        which = LEFT_OUT.index(queue)
        return f"busy {100 * self.busy:.0f} % of the time: {_WORDS[which]}" if which < self._level else ""
