"""What is kept and changed over the interface: recipes, bundles, calibrations, procedures, jobs, events."""

from __future__ import annotations

import json
import threading
import tomllib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hardware.waiting import eventually
from tests.inference.api_client import Site
from tests.inference.test_api_access import must_be_problem
from tests.inference.test_page import an_alarm, view

from neosort_hardware.config import LineConfig
from neosort_hardware.section import ConfigError
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import (
    Activate,
    BeginProcedure,
    CancelProcedure,
    KeepProcedure,
    RefusedError,
    Shadow,
    ShowProcedure,
    StepProcedure,
)
from neosort_inference.bundle_choice import installed_bundles
from neosort_inference.calibration.record import record_of
from neosort_inference.cli import app
from neosort_inference.exchange.went_back import WentBack
from neosort_inference.faults.modes import Mode
from neosort_inference.files import write_whole
from neosort_inference.in_use import InUse
from neosort_inference.recipe import Recipe, load_recipe
from neosort_inference.services.jobs import KEPT, MOST_WAITING, Jobs
from neosort_inference.services.toml_text import toml_text

pytestmark = pytest.mark.computes

STEEL = {"name": "steel", "values": {"purity_target": 0.95, "never_fire": [], "kind_mass_g": {"hub_motor": 1900}}}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, simulated=True)
    yield made
    made.services.jobs.close()


# Recipes


def test_a_recipe_is_made_compared_gone_by_and_left_again(site):
    engineer = site.by_token(Role.ENGINEER)
    first = engineer.post("/api/v1/recipes", json=STEEL).json()
    second = engineer.post(
        "/api/v1/recipes", json={"name": "steel", "values": {"min_magnet_g": 0.5}, "parent": "steel-1", "note": "käse"}
    ).json()
    assert (first["id"], second["id"], second["recipe"]["purity_target"]) == ("steel-1", "steel-2", 0.95)
    told = engineer.get("/api/v1/recipes/difference?before=steel-1&after=steel-2").json()
    assert told == [{"key": "min_magnet_g", "before": 0.0, "after": 0.5}]
    assert [one["id"] for one in engineer.get("/api/v1/recipes").json()] == ["steel-1", "steel-2"]
    assert engineer.get("/api/v1/recipes/in-use").json() is None
    for id_ in ("steel-1", "steel-2"):
        assert engineer.post(f"/api/v1/recipes/{id_}/activate").json()["version"] == id_
    (order, by) = site.loop.asked[-1]
    assert (order.what, order.version, by) == ("recipe", "steel-2", "engineers")
    assert load_recipe(InUse(site.state.recipes).file()).min_magnet_g == 0.5
    assert engineer.post("/api/v1/recipes/roll-back").json()["version"] == "steel-1"
    assert engineer.post("/api/v1/recipes/roll-back").json()["version"] is None
    assert InUse(site.state.recipes).file() is None
    assert "nothing to roll back" in must_be_problem(engineer.post("/api/v1/recipes/roll-back"), 409)
    told = [(one["version"], one["why"]) for one in engineer.get("/api/v1/recipes/history").json()]
    assert told == [
        ("steel-1", "activated"), ("steel-2", "activated"), ("steel-1", "rolled back"), (None, "rolled back"),
    ]  # fmt: skip
    changes = [(one.action, one.old, one.new) for one in site.entry.trail.entries()][2:]
    assert changes == [
        ("recipe.activate", "default", "steel-1"), ("recipe.activate", "steel-1", "steel-2"),
        ("recipe.roll-back", "steel-2", "steel-1"), ("recipe.roll-back", "steel-1", "default"),
    ]  # fmt: skip


