"""Alarms in the log: one JSON object a line and step, for machines that collect logs and people who read them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.faults.catalogue import Severity

LOGGER = logging.getLogger("neosort.alarms")
_LEVELS = {Severity.LOW: logging.INFO, Severity.MEDIUM: logging.WARNING, Severity.HIGH: logging.ERROR}


def log_alarm(alarm: Alarm, step: Step) -> None:
    """One line for one step of an alarm. Times are the line's monotonic clock; the log adds the wall's."""
    level = _LEVELS[alarm.severity] if step == "raised" else logging.INFO
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, "%s", json.dumps(_told(alarm, step), ensure_ascii=False))


@contextmanager
def unlogged() -> Iterator[None]:
    """Alarms that come meanwhile are counted by whoever runs the line, and not logged."""
    level = LOGGER.level
    LOGGER.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        LOGGER.setLevel(level)


def _told(alarm: Alarm, step: Step) -> dict[str, object]:
    stamp_ns = {"raised": alarm.raised_ns, "cleared": alarm.cleared_ns, "acknowledged": alarm.acknowledged_ns}[step]
    told: dict[str, object] = {
        "event": f"alarm {step}",
        "alarm": alarm.number,
        "fault": alarm.fault,
        "words": alarm.words,
        "detail": alarm.detail,
        "severity": alarm.severity.value,
        "effect": alarm.effect,
        "times": alarm.times,
        "at_s": None if stamp_ns is None else round(stamp_ns * 1e-9, 3),
    }
    return told | ({"by": alarm.by} if step == "acknowledged" else {})
