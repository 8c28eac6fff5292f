"""Procedures at a line that runs: begun, driven, ended by orders; on the twin, in virtual time."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.faulty_line import inject, play
from tests.hardware.waiting import eventually
from tests.inference.test_operating import given

from neosort_inference import calibrating
from neosort_inference.asking.orders import (
    Activate,
    BeginProcedure,
    CancelProcedure,
    KeepProcedure,
    ShowProcedure,
    StartSorting,
    StepProcedure,
    StopSorting,
    TestValve,
)
from neosort_inference.calibration.procedure import (
    About,
    Action,
    CalibrationError,
    Guidance,
    Need,
    Parameter,
    Plot,
    Procedure,
    Quantity,
    Result,
)
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.faults.modes import Mode
from neosort_inference.state import State

pytestmark = pytest.mark.computes

FRAMES = Parameter(name="frames", title="Frames to see", kind="integer", default=3, least=1, most=50)


class Counting(Procedure):
    """Counts frames until somebody says that it is enough, and moves the array's station by as many millimetres."""

    about = About(
        name="counting", title="Counting", purpose="Counts.", instructions=("Wait.",), tools="none", minutes=1,
        tolerance="none", needs=(Need.EMPTY_BELT,), parameters=(FRAMES,),
    )  # fmt: skip

    def _begin(self):
        self._seen = 0
        self._enough = False

    def see_frame(self, frame):
        self._seen += 1
        if self._seen > 40:
            raise CalibrationError("counting: 41 frames, at most 40")

    def act(self, action, values):
        if action != "enough" or self._seen < self.given["frames"]:
            super().act(action, values)
        self._enough = True

    def guidance(self):
        actions = (Action(name="enough", title="Enough"),) if self._seen >= self.given["frames"] else ()
        return Guidance(
            text="Wait.", progress=min(1.0, self._seen / self.given["frames"]), actions=actions,
            picture_jpeg=b"jpeg %d" % self._seen, done=self._enough,
        )  # fmt: skip

    def result(self):
        before = self.line.config.calibration.array_station_mm
        seen = Quantity(name="seen", title="Seen", value=self._seen, unit="frames", least=self.given["frames"])
        return Result(
            procedure="counting", quantities=(seen,),
            changes={"calibration.array_station_mm": before + self._seen}, plots=(Plot(title="Count", svg="<svg/>"),),
        )  # fmt: skip


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setattr(calibrating, "procedure_named", lambda name: {"counting": Counting}[name])
    return CalibrationStore(State(folder=tmp_path).calibrations)


def measured(events, seconds, store):
    """A run with those events in which people may calibrate."""
    return play(
        {0.1: lambda _line, sorting: sorting.calibrate_into(State(folder=store.folder.parent)), **events}, seconds
    )


def test_a_technician_measures_keeps_and_the_line_sorts_on_as_if_nothing_had_been_missed(store):
    said = []

    def keep(line, sorting):
        eventually(lambda: sorting._calibrating._result)
        given(ShowProcedure(), said)(line, sorting)
        given(KeepProcedure(note="by eye"), said)(line, sorting)

    played = measured(
        {
            3.0: given(StopSorting(), said),
            3.5: given(BeginProcedure(procedure="counting", settings={"frames": 4}), said),
            4.0: given(StartSorting(), said),  # the line is not to run away under the technician's hands
            8.0: given(StepProcedure(action="enough"), said),
            9.0: keep,
            9.5: given(StartSorting(), said),
        },
        16.0, store,
    )  # fmt: skip
    _, begun, early, stepped, shown, kept, started = said
    assert early.why == "a procedure goes on: Counting"
    assert (begun.result["state"], begun.result["progress"], begun.result["by"]) == ("running", 0.0, "Ada")
    assert stepped.refusal is None
    found = shown.result["result"]
    assert shown.result["state"] == "done"
    assert found["passed"]
    assert found["quantities"][0]["value"] >= 4
    shown_in = State(folder=store.folder.parent).procedure
    assert (shown_in / found["plots"][0]["file"]).read_text(encoding="utf-8") == "<svg/>"
    assert (shown_in / shown.result["picture"].partition("?")[0]).read_bytes().startswith(b"jpeg")
    record = store.record(kept.result["record"])
    assert (record.by, record.note) == ("Ada", "by eye")
    assert record.constants["calibration.array_station_mm"] == 512.0 + found["quantities"][0]["value"]
    assert started.result == {"stopped_by": None}
    assert played.mode_at(15.0) is Mode.BOTH
    assert not played.telemetry.alarms.raised, "nobody missed what the procedure read"
    assert [at for at in played.fired_s() if at > 10.0]
    assert not [at for at in played.fired_s() if 3.0 <= at < 9.0]


