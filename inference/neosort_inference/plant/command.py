"""`neosort opcua`: what is needed to let a plant's control system in."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from neosort_inference.plant.process import must_have_library
from neosort_inference.plant.settings import PlantConfig
from neosort_inference.plant.tags import LINE_TAGS

app = typer.Typer(
    no_args_is_help=True,
    help="The line for the plant's control system, over OPC UA: 'neosort run --opcua FILE' serves it, FILE says where "
    "and for whom (inference/README.md).",
)


@app.command()
def certificate(
    directory: Annotated[Path, typer.Argument(help="Folder for certificate.pem and private_key.pem.", file_okay=False)],
    *,
    uri: Annotated[
        str, typer.Option(help="The application's URI; for the server that of FILE.")
    ] = PlantConfig.model_fields["uri"].default,
    host: Annotated[
        list[str] | None, typer.Option(help="Name or address that it is reached by. Left out: this machine's name.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="How long it holds.")] = 3650,
) -> None:
    """Make a key and a self-signed certificate, for the server or for a client. Nothing is overwritten."""
    must_have_library()
    from neosort_inference.plant.certificate import make_certificate  # noqa: PLC0415 - the extra's

    for file in make_certificate(directory, uri, tuple(host or [socket.gethostname(), "localhost"]), days):
        typer.echo(str(file))


@app.command()
def tags() -> None:
    """List the values of the line, their node ids, types and units."""
    table = Table("node id", "type", "unit", "what")
    for tag in LINE_TAGS:
        table.add_row(f"ns=2;s=Line.{tag.path}", tag.kind, tag.unit, tag.words)
    table.add_row("ns=2;s=Line.Alarms.<fault>.Standing …", "", "", "and InForce, Number, Detail of every fault")
    table.add_row("ns=2;s=Line.Devices.<slot>.Healthy", "Boolean", "", "every device's own word")
    Console().print(table)
