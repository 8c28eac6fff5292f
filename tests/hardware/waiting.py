"""Waiting in tests for what another process or thread is about to do, however busy the machine is."""

from __future__ import annotations

import threading
import time
from pathlib import Path

WITHIN_S = 30.0


def eventually(what, within_s: float = WITHIN_S):
    """Waits until ``what()`` is true, and gives that back."""
    deadline_s = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < deadline_s, "did not come to pass"
        time.sleep(0.002)
    return found


def held() -> tuple[int, int]:
    """Threads and open files of this process: to be the same before and after."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