def test_what_the_loop_refuses_is_neither_kept_nor_noted(site):
    engineer = site.by_token(Role.ENGINEER)
    engineer.post("/api/v1/recipes", json=STEEL)
    site.loop.refuses = RefusedError("not fitting", "never_fire names 'cow', which the bundle does not know")
    assert "cow" in must_be_problem(engineer.post("/api/v1/recipes/steel-1/activate"), 422)
    must_be_problem(engineer.post("/api/v1/bundles/neosort/activate"), 422)
    must_be_problem(engineer.ask("PUT", "/api/v1/bundles/shadow", json={"id": "neosort"}), 422)
    assert InUse(site.state.recipes).now() is InUse(site.state.bundles).now() is None
    assert site.services.bundles.shadow is None
    assert site.actions() == ["recipe.create"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"values": {"purity_target": 2}}, "purity_target = 2"),
        ({"values": {"colour": "red"}}, "unknown key 'colour'"),
        ({"values": {}, "parent": "steel-7"}, "no recipe 'steel-7'"),
        ({"values": {}, "name": "../x"}, "name"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_with_its_cause(site, body, says):
    answer = site.by_token(Role.ENGINEER).post("/api/v1/recipes", json={"name": "steel"} | body)
    assert answer.status_code in {404, 422}
    assert says in must_be_problem(answer, answer.status_code)
    assert not list(site.state.recipes.rglob("*.toml"))


def test_a_damaged_version_is_passed_over_in_lists_and_named_when_asked_for(site):
    engineer = site.by_token(Role.ENGINEER)
    for _ in range(2):
        engineer.post("/api/v1/recipes", json=STEEL)
    (site.state.recipes / "steel" / "000001.toml").write_text("purity_target = ")
    assert [one["id"] for one in engineer.get("/api/v1/recipes").json()] == ["steel-2"]
    assert "not valid TOML" in must_be_problem(engineer.get("/api/v1/recipes/steel-1"), 422)


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=4,
    )
)  # fmt: skip
def test_what_is_written_as_toml_is_read_as_it_was(values):
    assert tomllib.loads(toml_text(values)) == values


def test_the_default_recipe_survives_being_written():
    assert Recipe.model_validate(tomllib.loads(toml_text(Recipe().model_dump(mode="json", exclude_none=True)))) == (
        Recipe()
    )


def test_a_change_that_is_torn_is_named_and_two_at_once_are_not_both_made(tmp_path):
    in_use = InUse(tmp_path)
    in_use.enter("a", tmp_path / "a.toml", "ada", "activated")
    path = tmp_path / "in-use" / "000001.json"
    with pytest.raises(FileExistsError):
        write_whole(path, b"{}", new=True)
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"000001\.json: cannot be read"):
        in_use.now()
    assert [one.name for one in path.parent.iterdir()] == ["000001.json"], "nothing half-written stays"


# Bundles


def test_a_bundle_is_uploaded_checked_tried_gone_by_and_left_again(site):
    engineer = site.by_token(Role.ENGINEER)
    content = installed_bundles()[0].read_bytes()
    upload = {"content": content, "headers": {"Content-Type": "application/octet-stream"}}
    number = engineer.post("/api/v1/bundles?note=March", **upload).json()["number"]
    job = eventually(lambda: done(engineer, number))
    assert job["state"] == "done", job["why"]
    id_ = job["result"]["id"]
    assert (job["result"]["by"], job["result"]["note"], job["result"]["bytes"]) == ("engineers", "March", len(content))
    again = engineer.post("/api/v1/bundles", **upload).json()["number"]
    assert eventually(lambda: done(engineer, again))["result"]["note"] == "March", "it was there already"
    listed = [one["id"] for one in engineer.get("/api/v1/bundles").json()]
    assert listed == [path.stem for path in installed_bundles()] + [id_]
    assert engineer.get(f"/api/v1/bundles/{id_}/metadata").json()["kinds"]
    assert engineer.ask("PUT", "/api/v1/bundles/shadow", json={"id": id_}).json() == {"id": id_}
    site.loop.answers[Activate] = {"from_mm": 1200.5}
    assert engineer.post(f"/api/v1/bundles/{id_}/activate").json()["told"] == {"from_mm": 1200.5}
    kept = site.state.bundles / f"{id_}.onnx"
    assert kept.read_bytes() == content
    assert InUse(site.state.bundles).file() == kept
    assert engineer.post("/api/v1/bundles/roll-back").json()["use"]["version"] is None
    orders = [order for order, _ in site.loop.asked]
    assert orders == [
        Shadow(file=str(kept), version=id_),
        Activate(what="bundle", file=str(kept), version=id_),
        Activate(what="bundle", file=str(installed_bundles()[0]), version="installed"),
    ]
    assert site.actions() == ["bundle.upload", "bundle.shadow", "bundle.activate", "bundle.roll-back"]
    must_be_problem(engineer.get("/api/v1/bundles/0123456789abcdef"), 404)


