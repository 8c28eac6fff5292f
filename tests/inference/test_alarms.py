"""Alarms: raised, cleared, acknowledged, in whatever order."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_inference.faults.alarm_log import LOGGER, log_alarm
from neosort_inference.faults.alarms import KEPT, AlarmBook

pytestmark = pytest.mark.computes

STOPS, DEGRADES = "interlock.opened", "camera.gone"


def test_an_alarm_is_told_until_it_is_both_over_and_acknowledged():
    book = AlarmBook()
    book.raise_(DEGRADES, "cable out", 10)
    assert book.acknowledge(None, "Ada", 20) == 1
    (alarm,) = book.open
    assert (alarm.standing, alarm.in_force, alarm.by) == (True, True, "Ada")
    book.clear(DEGRADES, 30)
    assert book.open == ()
    assert [(a.raised_ns, a.cleared_ns, a.acknowledged_ns) for a in book.past] == [(10, 30, 20)]


def test_what_degrades_ends_by_itself_and_waits_only_to_be_read():
    book = AlarmBook()
    book.raise_(DEGRADES, "cable out", 10)
    book.clear(DEGRADES, 30)
    (alarm,) = book.open
    assert (alarm.standing, alarm.in_force) == (False, False)
    assert book.in_force == ()


def test_what_stops_is_in_force_until_it_is_acknowledged_after_it_was_over():
    book = AlarmBook()
    book.raise_(STOPS, "guard 2", 10)
    assert book.acknowledge(1, "Ada", 20) == 1
    book.clear(STOPS, 30)
    (alarm,) = book.open
    assert (alarm.in_force, alarm.acknowledged_ns, alarm.by) == (True, None, ""), "given too early"
    assert book.acknowledge(1, "Bo", 40) == 1
    assert book.open == book.in_force == ()
    assert book.past[0].by == "Bo"


def test_one_that_comes_again_is_the_same_alarm_and_must_be_acknowledged_anew():
    book = AlarmBook()
    for at_ns in (10, 30):
        book.raise_(DEGRADES, "cable out", at_ns)
        book.clear(DEGRADES, at_ns + 10)
    (alarm,) = book.open
    assert (alarm.number, alarm.times, alarm.raised_ns, alarm.cleared_ns) == (1, 2, 10, 40)
    book.acknowledge(None, "Ada", 50)
    book.raise_(DEGRADES, "cable out", 60)
    assert [(a.number, a.times) for a in book.open] == [(2, 1)]
    assert book.raised == {DEGRADES: 3}


def test_acknowledging_what_is_not_there_changes_nothing():
    book = AlarmBook()
    assert book.acknowledge(None, "Ada", 1) == 0
    book.raise_(STOPS, "", 2)
    assert book.acknowledge(9, "Ada", 3) == 0
    book.clear(DEGRADES, 4)
    assert [alarm.standing for alarm in book.open] == [True]


def test_the_gravest_comes_first_and_the_past_is_bounded():
    book = AlarmBook()
    for fault in ("recording.broken", DEGRADES, STOPS):
        book.raise_(fault, "", 1)
    assert [alarm.fault for alarm in book.open] == [DEGRADES, STOPS, "recording.broken"]
    for at_ns in range(KEPT + 50):
        book.raise_(DEGRADES, "", at_ns)
        book.clear(DEGRADES, at_ns)
        book.acknowledge(None, "Ada", at_ns)
    assert len(book.past) == KEPT


@given(st.lists(st.sampled_from(["raise", "clear", "acknowledge"]), max_size=12))
def test_a_stop_ends_only_by_an_acknowledgement_that_comes_after_its_end(steps):
    book = AlarmBook()
    standing = held = False
    for at_ns, step in enumerate(steps):
        if step == "raise":
            book.raise_(STOPS, "", at_ns)
            standing = held = True
        elif step == "clear":
            book.clear(STOPS, at_ns)
            standing = False
        else:
            book.acknowledge(None, "Ada", at_ns)
            held = held and standing
        assert bool(book.in_force) == held


def test_every_step_is_a_line_of_json_in_the_log(caplog):
    caplog.set_level(logging.INFO, LOGGER.name)
    book = AlarmBook(log_alarm)
    book.raise_(STOPS, "guard „2“", 1_500_000_000)
    book.clear(STOPS, 2_000_000_000)
    book.acknowledge(None, "Ada", 3_000_000_000)
    told = [json.loads(record.getMessage()) for record in caplog.records]
    assert [(one["event"], one["at_s"]) for one in told] == [
        ("alarm raised", 1.5),
        ("alarm cleared", 2.0),
        ("alarm acknowledged", 3.0),
    ]
    assert told[0]["detail"] == "guard „2“"
    assert told[2]["by"] == "Ada"
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.INFO, logging.INFO]


def test_a_fault_that_is_in_no_catalogue_is_a_programming_error():
    with pytest.raises(KeyError):
        AlarmBook().raise_("camera.sneezed", "", 1)
