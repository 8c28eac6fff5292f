"""A line and a real broker: birth and last will, nothing lost and nothing in disorder while the broker is away."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console
from tests.hardware.modbus_peers import free_port
from tests.hardware.waiting import eventually
from tests.inference.fleet.lines import config, line
from tests.inference.fleet.mosquitto import Subscriber, broker, must_have

from neosort_hardware.config import LineConfig, TwinConfig
from neosort_hardware.faults import Fault
from neosort_hardware.section import ConfigError
from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.metrics import exposition
from neosort_inference.commands import RunOptions, run_line
from neosort_inference.fleet.link import AWAY_AFTER_S
from neosort_inference.fleet.schema import published
from neosort_inference.fleet.topics import KINDS, kind_of
from neosort_inference.watching import blank_view


@pytest.fixture
def running(tmp_path):
    with broker(tmp_path) as one:
        yield one


def numbers(alarms: list[dict]) -> list[int]:
    return [message["seq"] for message in alarms]


def test_a_line_is_born_stands_alarms_and_goes_in_messages_that_its_schemas_allow(running, tmp_path):
    with Subscriber(running.port) as plant:
        with line(config(running.url), tmp_path) as one:
            one.stands("connected")
            one.alarm()
            one.alarms.raise_("camera.gone", "a device's \udcff", 2)
            one.until(lambda: len(plant.of("alarm")) == 3 and plant.of("telemetry"))
            one.until(lambda: one.link.standing.waiting == 0 and one.link.standing.sent.get("alarm") == 3)
        eventually(lambda: plant.states() == ["online", "offline"])
    online, offline = plant.of("state")
    assert (offline["why"], offline["session"]) == ("stopped", online["session"])
    assert [(a["step"], a["detail"], a["fault"]) for a in plant.of("alarm")] == [
        ("raised", "step 1", "camera.dark"), ("cleared", "step 1", "camera.dark"),
        ("raised", "a device's ?", "camera.gone"),
    ]  # fmt: skip
    assert plant.of("telemetry")[0]["items"] == 7
    schemas = {kind: Draft202012Validator(json.loads(published(kind))) for kind in KINDS}
    for topic, message, _ in plant.heard:
        assert topic.startswith("neosort/north/one/")
        schemas[kind_of(topic)].validate(message)


def test_whoever_comes_later_learns_at_once_who_is_there(running, tmp_path):
    with line(config(running.url), tmp_path) as one:
        one.until(lambda: one.link.standing.sent.get("telemetry", 0) > 0)
        with Subscriber(running.port) as late:
            eventually(lambda: late.of("state") and late.of("telemetry"))
            assert late.states() == ["online"]
            assert late.heard[0][2], "retained"


def test_a_publisher_that_is_killed_leaves_its_last_will_and_a_new_one_tells_what_it_had_not(running, tmp_path):
    with Subscriber(running.port) as plant, line(config(running.url), tmp_path) as one:
        one.stands("connected")
        os.kill(one.link.pid, signal.SIGSTOP)
        one.alarm()
        os.kill(one.link.pid, signal.SIGKILL)
        eventually(lambda: plant.states() == ["online", "offline"])
        assert plant.of("state")[-1]["why"] == "lost"
        one.stands("broken")
        one.link._next_start_s = 0.0  # it would wait ten seconds before it tries anew
        one.until(lambda: len(plant.of("alarm")) == 2)
        assert plant.states()[-1] == "online"


def test_what_happens_while_the_broker_is_dead_comes_in_order_and_once(running, tmp_path):
    with line(config(running.url), tmp_path) as one:
        one.stands("connected")
        one.alarm()
        one.until(lambda: one.link.standing.sent.get("alarm") == 2)
        running.kill()
        one.stands("unreachable")
        assert str(running.port) in one.link.standing.detail
        for _ in range(60):
            one.alarm()
        one.until(lambda: one.link.standing.waiting == 120)
        running.start()
        with Subscriber(running.port) as plant:
            one.until(lambda: one.link.standing.waiting == 0)
            eventually(lambda: len(plant.of("alarm")) >= 1)
            one.alarm()
            one.until(lambda: plant.of("alarm")[-1]["detail"] == "step 62")
    told = plant.of("alarm")
    assert numbers(told) == list(range(numbers(told)[0], 125)), "in order, none twice"


def test_a_broker_that_stays_away_is_a_trouble_of_the_line_and_one_that_comes_back_soon_is_none(running, tmp_path):
    with line(config(running.url), tmp_path) as one:
        one.stands("connected")
        running.kill()
        one.stands("unreachable")
        assert one.link.trouble == ""
        one.link._connected_s -= AWAY_AFTER_S  # it would take ten seconds
        assert re.search(r"unreachable, .*; alarms and lots wait", one.link.trouble)
        running.start()
        one.stands("connected")
        one.until(lambda: one.link.trouble == "")


def test_what_a_run_could_not_tell_is_told_by_the_next(tmp_path):
    nowhere = f"mqtt://127.0.0.1:{free_port()}"
    with line(config(nowhere), tmp_path) as one:
        one.alarm()
        one.until(lambda: one.link.standing.waiting == 2)
    with broker(tmp_path) as running, Subscriber(running.port) as plant, line(config(running.url), tmp_path) as one:
        one.until(lambda: len(plant.of("alarm")) == 2)
        one.alarm()
        one.until(lambda: len(plant.of("alarm")) == 4)
    told = plant.of("alarm")
    assert numbers(told) == [1, 2, 3, 4]
    assert len({message["id"] for message in told}) == 4
    assert told[0]["run"] != told[2]["run"]


def test_a_broker_that_hangs_is_told_from_one_that_is_dead_and_the_loop_never_waits(running, tmp_path):
    with line(config(running.url), tmp_path) as one:
        one.stands("connected")
        running.freeze()
        one.stands("silent")
        one.alarm()
        one.until(lambda: one.link.standing.waiting == 2)
        running.thaw()
        one.until(lambda: one.link.standing.waiting == 0)
        assert one.link.standing.connected


def test_a_wrong_password_is_said_and_the_right_one_taken_when_it_is_there(tmp_path):
    must_have("mosquitto_passwd")
    users, secret = tmp_path / "users", tmp_path / "secret"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "line-1", "right"], check=True, capture_output=True)
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    with broker(tmp_path, "allow_anonymous false", f"password_file {users}") as running:
        url = running.url.replace("//", "//line-1@")
        with line(config(url, password_file=secret), tmp_path) as one:
            one.stands("refused")
            assert "line-1" in one.link.standing.detail
            assert "wrong" not in repr(one.link.standing)
            one.alarm()
            secret.write_text("right\n")
            one.until(lambda: one.link.standing.sent.get("alarm") == 2)


def test_a_topic_that_the_broker_does_not_let_us_write_to_keeps_everything_waiting(tmp_path):
    rights = tmp_path / "rights"
    rights.write_text("topic readwrite neosort/north/one/state\ntopic readwrite neosort/north/one/telemetry\n")
    with (
        broker(tmp_path, "allow_anonymous true", f"acl_file {rights}") as running,
        line(config(running.url), tmp_path) as one,
    ):
        one.stands("connected")
        one.alarm()
        one.stands("refused")
        assert "not take" in one.link.standing.detail
        one.until(lambda: one.link.standing.waiting == 2)


@contextmanager
def saying(answer: bytes):
    """A server that answers everything with that."""
    with socket.create_server(("127.0.0.1", free_port())) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(4096)
                    peer.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x00", b"\xff" * 64],
    ids=["nothing", "another protocol", "half a word", "noise"],
)
def test_what_is_no_broker_is_called_so_and_nothing_is_lost(answer, tmp_path):
    with saying(answer) as port, line(config(f"mqtt://127.0.0.1:{port}"), tmp_path) as one:
        one.stands("garbled")
        one.alarm()
        one.until(lambda: one.link.standing.waiting == 2)
        assert str(port) in one.link.standing.detail


def test_two_lines_of_one_name_notice_each_other(running, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    with line(config(running.url), first) as one:
        one.stands("connected")
        with line(config(running.url), second) as two:
            one.until(lambda: two.turn() or "displaced" in (one.link.standing.state, two.link.standing.state))


def test_two_runs_of_one_line_on_a_machine_do_not_share_an_outbox(running, tmp_path):
    with line(config(running.url), tmp_path) as one:
        one.stands("connected")
        with line(config(running.url), tmp_path) as two:
            two.stands("broken")
            assert "another run of this line has it" in two.link.standing.detail
            two.alarm()
            one.link.close()
            two.until(lambda: two.link.standing.sent.get("alarm") == 2)


def test_with_tls_both_show_who_they_are(tmp_path):
    ca, server, client = certificates(tmp_path)
    lines = (
        "allow_anonymous true", f"cafile {ca}", f"certfile {server[0]}", f"keyfile {server[1]}",
        "require_certificate true",
    )  # fmt: skip
    with broker(tmp_path, *lines) as running:
        url = f"mqtts://localhost:{running.port}"
        known = {"certificate_file": client[0], "key_file": client[1]}
        with line(config(url, ca_file=ca, **known), tmp_path / "a") as one:
            one.alarm()
            one.until(lambda: one.link.standing.sent.get("alarm") == 2)
        with line(config(url, **known), tmp_path / "b") as one:
            one.stands("refused")
            assert "certificate" in one.link.standing.detail
        with line(config(url, ca_file=ca), tmp_path / "c") as one:
            one.until(lambda: one.link.standing.state not in ("starting", "connected"))


def certificates(folder):
    """Made for the test: who vouches, the broker's and a line's, each a pair of files."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl (Debian: openssl) is missing")

    def run(*words) -> None:
        subprocess.run([openssl, *map(str, words)], check=True, capture_output=True)

    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-subj", "/CN=plant", "-days", 2)
    pairs = []
    for name, host in (("broker", "localhost"), ("line", "line-1")):
        key, request, certificate = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.pem"
        extensions = folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=DNS:{host}\n")
        run("req", *curve, "-keyout", key, "-out", request, "-subj", f"/CN={host}")
        run("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", certificate,
            "-days", 2, "-extfile", extensions)  # fmt: skip
        pairs.append((certificate, key))
    return ca, *pairs


