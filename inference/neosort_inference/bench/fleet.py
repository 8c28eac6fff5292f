"""`neosort bench fleet`: how fast an outbox empties once the broker is there, and what publishing costs the loop."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from pydantic import ValidationError
from rich.console import Console

from neosort_hardware.config import ConfigError, describe_invalid
from neosort_inference.bench.record import Record, keep, must_take_json, origin
from neosort_inference.faults.alarms import Alarm
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.fleet.told import alarm_told
from neosort_inference.options import JsonOption
from neosort_inference.state import State
from neosort_inference.telemetry import Snapshot, Telemetry

if TYPE_CHECKING:
    from neosort_inference.fleet.link import FleetLink

DRAIN_WITHIN_S = 300.0
NAME = "bench"
_KIND = CATALOGUE["camera.dark"]
ALARM = Alarm(
    number=1,
    fault=_KIND.name,
    words=_KIND.words,
    detail="nothing brighter than 17 of 255",
    severity=_KIND.severity,
    effect=_KIND.effect,
    needs_person=_KIND.needs_person,
    raised_ns=0,
)


def fleet(
    *,
    broker: Annotated[str, typer.Option(help="An MQTT 5 broker that takes us without a password.")],
    messages: Annotated[int, typer.Option(min=10, max=1_000_000, help="Alarms that wait in the outbox.")] = 2000,
    calls: Annotated[int, typer.Option(min=100, max=1_000_000, help="Turns of the loop that are timed.")] = 5000,
    json_file: JsonOption = None,
) -> None:
    """How many alarms a second leave the outbox, each confirmed and removed, and what publishing costs the loop.

    Topics are neosort/bench/bench/…. A turn of the loop is timed with telemetry in every one, far more often than a
    line sends any.
    """
    must_take_json(json_file)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="neosort-fleet-") as folder:
        figures = _figures(broker, State(folder=Path(folder)), messages, calls)
    for name, value in figures.items():
        console.print(f" {name:28s} {value:>12,.4g}", highlight=False)
    keep({"figures": figures, **origin()}, json_file, console)


def _figures(url: str, state: State, messages: int, calls: int) -> Record:
    from neosort_inference.fleet.link import FleetLink  # noqa: PLC0415 (an extra)
    from neosort_inference.fleet.settings import BrokerConfig, FleetConfig  # noqa: PLC0415

    try:
        config = FleetConfig(plant=NAME, broker=BrokerConfig(url=url), telemetry_every_s=1.0)
    except ValidationError as error:
        raise ConfigError(f"--broker: {describe_invalid(error)}") from error
    kept_per_s = _fill(state.fleet / f"outbox-{NAME}-{NAME}.db", messages)
    snapshot = Telemetry(started_ns=0).snapshot(1_000_000_000, 1000.0, 1.0)
    now_s = 0.0
    with FleetLink(config, NAME, state, None, lambda: now_s) as link:
        _until(lambda: link.standing.connected, link, snapshot)
        began_s, waiting = time.monotonic(), link.standing.waiting
        _until(lambda: link.standing.waiting == 0, link, snapshot)
        per_s = waiting / (time.monotonic() - began_s)
        quiet = [_timed(lambda: link.update(snapshot)) for _ in range(calls)]
        telling = []
        for _ in range(calls):
            now_s += 2.0
            telling.append(_timed(lambda: link.update(snapshot)))
        raised = [_timed(lambda: link.alarmed(ALARM, "raised")) for _ in range(min(calls, 1000))]
    figures = {"kept_per_s": kept_per_s, "confirmed_per_s": per_s}
    for name, spent_us in (("turn", quiet), ("turn_with_telemetry", telling), ("alarm", raised)):
        for percent in (50, 99):
            figures[f"{name}_us_p{percent}"] = float(np.percentile(spent_us, percent))
    return figures


def _fill(file: Path, messages: int) -> float:
    """Put alarms into an outbox, each safe before the next; how many a second."""
    from neosort_inference.fleet.messages import AlarmMessage  # noqa: PLC0415 (an extra)
    from neosort_inference.fleet.outbox import Outbox  # noqa: PLC0415

    told = alarm_told(ALARM, "raised") | {"plant": NAME, "line": NAME, "run": NAME, "outbox": "", "seq": 1}
    began_s = time.monotonic()
    with Outbox(file) as outbox:
        for number in range(messages):
            message = AlarmMessage(**told, id=str(number))
            outbox.keep("alarm", message.model_dump(mode="json"), mark=("last", str(number)))
    return messages / (time.monotonic() - began_s)


def _until(what: Callable[[], bool], link: FleetLink, snapshot: Snapshot) -> None:
    until_s = time.monotonic() + DRAIN_WITHIN_S
    while not what():
        if time.monotonic() > until_s:
            raise ConfigError(f"--broker: {link.standing.state}, {link.standing.detail}")
        link.update(snapshot)
        time.sleep(0.002)


def _timed(call: Callable[[], None]) -> float:
    """Microseconds that a call takes."""
    began_ns = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - began_ns) * 1e-3
