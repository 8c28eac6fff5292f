"""The figures of `neosort bench crowding` on a terminal and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from neosort_hardware.config import ConfigError
from neosort_inference.bench.crowding import caught_by_footprint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CAUGHT, _CARRIED, _FORMULA = "#1f6fb4", "#d1622b", "#7a7f87"


def print_crowding(record: dict[str, Any], console: Console) -> None:
    """The figures as a table."""
    line, footprint = record["line"], record["footprint_m2"]
    title = (
        f"shots that catch a neighbour, {line['belt_width_mm'] / 1000:g} m belt at {line['belt_speed_m_per_s']:g} m/s"
    )
    table = Table(
        "items/s per m", "shots", "neighbour struck", "expected", "carried along", "purity", "own item", title=title
    )
    for row in record["rates"]:
        purity = "—" if row["purity"] is None else f"{100 * row['purity']:.1f} %"
        table.add_row(
            f"{row['items_per_s_per_m']:g}",
            f"{row['shots']:,}",
            _share(row["caught"], row["caught_ci"]),
            f"{100 * row['expected']:.1f} %",
            _share(row["carried"], row["carried_ci"]),
            purity,
            f"{100 * row['hit']:.1f} %",
        )
    console.print(table)
    console.print(
        "footprint of a blast: "
        + ("not to be had" if footprint is None else f"{footprint:.4f} m² from the shots")
        + f", {record['expected_footprint_m2']:g} m² expected",
        highlight=False,
    )


def _share(value: float, interval: Sequence[float]) -> str:
    return f"{100 * value:.1f} % [{100 * interval[0]:.1f} to {100 * interval[1]:.1f}]"


def plot_crowding(record: dict[str, Any], file: Path) -> None:
    """The curve, measured and expected, into a PNG or SVG file. Raises `ConfigError` where it cannot be written."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - brings matplotlib

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    _draw(figure.add_subplot(), record)
    try:
        figure.savefig(file, dpi=150)
    except OSError as error:
        raise ConfigError(f"--plot {file}: cannot be written ({error.strerror})") from error


def _draw(axes: Axes, record: dict[str, Any]) -> None:
    line, rows = record["line"], record["rates"]
    rates = np.array([row["items_per_s_per_m"] for row in rows])
    fine = np.linspace(0.0, 1.08 * rates.max(), 200)
    expected = record["expected_footprint_m2"]
    formula = [100 * caught_by_footprint(rate / line["belt_speed_m_per_s"], expected) for rate in fine]
    axes.plot(fine, formula, color=_FORMULA, linestyle="--", label=f"closed form, footprint {expected:g} m²")
    for name, label, colour, mark in (
        ("caught", "a neighbour struck squarely by the blast", _CAUGHT, "o"),
        ("carried", "a neighbour without magnets carried into the product", _CARRIED, "s"),
    ):
        values = 100 * np.array([row[name] for row in rows])
        ends = 100 * np.array([row[f"{name}_ci"] for row in rows])
        errors = np.abs(ends.T - values)
        axes.errorbar(rates, values, errors, color=colour, marker=mark, linestyle="none", capsize=3, label=label)
    axes.set(xlabel="items per second and metre of belt width", ylabel="share of shots, %", xlim=(0, fine[-1]))
    axes.set_ylim(bottom=0)
    axes.set_title(
        f"Co-ejection, {line['belt_width_mm'] / 1000:g} m belt at {line['belt_speed_m_per_s']:g} m/s, "
        "every bearing item known and shot at",
        fontsize=10,
    )
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