@pytest.mark.parametrize(
    ("change", "says"),
    [(lambda data: b"no model", "not an ONNX model"), (lambda data: data[: len(data) // 2], "it: ")],
    ids=["foreign", "torn"],
)
def test_a_bundle_that_may_not_be_run_is_not_kept(site, change, says):
    engineer = site.by_token(Role.ENGINEER)
    upload = {
        "content": change(installed_bundles()[0].read_bytes()),
        "headers": {"Content-Type": "application/octet-stream"},
    }
    number = engineer.post("/api/v1/bundles", **upload).json()["number"]
    job = eventually(lambda: done(engineer, number))
    assert job["state"] == "failed"
    assert says in job["why"]
    assert str(site.state.folder) not in job["why"]
    assert not list(site.state.bundles.iterdir())
    assert site.actions() == []
    must_be_problem(engineer.post("/api/v1/bundles", content=b""), 422)


def done(browser, number):
    job = browser.get(f"/api/v1/jobs/{number}").json()
    return job if job["state"] in {"done", "failed", "cancelled"} else None


# Calibrations and procedures


def a_record(shift_mm=0.0):
    config = LineConfig()
    moved = config.calibration.model_copy(update={"array_station_mm": config.calibration.array_station_mm + shift_mm})
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return record_of(config.model_copy(update={"calibration": moved}), [], by="bo", at=at, parent=None)


def test_a_calibration_is_taken_in_compared_applied_and_left_again(site):
    technician = site.by_token(Role.TECHNICIAN)
    texts = [json.dumps({"id": one.id, "body": one.body}) for one in (a_record(), a_record(0.5))]
    first, second = (
        technician.post("/api/v1/calibrations", content=text, headers={"Content-Type": "application/json"}).json()["id"]
        for text in texts
    )
    assert first == a_record().id
    told = technician.get(f"/api/v1/calibrations/difference?before={first[:8]}&after={second}").json()
    assert told == [{"constant": "calibration.array_station_mm", "before": 512.0, "after": 512.5}]
    outcome = technician.post(f"/api/v1/calibrations/{first}/apply").json()
    assert (outcome["record"]["id"], outcome["running"]) == (first, True)
    (order, _) = site.loop.asked[-1]
    assert (order.what, order.file) == ("calibration", str(site.state.calibrations / "records" / f"{first}.json"))
    site.loop.refuses = RefusedError("not fitting", "stop the line to change it")
    outcome = technician.post(f"/api/v1/calibrations/{second}/apply").json()
    assert (outcome["running"], outcome["why"]) == (False, "stop the line to change it")
    assert technician.get("/api/v1/calibrations/in-force").json()["id"] == second
    site.loop.refuses = None
    assert technician.post("/api/v1/calibrations/roll-back").json()["record"]["id"] == first
    assert technician.post("/api/v1/calibrations/roll-back").json()["record"] is None
    must_be_problem(technician.post("/api/v1/calibrations/roll-back"), 409)
    assert [one["why"] for one in technician.get("/api/v1/calibrations/history").json()] == [
        "applied", "applied", "rolled back", "rolled back",
    ]  # fmt: skip
    exported = technician.get(f"/api/v1/calibrations/{first}/file")
    assert json.loads(exported.content) == json.loads(texts[0])
    assert site.actions() == ["calibration.import"] * 2 + ["calibration.apply"] * 2 + ["calibration.roll-back"] * 2


@pytest.mark.parametrize(
    ("text", "status"),
    [("{}", 422), ("\xff", 400), ("[1]", 422), (json.dumps({"id": "5f" * 32, "body": {}}), 409)],
)
def test_what_is_no_calibration_is_not_taken_in(site, text, status):
    answer = site.by_token(Role.TECHNICIAN).post(
        "/api/v1/calibrations", content=text.encode("latin1"), headers={"Content-Type": "application/json"}
    )
    must_be_problem(answer, status)
    assert site.services.calibrations.all() == ()
    must_be_problem(site.by_token(Role.VIEWER).get("/api/v1/calibrations/abcd"), 404)


def test_a_procedure_is_begun_stepped_kept_and_shown_with_its_pictures(site):
    technician = site.by_token(Role.TECHNICIAN)
    standing = {"procedure": "encoder", "number": 1, "state": "running", "picture": "1-live-1.jpg"}
    for order in (BeginProcedure, StepProcedure, ShowProcedure, CancelProcedure):
        site.loop.answers[order] = standing
    site.loop.answers[KeepProcedure] = {"record": "5f" * 32}
    listed = technician.get("/api/v1/procedures").json()
    assert {"name", "purpose", "instructions", "needs", "parameters"} <= set(listed[0])
    begun = technician.post("/api/v1/procedures/encoder/start", json={"settings": {"squares": 8}})
    assert (begun.status_code, begun.json()["state"]) == (201, "running")
    technician.post("/api/v1/procedures/current/step", json={"action": "take", "values": {"mm": 1.5, "far": True}})
    technician.get("/api/v1/procedures/current")
    assert technician.post("/api/v1/procedures/current/keep", json={"note": "x"}).json() == {"record": "5f" * 32}
    technician.post("/api/v1/procedures/current/cancel")
    assert [order for order, _ in site.loop.asked] == [
        BeginProcedure(procedure="encoder", settings={"squares": 8}),
        StepProcedure(action="take", values={"mm": 1.5, "far": True}),
        ShowProcedure(), KeepProcedure(note="x"), CancelProcedure(),
    ]  # fmt: skip
    must_be_problem(technician.get("/api/v1/procedures/current/files/1-live-1.jpg"), 404)
    write_whole(site.state.procedure / "1-live-1.jpg", b"\xff\xd8picture")
    assert technician.get("/api/v1/procedures/current/files/1-live-1.jpg").content == b"\xff\xd8picture"
    must_be_problem(technician.get("/api/v1/procedures/current/files/..%2F..%2Faccounts.sqlite"), 404)
    must_be_problem(site.by_token(Role.OPERATOR).post("/api/v1/procedures/encoder/start", json={}), 403)
    assert site.actions() == ["procedure.start", "procedure.step", "calibration.keep", "procedure.cancel"]


# Jobs and events


def test_jobs_wait_for_one_another_are_bounded_and_may_be_cancelled():
    jobs, go, begun = Jobs(), threading.Event(), threading.Event()

    def work(progress):
        begun.set()
        while not go.wait(0.001):
            progress.at(0.5)
        return {"done": True}

    first, second = jobs.start("first", "ada", work), jobs.start("second", "ada", work)
    for _ in range(MOST_WAITING - 2):
        jobs.start("more", "ada", lambda progress: None)
    with pytest.raises(RefusedError, match="not done yet"):
        jobs.start("too many", "ada", work)
    begun.wait()
    assert jobs.job(first.number).state == "running"
    assert jobs.job(second.number).state == "waiting"
    jobs.cancel(first.number)
    eventually(lambda: jobs.job(first.number).over)
    go.set()
    eventually(lambda: all(job.over for job in jobs.all()))
    states = [job.state for job in reversed(jobs.all())]
    assert states == ["cancelled", "done", *["done"] * (MOST_WAITING - 2)]
    assert jobs.job(second.number).result == {"done": True}
    with pytest.raises(RefusedError, match="is done already"):
        jobs.cancel(second.number)
    failing = jobs.start("failing", "ada", lambda progress: 1 // 0)
    eventually(lambda: jobs.job(failing.number).over)
    assert jobs.job(failing.number).why == "it has failed: ZeroDivisionError"
    for _ in range(KEPT + 5):
        number = jobs.start("many", "ada", lambda progress: None).number
        eventually(lambda number=number: jobs.job(number).over)
    assert len(jobs.all()) == KEPT
    with pytest.raises(RefusedError, match="no job 1"):
        jobs.job(1)
    jobs.close()


def test_a_job_is_cancelled_by_whoever_began_it_or_an_admin(site):
    go = threading.Event()

    def work(progress):
        while not go.wait(0.001):
            progress.at(0.1)

    number = site.services.jobs.start("long", "engineers", work).number
    must_be_problem(site.by_token(Role.OPERATOR).ask("DELETE", f"/api/v1/jobs/{number}"), 403)
    assert site.by_token(Role.ENGINEER).ask("DELETE", f"/api/v1/jobs/{number}").status_code == 202
    assert eventually(lambda: done(site.by_token(Role.VIEWER), number))["state"] == "cancelled"
    assert site.by_token(Role.VIEWER).get("/api/v1/jobs").json()[0]["number"] == number
    assert site.actions() == ["job.cancel"]


def test_events_are_what_differs_from_one_view_to_the_next(site):
    (alarm,) = an_alarm()
    steps = [
        {"alarms": (alarm,), "mode": Mode.STOP, "state": "stopped", "stopped_by": "interlock open"},
        {"alarms": (replace(alarm, acknowledged_ns=5, by="Ada"),), "mode": Mode.STOP, "state": "stopped"},
        {"alarms": (replace(alarm, times=2),), "mode": Mode.STOP, "state": "stopped"},
        {},
    ]
    for step in steps:
        site.feed.put(view(**step))
    told = [(one["what"], one["words"], one["by"]) for one in site.local().get("/api/v1/events?after=2").json()]
    assert told == [
        ("state", "stopped", ""), ("mode", "stop", ""), ("alarm raised", "interlock open", ""),
        ("alarm acknowledged", "interlock open", "Ada"), ("alarm raised", "interlock open", ""),
        ("state", "sorting", ""), ("mode", "camera + field", ""), ("alarm cleared", "interlock open", ""),
    ]  # fmt: skip


# What the line has left by itself


def left(what, version, number=1):
    return view(went_back=WentBack(number=number, what=what, version=version, why="a decision came too late"))


def test_a_recipe_that_the_line_has_left_by_itself_is_no_longer_in_use_and_the_trail_says_why(site):
    engineer = site.by_token(Role.ENGINEER)
    for _ in range(2):
        engineer.post("/api/v1/recipes", json=STEEL)
    engineer.post("/api/v1/recipes/steel-1/activate")
    site.feed.put(left("recipe", "steel-2"))  # it may be heard of before the interface has entered it
    engineer.post("/api/v1/recipes/steel-2/activate")
    for _ in range(3):
        site.feed.put(left("recipe", "steel-2"))
    told = [(one["version"], one["why"], one["by"], one["reason"]) for one in
            engineer.get("/api/v1/recipes/history").json()]  # fmt: skip
    assert told[-1] == ("steel-1", "gone back", "the line", "a decision came too late")
    assert len(told) == 3, "entered once"
    assert InUse(site.state.recipes).file() == site.state.recipes / "steel" / "000001.toml", "for the next start"
    entry = site.entry.trail.entries()[-1]
    assert (entry.action, entry.by, entry.via, entry.old) == ("recipe.gone-back", "the line", "loop", "steel-2")
    assert entry.new == {"in use": "steel-1", "why": "a decision came too late"}
    (event,) = [one for one in engineer.get("/api/v1/events").json() if one["what"] == "gone back"]
    assert (event["words"], event["detail"]) == ("recipe steel-2 is left again", "a decision came too late")
    assert engineer.post("/api/v1/recipes/roll-back").json()["version"] is None, "and not to what has failed"


def test_a_bundle_left_by_itself_after_rolling_back_to_it_and_one_that_nobody_has_entered(site):
    engineer = site.by_token(Role.ENGINEER)
    engineer.post("/api/v1/bundles/neosort-wide/activate")
    engineer.post("/api/v1/bundles/roll-back")
    site.feed.put(left("bundle", "installed"))
    assert engineer.get("/api/v1/bundles/in-use").json()["version"] == "neosort-wide"
    site.feed.put(left("bundle", "from-the-command-line", 2))
    assert engineer.get("/api/v1/bundles/in-use").json()["version"] == "neosort-wide"
    engineer.post("/api/v1/bundles/roll-back")
    assert engineer.get("/api/v1/bundles/in-use").json()["version"] is None
    assert site.actions().count("bundle.gone-back") == 1


def test_a_calibration_that_the_line_has_left_by_itself_is_no_longer_in_force(site):
    technician, store = site.by_token(Role.TECHNICIAN), site.services.calibrations.store
    for record in (first := a_record(), second := a_record(0.5)):
        store.keep(record)
        technician.post(f"/api/v1/calibrations/{record.id}/apply")
    site.feed.put(left("calibration", second.id[:12]))
    assert store.in_force().id == first.id
    last = technician.get("/api/v1/calibrations/history").json()[-1]
    assert (last["why"], last["by"], last["reason"]) == ("gone back", "the line", "a decision came too late")
    assert "calibration.gone-back" in site.actions()
    assert technician.post("/api/v1/calibrations/roll-back").json()["record"] is None


# What was activated is gone by after a new start


def test_a_new_start_goes_by_what_was_activated(site, capsys):
    engineer = site.by_token(Role.ENGINEER)
    engineer.post("/api/v1/recipes", json=STEEL | {"values": {"purity_target": 0.8}})
    engineer.post("/api/v1/recipes/steel-1/activate")
    site.services.calibrations.store.keep(a_record(0.5))
    site.by_token(Role.TECHNICIAN).post(f"/api/v1/calibrations/{a_record(0.5).id}/apply")
    run = ["run", "--fast", "--for", "1", "--headless", "--state", str(site.state.folder)]
    assert app(run, standalone_mode=False) in {0, None}
    told = capsys.readouterr().out
    assert f"recipe {site.state.recipes / 'steel' / '000001.toml'}" in told
    assert f"calibration {a_record(0.5).id[:12]}" in told
    config = site.state.folder / "line.toml"
    config.write_text('name = "another"\n')
    with pytest.raises(ConfigError, match="made for name = line, line 'another' has another: calibrate anew"):
        app([*run, "--config", str(config)], standalone_mode=False)
