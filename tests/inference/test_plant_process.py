"""The OPC UA server as the loop's process knows it, and an independent client on the other side."""

import asyncio
import json
import queue
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from tests.hardware.waiting import WITHIN_S, eventually
from tests.inference.node_opcua import node_command
from tests.inference.plant_site import (
    PASSWORD,
    SNAPSHOT,
    alarmed,
    call,
    certified,
    client_of,
    peopled,
    settings,
    settled,
    shown,
)

from neosort_inference.asking.orders import Acknowledge, Activate, StartSorting, StopSorting
from neosort_inference.plant.process import PlantError, PlantProcess
from neosort_inference.plant.settings import PlantConfig
from neosort_inference.plant.watcher import PlantWatcher
from neosort_inference.state import State


class NodeClient:
    """node-opcua's client as a process; what it tells by name."""

    def __init__(self, config):
        command, environment = node_command()
        self.process = subprocess.Popen(
            [*command, f"opc.tcp://127.0.0.1:{config.port}/", "eve", PASSWORD],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._told: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.told, self.items, self.events = {}, [], []

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self._told.put(json.loads(line))

    def hear(self):
        """What it has told by now."""
        assert self.process.poll() is None, self.process.stderr.read()
        while not self._told.empty():
            for what, value in self._told.get().items():
                {"items": self.items.append, "event": self.events.append}.get(
                    what, lambda told, what=what: self.told.update({what: told})
                )(value)
        return self.told

    def end(self):
        _out, trouble = self.process.communicate("done\n", timeout=WITHIN_S)
        return self.process.returncode, trouble


def test_a_client_of_other_making_reads_commands_and_watches(tmp_path):
    node_command()
    config = settings(tmp_path)
    peopled(tmp_path)
    server = PlantProcess(config, State(folder=tmp_path))
    asked = []

    def turn(snapshot):
        """What the loop does now and then."""
        for one in server.asked():
            asked.append((one.order, one.by))
            if isinstance(one.order, Activate):
                one.refuse("not fitting", "max_shots_per_s = 0")
            else:
                one.answer({"stopped_by": "interlock open", "acknowledged": 1})
        server.publish(snapshot)
        return server.alive

    try:
        server.publish(SNAPSHOT)
        eventually(lambda: answers(config.port))
        client = NodeClient(config)
        eventually(lambda: turn(SNAPSHOT) and client.hear().get("over to you"))
        told = client.hear()
        assert told["state"] == {"value": "sorting", "status": "Good", "type": "String"}
        assert told["speed"] == {"value": 1.0, "status": "Good", "type": "Double"}
        assert told["recovery"]["status"] == "BadNoData"
        assert "BadUserAccessDenied" in told["anonymous stop"]["status"]
        assert "BadUserAccessDenied" in told["anonymous write"]
        assert told["wrong password"] != "let in"
        assert told["stop"] == {"status": "Good", "outputs": []}
        assert told["start"] == {"status": "Good", "outputs": ["interlock open"]}
        assert told["acknowledge"] == {"status": "Good", "outputs": [1]}
        assert "BadInvalidArgument" in told["recipe"]["status"]
        assert "BadNotFound" in told["no recipe"]["status"]
        assert told["refusal"]["value"].startswith("select recipe: there are fine")
        fine = Activate(what="recipe", file=str(tmp_path / "fine.toml"), version="fine")
        orders = (StopSorting(), StartSorting(), Acknowledge(), fine)
        assert asked == [(order, "eve") for order in orders]
        eventually(lambda: turn(alarmed()) and client.hear() and client.items[-1:] == [7])
        eventually(lambda: turn(alarmed()) and client.hear() and client.events)
        assert client.events == [["interlock open: guard 2 (raised)", 800, "interlock.opened", "raised"]]
        assert client.end() == (0, "")
    finally:
        server.stop()
    assert not server.alive


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_that_somebody_has_is_refused_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PlantError, match=f"127.0.0.1:{port} .*choose another host or port"):
            PlantProcess(PlantConfig(port=port), State(folder=tmp_path))


class Server:
    """In place of the process."""

    def __init__(self):
        self.shown, self.alive, self.begun, self.refuses = [], True, 0, False

    def serve_again(self):
        if self.refuses:
            raise PlantError("OPC UA cannot be served on here:4840")
        self.begun += 1
        self.alive = True

    def publish(self, snapshot):
        self.shown.append(snapshot)


def test_a_server_that_has_died_is_started_anew_but_not_again_and_again():
    server, now_s = Server(), [0.0]
    watcher = PlantWatcher(server, lambda: now_s[0])
    server.alive, server.refuses = False, True
    watcher.update(SNAPSHOT)
    server.refuses = False
    watcher.update(SNAPSHOT)
    assert server.begun == 0
    now_s[0] = 11.0
    watcher.update(replace(SNAPSHOT, items_seen=2))
    assert server.begun == 1
    assert server.shown[-1].items_seen == 2


@pytest.mark.asyncio
async def test_a_line_is_stopped_and_started_by_its_plant(tmp_path):
    """The whole way: client, server's process, loop's process."""
    config = settings(tmp_path)
    peopled(tmp_path / "state")
    certified(tmp_path / "stranger", "urn:test:panel")
    lines = [
        f"port = {config.port}",
        'certificate = "server/certificate.pem"',
        'private_key = "server/private_key.pem"',
    ]
    (tmp_path / "opcua.toml").write_text("\n".join(lines), encoding="utf-8")
    run = [sys.executable, "-m", "neosort_inference.cli", "run", "--headless", "--opcua", str(tmp_path / "opcua.toml")]
    run += ["--state", str(tmp_path / "state")]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(run, stdout=said, stderr=subprocess.STDOUT)
    try:
        await settled(lambda: answers(config.port), 4 * WITHIN_S)
        async with client_of(config, "olga", certificate=tmp_path / "stranger") as client:

            async def until(path, right):
                while not right((await shown(client, path))[0]):
                    await asyncio.sleep(0.1)

            await until("Counters.Items", lambda items: items > 0)
            await call(client, "Stop")
            await until("State", lambda state: state == "stopped")
            assert "olga" in (await shown(client, "StoppedBy"))[0]
            assert await call(client, "Start") == ""
            await until("State", lambda state: state == "sorting")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN_S) == 0, (tmp_path / "said").read_text()
    eventually(lambda: not answers(config.port))
