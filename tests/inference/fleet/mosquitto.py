"""A real broker, Debian's mosquitto, on a free port of the loopback address; and clients of another making."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress

import pytest
from tests.hardware.modbus_peers import free_port
from tests.hardware.waiting import eventually

SERVER = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def must_have(*programs: str) -> None:
    """Skips where a program is missing, naming its package."""
    for program in programs:
        if shutil.which(program) is None and not (program == "mosquitto" and shutil.which(SERVER)):
            package = "mosquitto" if program in ("mosquitto", "mosquitto_passwd") else "mosquitto-clients"
            pytest.skip(f"{program} (Debian: {package}) is missing")


class Broker:
    """One that can be killed, frozen and started again on its port. ``more``: further lines of its configuration."""

    def __init__(self, folder, *more: str) -> None:
        must_have("mosquitto")
        self.port = free_port()
        self._folder, self._more = folder, more or ("allow_anonymous true",)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it takes connections."""
        file = self._folder / f"mosquitto-{self.port}.conf"
        lines = (f"listener {self.port} 127.0.0.1", "persistence false", "user root", *self._more)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([SERVER, "-c", file], stdout=log, stderr=log)
        eventually(self._answers)

    def kill(self) -> None:
        """At once, as the power does it."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It holds its connections and does nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        return (self._folder / "mosquitto.log").read_text(errors="replace")

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            return True
        return False


@contextmanager
def broker(folder, *more: str):
    """A broker, gone afterwards."""
    one = Broker(folder, *more)
    try:
        yield one
    finally:
        one.kill()


class Subscriber:
    """mosquitto_sub, which shares nothing with what publishes: what it hears, as (topic, message, retained)."""

    def __init__(self, port: int, topic: str = "neosort/#", *options: str) -> None:
        must_have("mosquitto_sub")
        self.heard: list[tuple[str, dict, bool]] = []
        command = ["mosquitto_sub", "-V", "5", "-p", str(port), "-t", topic, "-q", "1", "-F", "%r %t %p", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def of(self, kind: str) -> list[dict]:
        """Messages of a kind."""
        return [message for topic, message, _ in list(self.heard) if topic.endswith(f"/{kind}")]

    def states(self) -> list[str]:
        return [message["state"] for message in self.of("state")]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            retained, topic, payload = line.rstrip("\n").split(" ", 2)
            self.heard.append((topic, json.loads(payload), retained == "1"))
