"""What happens on a line, in the words of the messages. Plain values: the loop builds them and checks nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.telemetry import Snapshot


def alarm_told(alarm: Alarm, step: Step) -> dict[str, Any]:
    """What an `AlarmMessage` says of what has just become of an alarm."""
    return {
        "utc": datetime.now(UTC).isoformat(),
        "number": alarm.number,
        "fault": alarm.fault,
        "words": alarm.words,
        "detail": _sayable(alarm.detail),
        "severity": alarm.severity.value,
        "effect": alarm.effect,
        "step": step,
        "by": _sayable(alarm.by) if step == "acknowledged" else "",
        "times": alarm.times,
        "in_force": alarm.in_force,
    }


def line_told(snapshot: Snapshot, run: str) -> dict[str, Any]:
    """What a `TelemetryMessage` says of a line as it stands."""
    return {
        "utc": datetime.now(UTC).isoformat(),
        "run": run,
        "state": snapshot.state,
        "mode": snapshot.mode.value,
        "stopped_by": _sayable(snapshot.stopped_by),
        "elapsed_s": round(snapshot.elapsed_s, 3),
        "belt_speed_m_per_s": round(snapshot.speed_m_per_s, 4),
        "items": snapshot.items_seen,
        "items_per_s": round(snapshot.items_per_s, 3),
        "items_bearing": snapshot.bearing_seen,
        "shots": snapshot.shots,
        "late": snapshot.late,
        "refused": snapshot.refused,
        "latency_p50_ms": snapshot.latency_p50_ms,
        "latency_p99_ms": snapshot.latency_p99_ms,
        "recovery": snapshot.recovery,
        "purity": snapshot.purity,
        "alarms": [
            {
                "fault": alarm.fault,
                "words": alarm.words,
                "severity": alarm.severity.value,
                "in_force": alarm.in_force,
                "acknowledged": alarm.acknowledged_ns is not None,
            }
            for alarm in snapshot.alarms
        ],
        "about": dict(snapshot.counts.about),
    }


def _sayable(text: str) -> str:
    """Without what no UTF-8 can say: a device's own words may hold anything."""
    return text.encode("utf-8", "replace").decode("utf-8")
