"""Log-ins that fail too often are made to wait: by who tries under which name, and by who tries at all."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_KEYS = 4096


class Throttle:
    """So many failures within so many seconds, for each key; then that key waits until the oldest is over."""

    def __init__(self, failures: int, within_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._failures = failures
        self._within_s = within_s
        self._now_s = now_s
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> float:
        """How long ``key`` has to wait; 0: not at all."""
        with self._lock:
            return self._wait_s(key)

    def attempt(self, key: str) -> float:
        """As `wait_s`; where it need not wait, this counts as failed until it is taken back or forgotten: many that
        come at once are counted before the first of them has been looked at."""
        with self._lock:
            wait_s = self._wait_s(key)
            if not wait_s:
                self._note(key)
            return wait_s

    def note(self, key: str) -> None:
        """``key`` has failed once more."""
        with self._lock:
            self._note(key)

    def take_back(self, key: str) -> None:
        """The last attempt of ``key`` has not failed."""
        with self._lock:
            if failed := self._failed.get(key):
                failed.pop()

    def forget(self, key: str) -> None:
        """``key`` has succeeded."""
        with self._lock:
            self._failed.pop(key, None)

    def _wait_s(self, key: str) -> float:
        failed = self._failed.get(key)
        if failed is None:
            return 0.0
        now_s = self._now_s()
        while failed and failed[0] <= now_s - self._within_s:
            failed.popleft()
        return failed[0] + self._within_s - now_s if len(failed) >= self._failures else 0.0

    def _note(self, key: str) -> None:
        self._failed.setdefault(key, deque(maxlen=self._failures)).append(self._now_s())
        self._failed.move_to_end(key)
        while len(self._failed) > MOST_KEYS:
            self._failed.popitem(last=False)
