"""`neosort bench devices`: its options and its table."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from neosort_hardware.clock import RealClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.driver_choice import DEFAULT_DRIVER
from neosort_hardware.line import open_line, settings_in, slots_of
from neosort_hardware.slots import SlotName
from neosort_inference.bench.devices import measure
from neosort_inference.bench.record import keep, must_take_json, origin
from neosort_inference.opening import open_config
from neosort_inference.options import ConfigOption, JsonOption


def devices(
    *,
    config: ConfigOption = None,
    seconds: Annotated[float, typer.Option("--for", min=0.1, max=3600, help="How long, each device.")] = 5.0,
    simulated: Annotated[bool, typer.Option(help="Simulated devices too.")] = False,
    json_file: JsonOption = None,
) -> None:
    """How long do a line's devices take? Round trips of its calls, and how old samples and frames are when they are
    handed over. Shots are handed over far ahead and taken back: nothing is fired, but keep clear all the same.
    """
    line_config = open_config(config, None)
    must_take_json(json_file)
    slots = tuple(slot for slot in slots_of(line_config) if simulated or _real(line_config, slot))
    if not slots:
        raise ConfigError(
            f"line '{line_config.name}': all devices are simulated; --simulated measures them all the same"
        )
    console = Console()
    with open_line(line_config, RealClock()) as line:
        rows = [measured.figures() for measured in measure(line, seconds, slots)]
    table = Table("slot", "driver", "what", "count", "p50 ms", "p99 ms")
    for row in rows:
        spread = ("–" if row[key] is None else f"{row[key]:.2f}" for key in ("p50_ms", "p99_ms"))
        table.add_row(row["slot"], row["driver"], row["what"], str(row["count"]), *spread)
    console.print(table)
    keep({"line": line_config.name, "devices": rows} | origin(), json_file, console)


def _real(config: LineConfig, slot: SlotName) -> bool:
    return settings_in(config, slot).driver != DEFAULT_DRIVER
