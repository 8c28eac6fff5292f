"""Guarantees, and how they fared, on screen."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from neosort_inference.bundle_metadata import Guarantee
from neosort_training.guarantee_trial import TrialResult

NONE = "—"


def print_guarantee(found: Guarantee, console: Console) -> None:
    """What could be proven, and on what."""
    table = _table(
        "thresholds with a guarantee", ("sense missing", "purity ≥", "P(NdFeB) ≥", "recovery", "purity", "picks")
    )
    for point in found.points:
        shown = (NONE, NONE, NONE) if point.p_ndfeb is None else (
            f"{point.p_ndfeb:.4f}", percent(point.recovery), percent(point.purity)
        )  # fmt: skip
        table.add_row(point.blind, f"{point.purity_target:.0%}", *shown, f"{point.picks:,}" if point.picks else NONE)
    console.print(table)
    _say(
        console,
        f"{found.scenes:,} scenes, {found.windows:,} windows, {found.items:,} items, {found.bearing:,} bear NdFeB",
    )
    _say(console, found.statement)
    if any(point.p_ndfeb is None for point in found.points):
        _say(console, f"{NONE}: nothing could be proven, and no threshold is shipped; more scenes may help")


def print_trial(results: list[TrialResult], shifts: list[dict[str, Any]], title: str, console: Console) -> None:
    """How often promises were false, and what became of the bundle's own thresholds elsewhere."""
    columns = ("purity ≥", "draws", "shipped", "wrong", "held", "least purity", "recovery", "best possible")
    table = _table(title, columns)
    for result in results:
        table.add_row(
            f"{result.target:.0%}", str(result.draws), str(result.shipped), str(result.wrong), f"{result.held:.1%}",
            percent(result.least_purity), percent(result.recovery), percent(result.best),
        )  # fmt: skip
    console.print(table)
    for store in dict.fromkeys(row["store"] for row in shifts):
        console.print(_elsewhere(store, [row for row in shifts if row["store"] == store]))


def _elsewhere(store: str, rows: list[dict[str, Any]]) -> Table:
    columns = ("purity ≥", "P(NdFeB) ≥", "purity", "95 %", "gap, points", "recovery")
    table = _table(f"the bundle's own thresholds on {store}", columns)
    for row in rows:
        low, high = row["purity_ci"] or (None, None)
        gap = NONE if row["gap"] is None else f"{100 * row['gap']:+.1f}"
        table.add_row(
            f"{row['purity_target']:.0%}", f"{row['p_ndfeb']:.4f}", percent(row["purity"]),
            f"{percent(low)} – {percent(high)}", gap, percent(row["recovery"]),
        )  # fmt: skip
    return table


def percent(share: float | None) -> str:
    """A share for people."""
    return NONE if share is None else f"{100 * share:.1f} %"


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
