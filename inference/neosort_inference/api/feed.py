"""The newest view of the line, as the web pages read it: one writer, any number of readers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from neosort_hardware.types import Decision
from neosort_inference.api import pictures
from neosort_inference.telemetry import Snapshot, WindowView

LAST_DECISIONS = 40
KEPT_VIEWS = 16  # a second and a half, for browsers on a slow network
HISTORY_S = 120.0
HISTORY_STEP_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One view, numbered, with its pictures made once for whoever asks first and shared with all others.

    ``arrived_s``: when it came, on this process' monotonic clock.
    """

    number: int
    view: WindowView
    arrived_s: float

    @cached_property
    def overlay_jpeg(self) -> bytes:
        """The picture with boxes and labels drawn in."""
        return pictures.encode_jpeg(pictures.with_overlay(self.view))

    @cached_property
    def plain_jpeg(self) -> bytes:
        """The picture as the camera saw it."""
        return pictures.encode_jpeg(self.view.picture)

    @cached_property
    def field_png(self) -> bytes:
        """The field as a heat map over the same stretch."""
        return pictures.encode_png(pictures.field_heat_map(self.view))


class ViewFeed:
    """Holds the newest view, the last decisions and a short history of snapshots. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: deque[Shown] = deque(maxlen=KEPT_VIEWS)
        self._decisions: deque[Decision] = deque(maxlen=LAST_DECISIONS)
        self._known: set[int] = set()
        self._history: deque[Snapshot] = deque()
        self._listeners: list[Callable[[WindowView], None]] = []

    def listen(self, listener: Callable[[WindowView], None]) -> None:
        """Have every view told to ``listener``, in the thread that puts it."""
        self._listeners.append(listener)

    def put(self, view: WindowView) -> None:
        """A newer view of the line."""
        with self._lock:
            number = self._shown[-1].number + 1 if self._shown else 1
            self._shown.append(Shown(number=number, view=view, arrived_s=time.monotonic()))
            self._remember(view)
        for listener in self._listeners:
            listener(view)

    def latest(self) -> Shown | None:
        """The newest view; None before the first."""
        with self._lock:
            return self._shown[-1] if self._shown else None

    def numbered(self, number: int) -> Shown | None:
        """That very view; None once it is older than the last sixteen, or not there yet."""
        with self._lock:
            return next((shown for shown in self._shown if shown.number == number), None)

    def last_decisions(self) -> tuple[Decision, ...]:
        """The last decisions, newest first."""
        with self._lock:
            return tuple(reversed(self._decisions))

    def history(self) -> tuple[Snapshot, ...]:
        """Snapshots of the last two minutes, oldest first, half a second apart."""
        with self._lock:
            return tuple(self._history)

    def _remember(self, view: WindowView) -> None:
        for decision in sorted(view.decisions, key=lambda d: d.decided_ns):
            # An item reaches into several windows; it is one decision all the same.
            if decision.track_id not in self._known:
                self._decisions.append(decision)
        self._known = {d.track_id for d in self._decisions} | {d.track_id for d in view.decisions}
        if not self._history or view.snapshot.elapsed_s - self._history[-1].elapsed_s >= HISTORY_STEP_S:
            self._history.append(view.snapshot)
        while view.snapshot.elapsed_s - self._history[0].elapsed_s > HISTORY_S:
            self._history.popleft()