def test_a_run_tells_its_alarms_and_says_in_its_metrics_how_that_goes(running, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    file = tmp_path / "fleet.toml"
    file.write_text(f'plant = "north"\ntelemetry_every_s = 0.2\nbroker.url = "{running.url}"\n')
    shown = ViewFeed()
    config = LineConfig(twin=TwinConfig(faults=(Fault(fault="camera.gone"),)))
    options = RunOptions(
        seconds=3.0, fast=True, seed=1, headless=True, report=None, record=None, blind="none", bundle=None,
        recipe=None, host="127.0.0.1", port=0, fleet=file,
    )  # fmt: skip
    with Subscriber(running.port) as plant:
        assert run_line(config, options, Console(quiet=True), Shows(shown)) == 0
        eventually(lambda: "offline" in plant.states())
    assert "camera.gone" in [alarm["fault"] for alarm in plant.of("alarm") if alarm["step"] == "raised"]
    assert plant.of("telemetry")[-1]["state"] == "finished"
    told = exposition(shown, "")[0].decode()
    assert re.search(r'^neosort_fleet_state{neosort_fleet_state="\w+"} 1.0$', told, re.MULTILINE)
    assert "neosort_fleet_waiting" in told


class Shows:
    """A watcher that hands its snapshots to a feed."""

    def __init__(self, feed: ViewFeed) -> None:
        self._feed = feed

    def update(self, snapshot) -> None:
        self._feed.put(blank_view(snapshot))

    def show(self, view) -> None:
        pass

    def asked(self):
        return ()


def test_what_cannot_be_published_is_refused_before_anything_starts(tmp_path):
    open_to_all = tmp_path / "password"
    open_to_all.write_text("x")
    open_to_all.chmod(0o644)
    with pytest.raises(ConfigError, match="everybody may read it"):
        line(config("mqtt://a@127.0.0.1", password_file=open_to_all), tmp_path).__enter__()
