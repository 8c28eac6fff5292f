"""The figures of an evaluation's report, as SVG to be set inline in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from neosort_datasets.inline_svg import BAD, BLUE, GOOD, GRID, INK, SOFT, VIOLET, WARN, inline_svg
from neosort_inference.words import kind_title
from neosort_training.lookalikes import SETS
from neosort_training.outcomes import Outcomes

Record = dict[str, Any]

_PERCENT = FuncFormatter(lambda value, _: f"{100 * value:.0f} %")
_TOLD_G = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


def recovery_purity(record: Record, purities: Sequence[float]) -> str:
    """Purity over recovery of items with its 95 % band, and the model's own thresholds on it."""
    told = record["curve"]
    recovery, purity = np.asarray(told["recovery"]), np.asarray(told["purity"])
    reached = purity > 0
    shipped = record["at_shipped_thresholds"]

    def draw(axes: Axes) -> None:
        low, high = np.asarray(told["purity_low"]), np.asarray(told["purity_high"])
        axes.fill_between(recovery, low, high, color=BLUE, alpha=0.18, linewidth=0)
        axes.plot(recovery[reached], purity[reached], color=BLUE, linewidth=2.4)
        for target in purities:
            axes.axhline(target, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
        _mark_shipped(axes, shipped)
        floor = min([0.9, *purity[reached], *(point["purity"] for point in shipped)])
        surest = float(recovery[purity >= 1.0].max(initial=0.0))  # left of it there is nothing to see
        axes.set(
            xlim=(max(0.0, 0.1 * (surest // 0.1) - 0.2), 1.01), ylim=(max(0.0, floor - 0.06), 1.012),
            xlabel="recovery, by items", ylabel="purity",
        )  # fmt: skip
        _percent_axes(axes)
        axes.grid(visible=True, linewidth=0.6)

    return inline_svg(draw, (9.6, 4.2))


def _mark_shipped(axes: Axes, shipped: Sequence[Record]) -> None:
    """A dot each, and the purity that it promises where there is room."""
    last = (-1.0, -1.0)
    for point in shipped:
        at = (point["recovery"], point["purity"])
        if None in at:
            continue
        axes.plot(*at, "o", color=WARN, markersize=7)
        if abs(at[0] - last[0]) + abs(at[1] - last[1]) > 0.05:
            label = f"{100 * point['purity_target']:.0f} %"
            axes.annotate(label, at, (-6, -13), textcoords="offset points", ha="right", fontsize=9, color=WARN)
            last = at


def reliability(record: Record) -> str:
    """How many bear NdFeB over what P(NdFeB) says, bin by bin."""
    bins = record["reliability"]

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)))
        said = np.array([one["said"] for one in bins])
        share = np.array([one["share"] for one in bins])
        for one in bins:
            if one["ci95"] is not None:
                axes.plot([one["said"]] * 2, one["ci95"], color=BLUE, linewidth=2.0, alpha=0.45)
        axes.plot(said, share, "o-", color=BLUE, linewidth=1.6, markersize=6)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="P(NdFeB) as said", ylabel="share that bears NdFeB")
        axes.set_aspect("equal")
        _percent_axes(axes)
        axes.grid(visible=True, linewidth=0.6)

    return inline_svg(draw, (4.7, 4.3))


