"""`neosort fleet`: what the lines of a plant tell their broker, and the form in which they do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.live import Live

from neosort_hardware.section import ConfigError, describe_invalid
from neosort_inference.fleet.screen import summary_of, table_of
from neosort_inference.fleet.settings import BrokerConfig, load_fleet_config
from neosort_inference.fleet.topics import KINDS, level
from neosort_inference.saying import say

if TYPE_CHECKING:
    from neosort_inference.fleet.listener import Listener

REDRAW_S = 0.5

app = typer.Typer(
    no_args_is_help=True,
    help="Lines tell their plant's MQTT broker how they stand, what alarms them and which lots they have closed "
    "('neosort run --fleet FILE'). 'listen' shows that, 'schema' says in which form.",
)


@app.command()
def listen(
    *,
    broker: Annotated[
        str | None, typer.Option(help="mqtt://USER@HOST:PORT, or mqtts://… for TLS.", show_default=False)
    ] = None,
    fleet: Annotated[
        Path | None, typer.Option(help="The file that 'neosort run --fleet' takes, instead of --broker.")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="Holds the user's password.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="TLS: who vouches for the broker (PEM).")] = None,
    certificate_file: Annotated[Path | None, typer.Option(help="TLS: our certificate (PEM).")] = None,
    key_file: Annotated[Path | None, typer.Option(help="TLS: our private key (PEM).")] = None,
    plant: Annotated[str | None, typer.Option(help="Lines of that plant only.", show_default=False)] = None,
    ledger: Annotated[
        str | None,
        typer.Option(help="Keep the lots there, each once: postgresql://…, or a file for SQLite.", show_default=False),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Of this collector, unique on the broker. Left out: the machine's.", show_default=False)
    ] = "",
    seconds: Annotated[
        float | None, typer.Option("--for", min=0.1, help="Seconds to listen. Left out: until Ctrl-C.")
    ] = None,
) -> None:
    """Show the lines of a plant as they tell of themselves, and keep the lots they close where --ledger says.

    With --ledger the broker keeps for a week what comes while nobody listens, and a lot told twice is kept once.
    """
    asked = {
        "password_file": password_file, "ca_file": ca_file, "certificate_file": certificate_file, "key_file": key_file
    }  # fmt: skip
    listening(_broker(broker, fleet, asked), _plant(plant), ledger, name, seconds, Console())


@app.command()
def schema(
    kind: Annotated[str | None, typer.Argument(help=f"One of {', '.join(KINDS)}. Left out: all, by kind.")] = None,
) -> None:
    """Print the JSON Schema (2020-12) of what is told."""
    from neosort_inference.fleet.schema import every_schema, published  # noqa: PLC0415 (nothing of it at a run's start)

    if kind is None:
        typer.echo(every_schema(), nl=False)
        return
    found = next((one for one in KINDS if one == kind), None)
    if found is None:
        raise ConfigError(f"KIND {kind!r}: must be one of {', '.join(KINDS)}")
    typer.echo(published(found), nl=False)


def listening(
    broker: BrokerConfig, plant: str | None, ledger: str | None, name: str, seconds: float | None, console: Console
) -> None:
    """Listen for so long, or until interrupted. Raises `ConfigError`, `LedgerError`."""
    try:
        from neosort_inference.fleet.listener import Listener  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("neosort fleet needs the extra 'fleet' (pip install 'neosort[fleet]')") from error
    from neosort_inference.fleet.heard_lots import HeardLots  # noqa: PLC0415

    lots = None if ledger is None else HeardLots(ledger)
    listener = Listener(broker, plant, lots, name)
    until_s = float("inf") if seconds is None else time.monotonic() + seconds
    try:
        _show(listener, until_s, console) if console.is_terminal else _note(listener, until_s, console)
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
        if lots is not None:
            lots.close()
    say(console, summary_of(listener, kept=lots is not None))


def _show(listener: Listener, until_s: float, console: Console) -> None:
    """For people: the lines, drawn again and again."""
    next_s = 0.0
    with Live(console=console, auto_refresh=False) as live:
        while (now_s := time.monotonic()) < until_s:
            listener.turn()
            if now_s >= next_s:
                live.update(table_of(listener, now_s), refresh=True)
                next_s = now_s + REDRAW_S


def _note(listener: Listener, until_s: float, console: Console) -> None:
    """For a log: a line when something has been kept or has gone wrong."""
    told = ("", 0)
    while time.monotonic() < until_s:
        listener.turn()
        if (listener.trouble, listener.new) != told:
            told = (listener.trouble, listener.new)
            say(console, listener.trouble or summary_of(listener, kept=True))
    console.print(table_of(listener, time.monotonic()))


def _broker(url: str | None, file: Path | None, asked: dict[str, Any]) -> BrokerConfig:
    if (url is None) == (file is None):
        raise ConfigError("name the broker: --broker mqtt://HOST, or --fleet FILE")
    if file is not None:
        return load_fleet_config(file).broker
    try:
        return BrokerConfig(url=str(url), **asked)
    except ValidationError as error:
        raise ConfigError(f"--broker: {describe_invalid(error)}") from error


def _plant(plant: str | None) -> str | None:
    try:
        return None if plant is None else level(plant)
    except ValueError as error:
        raise ConfigError(f"--plant: {error}") from error
