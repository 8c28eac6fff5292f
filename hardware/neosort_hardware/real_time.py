"""What a process asks of the kernel so that it is on time, and what it was given."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from dataclasses import dataclass

PRIORITY = 60  # a: above the kernel's threaded interrupts (50), which have no deadline of ours
SWITCH_INTERVAL_S = 50e-6
_MCL_ALL_AS_TOUCHED = 7  # MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT: not what nobody ever uses
_PR_SET_TIMERSLACK = 29


@dataclass(frozen=True, slots=True, kw_only=True)
class RealTimeRights:
    """``scheduled``: SCHED_FIFO; ``locked``: memory cannot be paged out. ``refused``: what was not given, and why."""

    scheduled: bool
    locked: bool
    refused: str = ""

    def __str__(self) -> str:
        if self.scheduled and self.locked:
            return f"SCHED_FIFO {PRIORITY}, memory locked"
        return f"no real-time rights: {self.refused}"


def claim_real_time() -> RealTimeRights:
    """Ask for everything that keeps this process punctual, and report; threads started later inherit it.

    No garbage collection either: the caller makes no cycles, or lives with their memory.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # a thread that waits for a socket must not hold up the one that fires
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)  # without SCHED_FIFO a sleep may end 50 µs late on purpose
    locked = libc.mlockall(_MCL_ALL_AS_TOUCHED) == 0
    why_unlocked = "" if locked else f"mlockall: {os.strerror(ctypes.get_errno())}"
    why_unscheduled = _claim_fifo()
    return RealTimeRights(
        scheduled=not why_unscheduled,
        locked=locked,
        refused="; ".join(why for why in (why_unscheduled, why_unlocked) if why),
    )


def _claim_fifo() -> str:
    """Why SCHED_FIFO was not given; empty when it was."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        return f"SCHED_FIFO: {error.strerror} (grant CAP_SYS_NICE or set LimitRTPRIO={PRIORITY})"
    return ""
