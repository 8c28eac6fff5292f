"""What time is counted by where a run does not wait for its belt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import StrEnum


class CountedBy(StrEnum):
    """What computing is counted by."""

    CLOCK = "clock"  # as it passes, what other programs take of the machine included
    PROCESSOR = "processor"  # this program's own processor time, as if it had the machine to itself
    REAL = "real"  # everything as on a line, waiting too


COMPUTING_NS: Mapping[CountedBy, Callable[[], int]] = {
    CountedBy.CLOCK: time.monotonic_ns,
    CountedBy.PROCESSOR: time.thread_time_ns,
}