def test_a_procedure_goes_by_the_calibration_that_is_in_force_and_not_by_that_of_the_start(store, tmp_path):
    said, seen = [], []
    hot = tmp_path / "hot.toml"
    hot.write_text("[calibration]\narray_station_mm = 515.0\n", encoding="utf-8")

    def keep(line, sorting):
        seen.append(eventually(lambda: sorting._calibrating._result).quantities[0].value)
        given(KeepProcedure(note=""), said)(line, sorting)

    def change(line, sorting):
        given(Activate(what="calibration", file=str(hot), version="hot"), [])(line, sorting)
        sorting.exchanging.wait()

    events = {
        1.0: change, 4.0: given(StopSorting(), []), 4.5: given(BeginProcedure(procedure="counting"), []),
        8.0: given(StepProcedure(action="enough"), []), 9.0: keep,
    }  # fmt: skip
    measured(events, 10.0, store)
    record = store.record(said[0].result["record"])
    assert record.constants["calibration.array_station_mm"] == 515.0 + seen[0]


def test_nothing_is_measured_on_a_line_that_sorts_or_is_stopped_by_a_fault(store):
    said = []
    begin = given(BeginProcedure(procedure="counting"), said)
    measured({1.0: begin, 2.0: inject("interlock.opened"), 3.0: begin}, 4.0, store)
    assert [answer.why for answer in said] == [
        "the line sorts: stop it first", "the line is stopped by a fault: interlock open"
    ]  # fmt: skip


def test_a_guard_opened_in_the_middle_of_a_procedure_shuts_the_valves_at_once(store):
    said, raised = [], []
    played = measured(
        {
            1.0: given(StopSorting(), []),
            1.2: given(BeginProcedure(procedure="counting"), said),
            2.0: given(TestValve(nozzle=5), said),
            2.001: inject("interlock.opened"),
            2.1: lambda _line, sorting: raised.append(sorting.telemetry.alarms.open),
            3.0: given(ShowProcedure(), said),
        },
        3.2, store,
    )  # fmt: skip
    assert [answer.refusal for answer in said] == [None, None, None]
    assert [alarm.fault for alarm in raised[0]] == ["interlock.opened"]
    assert played.blown_s == [], "what was to blow 300 mm on is forgotten"
    assert said[-1].result["state"] == "running", "it needs no jets"


def test_a_procedure_that_blows_ends_when_a_fault_stops_the_line(store, monkeypatch):
    monkeypatch.setattr(Counting, "about", replace(Counting.about, needs=(*Counting.about.needs, Need.FREE_JETS)))
    said = []
    events = {1.0: given(StopSorting(), []), 1.2: given(BeginProcedure(procedure="counting"), [])}
    measured(events | {2.0: inject("plant.chute_full"), 2.5: given(ShowProcedure(), said)}, 2.7, store)
    assert (said[0].result["state"], said[0].result["why"]) == (
        "failed", "the line is stopped by a fault: product chute full"
    )  # fmt: skip


def test_one_procedure_at_a_time_and_a_cancelled_one_leaves_nothing(store):
    said = []
    begin = given(BeginProcedure(procedure="counting"), said)
    events = {1.0: given(StopSorting(), []), 2.0: begin, 3.0: begin, 4.0: given(CancelProcedure(), said)}
    measured(events | {5.0: given(KeepProcedure(), said), 6.0: begin}, 7.0, store)
    first, second, cancelled, kept, again = said
    assert first.refusal is None
    assert second.why == "counting goes on: let it end, or cancel it"
    assert cancelled.result["state"] == "cancelled"
    assert kept.why == "the procedure is cancelled: there is no result to keep"
    assert again.result["number"] == 2
    assert store.records() == ()


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (BeginProcedure(procedure="counting", settings={"frames": 0}), "frames = 0: must lie in 1..50"),
        (BeginProcedure(procedure="counting", settings={"frames": [1]}), r"frames = \[1\]: must be a number"),
        (StepProcedure(action="enough"), "no procedure is under way"),
        (ShowProcedure(), "no procedure has been begun"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(store, order, why):
    said = []
    measured({1.0: given(StopSorting(), []), 2.0: given(order, said)}, 3.0, store)
    assert said[0].refusal is not None
    assert re.match(why, said[0].why)


def test_a_procedure_that_fails_says_why_and_gives_the_line_back(store):
    said = []
    events = {1.0: given(StopSorting(), []), 1.2: given(BeginProcedure(procedure="counting"), [])}
    played = measured(events | {15.0: given(ShowProcedure(), said), 15.2: given(StartSorting(), said)}, 18.0, store)
    shown, _ = said
    assert (shown.result["state"], shown.result["why"]) == ("failed", "counting: 41 frames, at most 40")
    assert played.mode_at(17.5) is Mode.BOTH


@pytest.mark.parametrize("breaks_at", ["_begin", "see_frame"])
def test_a_procedure_that_breaks_down_is_told_and_the_run_goes_on(store, monkeypatch, breaks_at):
    def break_down(*_):
        raise ZeroDivisionError("no frames")

    monkeypatch.setattr(Counting, breaks_at, break_down)
    said, begin = [], BeginProcedure(procedure="counting")
    events = {0.5: given(StopSorting(), []), 0.6: given(begin, said), 1.2: given(ShowProcedure(), said)}
    played = measured(events | {1.3: given(StartSorting(), [])}, 1.5, store)
    words = "it has failed: ZeroDivisionError: no frames"
    assert words in (said[0].why, said[1].result and said[1].result["why"])
    assert played.mode_at(1.4) is Mode.BOTH
