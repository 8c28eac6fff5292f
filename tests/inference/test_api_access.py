"""The way into the interface: roles, scopes, cookies, foreign pages, sizes, and how a refusal looks."""

from __future__ import annotations

import json

import httpx
import pytest
from tests.inference.api_client import PASSWORD, Browser, Site

from neosort_inference.access.role import Role
from neosort_inference.api.gate import MOST_BODY
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import RefusedError, StartSorting, StopSorting, TestValve

CHANGES = [
    ("POST", "/api/v1/line/stop", None, Role.OPERATOR),
    ("POST", "/api/v1/line/start", None, Role.OPERATOR),
    ("POST", "/api/v1/alarms/acknowledge", {"by": "Ada"}, Role.OPERATOR),
    ("POST", "/api/v1/line/valve-test", {"nozzle": 3}, Role.TECHNICIAN),
    ("GET", "/api/v1/audit", None, Role.ADMIN),
    ("GET", "/api/v1/accounts", None, Role.ADMIN),
    ("POST", "/api/v1/accounts", {"name": "eve", "role": "admin", "password": PASSWORD}, Role.ADMIN),
    ("GET", "/api/v1/status", None, Role.VIEWER),
]


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, simulated=True)


def must_be_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert {"type", "title", "detail", "instance"} <= set(told)
    return told["detail"]


@pytest.mark.parametrize(("method", "path", "body", "least"), CHANGES, ids=lambda one: str(one)[:40])
def test_each_call_takes_its_role_and_no_less(site, method, path, body, least):
    site.loop.answers[TestValve] = {"open_mm": 1.0, "close_mm": 2.0}
    for role in Role:
        answer = site.by_token(role).ask(method, path, json=body)
        if role.covers(least):
            assert answer.status_code < 300, answer.text
        else:
            assert f"takes the role {least.value}" in must_be_problem(answer, 403)
    assert "log in" in must_be_problem(Browser(site.app).ask(method, path, json=body), 401)


def test_a_refused_call_asks_the_loop_nothing_and_is_not_in_the_trail(site):
    site.by_token(Role.VIEWER).post("/api/v1/line/stop")
    Browser(site.app).post("/api/v1/line/stop")
    assert site.loop.asked == []
    assert site.actions() == []
    site.loop.refuses = RefusedError("not now", "the line sorts: stop it first")
    answer = site.by_token(Role.TECHNICIAN).post("/api/v1/line/valve-test", json={"nozzle": 3})
    assert must_be_problem(answer, 409) == "the line sorts: stop it first"
    assert site.actions() == []


def test_what_is_done_is_done_in_the_callers_name_and_noted(site):
    site.loop.answers[StartSorting] = {"stopped_by": "interlock open"}
    script = site.by_token(Role.OPERATOR)
    assert script.post("/api/v1/line/stop").json() == {"stopped_by": "operators"}
    assert script.post("/api/v1/line/start").json() == {"stopped_by": "interlock open"}
    assert site.loop.asked == [(StopSorting(), "operators"), (StartSorting(), "operators")]
    stop, start = site.entry.trail.entries()
    assert (stop.by, stop.role, stop.address, stop.old, stop.new) == (
        "operators", "operator", "192.0.2.1", "sorting", "stopped",
    )  # fmt: skip
    assert stop.via.startswith("token ")
    assert start.new == "sorting"


def test_what_the_loop_has_and_does_not_answer_is_noted_as_such_and_what_it_never_got_is_not(site):
    operator = site.by_token(Role.OPERATOR)
    site.loop.refuses = UnheardError("the loop does not listen")
    assert operator.post("/api/v1/line/stop").status_code == 503
    assert site.actions() == []
    site.loop.refuses = UnheardError("the loop has not answered within 5 s", handed_over=True)
    answer = operator.post("/api/v1/line/stop")
    must_be_problem(answer, 503)
    assert answer.headers["retry-after"] == "1"
    (noted,) = site.entry.trail.entries()
    assert noted.new == {"wanted": "stopped", "unanswered": "the loop has not answered within 5 s"}


