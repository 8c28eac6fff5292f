"""Waiting in tests for what another process or thread is about to do, however busy the machine is."""

from __future__ import annotations

import threading
import time
from pathlib import Path

WITHIN_S = 100.0  # what a sound product never needs, on however slow and busy a machine


def eventually(what, within_s: float = WITHIN_S):
    """Waits until ``what()`` is true, and gives that back. Looks less and less often: what is waited for needs the
    processor, too."""
    deadline_s, pause_s = time.monotonic() + within_s, 0.001
    while not (found := what()):
        assert time.monotonic() < deadline_s, "did not come to pass"
        time.sleep(pause_s)
        pause_s = min(1.2 * pause_s, 0.02)
    return found


def held() -> tuple[int, int]:
    """Threads and open files of this process: to be the same before and after."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
