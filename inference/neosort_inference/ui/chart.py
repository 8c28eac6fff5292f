"""Charts: how they look in both themes, and what is drawn in the one of the last two minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neosort_inference.telemetry import Snapshot


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of a chart: words, grid, and its lines by what they stand for, as `shell.css` has them."""

    soft: str
    grid: str
    accent: str
    ok: str
    warn: str
    bad: str


INK = {
    True: Ink("#9fadbc", "#2b3642", "#5cc8ff", "#3ddc84", "#ffb020", "#ff7a7a"),
    False: Ink("#4f5d6d", "#cfd7df", "#0a5aa8", "#076a35", "#a86400", "#b11d2a"),
}  # by whether it is dark


def axis(ink: Ink, name: str = "", **more: object) -> dict[str, Any]:
    """An axis of values."""
    text = {"color": ink.soft, "fontSize": 14}
    lines = {"splitLine": {"lineStyle": {"color": ink.grid}}, "axisLine": {"lineStyle": {"color": ink.grid}}}
    return {"type": "value", "name": name, "axisLabel": text, "nameTextStyle": text, **lines, **more}


def line(name: str, colour: str, data: Sequence[Any] = (), **more: object) -> dict[str, Any]:
    """A line without symbols. ``data``: pairs (x, y), y None where there is nothing."""
    style = {"lineStyle": {"color": colour, "width": 2.5}, "itemStyle": {"color": colour}}
    return {"name": name, "type": "line", "showSymbol": False, "data": list(data), **style, **more}


def chart(ink: Ink, x: dict[str, Any], y: Sequence[dict[str, Any]], series: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A chart as the browser is told to draw it: nothing moves by itself, nothing hangs on a pointer that hovers."""
    return {
        "animation": False,
        "grid": {"left": 50, "right": 50 if len(y) > 1 else 22, "top": 34, "bottom": 30},
        "legend": {
            "top": 0, "itemWidth": 18, "icon": "roundRect", "itemHeight": 5,
            "selectedMode": False,  # a name that hides its line when pressed could be pressed by a pointer alone
            "textStyle": {"color": ink.soft, "fontSize": 14},
        },
        "xAxis": x,
        "yAxis": list(y),
        "series": list(series),
    }  # fmt: skip


def pace_chart(ink: Ink, history: Sequence[Snapshot]) -> dict[str, Any]:
    """Throughput and latency of a history, oldest first."""
    none: dict[str, Any] = {"splitLine": {"show": False}}
    label = {"color": ink.soft, "fontSize": 14, "showMinLabel": False, "showMaxLabel": False}
    x = axis(ink, min="dataMin", max="dataMax") | none
    x["axisLabel"] = label | {":formatter": "value => Math.round(value) + ' s'"}
    columns = [(s.elapsed_s, s.items_per_s, s.latency_p50_ms, s.latency_p99_ms) for s in history]
    drawn = [[[round(row[0], 1), _rounded(row[which])] for row in columns] for which in (1, 2, 3)]
    return chart(
        ink,
        x,
        [axis(ink, "/s", min=0, splitNumber=3), axis(ink, "ms", min=0, splitNumber=3) | none],
        [
            line("items/s", ink.accent, drawn[0]),
            line("latency p50", ink.ok, drawn[1], yAxisIndex=1),
            line("latency p99", ink.warn, drawn[2], yAxisIndex=1),
        ],
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
