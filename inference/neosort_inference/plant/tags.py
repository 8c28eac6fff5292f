"""What the plant's control system reads of the line: every tag, its type, its unit, and where its value comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from neosort_hardware.types import Verdict
from neosort_inference.faults.alarms import Alarm
from neosort_inference.faults.catalogue import CATALOGUE, Severity
from neosort_inference.telemetry import Snapshot

Kind = Literal["Boolean", "UInt32", "UInt64", "Double", "String"]
Value = bool | int | float | str | None

# UNECE recommendation 20: what OPC UA's EngineeringUnits are made of (unit code, words).
UNITS: dict[str, tuple[str, str]] = {
    "s": ("SEC", "second"),
    "ms": ("C26", "millisecond"),
    "m": ("MTR", "metre"),
    "m/s": ("MTS", "metre per second"),
    "1/s": ("C97", "reciprocal second"),
    "%": ("P1", "percent"),
    "MB": ("4L", "megabyte"),
}
SEVERITIES = {Severity.LOW: 200, Severity.MEDIUM: 500, Severity.HIGH: 800}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One variable: node id ``ns=2;s=Line.<path>``. ``value``: None where the line does not know."""

    path: str
    kind: Kind
    unit: str
    words: str
    value: Callable[[Snapshot], Value]


def _tag(path: str, kind: Kind, unit: str, words: str, value: Callable[[Snapshot], Value]) -> Tag:
    return Tag(path=path, kind=kind, unit=unit, words=words, value=value)


def _about(key: str) -> Callable[[Snapshot], Value]:
    return lambda snapshot: snapshot.counts.about.get(key)


def _verdict(verdict: Verdict) -> Callable[[Snapshot], Value]:
    return lambda snapshot: snapshot.counts.verdicts.get(verdict.value, 0)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _worst(snapshot: Snapshot) -> int:
    return max((SEVERITIES[alarm.severity] for alarm in snapshot.alarms if alarm.in_force), default=0)


def _of_fault(fault: str, told: Callable[[Alarm], Value], otherwise: Value) -> Callable[[Snapshot], Value]:
    def value(snapshot: Snapshot) -> Value:
        return next((told(alarm) for alarm in snapshot.alarms if alarm.fault == fault), otherwise)

    return value


def _fault_tags(fault: str, words: str) -> tuple[Tag, ...]:
    at = f"Alarms.{fault}"

    def of(told: Callable[[Alarm], Value], otherwise: Value) -> Callable[[Snapshot], Value]:
        return _of_fault(fault, told, otherwise)

    return (
        _tag(f"{at}.Standing", "Boolean", "", f"{words}: it shows now", of(lambda a: a.standing, False)),
        _tag(
            f"{at}.InForce",
            "Boolean",
            "",
            "its effect on the line holds",
            of(lambda a: a.in_force, False),
        ),
        _tag(f"{at}.Number", "UInt32", "", "to acknowledge it by; 0: no alarm", of(lambda a: a.number, 0)),
        _tag(f"{at}.Detail", "String", "", "what is known of it", of(lambda a: a.detail, "")),
    )


LINE_TAGS: tuple[Tag, ...] = (
    _tag("State", "String", "", "sorting, stopped or finished", lambda s: s.state),
    _tag("Sorting", "Boolean", "", "items are decided on and shot at", lambda s: s.state == "sorting"),
    _tag("Senses", "String", "", "what it decides by, also while it is stopped", lambda s: s.senses.value),
    _tag("Mode", "String", "", "how it sorts now: by its senses, or stop", lambda s: s.mode.value),
    _tag("StoppedBy", "String", "", "what keeps it stopped; empty while nothing does", lambda s: s.stopped_by),
    _tag("RunTime", "Double", "s", "since the run began", lambda s: s.elapsed_s),
    _tag("About.Line", "String", "", "the line's name", _about("line")),
    _tag("About.Bundle", "String", "", "the model's name", _about("bundle")),
    _tag("About.Recipe", "String", "", "what it ejects by", _about("recipe")),
    _tag("Belt.Speed", "Double", "m/s", "over the last second", lambda s: s.speed_m_per_s),
    _tag("Belt.Position", "Double", "m", "what the encoder shows", lambda s: s.belt_mm * 1e-3),
    _tag("Counters.Items", "UInt64", "", "decided since the run began", lambda s: s.items_seen),
    _tag("Counters.ItemRate", "Double", "1/s", "items of the last ten seconds", lambda s: s.items_per_s),
    _tag("Counters.Bearing", "UInt64", "", "items thought likelier to bear NdFeB", lambda s: s.bearing_seen),
    _tag("Counters.Shots", "UInt64", "", "taken by the diverter", lambda s: s.shots),
    _tag("Counters.Late", "UInt64", "", "wanted too late, and not fired", lambda s: s.late),
    _tag("Counters.Refused", "UInt64", "", "wanted, and not to be had", lambda s: s.refused),
    _tag("Counters.Forbidden", "UInt64", "", "may be of a kind never to be fired at", _verdict(Verdict.FORBIDDEN)),
    _tag("Counters.Windows", "UInt64", "", "stretches of belt looked at", lambda s: s.windows),
    _tag("Counters.WindowsDropped", "UInt64", "", "never looked at", lambda s: s.counts.windows_dropped),
    _tag("Counters.FramesLost", "UInt64", "", "exposures that never came", lambda s: s.counts.frames_lost),
    _tag("Quality.Recovery", "Double", "%", "by magnet mass, where the truth is known", lambda s: _percent(s.recovery)),
    _tag("Quality.Purity", "Double", "%", "by items, where the truth is known", lambda s: _percent(s.purity)),
    _tag("Latency.Median", "Double", "ms", "of the last 1,000 decisions", lambda s: s.latency_p50_ms),
    _tag("Latency.P99", "Double", "ms", "of the last 1,000 decisions", lambda s: s.latency_p99_ms),
    _tag("Memory", "Double", "MB", "resident, of the loop's process", lambda s: s.counts.memory_bytes * 1e-6),
    _tag("Alarms.Open", "UInt32", "", "that stand or wait for a person", lambda s: len(s.alarms)),
    _tag("Alarms.InForce", "UInt32", "", "whose effect holds", lambda s: sum(alarm.in_force for alarm in s.alarms)),
    _tag("Alarms.WorstSeverity", "UInt32", "", "of those in force; 0, 200, 500 or 800", _worst),
    _tag("Alarms.Words", "String", "", "of those in force, one a line", lambda s: "\n".join(s.faults)),
)
ALARM_TAGS = tuple(tag for fault in CATALOGUE.values() for tag in _fault_tags(fault.name, fault.words))
TAGS = (*LINE_TAGS, *ALARM_TAGS)
