"""Accounts, tokens, sessions, the brake on log-ins, and the trail of changes."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import argon2
import pytest
from typer.testing import CliRunner

from neosort_hardware.config import LineConfig
from neosort_inference.access.accounts import Accounts
from neosort_inference.access.actor import Identity
from neosort_inference.access.audit import AuditError, AuditTrail
from neosort_inference.access.database import AccountError, Database, any_account
from neosort_inference.access.entry import FAILURES, FAILURES_FROM_ONE_PLACE, WITHIN_S, Entry, WaitError
from neosort_inference.access.passwords import Passwords
from neosort_inference.access.role import Role
from neosort_inference.access.serving import Serving, is_simulated, loopback, serving_of
from neosort_inference.access.throttle import MOST_KEYS, Throttle
from neosort_inference.asking.orders import RefusedError
from neosort_inference.cli import app
from neosort_inference.state import State, state_folder

PASSWORD = "correct horse battery"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Now:
    def __init__(self) -> None:
        self.s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.s


def entry_at(folder, **serving) -> Entry:
    return Entry(Serving(state=State(folder=folder), **serving), Passwords(QUICK))


@pytest.fixture
def entry(tmp_path):
    return entry_at(tmp_path)


def test_roles_contain_one_another():
    assert Role.ADMIN.covers(Role.ENGINEER)
    assert Role.ENGINEER.covers(Role.TECHNICIAN)
    assert not Role.VIEWER.covers(Role.OPERATOR)


# Accounts


def test_nothing_is_made_before_there_is_something_to_keep(entry, tmp_path):
    assert not entry.accounts.any()
    assert entry.accounts.all() == ()
    assert entry.tokens.all() == ()
    assert entry.trail.entries() == []
    assert list(tmp_path.iterdir()) == []


def test_an_account_logs_in_by_its_password_alone_and_only_its_owner_may_read_the_file(entry, tmp_path):
    entry.accounts.add("ada", Role.TECHNICIAN, PASSWORD, "root")
    assert entry.accounts.log_in("ada", PASSWORD).role is Role.TECHNICIAN
    assert entry.accounts.log_in("ada", PASSWORD + "!") is None
    assert entry.accounts.log_in("bo", PASSWORD) is None
    assert entry.accounts.log_in("ada", "x" * 10_000) is None
    (file,) = [path for path in tmp_path.iterdir() if path.suffix == ".sqlite"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD.encode() not in file.read_bytes()
    assert b"$argon2id$" in file.read_bytes()


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [
        ("", PASSWORD, "no name"),
        ("1ada", PASSWORD, "no name"),
        ("ada bo", PASSWORD, "no name"),
        ("a" * 33, PASSWORD, "no name"),
        ("ada", "short", "10 to 256 characters, this one has 5"),
        ("ada", "x" * 257, "this one has 257"),
    ],
)
def test_names_and_passwords_have_bounds(entry, name, password, says):
    with pytest.raises(AccountError, match=says):
        entry.accounts.add(name, Role.VIEWER, password, "root")
    assert entry.accounts.all() == ()


def test_a_name_is_never_given_again_and_the_last_admin_stays(entry):
    entry.accounts.add("ada", Role.ADMIN, PASSWORD, "root")
    with pytest.raises(AccountError, match="only admin"):
        entry.accounts.revoke("ada")
    with pytest.raises(AccountError, match="only admin"):
        entry.accounts.set_role("ada", Role.VIEWER)
    entry.accounts.add("bo", Role.ADMIN, PASSWORD, "ada")
    assert entry.accounts.revoke("ada").role is Role.ADMIN
    assert entry.accounts.log_in("ada", PASSWORD) is None
    with pytest.raises(AccountError, match="is or was"):
        entry.accounts.add("ada", Role.VIEWER, PASSWORD, "bo")
    with pytest.raises(AccountError, match="is revoked"):
        entry.accounts.set_password("ada", PASSWORD)
    with pytest.raises(AccountError, match="no account 'eve'"):
        entry.accounts.revoke("eve")


def test_a_new_password_ends_sessions_and_takes_the_old_ones_place(entry):
    account = entry.accounts.add("ada", Role.ADMIN, PASSWORD, "root")
    _, cookie = entry.sessions.open(account)
    assert entry.sessions.of_cookie(cookie) is not None
    entry.accounts.set_password("ada", PASSWORD + " staple")
    assert entry.sessions.of_cookie(cookie) is None
    assert entry.accounts.log_in("ada", PASSWORD) is None
    assert entry.accounts.log_in("ada", PASSWORD + " staple") is not None


def test_a_file_of_another_schema_or_none_at_all_is_one_sentence(tmp_path):
    newer = tmp_path / "newer.sqlite"
    with sqlite3.connect(newer) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(AccountError, match="schema 99"):
        any_account(newer)
    noise = tmp_path / "noise.sqlite"
    noise.write_bytes(os.urandom(4096))
    with pytest.raises(AccountError, match="cannot be used"):
        Accounts(Database(noise)).all()


# Tokens and sessions


def test_a_token_is_known_by_its_secret_until_it_is_over(tmp_path):
    now = Now()
    entry = entry_at(tmp_path)
    for part in (entry.accounts, entry.tokens, entry.sessions):
        part._now_s = now
    entry.accounts.add("ada", Role.TECHNICIAN, PASSWORD, "root")
    token, secret = entry.tokens.make("ada", "dashboard", Role.VIEWER, ["live", "events", "live"], days=2)
    assert (token.scopes, secret.split("_")[:2]) == (("events", "live"), ["neosort", token.id])
    assert entry.tokens.of_secret(secret) == token
    assert entry.tokens.of_secret(secret[:-1]) is None
    assert secret.encode() not in (tmp_path / "accounts.sqlite").read_bytes()
    now.s += 2 * 86_400
    assert entry.tokens.of_secret(secret) is None
    other, secret = entry.tokens.make("ada", "for ever", Role.TECHNICIAN, days=None)
    assert entry.tokens.of_secret(secret).role is Role.TECHNICIAN
    entry.tokens.revoke(other.id)
    assert entry.tokens.of_secret(secret) is None
    with pytest.raises(AccountError, match="already"):
        entry.tokens.revoke(other.id)


def test_a_token_is_never_more_than_its_account(entry):
    entry.accounts.add("root", Role.ADMIN, PASSWORD, "x")
    entry.accounts.add("ada", Role.ENGINEER, PASSWORD, "root")
    with pytest.raises(AccountError, match="cannot be admin"):
        entry.tokens.make("ada", "all", Role.ADMIN)
    _, secret = entry.tokens.make("ada", "all", Role.ENGINEER)
    entry.accounts.set_role("ada", Role.VIEWER)
    assert entry.tokens.of_secret(secret).role is Role.VIEWER
    entry.accounts.revoke("ada")
    assert entry.tokens.of_secret(secret) is None
    with pytest.raises(AccountError, match="may be used"):
        entry.tokens.make("ada", "again", Role.VIEWER)


def test_a_session_lasts_for_a_shift_and_is_ended_by_logging_out(tmp_path):
    now = Now()
    entry = entry_at(tmp_path)
    for part in (entry.accounts, entry.tokens, entry.sessions):
        part._now_s = now
    entry.accounts.add("ada", Role.OPERATOR, PASSWORD, "root")
    first, second = (entry.log_in("ada", PASSWORD, "192.0.2.1") for _ in range(2))
    assert first.cookie.encode() not in (tmp_path / "accounts.sqlite").read_bytes()
    identity = entry.identity(bearer=None, cookie=first.cookie, address="192.0.2.1")
    assert (identity.name, identity.via, identity.csrf) == ("ada", "session", first.session.csrf)
    entry.log_out(first.cookie, entry.actor(identity, "192.0.2.1"))
    assert entry.identity(bearer=None, cookie=first.cookie, address="192.0.2.1") is None
    now.s += 13 * 3600
    assert entry.identity(bearer=None, cookie=second.cookie, address="192.0.2.1") is None
    assert [one.action for one in entry.trail.entries()] == ["session.begin", "session.begin", "session.end"]


# Who may come in


def test_without_accounts_this_machine_alone_is_let_in_and_with_the_first_one_that_ends(tmp_path):
    def local(entry, address):
        return entry.identity(bearer=None, cookie=None, address=address)

    real, twin = entry_at(tmp_path), entry_at(tmp_path, simulated=True)
    assert local(real, "127.0.0.1").role is Role.OPERATOR
    assert local(twin, "::1").role is Role.ENGINEER
    assert local(twin, "192.0.2.1") is None
    assert twin.identity(bearer="neosort_x_y", cookie=None, address="127.0.0.1") is None
    real.accounts.add("ada", Role.ADMIN, PASSWORD, "root")
    assert local(real, "127.0.0.1") is None
    assert local(twin, "127.0.0.1") is None


def test_the_first_secret_makes_one_admin_and_no_more(tmp_path):
    entry = entry_at(tmp_path, first_secret="ABCDE-FGHJK")
    with pytest.raises(RefusedError, match="not the secret"):
        entry.first_admin("ABCDE", "ada", PASSWORD, "127.0.0.1")
    with pytest.raises(AccountError, match="10 to 256"):
        entry.first_admin("ABCDE-FGHJK", "ada", "short", "127.0.0.1")
    assert entry.first_admin("ABCDE-FGHJK", "ada", PASSWORD, "127.0.0.1").session.account.role is Role.ADMIN
    with pytest.raises(RefusedError, match="accounts already"):
        entry.first_admin("ABCDE-FGHJK", "bo", PASSWORD, "127.0.0.1")
    assert "ABCDE" not in entry.trail.path.read_text()
    with pytest.raises(RefusedError, match="not the secret"):
        entry_at(tmp_path / "other").first_admin("", "ada", PASSWORD, "127.0.0.1")


def test_a_secret_is_made_only_for_somebody_who_looks_on_at_a_first_start(tmp_path):
    assert serving_of(LineConfig(), State(folder=tmp_path), show_secret=False).first_secret is None
    made = [serving_of(LineConfig(), State(folder=tmp_path), show_secret=True).first_secret for _ in range(2)]
    assert made[0] != made[1]
    entry_at(tmp_path).accounts.add("ada", Role.ADMIN, PASSWORD, "root")
    assert serving_of(LineConfig(), State(folder=tmp_path), show_secret=True).first_secret is None


def test_a_line_with_one_real_device_is_no_twin():
    assert is_simulated(LineConfig())
    real = {"encoder": {"driver": "serial", "port": "/dev/ttyACM0"}, "diverter": {"driver": "serial", "port": "/dev/x"}}
    assert not is_simulated(LineConfig.model_validate(real))


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("localhost", True),
        ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("192.0.2.1", False), ("::", False), ("line.example", False),
        ("", False), ("127.0.0.1.example", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host, own):
    assert loopback(host) is own


def test_log_ins_that_fail_too_often_have_to_wait(entry):
    entry.accounts.add("ada", Role.ADMIN, PASSWORD, "root")
    now = Now()
    entry._by_name._now_s = entry._by_address._now_s = now
    for _ in range(FAILURES):
        with pytest.raises(RefusedError, match="do not belong together"):
            entry.log_in("ada", "wrong wrong", "192.0.2.1")
    with pytest.raises(WaitError):
        entry.log_in("ada", PASSWORD, "192.0.2.1")
    assert entry.log_in("ada", PASSWORD, "192.0.2.2"), "somebody else is not kept out"
    now.s += WITHIN_S
    assert entry.log_in("ada", PASSWORD, "192.0.2.1")
    for number in range(FAILURES_FROM_ONE_PLACE):
        with pytest.raises(RefusedError):
            entry.log_in(f"name{number}", "wrong wrong", "192.0.2.3")
    with pytest.raises(WaitError, match="wait 300 s"):
        entry.log_in("another", "wrong wrong", "192.0.2.3")


def test_guesses_that_come_at_once_are_counted_before_the_first_is_looked_at(entry, monkeypatch):
    looked_at = []

    def slowly(name, password):
        looked_at.append(password)
        with suppress(WaitError, RefusedError):
            entry.log_in(name, f"guess {len(looked_at)}", "192.0.2.1")  # while this one is being looked at

    monkeypatch.setattr(entry.accounts, "log_in", slowly)
    with pytest.raises(RefusedError):
        entry.log_in("ada", "guess", "192.0.2.1")
    assert len(looked_at) == FAILURES


def test_the_brake_keeps_a_bounded_number_of_keys():
    throttle = Throttle(1, 10.0)
    for number in range(MOST_KEYS + 10):
        throttle.note(str(number))
    assert len(throttle._failed) == MOST_KEYS
    assert throttle.wait_s("0") == 0.0
    assert throttle.wait_s(str(MOST_KEYS)) > 0.0


# The trail


def noted(trail, number):
    trail.note(
        by="ada", role="engineer", via="session", address="192.0.2.1", action="recipe.activate", target="recipe",
        old=None, new={"name": "käse", "number": number},
    )  # fmt: skip


def test_the_trail_is_a_chain_that_any_number_of_writers_make_longer(tmp_path):
    path = tmp_path / "audit.jsonl"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: noted(AuditTrail(path), number), range(40)))
    trail = AuditTrail(path)
    assert trail.verify() == 40
    assert [one.number for one in trail.entries(after=38)] == [39, 40]
    assert [one.number for one in trail.entries(most=2)] == [1, 2]
    assert sorted(one.new["number"] for one in trail.entries(most=1000)) == list(range(40))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


WHY = {
    "changed": "was changed",
    "resealed": "was changed",
    "taken away": "is not there: entry 4",
    "put in between": "is not there: entry 2",
    "noise": "cannot be read",
}


@pytest.mark.parametrize("how", WHY)
def test_what_was_done_to_the_trail_shows(tmp_path, how):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for number in range(5):
        noted(trail, number)
    lines = trail.path.read_bytes().splitlines(keepends=True)
    match how:
        case "changed":
            lines[2] = lines[2].replace(b'"number": 2}', b'"number": 7}')
        case "resealed":
            other = AuditTrail(tmp_path / "other.jsonl")
            noted(other, 9)
            lines[2] = json.dumps(json.loads(other.path.read_bytes()) | {"number": 3}).encode() + b"\n"
        case "taken away":
            del lines[2]
        case "put in between":
            lines.insert(2, lines[1])
        case "noise":
            lines[2] = b"\xff\xfe\n"
    trail.path.write_bytes(b"".join(lines))
    with pytest.raises(AuditError, match=rf"entry 3 .*{WHY[how]}"):
        trail.verify()
    said = told("account", "audit", "verify", "--state", str(tmp_path))
    assert said.exit_code == 1
    assert re.match(rf"WRONG: entry 3 .*{WHY[how]}.*\n2 entries are as they were written", said.output)


def test_what_was_cut_off_the_trail_shows_by_a_hash_that_was_kept(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    verify = ("account", "audit", "verify", "--state", str(tmp_path))
    for number in range(3):
        noted(trail, number)
    head = trail.follow().head
    assert told(*verify, "--kept", head).output == f"3 entries are as they were written, the newest hash is {head}\n"
    trail.path.write_bytes(b"".join(trail.path.read_bytes().splitlines(keepends=True)[:2]))
    assert told(*verify).exit_code == 0
    missed = told(*verify, "--kept", head)
    assert missed.exit_code == 1
    assert "cut off" in missed.output


def test_a_line_torn_by_a_loss_of_power_does_not_stop_the_trail_but_shows(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    noted(trail, 0)
    whole = trail.path.read_bytes()
    trail.path.write_bytes(whole + whole[:40])
    noted(trail, 1)
    assert [one.number for one in trail.entries()] == [1, 2]
    assert trail.entries()[1].previous == trail.entries()[0].hash
    assert trail.verify() == 2
    assert trail.follow().torn == (2,)
    said = told("account", "audit", "verify", "--state", str(tmp_path))
    assert (said.exit_code, said.output.splitlines()[0][:15]) == (0, "line 2 was torn")


def test_a_trail_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(AuditError, match="cannot be written"):
        noted(AuditTrail(tmp_path / "audit.jsonl"), 1)


def test_an_actor_is_noted_with_all_that_it_is(entry):
    identity = Identity(name="ada", role=Role.ENGINEER, via="token 1f0c9a7e")
    actor = entry.actor(identity, "192.0.2.1")
    actor.note("recipe.activate", "recipe", old="a 1", new="a 2")
    (one,) = entry.trail.entries()
    assert (one.by, one.role, one.via, one.address) == ("ada", "engineer", "token 1f0c9a7e", "192.0.2.1")
    assert (one.action, one.target, one.old, one.new) == ("recipe.activate", "recipe", "a 1", "a 2")
    with pytest.raises(RefusedError, match="takes the role admin"):
        actor.must(Role.ADMIN)


# The command line


def told(*words: str, **more):
    return CliRunner().invoke(app, words, **more)


def test_the_command_line_makes_lists_and_revokes_and_all_of_it_is_in_the_trail(tmp_path):
    at = ("--state", str(tmp_path))
    for name in ("ada", "bo"):
        made = told("account", "add", name, "--role", "admin", "--password-stdin", *at, input=PASSWORD + "\n")
        assert (made.exit_code, made.output) == (0, f"account '{name}' made: admin\n")
    listed = told("account", "list", *at)
    assert "ada" in listed.output
    made = told("token", "create", "ada", "--label", "scraper", "--scope", "live", *at)
    secret = made.stdout.strip()
    entry = entry_at(tmp_path)
    token = entry.tokens.of_secret(secret)
    assert (token.account, token.role, token.scopes) == ("ada", Role.VIEWER, ("live",))
    assert token.id in told("token", "list", *at).output
    assert told("token", "revoke", token.id, *at).exit_code == 0
    assert entry.tokens.of_secret(secret) is None
    new = PASSWORD + " staple"
    assert told("account", "passwd", "bo", *at, input=f"{new}\n{new}\n").exit_code == 0
    assert entry.accounts.log_in("bo", new) is not None
    assert told("account", "revoke", "ada", *at).exit_code == 0
    with pytest.raises(Exception, match="only admin"):
        told("account", "revoke", "bo", *at, catch_exceptions=False)
    actions = [one.action for one in entry.trail.entries()]
    assert actions == [
        "account.add", "account.add", "token.make", "token.revoke", "account.password", "account.revoke",
    ]  # fmt: skip
    assert entry.trail.verify() == 6
    assert PASSWORD not in entry.trail.path.read_text()
    assert secret not in entry.trail.path.read_text()


def test_state_lies_where_it_is_said_to(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/one:{tmp_path}/two")
    assert state_folder() == tmp_path / "one"
    assert state_folder(tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "neosort"
