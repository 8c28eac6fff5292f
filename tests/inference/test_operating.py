"""Orders to a line that sorts: stop, start, acknowledge, try a valve; on the twin, in virtual time."""

from __future__ import annotations

import pytest
from tests.faulty_line import inject, play

from neosort_hardware.types import Verdict
from neosort_inference.asking.channel import Asked
from neosort_inference.asking.orders import Acknowledge, StartSorting, StopSorting, TestValve
from neosort_inference.faults.modes import Mode
from neosort_inference.loop import HELD

pytestmark = pytest.mark.computes


def given(order, answers: list, by="Ada"):
    """An event: somebody gives an order; the answer goes to ``answers``."""
    return lambda _line, sorting: sorting.desk.take(Asked(order=order, by=by, reply=answers.append))


def test_a_line_stopped_by_a_person_fires_nothing_until_it_is_started_again():
    said = []
    played = play({4.0: given(StopSorting(), said), 10.0: given(StartSorting(), said)}, 16.0)
    assert [answer.refusal for answer in said] == [None, None]
    assert said[1].result == {"stopped_by": None}
    assert (played.mode_at(5.0), played.mode_at(11.0)) == (Mode.STOP, Mode.BOTH)
    fired_s = played.fired_s()
    assert [at for at in fired_s if at < 4.0]
    assert not [at for at in fired_s if 4.0 <= at < 10.0]
    assert [at for at in fired_s if at >= 10.0]
    refused = [one for one in played.telemetry.decisions if one.reason == "stopped by Ada"]
    assert refused
    assert {one.verdict for one in refused} == {Verdict.REFUSED}
    assert HELD in played.telemetry.recalled.values(), "what lay before the nozzles was not fired at either"


def test_starting_does_not_override_a_fault_that_stops():
    said = []
    played = play(
        {
            2.0: given(StopSorting(), said),
            3.0: inject("interlock.opened"),
            5.0: given(StartSorting(), said),
            6.0: given(Acknowledge(), said, "Bo"),
        },
        8.0,
    )
    assert said[1].result == {"stopped_by": "interlock open"}
    assert said[2].result == {"acknowledged": 1}
    assert played.alarm("interlock.opened").by == "Bo"
    assert played.mode_at(7.5) is Mode.STOP


def test_a_valve_is_tried_only_on_a_line_that_a_person_has_stopped_and_nothing_else_has():
    said, states = [], []
    blow = TestValve(nozzle=5)

    def note(line, sorting):
        states.append(list(sorting.telemetry.alarms.raised))

    play(
        {
            2.0: given(blow, said),
            3.0: given(StopSorting(), said),
            3.5: given(blow, said),
            3.6: given(TestValve(nozzle=48), said),
            3.7: given(TestValve(nozzle=0, heavy=True), said),
            4.5: note,
            5.0: inject("plant.chute_full"),
            6.0: given(blow, said),
            6.5: inject("interlock.opened"),
            7.0: given(blow, said),
        },
        8.0,
    )
    sorts, _, blown, beyond, flaps, fault, interlock = said
    assert (sorts.refusal, sorts.why) == ("not now", "the line sorts: stop it first")
    assert blown.refusal is None
    assert blown.result["close_mm"] - blown.result["open_mm"] == 30.0
    assert (beyond.refusal, beyond.why) == ("not there", "there is no nozzle 48; there are 0 to 47")
    assert "no diverter for heavy items" in flaps.why
    assert states == [[]]
    assert fault.why == "the line is stopped by a fault: product chute full"
    assert interlock.why.startswith("the interlock is open")


def test_a_puff_too_long_for_the_valve_is_refused():
    said = []
    play({2.0: given(StopSorting(), said), 3.0: given(TestValve(nozzle=1, blow_mm=200.0), said)}, 4.0, speed=0.3)
    assert said[1].why == "blow_mm = 200 takes 667 ms at 0.30 m/s, at most 500 ms"
