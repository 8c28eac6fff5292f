"""The figures of `neosort bench senses` on screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from neosort_inference.bench.record import Record
from neosort_inference.bench.senses import BLIND, LONE, Sense
from neosort_inference.faults.modes import MODE_OF
from neosort_inference.report import interval_text, number_text, percent

ROWS = (
    ("recovery by NdFeB mass", "recovery"),
    ("recovery by items", "recovery_items"),
    ("purity", "purity"),
    ("F1 of items and purity", "f1"),
)


def print_senses(record: Record, console: Console) -> None:
    """Every figure of a comparison: each seed, all seeds together, and the differences. Fits 80 columns."""
    console.print("\nBelow every figure stands its 95 % interval, bootstrapped over items.", highlight=False)
    seeds = record["seeds"] if len(record["seeds"]) > 1 else []
    for which, seed in enumerate(seeds):
        _print(_senses(f"seed {seed}", {sense: record[sense]["by_seed"][which] for sense in BLIND}), console)
    together = f"seeds {', '.join(map(str, record['seeds']))} together"
    senses = _senses(together, {sense: record[sense] for sense in BLIND})
    senses.add_row("P(NdFeB) to fire from", *(f"{record[sense]['threshold']:.3f}" for sense in BLIND))
    _print(senses, console)
    _print(_differences(record), console)
    machine, versions = record["machine"], record["versions"]
    console.print(
        f"\n{machine['system']} {machine['architecture']}, {machine['cpus']} CPUs; "
        + ", ".join(f"{package} {number}" for package, number in versions.items()),
        highlight=False,
        soft_wrap=True,
    )


def _print(table: Table, console: Console) -> None:
    console.print()
    console.print(table)


def _table(title: str, columns: list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True, min_width=15)
    return table


def _senses(title: str, by_sense: dict[Sense, Record]) -> Table:
    first, rows = by_sense["fused"], list(by_sense.values())
    head = f"{title}: {first['items']:,} items, {first['bearing']:,} of them bear NdFeB"
    table = _table(head, [name_of(sense) for sense in by_sense])
    for name, figure in ROWS:
        table.add_row(name, *(percent(row[figure]) for row in rows), style="bold")
        table.add_row("", *(interval_text(row[f"{figure}_ci"]).strip() for row in rows))
    for name, key in (("shots", "shots"), ("late, refused", "late"), ("fired late", "fired_late")):
        table.add_row(name, *(f"{row[key]:,}" for row in rows))
    for percentile in ("p50", "p99"):
        table.add_row(f"latency {percentile}", *(number_text(row["latency_ms"][percentile], 1, " ms") for row in rows))
    return table


def _differences(record: Record) -> Table:
    found = record["difference"]
    title = "What fusion adds, percentage points (paired over items)"
    table = _table(title, [f"over {name_of(lone)}" for lone in LONE])
    for name, figure in ROWS:
        table.add_row(name, *(points(found[lone][figure], found[lone][f"{figure}_ci"]) for lone in LONE))
    return table


def name_of(sense: Sense) -> str:
    """The sense for people."""
    return MODE_OF[BLIND[sense]].value


def points(difference: float | None, interval: Sequence[float] | None) -> str:
    """A difference of shares for people, with its interval."""
    if difference is None or interval is None:
        return "—"
    return f"{100 * difference:+.1f} [{100 * interval[0]:+.1f} to {100 * interval[1]:+.1f}]"
