"""The figures of a report, as SVG to be set inline in HTML."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from neosort_datasets.inline_svg import BAD, BLUE, GOOD, GRID, INK, WARN, inline_svg
from neosort_hardware.types import ArrayF64
from neosort_inference.score import NOT_SEEN
from neosort_inference.words import kind_title


def loss_bars(recovery: tuple[float, float, float], purity: tuple[float, float, float] | None) -> str:
    """Two bars of 100 %: NdFeB mass as (recovered, lost in recognition, lost in timing), and the product's items as
    (bearing, co-ejected, false alarms; None where nothing landed in it)."""
    rows = [("NdFeB fed, by mass", recovery, ("in the product", "recognition", "timing"), (GOOD, BAD, WARN))]
    if purity is not None:
        rows.append(("product, by items", purity, ("bearing", "co-ejected", "false alarm"), (BLUE, WARN, BAD)))

    def draw(axes: Axes) -> None:
        for row, (_, shares, names, colours) in enumerate(rows):
            left = 0.0
            for share, name, colour in zip(shares, names, colours, strict=True):
                axes.barh(row, share, left=left, height=0.5, color=colour, edgecolor="none")
                _label_share(axes, row, left, share, name)
                left += share
        axes.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.62))
        axes.set_yticks(range(len(rows)), [title for title, *_ in rows])
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100 %"])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    return inline_svg(draw, (9.6, 0.75 + 1.0 * len(rows)))


def _label_share(axes: Axes, row: int, left: float, share: float, name: str) -> None:
    """Name and share inside a wide piece, above a narrow one, nowhere for nothing."""
    text = f"{name} {100 * share:.1f} %"
    if share > 0.16:
        axes.text(left + share / 2, row, text, ha="center", va="center", color="#ffffff", weight="bold")
    elif share > 0.0:
        # The last two pieces are often both narrow: the last one's name stands below, the other's above.
        last = left + share > 0.999
        height, va = (row + 0.29, "top") if last else (row - 0.29, "bottom")
        room_left = left + share > 0.3
        axes.text(
            left + share if room_left else left, height, text, ha="right" if room_left else "left", va=va, fontsize=10
        )


def confusion_map(confusion: dict[str, dict[str, int]], kinds: Sequence[str]) -> str:
    """True kinds down, decided kinds across, counts in the cells, shade by share of the true kind."""
    decided = [*kinds, *sorted({name for row in confusion.values() for name in row} - {*kinds, NOT_SEEN}), NOT_SEEN]
    counts = np.array([[confusion.get(kind, {}).get(name, 0) for name in decided] for kind in kinds], dtype=np.float64)
    share: ArrayF64 = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(axes: Axes) -> None:
        for row, column in np.argwhere(counts > 0):
            right = decided[column] == kinds[row]
            axes.add_patch(_cell(row, column, GOOD if right else BAD, 0.12 + 0.88 * float(share[row, column])))
            strong = share[row, column] > 0.45
            axes.text(
                column + 0.5, row + 0.5, f"{counts[row, column]:.0f}", ha="center", va="center", fontsize=9,
                color="#ffffff" if strong else INK,
            )  # fmt: skip
        axes.set(xlim=(0, len(decided)), ylim=(len(kinds), 0))
        axes.set_xticks(np.arange(len(decided)) + 0.5, [kind_title(name) for name in decided], rotation=48, ha="left")
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
        axes.set_yticks(np.arange(len(kinds)) + 0.5, [kind_title(kind) for kind in kinds])
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.hlines(range(len(kinds) + 1), 0, len(decided), color=GRID, linewidth=0.6)
        axes.vlines(range(len(decided) + 1), 0, len(kinds), color=GRID, linewidth=0.6)

    return inline_svg(draw, (9.6, 2.1 + 0.34 * len(kinds)))


def _cell(row: int, column: int, colour: str, strength: float) -> Rectangle:
    return Rectangle((column, row), 1, 1, facecolor=to_rgba(colour, strength), edgecolor="none")


def latency_histogram(latency_ms: Sequence[float]) -> str:
    """Decision latencies with their median and 99th percentile."""
    values = np.asarray(latency_ms, dtype=np.float64)
    p50, p99 = np.percentile(values, (50, 99))

    def draw(axes: Axes) -> None:
        highest = max(float(values.max()), 1e-3)
        axes.hist(values, bins=np.linspace(0, highest * 1.02, 61).tolist(), color=BLUE, alpha=0.85)
        for value, name, colour in ((p50, "p50", GOOD), (p99, "p99", WARN)):
            axes.axvline(value, color=colour, linewidth=2)
            side = "right" if name == "p50" else "left"  # away from each other
            text = f"{name} {value:.0f} ms"
            axes.text(value, 1.02, text, color=colour, transform=axes.get_xaxis_transform(), ha=side, weight="bold")
        axes.set(xlabel="decision latency, ms", ylabel="decisions", xlim=(0, highest * 1.02))

    return inline_svg(draw, (4.7, 2.9))


def items_over_time(decided_s: Sequence[float], fired_s: Sequence[float], seconds: float) -> str:
    """Decisions and shots per second over the run."""
    bins = np.linspace(0, max(seconds, 1.0), int(np.clip(seconds / 2, 8, 60)) + 1)
    width_s = bins[1] - bins[0]

    def draw(axes: Axes) -> None:
        for times_s, name, colour in ((decided_s, "items", BLUE), (fired_s, "shots", GOOD)):
            axes.stairs(np.histogram(times_s, bins)[0] / width_s, bins, color=colour, fill=True, alpha=0.75, label=name)
        axes.set(xlabel="time, s", ylabel="per second", xlim=(0, bins[-1]))
        axes.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.16))

    return inline_svg(draw, (4.7, 2.9))
