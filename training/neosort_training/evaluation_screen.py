"""An evaluation and a comparison on screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from neosort_inference.bench.screen import points
from neosort_inference.report import interval_text, number_text, percent
from neosort_inference.words import kind_title
from neosort_training.compare import ComparedRow
from neosort_training.lookalikes import SETS
from neosort_training.outcomes import Outcomes
from neosort_training.redraws import Unit

Record = dict[str, Any]

SHARES = (
    ("recovery_at_purity_95", "recovery of items at purity ≥ 95 %"),
    ("recovery_mass_at_purity_95", "recovery of magnet mass at purity ≥ 95 %"),
    ("recovery_at_purity_98", "recovery of items at purity ≥ 98 %"),
    ("recovery_mass_at_purity_98", "recovery of magnet mass at purity ≥ 98 %"),
    ("ap50", "AP50 of boxes"),
    ("lookalike_balanced_accuracy", "look-alikes, balanced accuracy"),
    *((f"lookalike_balanced_accuracy_{pair.key}", f"  {pair.title}") for pair in SETS),
    ("magnet_mass_median_relative_error", "magnet mass, median relative error"),
    ("magnet_mass_within_one_sigma", "magnet mass within 1 σ as said"),
    ("ece", "calibration error (ECE) of P(NdFeB)"),
)
RATIO = ("fused_error_vs_best_single_sense", "error on look-alikes ÷ better single sense's")
_WORDS = {"better": "bold green", "worse": "bold red"}


def print_trial(record: Record, console: Console) -> None:
    """The figures of each store and of all, kinds, and what each thing taken away costs."""
    console.print()
    console.print(_figures_table(record))
    console.print(
        f"95 % intervals: {record['draws']:,} bootstrap draws of {record['resampled']}. At purity ≥ x: threshold found "
        "on the same windows, so a little too good.",
        style="bright_black", highlight=False,
    )  # fmt: skip
    if record["at_shipped_thresholds"]:
        console.print()
        console.print(_shipped_table(record))
    console.print()
    console.print(_kinds_table(record))
    if len(record["ablations"]) > 1:
        console.print()
        console.print(_ablations_table(record))
    for note in record["notes"]:
        console.print(f"Note: {note}", style="yellow", highlight=False)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _figures_table(record: Record) -> Table:
    stores = record["by_store"]
    titles = short_names(list(stores))
    sides = {titles[name]: one for name, one in stores.items()}
    if len(stores) > 1:
        sides = {"all stores": record, **sides}
    table = _table(f"{Path(record['model']).name}, {_senses(record)}", list(sides))
    table.add_row("windows / scenes", *(f"{one['windows']:,} / {one['scenes']:,}" for one in sides.values()))
    counts = (f"{one['items']:,} / {one['bearing']:,}" for one in sides.values())
    table.add_row("items scored / bear NdFeB", *counts)
    for key, title in SHARES:
        table.add_row(title, *(_share(one, key) for one in sides.values()))
    key, title = RATIO
    table.add_row(title, *(ratio_text(one[key], one[f"{key}_ci95"], "\n") for one in sides.values()))
    table.add_row("items found\nkind right of these", *map(_found, sides.values()))
    table.add_row("strays", *(f"{one['strays']:,}" for one in sides.values()))
    return table


def short_names(stores: Sequence[str]) -> dict[str, str]:
    """The stores' folder names, or their paths where two have the same name."""
    names = [Path(store).name for store in stores]
    return dict(zip(stores, names if len(set(names)) == len(names) else stores, strict=True))


def _senses(record: Record) -> str:
    return {"none": "both senses", "camera": "field alone", "field": "camera alone"}[record["blind"]]


def _found(one: Record) -> str:
    return f"{percent(one['recall'])}\n{percent(one['kind_accuracy'])}"


def _share(one: Record, key: str) -> str:
    """The figure, its interval in the line below."""
    return f"{percent(one[key])}\n{interval_text(one[f'{key}_ci95'])}".strip()


def ratio_text(value: float | None, interval: Sequence[float] | None, between: str = " ") -> str:
    """A ratio for people, with its interval."""
    if interval is None:
        return number_text(value, 2)
    return f"{number_text(value, 2)}{between}[{interval[0]:.2f} – {interval[1]:.2f}]"


def _shipped_table(record: Record) -> Table:
    table = _table("At the model's own thresholds, found on other windows", ["P ≥", "recovery", "by mass", "purity"])
    for row in record["at_shipped_thresholds"]:
        figures = (_share(row, key) for key in ("recovery", "recovery_mass", "purity"))
        table.add_row(shipped_title(row), f"{row['p_ndfeb']:.3f}", *figures)
    return table


def shipped_title(row: Record) -> str:
    """What a shipped threshold promises."""
    proven = "" if row["confidence"] is None else f", proven ({row['confidence']:.0%})"
    return f"for purity ≥ {row['purity_target']:.0%}{proven}"


def _kinds_table(record: Record) -> Table:
    columns = ["items", "found", "kind right", "picked", "mass error"]
    table = _table("Kind by kind, picked at purity ≥ 95 %", columns)
    for row in record["kinds"]:
        style = "green" if row["bears_ndfeb"] else ("yellow" if row["hard_negative"] else None)
        picked = f"{percent(row['picked'])} {interval_text(row['picked_ci95'])}".strip()
        mass = percent(row["magnet_mass_median_relative_error"]) if row["bears_ndfeb"] else ""
        shares = (percent(row["found"]), percent(row["kind_right"]))
        table.add_row(kind_title(row["name"]), f"{row['n']:,}", *shares, picked, mass, style=style)
    table.caption = "green: bears NdFeB; yellow: looks or reads like what does"
    table.caption_justify = "left"
    return table


def _ablations_table(record: Record) -> Table:
    columns = ["recovery", "by mass", "look-alikes", "unchanged:\nrecovery", "\npurity"]
    table = _table("With something taken away: at purity ≥ 95 %, and with the threshold unchanged", columns)
    keys = ("recovery_at_purity_95", "recovery_mass_at_purity_95", "lookalike_balanced_accuracy")
    for row in record["ablations"]:
        unchanged = (percent(row["recovery"]), percent(row["purity"]))
        table.add_row(row["title"].replace(", ", ",\n"), *(_share(row, key) for key in keys), *unchanged)
    return table


def print_comparison(
    rows: Sequence[ComparedRow], outcomes: Outcomes, unit: Unit, models: tuple[Path, Path], console: Console
) -> None:
    """A line a figure: A, B, how far apart, and what that says of B."""
    table = _table(f"A: {models[0]}\nB: {models[1]}", ["A", "B", "B − A, points", "B is"])
    for row in rows:
        style = _WORDS.get(row.word, "bright_black")
        apart = points(row.difference.value, row.difference.ci).replace(" [", "\n[")
        sides = (percent(row.a.value), percent(row.b.value))
        table.add_row(row.figure.title, *sides, apart, f"[{style}]{row.word}[/]")
    console.print()
    console.print(table)
    console.print(
        f"{outcomes.windows:,} windows, {len(outcomes.p):,} items; paired 95 % intervals over {unit.value}. Each "
        f"of the {len(rows)} rows errs once in twenty by itself.",
        style="bright_black", highlight=False,
    )  # fmt: skip