def test_an_alarm_is_acknowledged_in_the_name_of_whoever_is_known_or_says_so(site):
    assert site.local().post("/api/v1/alarms/acknowledge", json={"by": "Bo"}).status_code == 202
    assert "who acknowledges" in must_be_problem(site.local().post("/api/v1/alarms/acknowledge", json={}), 422)
    assert site.by_token(Role.OPERATOR).post("/api/v1/alarms/acknowledge", json={"by": "Eve"}).status_code == 202
    assert [by for _, by in site.loop.asked] == ["Bo", "operators"]
    assert [one.by for one in site.entry.trail.entries()] == ["Bo", "operators"]


def test_a_token_opens_the_parts_that_it_is_for(site):
    script = site.by_token(Role.ADMIN, "live", "audit")
    assert script.get("/api/v1/status").status_code == 200
    assert script.get("/api/v1/audit").status_code == 200
    assert "opens audit, live and not line" in must_be_problem(script.post("/api/v1/line/stop"), 403)
    assert "opens" in must_be_problem(script.post("/api/v1/tokens", json={"label": "x", "role": "admin"}), 403)


def test_a_token_that_is_wrong_is_not_made_up_for_by_a_cookie_or_a_place(site):
    wrong = {"Authorization": "Bearer neosort_00000000_x"}
    assert site.local().get("/api/v1/status", headers=wrong).status_code == 401
    site.account("ada", Role.ADMIN)
    browser = Browser(site.app)
    assert browser.log_in("ada").status_code == 200
    assert browser.get("/api/v1/status", headers=wrong).status_code == 401
    assert browser.get("/api/v1/status").status_code == 200


# Browsers


def test_a_session_is_a_cookie_that_scripts_cannot_read_and_a_token_that_foreign_pages_cannot(site):
    site.account("ada", Role.OPERATOR)
    browser = Browser(site.app)
    answer = browser.log_in("ada")
    assert answer.json() | {"csrf": ""} == {
        "name": "ada", "role": "operator", "via": "session", "scopes": [], "csrf": "",
    }  # fmt: skip
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert browser.post("/api/v1/line/stop").status_code == 200
    del browser.headers["X-CSRF-Token"]
    assert "x-csrf-token" in must_be_problem(browser.post("/api/v1/line/stop"), 403)
    for wrong in ("", "x", "é"):
        answer = browser.post("/api/v1/line/stop", headers={"X-CSRF-Token": wrong.encode("latin1")})
        must_be_problem(answer, 403)
    assert browser.get("/api/v1/session").json()["csrf"] == answer_csrf(browser)
    assert len(site.loop.asked) == 1
    thief = Browser(site.app)
    thief.cookies = httpx.Cookies(browser.cookies)
    browser.log_in("ada")
    must_be_problem(thief.get("/api/v1/status"), 401)
    assert browser.get("/api/v1/status").status_code == 200


