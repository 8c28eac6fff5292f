"""What has happened at the line since the page's process began, as the views tell it: alarms step by step, starts and
stops, changes of mode, what it was told to go by and has left again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from neosort_inference.exchange.went_back import ITSELF
from neosort_inference.faults.alarms import Alarm
from neosort_inference.telemetry import Snapshot, WindowView

KEPT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``at``: UTC, when it was seen here. ``what``: 'alarm raised', 'alarm cleared', 'alarm acknowledged', 'state',
    'mode' or 'gone back'."""

    number: int
    at: str
    what: str
    words: str
    detail: str = ""
    by: str = ""
    alarm: int | None = None


class Events:
    """The last two thousand. Listens to the feed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._last: Snapshot | None = None
        self._number = 0

    def see(self, view: WindowView) -> None:
        """A newer view: what is other than in the one before has happened between them."""
        now = view.snapshot
        with self._lock:
            before, self._last = self._last, now
            for what, words, detail, by, alarm in _steps(before, now):
                self._number += 1
                stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
                self._kept.append(
                    Event(number=self._number, at=stamp, what=what, words=words, detail=detail, by=by, alarm=alarm)
                )

    def after(self, number: int, most: int) -> tuple[Event, ...]:
        """Those that follow ``number``, oldest first."""
        with self._lock:
            return tuple(event for event in self._kept if event.number > number)[:most]


_Step = tuple[str, str, str, str, int | None]


def _steps(before: Snapshot | None, now: Snapshot) -> Iterator[_Step]:
    if before is None or before.state != now.state:
        yield "state", now.state, now.stopped_by, "", None
    if before is None or before.mode != now.mode:
        yield "mode", now.mode.value, "", "", None
    back = now.went_back
    if back is not None and (before is None or before.went_back != back):
        yield "gone back", f"{back.what} {back.version} is left again", back.why, ITSELF, None
    known = {} if before is None else {alarm.number: alarm for alarm in before.alarms}
    for alarm in now.alarms:
        yield from _of_alarm(known.pop(alarm.number, None), alarm)
    for gone in known.values():
        yield "alarm cleared", gone.words, "", "", gone.number


def _of_alarm(before: Alarm | None, now: Alarm) -> Iterator[_Step]:
    if before is None or now.times > before.times:
        yield "alarm raised", now.words, now.detail, "", now.number
    if now.cleared_ns is not None and (before is None or before.cleared_ns is None):
        yield "alarm cleared", now.words, "", "", now.number
    if now.acknowledged_ns is not None and (before is None or before.acknowledged_ns != now.acknowledged_ns):
        yield "alarm acknowledged", now.words, "", now.by, now.number
