"""The array of the tests behind the IIO daemon's protocol, as a running process; libiio itself is the other side."""

import contextlib
import ctypes.util
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hardware.modbus_peers import free_port
from tests.hardware.waiting import WITHIN_S

SERVER = Path(__file__).with_name("peers") / "iiod_server.py"


def need_libiio():
    """Skips where Debian's library is not there."""
    if ctypes.util.find_library("iio") is None:
        pytest.skip("needs libiio: apt-get install libiio0")


class IioProcess:
    """Serves at ``uri``; obeys the orders that `iiod_server` knows."""

    def __init__(self, port=None, *, sensors=24, rate_hz=1000, ahead_ns=0):
        self.port = free_port() if port is None else port
        self.uri = f"ip:127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, SERVER, str(self.port), str(sensors), str(rate_hz), str(ahead_ns)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout.readline().strip() == "ready"

    def tell(self, order):
        """An order; returns when it is obeyed."""
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done"

    def kill(self):
        """As if it were unplugged; once is enough."""
        self.process.kill()
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.close()
        self.process.wait(WITHIN_S)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