def answer_csrf(browser) -> str:
    return browser.get("/api/v1/session").json()["csrf"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://line.example.evil.example"},
        {"Origin": "http://line.example:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_a_foreign_page_sends_is_refused_whoever_is_logged_in(site, headers):
    site.account("ada", Role.ADMIN)
    browser = Browser(site.app)
    browser.log_in("ada")
    assert "another origin" in must_be_problem(browser.post("/api/v1/line/stop", headers=headers), 403)
    assert site.loop.asked == []
    assert browser.post("/api/v1/line/stop", headers={"Origin": "http://line.example"}).status_code == 200


def test_without_accounts_only_the_machine_itself_under_its_own_name_is_served(site):
    assert site.local().get("/api/v1/status").status_code == 200
    assert site.local().post("/api/v1/line/stop").status_code == 200
    assert site.entry.trail.entries()[0].by == "local"
    rebound = Browser(site.app, "127.0.0.1", "evil.example")
    assert "no accounts" in must_be_problem(rebound.get("/api/v1/status"), 403)
    must_be_problem(Browser(site.app, "192.0.2.1", "127.0.0.1").get("/api/v1/status"), 401)


def test_a_real_line_without_accounts_lets_this_machine_operate_and_no_more(tmp_path):
    real = Site(tmp_path, simulated=False)
    assert real.local().post("/api/v1/line/stop").status_code == 200
    must_be_problem(real.local().post("/api/v1/line/valve-test", json={"nozzle": 1}), 403)
    assert "belong to accounts" in must_be_problem(
        real.local().post("/api/v1/tokens", json={"label": "x", "role": "viewer"}), 409
    )


def test_the_pages_send_whoever_has_not_logged_in_to_do_so(site):
    site.account("ada", Role.VIEWER)
    browser = Browser(site.app)
    answer = browser.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    must_be_problem(browser.get("/recipe"), 401)
    assert browser.get("/healthz").text == "ok"
    browser.log_in("ada")
    must_be_problem(browser.get("/nowhere", headers={"Accept": "text/html"}), 404)


def test_the_first_admin_is_made_with_the_secret_of_the_first_start(tmp_path):
    site = Site(tmp_path, simulated=True, first_secret="ABCDE-FGHJK")
    given = {"secret": "ABCDE-FGHJK", "name": "ada", "password": PASSWORD}
    must_be_problem(site.local().post("/api/v1/session/first", json=given | {"secret": "guess"}), 403)
    answer = site.local().post("/api/v1/session/first", json=given)
    assert (answer.status_code, answer.json()["role"]) == (201, "admin")
    must_be_problem(site.local().post("/api/v1/session/first", json=given), 409)
    must_be_problem(site.local().get("/api/v1/status"), 401)
    assert site.actions() == ["account.first", "session.begin"]


def test_log_ins_are_braked_and_say_for_how_long(site):
    site.account("ada", Role.ADMIN)
    browser = Browser(site.app)
    for _ in range(5):
        assert "do not belong together" in must_be_problem(browser.log_in("ada", "wrong wrong"), 401)
    answer = browser.log_in("ada")
    must_be_problem(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 301


def test_metrics_are_for_this_machine_and_for_those_who_may_see(site):
    assert site.local().get("/metrics").status_code == 200
    must_be_problem(Browser(site.app).get("/metrics", headers={"Host": "127.0.0.1"}), 401)
    assert site.by_token(Role.VIEWER, "health").get("/metrics").status_code == 200


# Accounts and tokens over HTTP


def test_accounts_are_made_changed_and_revoked_by_an_admin(site):
    admin = site.by_token(Role.ADMIN)
    made = admin.post("/api/v1/accounts", json={"name": "bo", "role": "viewer", "password": PASSWORD})
    assert (made.status_code, made.json()["made_by"], made.json()["revoked_at"]) == (201, "admins", None)
    must_be_problem(admin.post("/api/v1/accounts", json={"name": "bo", "role": "viewer", "password": PASSWORD}), 409)
    assert admin.ask("PUT", "/api/v1/accounts/bo/role", json={"role": "engineer"}).json()["role"] == "engineer"
    browser = Browser(site.app)
    browser.log_in("bo")
    own = {"old": "wrong wrong", "new": PASSWORD + "2"}
    must_be_problem(browser.ask("PUT", "/api/v1/accounts/bo/password", json=own), 401)
    assert browser.ask("PUT", "/api/v1/accounts/bo/password", json=own | {"old": PASSWORD}).status_code == 204
    must_be_problem(browser.get("/api/v1/status"), 401)
    assert browser.log_in("bo", PASSWORD + "2").status_code == 200
    must_be_problem(browser.ask("PUT", "/api/v1/accounts/admins/password", json=own), 403)
    assert admin.ask("DELETE", "/api/v1/accounts/bo").status_code == 204
    must_be_problem(browser.get("/api/v1/status"), 401)
    must_be_problem(admin.ask("DELETE", "/api/v1/accounts/admins"), 409)
    must_be_problem(admin.ask("DELETE", "/api/v1/accounts/nobody"), 404)
    changes = {one.action: (one.old, one.new) for one in site.entry.trail.entries(most=1000)}
    assert changes["account.role"] == ("viewer", "engineer")
    assert changes["account.revoke"] == ({"role": "engineer"}, None)
    assert PASSWORD not in site.entry.trail.path.read_text()
    found = admin.get("/api/v1/audit/verify").json()
    assert (found["whole"], found["entries"], found["broken"]) == (True, len(site.actions()), None)
    assert admin.get("/api/v1/audit/verify", params={"kept": found["head"]}).json()["whole"]
    told = admin.get("/api/v1/audit?after=1&most=2").json()
    assert [one["number"] for one in told] == [2, 3]
    lines = site.entry.trail.path.read_bytes().splitlines(keepends=True)
    site.entry.trail.path.write_bytes(b"".join(lines[1:]))
    broken = admin.get("/api/v1/audit/verify").json()
    assert (broken["whole"], broken["broken"]["number"]) == (False, 1)


def test_tokens_are_ones_own_and_an_admin_sees_all(site):
    technician, admin = site.by_token(Role.TECHNICIAN), site.by_token(Role.ADMIN)
    made = technician.post("/api/v1/tokens", json={"label": "rig", "role": "viewer", "scopes": ["live"], "days": 7})
    token = made.json()
    assert made.status_code == 201
    assert site.entry.tokens.of_secret(token["secret"]).scopes == ("live",)
    must_be_problem(technician.post("/api/v1/tokens", json={"label": "up", "role": "admin"}), 403)
    assert {one["account"] for one in technician.get("/api/v1/tokens").json()} == {"technicians"}
    assert {one["account"] for one in admin.get("/api/v1/tokens").json()} == {"technicians", "admins"}
    assert "secret" not in technician.get("/api/v1/tokens").text
    must_be_problem(site.by_token(Role.VIEWER).ask("DELETE", f"/api/v1/tokens/{token['id']}"), 404)
    assert technician.ask("DELETE", f"/api/v1/tokens/{token['id']}").status_code == 204
    assert site.entry.tokens.of_secret(token["secret"]) is None
    must_be_problem(technician.ask("DELETE", f"/api/v1/tokens/{token['id']}"), 404)


def test_nothing_of_ours_may_lie_in_a_foreign_pages_frame_nor_be_taken_for_something_else(site):
    site.account("ada", Role.ADMIN)
    nobody = Browser(site.app)
    for answer in (site.by_token(Role.VIEWER).get("/api/v1/frame.jpg"), nobody.get("/"), nobody.get("/api/v1/status")):
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_a_page_uploads_may_be_as_large_as_a_bundle_and_comes_from_somebody_known(site):
    field, bundle = "/_nicegui/client/3f2b/upload/17", b"x" * (MOST_BODY + 1)
    site.account("ada", Role.ENGINEER)
    must_be_problem(Browser(site.app).post(field, content=bundle), 401)
    must_be_problem(site.by_token(Role.ENGINEER).post(field, content=bundle), 404)  # taken; this page has no such field
    must_be_problem(site.by_token(Role.ENGINEER).post(field + "/x", content=bundle), 413)


# How refusals look


def test_every_error_is_a_problem_and_says_nothing_back_that_was_secret(site):
    admin = site.by_token(Role.ADMIN)
    must_be_problem(admin.get("/api/v1/nothing"), 404)
    must_be_problem(admin.ask("DELETE", "/api/v1/status"), 405)
    answer = admin.post("/api/v1/accounts", json={"name": "bo", "role": "king", "password": "hush"})
    must_be_problem(answer, 422)
    assert [one["where"] for one in answer.json()["errors"]] == ["body.role", "body.password"]
    assert "hush" not in answer.text
    must_be_problem(admin.post("/api/v1/accounts", content=b"{", headers={"Content-Type": "application/json"}), 422)
    must_be_problem(admin.post("/api/v1/line/valve-test", json={"nozzle": 1, "power": "all"}), 422)


def test_a_body_that_is_too_large_is_not_read(site):
    admin = site.by_token(Role.ADMIN)
    big = json.dumps({"by": "x" * MOST_BODY}).encode()
    assert str(MOST_BODY) in must_be_problem(admin.post("/api/v1/alarms/acknowledge", content=big), 413)

    async def unending():
        while True:
            yield b"x" * 65_536

    answer = admin.post("/api/v1/alarms/acknowledge", content=unending(), headers={"Content-Type": "application/json"})
    must_be_problem(answer, 413)


def test_the_description_shows_problems_and_no_other_kind_of_error(site):
    described = site.local().get("/api/v1/openapi.json").json()
    assert "HTTPValidationError" not in json.dumps(described)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation.get("summary"), (path, method)
            refused = operation["responses"]["4XX"]["content"]["application/problem+json"]
            assert refused["schema"] == {"$ref": "#/components/schemas/Problem"}
