"""Alarms: raised when a fault shows, cleared when it no longer does, and kept until a person has acknowledged them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from neosort_inference.faults.catalogue import CATALOGUE, Effect, Severity

KEPT = 200
Step = Literal["raised", "cleared", "acknowledged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One fault's alarm. ``*_ns``: by the line's clock, None: not (yet). ``times``: how often it has come since it was
    raised first. ``by``: who acknowledged it.

    ``standing``: the fault shows. ``in_force``: the line still does what the catalogue says of it.
    """

    number: int
    fault: str
    words: str
    detail: str
    severity: Severity
    effect: Effect
    needs_person: bool
    raised_ns: int
    cleared_ns: int | None = None
    acknowledged_ns: int | None = None
    by: str = ""
    times: int = 1

    @property
    def standing(self) -> bool:
        """Whether the fault shows now."""
        return self.cleared_ns is None

    @property
    def in_force(self) -> bool:
        """Whether its effect holds: while it shows, and where it needs a person until that person has been."""
        return self.standing or (self.needs_person and self.acknowledged_ns is None)

    @property
    def detracts(self) -> bool:
        """Whether the line did without something because of it."""
        return self.effect != "none"

    @property
    def over(self) -> bool:
        """Whether nobody needs to be told of it any more."""
        return not self.standing and self.acknowledged_ns is not None


class AlarmBook:
    """Every alarm that is not over, and the last that are. One thread.

    ``on_step``: called with an alarm as it stands now, and what has just become of it.
    """

    def __init__(self, on_step: Callable[[Alarm, Step], None] = lambda _alarm, _step: None) -> None:
        self._on_step = on_step
        self._open: dict[str, Alarm] = {}
        self._past: deque[Alarm] = deque(maxlen=KEPT)
        self._last_number = 0
        self.raised: dict[str, int] = {}

    @property
    def open(self) -> tuple[Alarm, ...]:
        """Alarms that stand or wait for a person, the gravest and then the oldest first."""
        gravest_first = list(Severity)[::-1]
        return tuple(sorted(self._open.values(), key=lambda a: (gravest_first.index(a.severity), a.number)))

    @property
    def any_open(self) -> bool:
        """Whether there are any; asked several times a turn."""
        return bool(self._open)

    @property
    def past(self) -> tuple[Alarm, ...]:
        """The last alarms that are over, newest first."""
        return tuple(reversed(self._past))

    @property
    def in_force(self) -> tuple[Alarm, ...]:
        """Alarms whose effect holds."""
        return tuple(alarm for alarm in self.open if alarm.in_force)

    def raise_(self, fault: str, detail: str, now_ns: int) -> None:
        """The fault shows. One that shows already stays as it is, with the newest detail."""
        known = self._open.get(fault)
        if known is not None and known.standing:
            self._open[fault] = replace(known, detail=detail)
            return
        self.raised[fault] = self.raised.get(fault, 0) + 1
        self._keep(self._new(fault, detail, now_ns) if known is None else _again(known, detail), "raised")

    def clear(self, fault: str, now_ns: int) -> None:
        """The fault shows no longer."""
        known = self._open.get(fault)
        if known is None or not known.standing:
            return
        # Who has acknowledged an open guard has not yet agreed to jets that blow as soon as somebody shuts it.
        void = known.needs_person
        self._keep(
            replace(
                known,
                cleared_ns=now_ns,
                acknowledged_ns=None if void else known.acknowledged_ns,
                by="" if void else known.by,
            ),
            "cleared",
        )

    def acknowledge(self, number: int | None, by: str, now_ns: int) -> int:
        """A person has taken note of that alarm, or of all (None); how many that were."""
        found = [a for a in self._open.values() if number in (None, a.number) and a.acknowledged_ns is None]
        for alarm in found:
            self._keep(replace(alarm, acknowledged_ns=now_ns, by=by), "acknowledged")
        return len(found)

    def _new(self, fault: str, detail: str, now_ns: int) -> Alarm:
        self._last_number += 1
        kind = CATALOGUE[fault]
        return Alarm(
            number=self._last_number,
            fault=fault,
            words=kind.words,
            detail=detail,
            severity=kind.severity,
            effect=kind.effect,
            needs_person=kind.needs_person,
            raised_ns=now_ns,
        )

    def _keep(self, alarm: Alarm, step: Step) -> None:
        if alarm.over:
            self._open.pop(alarm.fault, None)
            self._past.append(alarm)
        else:
            self._open[alarm.fault] = alarm
        self._on_step(alarm, step)


def _again(alarm: Alarm, detail: str) -> Alarm:
    return replace(alarm, detail=detail, cleared_ns=None, acknowledged_ns=None, by="", times=alarm.times + 1)
