"""`neosort calibrate`: measure the line's constants, and keep, compare, apply and undo what was measured."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from neosort_inference.bench.record import origin
from neosort_inference.calibration.constants import constants_of, differences
from neosort_inference.calibration.printing import (
    OWN_FILE,
    print_about,
    print_differences,
    print_record,
    print_result,
    write_plots,
)
from neosort_inference.calibration.procedure import CalibrationError, Value
from neosort_inference.calibration.record import SHORT
from neosort_inference.calibration.registry import procedure_named, procedures
from neosort_inference.calibration.store import CalibrationStore
from neosort_inference.opening import open_config
from neosort_inference.options import ConfigOption, JsonOption, StateOption
from neosort_inference.state import State, state_folder

app = typer.Typer(
    no_args_is_help=True,
    help="Measure the constants that a line depends on. 'list' says which procedures there are, 'run' runs one (on a "
    "simulated line its own hands lay boards and magnets); what has passed is kept as a record that is never changed. "
    "'show', 'diff', 'apply', 'rollback', 'export' and 'import' handle records; a line goes by the one applied from "
    "its next start on.",
)  # fmt: skip

ByOption = Annotated[str | None, typer.Option("--by", help="Who answers for it. Left out: the user's name.")]
IdArgument = Annotated[str, typer.Argument(help="The record's id, or how it begins.")]


@app.command("list")
def list_procedures() -> None:
    """Procedures, in the order in which a new line is calibrated."""
    table = Table(show_edge=False)
    for column in ("procedure", "what it is for", "tools", "min", "tolerance"):
        table.add_column(column)
    for procedure in procedures():
        about = procedure.about
        table.add_row(about.name, about.purpose, about.tools, f"{about.minutes:g}", about.tolerance)
    Console().print(table)


@app.command("run")
def run_procedure(
    name: Annotated[str, typer.Argument(metavar="PROCEDURE", help="Its name, as 'neosort calibrate list' has it.")],
    *,
    config: ConfigOption = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; --help-parameters names them.")
    ] = None,
    help_parameters: Annotated[
        bool, typer.Option(help="Say what the procedure asks and what to do, and stop.")
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option(help="Pictures of the board instead of the line's camera (intrinsics).", file_okay=False),
    ] = None,
    by: ByOption = None,
    note: Annotated[str, typer.Option(help="What there is to say about it.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Put it in force at once, if it has passed.")] = False,
    plots: Annotated[Path | None, typer.Option(help="Folder for plots and pictures.", file_okay=False)] = None,
    state: StateOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Everything random about a simulated line.")] = 1,
) -> None:
    """Run a procedure, say what it has found, and keep it where it has passed. Exit code 1 where it has not."""
    from neosort_inference.calibration.running import at_the_line, from_pictures  # noqa: PLC0415

    procedure, console = procedure_named(name), Console()
    if help_parameters:
        print_about(console, name)
        return
    store = _store(state)
    line = store.put_into(open_config(config))
    given = _settings(settings or [])
    if images is None:
        result = at_the_line(line, procedure(), given, seed, console)
    else:
        result = from_pictures(line, procedure(), given, images, console)
    print_result(console, result)
    if plots is not None:
        write_plots(result, plots)
    if not result.passed:
        console.print("Not passed: nothing is kept.", style="bold red")
        raise typer.Exit(1)
    now = datetime.now(UTC)
    record = store.make(line, [result], by=_by(by), at=now, note=note, parameters=given)
    print_differences(console, differences(constants_of(line), record.constants))
    said = f"kept as {record.id[:SHORT]}"
    if not result.changes:
        said = f"signed off by {record.by} as {record.id[:SHORT]}"
    elif apply:
        store.apply(record.id, line, by=_by(by), at=now)
        said += ", in force from the line's next start on"
    else:
        said += f"; put it in force with: neosort calibrate apply {record.id[:SHORT]}"
    console.print(said, highlight=False)


@app.command()
def show(
    record: Annotated[str | None, typer.Argument(help="A record's id; left out: all of them.")] = None,
    *,
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """What is kept and what is in force; with an id, everything that this record says."""
    store, console = _store(state), Console()
    if record is not None:
        found = store.record(record)
        if as_json:
            typer.echo(json.dumps({"id": found.id, "body": found.body}, indent=2, ensure_ascii=False))
        else:
            print_record(console, found)
        return
    current = store.in_force()
    if as_json:
        kept = [{"id": one.id, "at": one.at, "by": one.by, "note": one.note} for one in store.records()]
        told: dict[str, object] = {"in_force": None if current is None else current.id, "records": kept}
        told |= {"torn": [torn.trouble for torn in store.torn()], "history": [asdict(one) for one in store.history()]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    table = Table(show_edge=False)
    for column in ("", "id", "made", "by", "procedures", "note"):
        table.add_column(column)
    for one in store.records():
        mark = "in force" if current is not None and one.id == current.id else ""
        measured = ", ".join(str(found["procedure"]) for found in one.measured)
        table.add_row(mark, one.id[:SHORT], one.at, one.by, measured, one.note)
    console.print(table)
    if current is None:
        console.print(f"in force: {OWN_FILE}")
    for torn in store.torn():
        console.print(torn.trouble, style="bold red", highlight=False, markup=False)


@app.command()
def diff(
    before: IdArgument,
    after: Annotated[str | None, typer.Argument(help="Against which; left out: what is in force.")] = None,
    *,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Constants that differ between two records, or between one and what the line goes by."""
    store = _store(state)
    one = store.record(before).constants
    other = constants_of(store.put_into(open_config(config))) if after is None else store.record(after).constants
    print_differences(Console(), differences(one, other))


