"""A run's log for machines: one JSON object a line on standard output, alarms and the line's state alike."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TextIO

from neosort_inference.asking.channel import Asked
from neosort_inference.telemetry import Snapshot, WindowView

ROOT = logging.getLogger("neosort")
LINE = logging.getLogger("neosort.line")
STATE_EVERY_S = 10.0


class JsonLines(logging.Formatter):
    """A record as one JSON object: when (UTC), how grave, who, and its message; a message that is an object itself is
    laid open beside them."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        head = {
            "utc": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        error = {"error": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps(head | _told(record.getMessage()) | error, ensure_ascii=False)


@contextmanager
def json_lines(stream: TextIO | None = None) -> Iterator[None]:
    """Everything that neosort logs goes to ``stream`` (standard output) as lines of JSON meanwhile."""
    handler = logging.StreamHandler(sys.stdout if stream is None else stream)
    handler.setFormatter(JsonLines())
    level, propagates = ROOT.level, ROOT.propagate
    ROOT.addHandler(handler)
    ROOT.setLevel(logging.INFO)
    ROOT.propagate = False
    try:
        yield
    finally:
        ROOT.removeHandler(handler)
        ROOT.setLevel(level)
        ROOT.propagate = propagates


class LogWatcher:
    """Logs how the line stands every ten seconds, when its state changes, and at its end."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._next_s = float("-inf")
        self._state = ""

    def update(self, snapshot: Snapshot) -> None:
        """Log it, unless that was done a moment ago and nothing has changed."""
        now_s = self._now_s()
        if now_s < self._next_s and snapshot.state == self._state:
            return
        self._next_s, self._state = now_s + STATE_EVERY_S, snapshot.state
        LINE.info("%s", json.dumps({"event": "line"} | _state_of(snapshot), ensure_ascii=False))

    def show(self, view: WindowView) -> None:
        """Pictures are the page's business."""

    def asked(self) -> tuple[Asked, ...]:
        """Nothing: a log is read later."""
        return ()


def _state_of(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot without what is counted part by part, and what has its own lines."""
    told = asdict(snapshot)
    for key in ("counts", "alarms"):
        del told[key]
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in told.items()}


def _told(message: str) -> dict[str, Any]:
    try:
        told = json.loads(message)
    except ValueError:
        return {"event": message}
    return told if isinstance(told, dict) else {"event": message}
