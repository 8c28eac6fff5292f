"""Results, records and what procedures ask, on a terminal; plots as files."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neosort_inference.calibration.constants import Difference
from neosort_inference.calibration.procedure import CalibrationError, Quantity, Result
from neosort_inference.calibration.record import SHORT, Record
from neosort_inference.calibration.registry import procedure_named

OWN_FILE = "the line's own file"


def print_result(console: Console, result: Result) -> None:
    """Every value with its uncertainty and limits, and what there is to note."""
    table = Table(show_edge=False)
    for column in ("", "value", "±", "unit", "before", "limits", ""):
        table.add_column(column)
    for one in result.quantities:
        judged = Text("passed", style="green") if one.passed else Text("NOT PASSED", style="bold red")
        table.add_row(
            one.title, f"{one.value:.6g}", _number(one.uncertainty, ".2g"), one.unit, _number(one.before, ".6g"),
            _limits(one), judged,
        )  # fmt: skip
    console.print(table)
    for note in result.notes:
        console.print(note, highlight=False, markup=False)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _limits(one: Quantity) -> str:
    if one.least is None and one.most is None:
        return ""
    return f"{_number(one.least, '.6g') or '−∞'} to {_number(one.most, '.6g') or '∞'}"


def print_differences(console: Console, told: tuple[Difference, ...]) -> None:
    """Constants that differ, before and after."""
    if not told:
        console.print("no constant differs")
        return
    table = Table(show_edge=False)
    for column in ("constant", "before", "after"):
        table.add_column(column, overflow="fold")
    for one in told:
        table.add_row(one.constant, _short(one.before), _short(one.after))
    console.print(table)


def _short(value: object) -> str:
    text = "left out" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:100]} … ({len(text)} characters)"


def print_record(console: Console, record: Record) -> None:
    """Everything that a record says."""
    console.print(f"{record.id}\nmade {record.at} by {record.by}  {record.note}", highlight=False, markup=False)
    parent = OWN_FILE if record.parent is None else record.parent[:SHORT]
    console.print(f"in force when it was made: {parent}", highlight=False)
    for found in record.measured:
        quantities = tuple(
            Quantity(**{name: value for name, value in one.items() if name != "passed"}) for one in found["quantities"]
        )
        console.print(f"\n{found['procedure']}, evidence {found['evidence_sha256'][:SHORT]}", highlight=False)
        print_result(
            console,
            Result(procedure=found["procedure"], quantities=quantities, notes=tuple(found["notes"])),
        )
    for place, value in record.constants.items():
        console.print(f"{place} = {_short(value)}", highlight=False, markup=False, soft_wrap=True)


def print_about(console: Console, name: str) -> None:
    """What a procedure is for, what to do, and what it asks."""
    about = procedure_named(name).about
    console.print(f"{about.title}\n{about.purpose}", highlight=False, markup=False)
    for number, step in enumerate(about.instructions, 1):
        console.print(f"{number}. {step}", highlight=False, markup=False)
    console.print(f"Needs: {'; '.join(need.value for need in about.needs)}", highlight=False)
    for one in about.parameters:
        bounds = "" if one.least is None else f", {one.least:g} to {one.most:g}"
        choices = "" if not one.choices else f", one of {', '.join(one.choices)}"
        console.print(
            f"  --set {one.name}={one.default}  {one.title} {one.unit}{bounds}{choices} {one.help}".rstrip(),
            highlight=False, markup=False,
        )  # fmt: skip


def write_plots(result: Result, folder: Path) -> None:
    """Every plot and picture of a result as a file of its own."""
    named: list[tuple[str, bytes]] = [
        (f"{result.procedure}-{number}.svg", _alone(plot.svg).encode()) for number, plot in enumerate(result.plots, 1)
    ]
    named += [(f"{result.procedure}-{number}.jpg", picture.jpeg) for number, picture in enumerate(result.pictures, 1)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in named:
            (folder / name).write_bytes(data)
    except OSError as error:
        raise CalibrationError(f"--plots {folder}: cannot be written ({error.strerror})") from error


def _alone(svg: str) -> str:
    """A plot outside a page brings its own colours."""
    colours: dict[str, str] = {
        "--ink": "#222222", "--soft": "#777777", "--line": "#dddddd", "--good": "#2e7d32", "--warn": "#b26a00",
        "--bad": "#b3261e", "--blue": "#1f5fbf", "--violet": "#6f42c1",
    }  # fmt: skip
    for variable, colour in colours.items():
        svg = svg.replace(f"var({variable})", colour)
    return svg
