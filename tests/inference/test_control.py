"""The control socket and `neosort change`: a running line is asked for something else from the same machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neosort_hardware.config import ConfigError
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.control import AT_ONCE, ControlSocket, ask_line
from neosort_inference.asking.orders import GoBack, StopSorting
from neosort_inference.bundle_choice import installed_bundles
from neosort_inference.cli import app


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(str(path))
    return client


def test_orders_come_through_in_order_and_only_so_many_are_heard_at_once(tmp_path):
    path = tmp_path / "line.sock"
    control = ControlSocket(path)
    clients = [connected(path) for _ in range(AT_ONCE)]
    assert control.asked() == ()
    clients[0].send(json.dumps({"number": 1, "by": "Ada", "order": {"order": "go back"}}).encode())
    clients[0].send(json.dumps({"number": 2, "by": "Ada", "order": {"order": "stop sorting"}}).encode())
    clients[1].send(b"no order at all")
    first, second = control.asked()
    assert (first.order, first.by, second.order) == (GoBack(), "Ada", StopSorting())
    first.answer({"from_mm": 1.0})
    assert json.loads(clients[0].recv(4096))["result"] == {"from_mm": 1.0}
    clients.append(connected(path))
    control.asked()
    assert clients[0].recv(4096) == b"", "the first is let go"
    control.close()
    assert not path.exists()
    for client in clients:
        client.close()


def test_the_socket_is_the_users_own_and_a_line_that_listens_is_not_pushed_aside(tmp_path):
    path = tmp_path / "line.sock"
    control = ControlSocket(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match=r"line\.sock: no socket can be made"):
        ControlSocket(path)
    control._listener.close()  # as a process that was killed leaves it
    ControlSocket(path).close()
    with pytest.raises(ConfigError, match="no socket can be made"):
        ControlSocket(tmp_path / "no" / "such" / "folder")
    with pytest.raises(UnheardError, match="no line listens there"):
        ask_line(path, GoBack(), "Ada", 1.0)


def neosort(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_from_the_command_line_a_running_line_is_changed_shadowed_and_changed_back(tmp_path):
    path, narrow = tmp_path / "line.sock", installed_bundles()[0]
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(narrow.read_bytes()[:100_000])
    # A slow belt without items: a line goes back by itself from what makes shots late, as a busy machine may.
    line = tmp_path / "line.toml"
    line.write_text("[belt]\nspeed_m_per_s = 0.1\n[twin.feed]\nitems_per_s_per_m = 0.0\n", encoding="utf-8")
    run = subprocess.Popen(
        [sys.executable, "-m", "neosort_inference.cli", "run", "--headless", "--log", "json", "--control", str(path),
         "--config", str(line), "--ledger", "off", "--state", str(tmp_path / "state")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        deadline_s = time.monotonic() + 120
        while not path.exists() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        said = [
            neosort("change", path, "--bundle", narrow),
            neosort("change", path, "--bundle", torn),
            neosort("change", path, "--shadow", narrow),
            neosort("change", path, "--no-shadow"),
            neosort("change", path, "--back", "--by", "Ada"),
            neosort("change", path, "--back", "--no-shadow"),
        ]
    finally:
        run.terminate()
        log = run.communicate(timeout=120)[0]
    assert [one.exit_code for one in said] == [0, 1, 0, 0, 0, 1], [*(one.output for one in said), log]
    assert said[0].output.startswith("done ")
    assert "torn.onnx" in said[1].output
    assert said[2].output == "'neosort' looks on\n"
    assert "only the line fires: 0, only the shadow fires: 0" in said[3].output
    assert "exactly one" in str(said[5].exception)
    told = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    changed = [one for one in told if one["event"] == "exchanged"]
    assert [(one["order"], one["by"]) for one in changed][1] == ("go back", "Ada")
    assert [one["why"] for one in told if one["event"] == "exchange refused"]
    assert run.returncode == 0
