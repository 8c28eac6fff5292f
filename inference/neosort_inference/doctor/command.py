"""`neosort doctor`: a line for a technician on the phone to read out, or for a machine to read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neosort_hardware.config import ConfigError, LineConfig
from neosort_inference.bench.record import origin
from neosort_inference.bundle import BundleError, load_bundle
from neosort_inference.bundle_choice import choose_bundle
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.doctor.finding import Finding, Grade, fault
from neosort_inference.doctor.fleet_checks import examine_fleet
from neosort_inference.doctor.ledger_checks import examine_ledger
from neosort_inference.doctor.line_checks import examine_line
from neosort_inference.doctor.machine_checks import examine_machine
from neosort_inference.opening import open_config, open_recipe
from neosort_inference.options import (
    BundleOption,
    ConfigOption,
    FleetOption,
    HostOption,
    LedgerOption,
    PortOption,
    RecipeOption,
    StateOption,
)
from neosort_inference.state import State, state_folder

_STYLES = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.FAULT: "bold red"}
_WORST = (Grade.OK, Grade.WARNING, Grade.FAULT)


def doctor(
    *,
    config: ConfigOption = None,
    bundle: BundleOption = None,
    recipe: RecipeOption = None,
    folder: Annotated[
        Path, typer.Option(help="Where recordings and reports are to go: is there room?", file_okay=False)
    ] = Path(),
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    ledger: LedgerOption = None,
    fleet: FleetOption = None,
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON instead.")] = False,
) -> None:
    """Is everything well? Clocks, rights, processor, memory, disk, page, every device, model, calibration, ledger
    and its key: one line each, and what to do. Fires nothing. A line that runs holds its devices: stop it first.

    Exit code 1 where there is a fault, 0 with warnings alone.
    """
    findings = list(_findings(config, bundle, recipe, folder, (host, port), state=state))
    findings += examine_ledger(ledger, State(folder=state_folder(state)).ledger, _line(config, state)[0].name)
    if fleet is not None:
        findings += examine_fleet(fleet, _line(config, state)[0])
    if as_json:
        typer.echo(json.dumps(record_of(findings), indent=2, ensure_ascii=False))
    else:
        print_findings(findings, Console())
    raise typer.Exit(1 if worst_of(findings) is Grade.FAULT else 0)


def _findings(
    config: Path | None,
    bundle: Path | None,
    recipe: Path | None,
    folder: Path,
    address: tuple[str, int],
    *,
    state: Path | None,
) -> Iterator[Finding]:
    """Of the machine, and then of the line as far as its files can be used."""
    line, refused = _line(config, state)
    yield from examine_machine(folder, *address, rights_needed=line.timed_by_host)
    if refused is not None:
        yield refused
        return
    try:
        choice, rules = choose_bundle(bundle, line), open_recipe(recipe)
        model = load_bundle(choice.path)
    except BundleError as error:
        yield fault("model", str(error), "copy the bundle anew; without --bundle the shipped one is taken")
        return
    except ConfigError as error:
        yield fault("recipe", str(error), "mend that file; without --recipe the default is taken")
        return
    yield from examine_line(line, model, rules, choice.why)


def _line(config: Path | None, state: Path | None) -> tuple[LineConfig, Finding | None]:
    """The line with the calibration that is in force."""
    try:
        line = open_config(config)
    except ConfigError as error:
        return LineConfig(), fault("configuration", str(error), "mend that line of the file")
    try:
        return CalibrationStore(State(folder=state_folder(state)).calibrations).put_into(line), None
    except CalibrationError as error:
        return line, fault("calibration", str(error), "calibrate anew, or go back: neosort calibrate rollback")


def worst_of(findings: Iterable[Finding]) -> Grade:
    """The worst grade among them."""
    return max((finding.grade for finding in findings), key=_WORST.index, default=Grade.OK)


def record_of(findings: Sequence[Finding]) -> dict[str, Any]:
    """Ready for JSON."""
    return {"worst": worst_of(findings), "findings": [asdict(finding) for finding in findings], **origin()}


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """One line each, the remedy behind it."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for column in ("grade", "name"):
        table.add_column(column, no_wrap=True)
    table.add_column("said", overflow="fold")
    for finding in findings:
        said = Text(finding.said)
        if finding.do:
            said.append(f"\n→ {finding.do}", style="italic")
        table.add_row(Text(finding.grade.value, style=_STYLES[finding.grade]), finding.name, said)
    console.print(table)
