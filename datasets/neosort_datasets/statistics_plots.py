"""The figures of the statistics page, as SVG to be set inline in HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator

from neosort_datasets.inline_svg import BLUE, GOOD, SOFT, inline_svg
from neosort_hardware.types import ArrayF64

BINS = 32
MOST_KINDS = 40
_WIDTH_IN = 5.4


def logarithmic_bins(values: Sequence[float]) -> ArrayF64:
    """Edges that hold every value above 0, even to the logarithm."""
    above = [value for value in values if value > 0] or [1.0]
    low, high = min(above), max(above)
    return np.geomspace(low * 0.999, max(high * 1.001, low * 1.01), BINS + 1)


def whole_bins(values: Sequence[int]) -> ArrayF64:
    """A bin for each whole number, or for a few of them where there are many."""
    highest = max(values, default=0)
    step = highest // BINS + 1
    return np.arange(0, highest + step + 1, step, dtype=np.float64) - 0.5


def histogram(values: Sequence[float], bins: ArrayF64, across: str, up: str, *, log: bool = True) -> str:
    """SVG: how many of ``values`` lie in each bin."""

    def draw(axes: Axes) -> None:
        axes.hist(values, bins=list(bins), color=BLUE, rwidth=0.92)
        if log:
            axes.set_xscale("log")
            narrow = bins[-1] / bins[0] < 100
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,)))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
            axes.xaxis.set_minor_formatter(lambda value, _: "")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel=across, ylabel=up)

    return inline_svg(draw, (_WIDTH_IN, 2.7))


def kind_bars(kinds: Counter[str], bearing: AbstractSet[str]) -> str:
    """SVG: boxes of each kind, the most frequent first."""
    shown = kinds.most_common(MOST_KINDS)

    def draw(axes: Axes) -> None:
        names = [name if len(name) <= 28 else f"{name[:27]}…" for name, _ in shown]
        rows = range(len(shown))
        colours = [GOOD if name in bearing else BLUE for name, _ in shown]
        axes.barh(rows, [count for _, count in shown], color=colours, height=0.72)
        axes.set_yticks(rows, [name.replace("$", r"\$") for name in names])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        for row, (_, count) in enumerate(shown):
            axes.text(count, row, f" {count:,}", va="center", color=SOFT)
        axes.set_xlim(0, 1.12 * max(kinds.values()))
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)

    return inline_svg(draw, (_WIDTH_IN, 0.6 + 0.26 * len(shown)))
