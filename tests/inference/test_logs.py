"""The log for machines: every line a JSON object, alarms among them."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from datetime import datetime

import pytest

from neosort_inference.faults.alarm_log import log_alarm
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.logs import ROOT, LogWatcher, json_lines
from neosort_inference.telemetry import Telemetry

pytestmark = pytest.mark.computes

SNAPSHOT = Telemetry(started_ns=0).snapshot(1_500_000_000, 1500.0, 1.0)


def test_alarms_the_lines_state_and_plain_words_are_lines_of_one_form():
    said = io.StringIO()
    with json_lines(said):
        book = AlarmBook(log_alarm)
        book.raise_("camera.gone", "no answer", 1_000_000_000)
        book.clear("camera.gone", 2_000_000_000)
        LogWatcher(lambda: 0.0).update(SNAPSHOT)
        try:
            raise RuntimeError("torn")
        except RuntimeError:
            ROOT.exception("the belt '%s' tore", "A")
    raised, cleared, line, torn = (json.loads(text) for text in said.getvalue().splitlines())
    assert (raised["event"], raised["level"], raised["fault"], raised["logger"]) == (
        "alarm raised", "error", "camera.gone", "neosort.alarms",
    )  # fmt: skip
    assert (cleared["event"], cleared["level"]) == ("alarm cleared", "info"), "no step is left out"
    assert (line["event"], line["state"], line["belt_mm"], line["shots"]) == ("line", "sorting", 1500.0, 0)
    assert not {"counts", "alarms"} & line.keys()
    assert torn["event"] == "the belt 'A' tore"
    assert "RuntimeError: torn" in torn["error"]
    assert all(datetime.fromisoformat(one["utc"]).utcoffset().total_seconds() == 0 for one in (raised, line, torn))


def test_afterwards_the_log_is_as_it_was():
    before = (list(ROOT.handlers), ROOT.level, ROOT.propagate)
    with json_lines(io.StringIO()):
        assert ROOT.isEnabledFor(logging.INFO)
    assert (list(ROOT.handlers), ROOT.level, ROOT.propagate) == before


def test_the_state_is_said_every_ten_seconds_and_whenever_it_changes():
    now_s, said = [0.0], io.StringIO()
    with json_lines(said):
        watcher = LogWatcher(lambda: now_s[0])
        for second in range(25):
            now_s[0] = float(second)
            watcher.update(SNAPSHOT if second != 5 else replace(SNAPSHOT, state="stopped"))
        watcher.update(replace(SNAPSHOT, state="finished"))
    states = [json.loads(text)["state"] for text in said.getvalue().splitlines()]
    assert states == ["sorting", "stopped", "sorting", "sorting", "finished"]
