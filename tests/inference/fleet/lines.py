"""Lines that publish: what a run's loop does with its link, without the loop."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace

from tests.hardware.waiting import WITHIN_S

from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.fleet.link import FleetLink
from neosort_inference.fleet.settings import BrokerConfig, FleetConfig
from neosort_inference.state import State
from neosort_inference.telemetry import Telemetry

SNAPSHOT = replace(Telemetry(started_ns=0).snapshot(1_000_000_000, 1000.0, 1.5), items_seen=7)


def config(url: str, *, line: str = "one", **broker) -> FleetConfig:
    """What a line is told of its broker; impatient, for tests wait."""
    quick = {"keepalive_s": 2, "longest_wait_s": 0.5} | broker
    return FleetConfig(
        plant="north",
        line=line,
        broker=BrokerConfig(url=url, **quick),
        telemetry_every_s=0.2,
        passport_within_s=0.0,
    )


class Line:
    """A line whose loop turns when asked to, with everything it keeps in ``folder``."""

    def __init__(self, settings: FleetConfig, folder, *, name: str = "line", ledger: str | None = None) -> None:
        self.link = FleetLink(settings, name, State(folder=folder), ledger)
        self.alarms = AlarmBook(self.link.alarmed)
        self.raised = 0

    def alarm(self, fault: str = "camera.dark") -> None:
        """One more step of an alarm; its detail says which."""
        self.raised += 1
        self.alarms.raise_(fault, f"step {self.raised}", self.raised)
        self.alarms.clear(fault, self.raised)

    def turn(self) -> None:
        self.link.update(SNAPSHOT)
        time.sleep(0.005)

    def until(self, what, within_s: float = WITHIN_S):
        """Turn until ``what()`` is true."""
        deadline_s = time.monotonic() + within_s
        while not (found := what()):
            assert time.monotonic() < deadline_s, f"did not come to pass: {self.link.standing}"
            self.turn()
        return found

    def stands(self, state: str):
        """Turn until the link says so."""
        return self.until(lambda: self.link.standing.state == state)


@contextmanager
def line(settings: FleetConfig, folder):
    """A line, off afterwards."""
    one = Line(settings, folder)
    try:
        yield one
    finally:
        one.link.close()
