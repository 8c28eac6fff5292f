"""What became of every item of a simulated line, each in exactly one way: the sum is the feed.

*ejected*: fired at. *passed*: let pass on purpose, or not seen by a line that was well. *late*, *refused*: wanted, and
no shot to be had. Else the name of the fault under which it was not decided, or its shot recalled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from neosort_hardware.types import Decision, Landing, Verdict
from neosort_inference.faults.alarms import Alarm
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.score import match_decisions
from neosort_inference.telemetry import Telemetry

EJECTED, PASSED, LATE, REFUSED = "ejected", "passed", "late", "refused"
_OF_VERDICT = {
    Verdict.FIRED: EJECTED,
    Verdict.LATE: LATE,
    Verdict.REFUSED: REFUSED,
    Verdict.FORBIDDEN: PASSED,
    Verdict.PASSED: PASSED,
}
_OF_WORDS = {kind.words: kind.name for kind in CATALOGUE.values()}


def fates(telemetry: Telemetry, way_s: float) -> dict[int, str]:
    """The fate of every landed item by its number. ``way_s``: from coming into view to the landing, at most."""
    decided = match_decisions(telemetry.items, list(telemetry.decisions)).by_item
    alarms = (*telemetry.alarms.open, *telemetry.alarms.past)
    return {
        landing.item_id: fate(landing, decided.get(landing.item_id, ()), alarms, telemetry.recalled, way_s)
        for landing in telemetry.landings
    }


def fate(
    landing: Landing, decided: Sequence[Decision], alarms: Sequence[Alarm], recalled: Mapping[int, str], way_s: float
) -> str:
    """The fate of one landed item. ``decided``: what was decided about it, the best-fitting first; ``recalled``: shots
    that were undone, by the fault."""
    return _of_decision(decided[0], recalled) if decided else _unseen(landing, alarms, way_s)


def summed(fate: dict[int, str]) -> Counter[str]:
    """How many items met each fate."""
    return Counter(fate.values())


def _of_decision(decision: Decision, recalled: Mapping[int, str]) -> str:
    if decision.fired and decision.shot is not None and decision.shot.shot_id in recalled:
        return recalled[decision.shot.shot_id]
    if decision.verdict is Verdict.REFUSED:
        return _OF_WORDS.get(decision.reason, REFUSED)
    return _OF_VERDICT[decision.verdict]


def _unseen(landing: Landing, alarms: Sequence[Alarm], way_s: float) -> str:
    """The gravest fault that the line had while the item lay on it, what was not noticed yet included."""
    for alarm in alarms:
        if not alarm.detracts:
            continue
        began_ns = alarm.raised_ns - CATALOGUE[alarm.fault].within_s * 1e9
        ended_ns = alarm.acknowledged_ns if alarm.needs_person else alarm.cleared_ns
        if landing.landed_ns >= began_ns and (ended_ns is None or landing.landed_ns - way_s * 1e9 <= ended_ns):
            return alarm.fault
    return PASSED
