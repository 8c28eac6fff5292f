"""Long work: done beside the interface, with progress, to be asked for and to be cancelled."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import JsonValue

from neosort_hardware.section import ConfigError
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import RefusedError
from neosort_inference.bundle import BundleError
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.ledger.records import LedgerError

State = Literal["waiting", "running", "done", "failed", "cancelled"]
AT_ONCE = 1  # beside the loop and on its machine: one core's worth is enough
MOST_WAITING = 8
KEPT = 100
LOGGER = logging.getLogger("neosort.jobs")
REFUSALS = (RefusedError, UnheardError, BundleError, CalibrationError, ConfigError, LedgerError)


class CancelledError(Exception):
    """Somebody does not want it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``progress``: 0..1. ``result``: of one that is done. ``why``: one failed."""

    number: int
    what: str
    by: str
    state: State = "waiting"
    progress: float = 0.0
    result: JsonValue = None
    why: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.state not in {"waiting", "running"}


class Progress:
    """The work's own end of a job: says how far it is, and hears that it is to stop."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell
        self.cancelled = threading.Event()

    def at(self, share: float) -> None:
        """That share is done. Raises `CancelledError` where nobody wants the rest."""
        if self.cancelled.is_set():
            raise CancelledError
        self._tell(share)


class Jobs:
    """Those that wait, are done, and the last hundred that were."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._jobs: OrderedDict[int, Job] = OrderedDict()
        self._ends: dict[int, Progress] = {}
        self._numbers = itertools.count(1)

    def start(self, what: str, by: str, work: Callable[[Progress], JsonValue]) -> Job:
        """Have ``work`` done as soon as those before it are. Raises `RefusedError` while too much waits."""
        with self._lock:
            if sum(not job.over for job in self._jobs.values()) >= MOST_WAITING:
                raise RefusedError("not now", f"{MOST_WAITING} jobs are not done yet")
            number = next(self._numbers)
            job = self._jobs[number] = Job(number=number, what=what, by=by)
            self._ends[number] = end = Progress(lambda share: self._change(number, progress=share))
            while len(self._jobs) > KEPT:
                oldest = next((key for key, one in self._jobs.items() if one.over), None)
                if oldest is None:
                    break
                del self._jobs[oldest]
        self._pool.submit(self._do, number, work, end)
        return job

    def all(self) -> tuple[Job, ...]:
        """Newest first."""
        with self._lock:
            return tuple(reversed(self._jobs.values()))

    def job(self, number: int) -> Job:
        """That one. Raises `RefusedError` where there is none."""
        with self._lock:
            if number not in self._jobs:
                raise RefusedError("not there", f"there is no job {number}")
            return self._jobs[number]

    def cancel(self, number: int) -> Job:
        """It stops at its next step; one that is over stays as it is. Raises `RefusedError`."""
        job = self.job(number)
        if job.over:
            raise RefusedError("not now", f"job {number} is {job.state} already")
        self._ends[number].cancelled.set()
        return job

    def close(self) -> None:
        """Nothing more is begun."""
        for end in list(self._ends.values()):
            end.cancelled.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _do(self, number: int, work: Callable[[Progress], JsonValue], end: Progress) -> None:
        try:
            end.at(0.0)
            self._change(number, state="running")
            result = work(end)
        except CancelledError:
            self._change(number, state="cancelled")
        except REFUSALS as error:
            self._change(number, state="failed", why=str(error))
        except Exception as error:
            LOGGER.exception("job %d has failed", number)
            self._change(number, state="failed", why=f"it has failed: {type(error).__name__}")
        else:
            self._change(number, state="done", progress=1.0, result=result)
        with self._lock:
            self._ends.pop(number, None)

    def _change(self, number: int, **changes: object) -> None:
        with self._lock:
            if number in self._jobs:
                self._jobs[number] = replace(self._jobs[number], **changes)  # type: ignore[arg-type]