@app.command()
def apply(record: IdArgument, *, config: ConfigOption = None, by: ByOption = None, state: StateOption = None) -> None:
    """Put a record in force from the line's next start on. Refused where it is made for another line."""
    store, line = _store(state), open_config(config)
    before = constants_of(line) if (current := store.in_force()) is None else current.constants
    applied = store.apply(record, line, by=_by(by), at=datetime.now(UTC))
    print_differences(Console(), differences(before, applied.constants))
    Console().print(f"{applied.id[:SHORT]} is in force from the line's next start on", highlight=False)


@app.command()
def rollback(*, config: ConfigOption = None, by: ByOption = None, state: StateOption = None) -> None:
    """Back to what was in force before."""
    record = _store(state).roll_back(open_config(config), by=_by(by), at=datetime.now(UTC))
    named = OWN_FILE if record is None else record.id[:SHORT]
    Console().print(f"{named} is in force from the line's next start on", highlight=False)


@app.command("export")
def export_record(
    record: IdArgument,
    file: Annotated[Path, typer.Argument(help="Where to; never overwritten.", dir_okay=False)],
    *,
    state: StateOption = None,
) -> None:
    """Write a record as one file, to take elsewhere."""
    found = _store(state).export(record, file)
    Console().print(f"{file}: {found.id[:SHORT]}", highlight=False, markup=False)


@app.command("import")
def import_record(
    file: Annotated[Path, typer.Argument(help="A file that 'export' has written.", dir_okay=False)],
    *,
    state: StateOption = None,
) -> None:
    """Take in a record from a file; it is not applied."""
    found = _store(state).import_file(file)
    Console().print(f"{found.id[:SHORT]}, made {found.at} by {found.by}", highlight=False, markup=False)


@app.command()
def selftest(
    only: Annotated[str | None, typer.Argument(metavar="[PROCEDURE]", help="Left out: every procedure.")] = None,
    *,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many simulated lines.")] = 1,
    json_file: JsonOption = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write the table to this file as well (Markdown).", dir_okay=False)
    ] = None,
) -> None:
    """Planted against recovered: every procedure on a simulated line whose true constants are known.

    Exit code 1 where one of them is not found within its tolerance.
    """
    from neosort_inference.calibration.planted_trials import TRIALS  # noqa: PLC0415
    from neosort_inference.calibration.recovered import print_recovered, recovered_markdown  # noqa: PLC0415
    from neosort_inference.calibration.trials import tried  # noqa: PLC0415

    if only is not None:
        procedure_named(only)
    trials = [trial for trial in TRIALS if only in (None, trial.procedure)]
    runs = [tried(trial, seed) for trial in trials for seed in range(1, seeds + 1)]
    print_recovered(Console(), runs)
    if json_file is not None:
        told = {"trials": [asdict(run) | {"within": run.within} for run in runs], **origin()}
        json_file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if markdown is not None:
        markdown.write_text(recovered_markdown(runs), encoding="utf-8")
    if not all(run.within for run in runs):
        raise typer.Exit(1)


def _settings(texts: list[str]) -> dict[str, Value]:
    given: dict[str, Value] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise CalibrationError(f"--set {text}: must be NAME=VALUE")
        given[name.strip()] = value.strip()
    return given


def _store(state: Path | None) -> CalibrationStore:
    return CalibrationStore(State(folder=state_folder(state)).calibrations)


def _by(given: str | None) -> str:
    if given:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
