"""The figures of a lot's report: where its NdFeB is by kind of item, and what the product holds of rare earths."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neosort_datasets.inline_svg import BAD, BLUE, GOOD, INK, SOFT, inline_svg
from neosort_inference.balance.lot_balance import LotBalance, Range
from neosort_inference.words import kind_title

KINDS_SHOWN = 10
Draw = Callable[[Axes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of a figure."""

    good: str
    bad: str
    blue: str
    ink: str
    soft: str


ON_PAGE = Palette(good=GOOD, bad=BAD, blue=BLUE, ink=INK, soft=SOFT)
ON_PAPER = Palette(good="#1f9d5b", bad="#cf3f4f", blue="#2b7bd0", ink="#16202b", soft="#5d6b7a")


def kinds_plot(balance: LotBalance, colours: Palette) -> Draw:
    """NdFeB by kind said: product and rest, side by side, with 90 % intervals."""
    rows = balance.kinds[:KINDS_SHOWN]

    def draw(axes: Axes) -> None:
        _bars(axes, [row.product_g for row in rows], -0.19, (colours.good, "product"), colours.ink)
        _bars(axes, [row.rest_g for row in rows], 0.19, (colours.bad, "rest"), colours.ink)
        axes.set_yticks(range(len(rows)), [kind_title(row.kind) for row in rows])
        axes.set(xlabel="NdFeB, g", ylim=(len(rows) - 0.4, -0.6))
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower right")

    return draw


def rare_earths_plot(balance: LotBalance, colours: Palette) -> Draw:
    """Oxides that could be made of the product's rare earths, with 90 % intervals."""
    rows = [row for row in balance.rare_earths if row.product_oxide_g.high > 0]

    def draw(axes: Axes) -> None:
        for place, row in enumerate(rows):
            held = row.product_oxide_g
            axes.bar(place, held.mean, 0.6, color=colours.blue)
            axes.plot([place, place], [held.low, held.high], color=colours.ink, linewidth=1.3)
            axes.annotate(
                f"{held.mean:,.0f} g", (place, held.high), (0, 4), textcoords="offset points", ha="center",
                color=colours.ink,
            )  # fmt: skip
        axes.set_xticks(range(len(rows)), [row.oxide for row in rows])
        axes.set(ylabel="in the product, g", ylim=(0, 1.18 * max((r.product_oxide_g.high for r in rows), default=1.0)))
        axes.tick_params(axis="x", length=0)

    return draw


def as_svg(draw: Draw, size_in: tuple[float, float]) -> str:
    """To be set inline in a page."""
    return inline_svg(draw, size_in)


def as_png(draw: Draw, size_in: tuple[float, float]) -> bytes:
    """For paper, 200 dots to the inch."""
    figure = Figure(figsize=size_in, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200)
    return buffer.getvalue()


def _bars(axes: Axes, held: Sequence[Range], offset: float, series: tuple[str, str], ink: str) -> None:
    colour, name = series
    axes.barh([n + offset for n in range(len(held))], [r.mean for r in held], 0.34, color=colour, label=name)
    for place, interval in enumerate(held):
        axes.plot([interval.low, interval.high], [place + offset] * 2, color=ink, linewidth=1.3)
