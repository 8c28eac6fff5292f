"""The table "planted against recovered", for a terminal and for a page of documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neosort_inference.calibration.trials import Recovered, Tried

COLUMNS = ("procedure", "constant", "taken for", "planted", "found", "tolerance")


def print_recovered(console: Console, runs: Sequence[Tried]) -> None:
    """With a word on each constant, whether it was found."""
    table = Table(show_edge=False)
    for column in (*COLUMNS, ""):
        table.add_column(column, no_wrap=column != "constant")
    for run, row in _rows(runs):
        judged = Text("yes", style="green") if row.within else Text("NO", style="bold red")
        table.add_row(*_cells(run, row), judged)
    console.print(table)


def recovered_markdown(runs: Sequence[Tried]) -> str:
    """One row a constant; what was not found within its tolerance is set in bold."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    for run, row in _rows(runs):
        procedure, *cells = _cells(run, row)
        found = cells[3] if row.within else f"**{cells[3]}**"
        lines.append(f"| `{procedure}` | {' | '.join((*cells[:3], found, *cells[4:]))} |")
    return "\n".join(lines) + "\n"


def _rows(runs: Sequence[Tried]) -> Iterator[tuple[Tried, Recovered]]:
    return ((run, row) for run in runs for row in run.rows)


def _cells(run: Tried, row: Recovered) -> tuple[str, ...]:
    numbers = (f"{value:.5g}" for value in (row.before, row.planted, row.found))
    return (run.procedure, row.constant, *numbers, f"± {row.tolerance:.3g} {row.unit}".strip())
