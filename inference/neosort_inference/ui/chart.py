"""The chart of the last two minutes: how it looks, and what is drawn in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neosort_inference.telemetry import Snapshot


def chart_options() -> dict[str, Any]:
    """The chart as the browser is told to draw it, still without a line in it."""
    soft, grid = "#8d9bab", "#242d38"
    text = {"color": soft, "fontSize": 13}
    axis = {"axisLabel": text, "nameTextStyle": text}
    value = {"type": "value", "min": 0, "splitNumber": 3, "splitLine": {"lineStyle": {"color": grid}}, **axis}

    def line(name: str, colour: str, which_axis: int, **more: object) -> dict[str, Any]:
        style = {"lineStyle": {"color": colour, "width": 2.5}, "itemStyle": {"color": colour}}
        return {
            "name": name,
            "type": "line",
            "yAxisIndex": which_axis,
            "showSymbol": False,
            "data": [],
            **style,
            **more,
        }

    return {
        "animation": False,
        "grid": {"left": 46, "right": 50, "top": 30, "bottom": 28},
        "legend": {"top": 0, "textStyle": text, "itemWidth": 18, "icon": "roundRect", "itemHeight": 4},
        "xAxis": {
            "type": "value",
            "min": "dataMin",
            "max": "dataMax",
            "splitLine": {"show": False},
            **axis,
            "axisLabel": {
                **axis["axisLabel"],
                "showMinLabel": False,
                "showMaxLabel": False,
                ":formatter": "value => Math.round(value) + ' s'",
            },
        },
        "yAxis": [{**value, "name": "/s"}, {**value, "name": "ms", "splitLine": {"show": False}}],
        "series": [
            line("items/s", "#5cc8ff", 0),
            line("latency p50", "#3ddc84", 1),
            line("latency p99", "#ffb020", 1),
        ],
    }


def fill_chart(options: dict[str, Any], history: Sequence[Snapshot]) -> None:
    """Puts a history, oldest first, into the chart's options."""
    columns = [(s.elapsed_s, s.items_per_s, s.latency_p50_ms, s.latency_p99_ms) for s in history]
    for which, series in enumerate(options["series"], 1):
        series["data"] = [[round(row[0], 1), _rounded(row[which])] for row in columns]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
