"""The loop's side of publishing: hands over what happens, never waits, and hears how it stands.

What publishes is a process of its own (`process`), so that neither broker, nor disk, nor TLS ever share an interpreter
lock with the loop. An alarm is held here until that process has it on the disk, and offered again where it has died.
"""

from __future__ import annotations

import logging
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Self
from uuid import uuid4

from neosort_hardware.section import ConfigError
from neosort_inference.asking.channel import Asked
from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.fleet.settings import FleetConfig
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.fleet.told import alarm_told, line_told
from neosort_inference.fleet.topics import level
from neosort_inference.fleet.wire import Setup, Wire
from neosort_inference.programs import ended, started
from neosort_inference.state import State
from neosort_inference.telemetry import Snapshot, WindowView

MODULE = "neosort_inference.fleet.process"
MOST_HELD = 10_000  # alarms, some 10 MB
OFFER_AGAIN_S = 2.0
ANEW_EVERY_S = 10.0
END_WITHIN_S = 8.0
KEEP_WITHIN_S = 2.0
AWAY_AFTER_S = 10.0  # a broker that starts anew is away for less, and nobody need look after that
HEARD_AT_ONCE = 50
LOGGER = logging.getLogger("neosort.fleet")


class FleetLink:
    """Watches a run like a screen does, and is told of every step of every alarm. ``standing``: how it goes.

    ``line``: its name; ``state``: where the machine keeps what outlives a run; ``ledger``: URL of the one whose closed
    lots are told, None: none are. Raises `ConfigError` where nothing can be published.
    """

    def __init__(
        self,
        config: FleetConfig,
        line: str,
        state: State,
        ledger: str | None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._setup = setup_of(config, line, state, ledger)
        self._now_s = now_s
        self._every_s = config.telemetry_every_s
        self.standing = FleetStanding(broker=config.broker.url)
        self._unkept: deque[tuple[int, dict[str, Any]]] = deque()
        self._last = self._offered = self._lost = 0
        self._offered_s = self._next_telemetry_s = self._next_start_s = float("-inf")
        self._connected_s = now_s()
        self._told_state = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        self._start()

    @property
    def pid(self) -> int | None:
        """Of the process that publishes; None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def run(self) -> str:
        """Which run of the line this is, in its messages."""
        return self._setup.run

    @property
    def trouble(self) -> str:
        """Why the plant hears nothing of this line, once that has lasted for `AWAY_AFTER_S`; empty while it does."""
        if self.standing.connected or self._now_s() - self._connected_s < AWAY_AFTER_S:
            return ""
        why = ", ".join(filter(None, (self.standing.state, self.standing.detail)))
        return f"{self.standing.broker}: {why}; alarms and lots wait until it is there again"

    def alarmed(self, alarm: Alarm, step: Step) -> None:
        """A step of an alarm: told, whatever happens to broker, network and process meanwhile."""
        if len(self._unkept) >= MOST_HELD:
            self._lost += 1
            return
        self._last += 1
        self._unkept.append((self._last, alarm_told(alarm, step)))
        self._offer(self._now_s())

    def update(self, snapshot: Snapshot) -> None:
        """How the line stands: told when it is time to, or when that has changed."""
        self._hear()
        self._keep_alive()
        now_s = self._now_s()
        if now_s >= self._next_telemetry_s or snapshot.state != self._told_state:
            self._next_telemetry_s, self._told_state = now_s + self._every_s, snapshot.state
            self._send({"telemetry": line_told(snapshot, self._setup.run)})
        self._offer(now_s)

    def show(self, view: WindowView) -> None:
        """Pictures stay on the line."""

    def asked(self) -> tuple[Asked, ...]:
        """Nothing: a broker's word is no order."""
        return ()

    def close(self, why: str = "stopped") -> None:
        """Say that the line is off. Within some ten seconds, whatever broker and disk do; may be called twice."""
        until_s = time.monotonic() + KEEP_WITHIN_S
        while self._unkept and self._wire is not None and time.monotonic() < until_s:
            self._offer(self._now_s())
            time.sleep(0.005)
            self._hear()
        self._send({"end": why})
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close("stopped" if kind is None else f"broken off by {kind.__name__}")

    def _start(self) -> None:
        self._next_start_s = self._now_s() + ANEW_EVERY_S
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = started(MODULE, theirs)
        self._wire = Wire(ours)
        self._wire.send(self._setup.to_json())
        self._offered = self._last - len(self._unkept)

    def _end(self) -> None:
        """Let the process end, by force where it does not."""
        self._part()
        process, self._process = self._process, None
        if process is not None:
            ended(process, END_WITHIN_S)

    def _part(self) -> None:
        """Nothing more is said to the process, and nothing heard of it."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _keep_alive(self) -> None:
        """Start the process anew where it has ended, which nothing here waits for."""
        if self._wire is not None or self._now_s() < self._next_start_s:
            return
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            return
        self._start()

    def _hear(self) -> None:
        if self._wire is None:
            return
        try:
            for message in self._wire.heard(HEARD_AT_ONCE):
                if "kept" in message:
                    while self._unkept and self._unkept[0][0] <= message["kept"]:
                        self._unkept.popleft()
                else:
                    self._stand(FleetStanding(**message["standing"]))
        except EOFError:
            self._part()
            self._stand(replace(self.standing, state="broken", detail="the process that publishes has ended"))
        waiting = self.standing.waiting if self.standing.state != "broken" else len(self._unkept)
        self.standing = replace(self.standing, waiting=waiting, lost=self._lost)
        if self.standing.connected:
            self._connected_s = self._now_s()

    def _stand(self, standing: FleetStanding) -> None:
        """Said in the log when it has become another."""
        if (standing.state, standing.detail) != (self.standing.state, self.standing.detail):
            severity = logging.INFO if standing.connected else logging.WARNING
            LOGGER.log(
                severity, "broker %s: %s", standing.broker, ", ".join(filter(None, (standing.state, standing.detail)))
            )
        self.standing = standing

    def _offer(self, now_s: float) -> None:
        """Alarms that the process does not have: once, and all again where it does not say that it has them."""
        if self._unkept and self._offered == self._last and now_s - self._offered_s > OFFER_AGAIN_S:
            self._offered = self._unkept[0][0] - 1
        if self._offered == self._last:
            return
        for number, alarm in self._unkept:
            if number > self._offered:
                if not self._send({"alarm": alarm, "number": number}):
                    return
                self._offered, self._offered_s = number, now_s

    def _send(self, message: dict[str, Any]) -> bool:
        return self._wire is not None and self._wire.send(message)


def setup_of(config: FleetConfig, line: str, state: State, ledger: str | None) -> Setup:
    """What a line's publishing is told. Raises `ConfigError` where that cannot be done here."""
    if find_spec("paho") is None:
        raise ConfigError("--fleet needs the extra 'fleet' (pip install 'neosort[fleet]')")
    try:
        name = level(config.line or line)
    except ValueError as error:
        raise ConfigError(f"--fleet: the line's name {error}; give another by line = '…' in that file") from error
    config.broker.password()
    return Setup(
        config=config,
        line=line,
        run=uuid4().hex,
        software=_software(),
        outbox=state.fleet / f"outbox-{config.plant}-{name}.db",
        ledger=ledger,
        place=state.ledger,
    )


def _software() -> str:
    try:
        return f"neosort {version('neosort')}"
    except PackageNotFoundError:
        return "neosort"