def magnet_mass(outcomes: Outcomes) -> str:
    """Grams of NdFeB said over grams in truth, of bearing items that were found."""
    told = outcomes.bears & outcomes.found & (outcomes.magnet_g > 0)
    truth, said = outcomes.magnet_g[told], np.maximum(outcomes.said_g[told], 0.05)

    def draw(axes: Axes) -> None:
        low = 0.7 * min(float(truth.min(initial=1.0)), float(said.min(initial=1.0)))
        high = 1.4 * max(float(truth.max(initial=1.0)), float(said.max(initial=1.0)))
        span = np.array([low, high])
        axes.fill_between(span, 0.8 * span, 1.2 * span, color=GOOD, alpha=0.16, linewidth=0)
        axes.plot(span, span, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.plot(truth, said, "o", color=BLUE, markersize=4, alpha=0.5, markeredgewidth=0)
        axes.set(xscale="log", yscale="log", xlim=span, ylim=span, xlabel="g of NdFeB in it", ylabel="g of NdFeB said")
        axes.set_aspect("equal")
        ticks = [gram for gram in _TOLD_G if low <= gram <= high]
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(ticks, [f"{gram:g}" for gram in ticks])
            axis.set_minor_formatter(NullFormatter())
        axes.grid(visible=True, linewidth=0.6)

    return inline_svg(draw, (4.7, 4.3))


def kind_bars(rows: Sequence[Record]) -> str:
    """Share of each kind that is picked: recovery of what bears, false alarms of the rest."""

    def draw(axes: Axes) -> None:
        for place, row in enumerate(rows):
            colour = GOOD if row["bears_ndfeb"] else BAD
            axes.barh(place, row["picked"], height=0.62, color=colour, alpha=0.85)
            _interval(axes, place, row["picked_ci95"])
        axes.set_yticks(range(len(rows)), [f"{kind_title(row['name'])}  ({row['n']:,})" for row in rows])
        for label, row in zip(axes.get_yticklabels(), rows, strict=True):
            if row["hard_negative"]:
                label.set_color(WARN)
        axes.set(xlim=(0, 1.0), ylim=(len(rows) - 0.4, -0.6))
        axes.xaxis.set_major_formatter(_PERCENT)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=True, axis="x", linewidth=0.6)
        axes.set_axisbelow(True)

    return inline_svg(draw, (9.6, 0.9 + 0.3 * len(rows)))


def look_alikes(rows: Sequence[Record]) -> str:
    """Balanced accuracy of each set of look-alikes, with both senses and with each alone."""
    colours = (BLUE, WARN, VIOLET)
    sets = [("", "all look-alikes"), *((f"_{pair.key}", pair.title) for pair in SETS)]

    def draw(axes: Axes) -> None:
        for number, (row, colour) in enumerate(zip(rows, colours, strict=False)):
            for place, (key, _) in enumerate(sets):
                value = row[f"lookalike_balanced_accuracy{key}"]
                if value is None:
                    continue
                at = place + 0.2 * (number - 1)
                interval = row[f"lookalike_balanced_accuracy{key}_ci95"]
                if interval is not None:
                    axes.plot(interval, [at, at], color=colour, linewidth=3.0, alpha=0.35, solid_capstyle="butt")
                axes.plot(value, at, "o", color=colour, markersize=7, label=row["title"] if place == 0 else None)
        axes.axvline(0.5, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.text(0.5, 1.01, "guessing", color=SOFT, fontsize=9.5, ha="center", transform=axes.get_xaxis_transform())
        axes.set_yticks(range(len(sets)), [title for _, title in sets])
        axes.set(xlim=(0.3, 1.005), ylim=(len(sets) - 0.5, -0.5))
        axes.xaxis.set_major_formatter(_PERCENT)
        axes.tick_params(axis="y", length=0)
        axes.hlines(np.arange(len(sets) - 1) + 0.5, 0.3, 1.005, color=GRID, linewidth=0.6)
        axes.grid(visible=True, axis="x", linewidth=0.6)
        axes.legend(loc="upper center", ncols=3, bbox_to_anchor=(0.42, -0.1))

    return inline_svg(draw, (9.6, 3.3))


def ablation_bars(rows: Sequence[Record]) -> str:
    """Recovery of items at purity ≥ 95 % with each thing taken away."""

    def draw(axes: Axes) -> None:
        for place, row in enumerate(rows):
            value = row["recovery_at_purity_95"] or 0.0
            axes.barh(place, value, height=0.58, color=BLUE, alpha=0.85 if place == 0 else 0.5)
            interval = row["recovery_at_purity_95_ci95"]
            _interval(axes, place, interval)
            right = value if interval is None else max(value, interval[1])
            axes.text(right + 0.01, place, f"{100 * value:.1f} %", va="center", fontsize=10)
        axes.set_yticks(range(len(rows)), [row["title"] for row in rows])
        axes.set(xlim=(0, 1.1), ylim=(len(rows) - 0.4, -0.6))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
        axes.xaxis.set_major_formatter(_PERCENT)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=True, axis="x", linewidth=0.6)
        axes.set_axisbelow(True)

    return inline_svg(draw, (9.6, 0.8 + 0.42 * len(rows)))


def _interval(axes: Axes, place: float, interval: Sequence[float] | None) -> None:
    if interval is not None:
        axes.plot(list(interval), [place, place], color=INK, linewidth=1.3, alpha=0.75, solid_capstyle="butt")
        axes.plot(list(interval), [place, place], "|", color=INK, markersize=6, alpha=0.75)


def _percent_axes(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(_PERCENT)
    axes.yaxis.set_major_formatter(_PERCENT)
