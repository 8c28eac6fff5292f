"""`neosort devices`: which drivers there are, what a line has, and one device tried by itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from neosort_hardware.clock import RealClock
from neosort_hardware.config import ConfigError
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import drivers_for, found_by, probing, settings_in, slots_of
from neosort_hardware.slots import SLOTS, SlotName
from neosort_inference.opening import open_config
from neosort_inference.options import ConfigOption
from neosort_inference.trying import trying

app = typer.Typer(
    no_args_is_help=True, help="What is connected: drivers, the devices of a line, one of them tried by itself."
)


class Kind(StrEnum):
    """A slot of the line."""

    ENCODER = "encoder"
    INTERLOCK = "interlock"
    DIVERTER = "diverter"
    HEAVY_DIVERTER = "heavy_diverter"
    MAGNETOMETER = "magnetometer"
    CAMERA = "camera"
    PLANT = "plant"


@app.command("list")
def list_drivers() -> None:
    """Every driver that a line's configuration may name, ours and those of other distributions, what each lacks, and
    the devices that it finds here where it can look around."""
    table = Table("slot", "driver", "here")
    for slot in SLOTS:
        for name, missing in drivers_for(slot).items():
            table.add_row(slot, name, Text(missing or _found(slot, name)))
    Console().print(table)


def _found(slot: SlotName, driver: str) -> str:
    try:
        found = found_by(slot, driver)
    except DeviceError as error:
        return f"can be loaded; {error}"
    return "; ".join(["can be loaded", *(f"finds {device}" for device in found)])


@app.command()
def probe(config: ConfigOption = None) -> None:
    """Open every device of a line, say how it is and what it was told, and close it again. Nothing is fired.

    One that does not answer says why, and the others are looked at all the same. Exit code 1 unless all are well.
    """
    line_config = open_config(config)
    table = Table("slot", "driver", "device", "health", "settings")
    with probing(line_config, RealClock()) as found:
        wells = []
        for slot, one in found.items():
            health, settings = one.health(), settings_in(line_config, slot)
            told = ", ".join(f"{key} = {value}" for key, value in settings.model_dump(exclude={"driver"}).items())
            table.add_row(slot, settings.driver, health.name, Text("well" if health.ok else health.detail), Text(told))
            wells.append(health.ok)
    Console().print(table)
    raise typer.Exit(0 if all(wells) else 1)


@app.command("try")
def try_device(
    kind: Annotated[Kind, typer.Argument(help="Which of the line's devices.")],
    *,
    config: ConfigOption = None,
    seconds: Annotated[float, typer.Option("--for", min=0.1, max=3600, help="How long.")] = 5.0,
    fire: Annotated[
        int | None, typer.Option(min=0, help="Of the diverter: blow this nozzle once. Keep hands and faces away.")
    ] = None,
) -> None:
    """A live reading of one device, and how long its answers take. The diverter is kept alive and fires nothing, unless
    told to by --fire, and then only where the interlock is closed.

    Nothing else of the line need be there, but for the encoder that some go by.
    """
    line_config = open_config(config)
    if fire is not None and kind is not Kind.DIVERTER:
        raise ConfigError(f"--fire is for the diverter, not for the {kind.value}")
    if kind.value not in slots_of(line_config):
        raise ConfigError(f"line '{line_config.name}' has no {kind.value}")
    console = Console()
    wanted: set[SlotName] = {"encoder", kind.value} if fire is None else {"encoder", "interlock", kind.value}
    with probing(line_config, RealClock(), wanted) as found:
        device, trial = found[kind.value].opened(), None
        name = device.name
        with Live(console=console, transient=True, auto_refresh=False) as live:
            for trial in trying(found, kind.value, seconds, fire):
                if console.is_terminal:
                    live.update(Text(f"{name}: {trial.said}"), refresh=True)
        health = device.health()
    said = [] if trial is None else [part for part in (trial.said, trial.took()) if part]
    console.print(Text("\n".join([f"{name}: {'well' if health.ok else health.detail}", *said])), soft_wrap=True)
    raise typer.Exit(0 if health.ok else 1)
