"""How long an OPC UA client of other making waits for our server: a value read, a method called.

The server is a process of its own, as on a line. A method waits besides for the loop, which looks for orders every
tenth of a second: here it looks every other millisecond, and what is told is the server's own part.
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from tests.inference.node_opcua import node_command
from tests.inference.plant_site import PASSWORD, SNAPSHOT, peopled, settings

from neosort_inference.plant.process import PlantProcess
from neosort_inference.state import State

CLIENT = Path(__file__).with_name("peers") / "opcua_timing.cjs"
LOOKS_S = 0.002
FIRST_S = 30.0  # until the server listens


def opcua_round_trips(seconds):
    """Rows as `neosort bench devices` has them; skips where the client cannot be had."""
    command, environment = node_command()
    with tempfile.TemporaryDirectory() as folder:
        config = settings(Path(folder))
        peopled(Path(folder))
        server = PlantProcess(config, State(folder=Path(folder)))
        try:
            url = f"opc.tcp://127.0.0.1:{config.port}/"
            asked = _served(server, [command[0], str(CLIENT), url, "eve", PASSWORD, str(seconds)], environment)
        finally:
            server.stop()
    return [_row(what, ms) for what, ms in asked.items()]


def _served(server, command, environment):
    """What the client says in the end; it is tried until the server listens."""
    end_s = time.monotonic() + FIRST_S
    while True:
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as client:
            while client.poll() is None:
                server.publish(SNAPSHOT)
                for one in server.asked():
                    one.answer({"acknowledged": 0})
                time.sleep(LOOKS_S)
            said, trouble = client.stdout.read(), client.stderr.read()
        told = [line for line in said.splitlines() if line.startswith("{")]  # the library talks as well
        if told:
            return json.loads(told[0])
        assert time.monotonic() < end_s, trouble


def _row(what, ms):
    p50, p99 = map(float, np.percentile(ms, (50, 99)))
    return {"slot": "plant's client", "driver": "OPC UA", "what": what, "count": len(ms), "p50_ms": p50, "p99_ms": p99}
