"""The figures of `neosort bench line` on screen."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from neosort_inference.bench.record import Record
from neosort_inference.report import number_text

PARTS = {
    "watch": "looking for faults",
    "rectify": "frame laid on the belt's millimetres",
    "field": "samples taken in",
    "grid": "field gridded beside the picture",
    "network": "the network",
    "detect": "its boxes made items of",
    "track": "overlapping windows merged",
    "decide": "recipe, shot, handing over",
    "tell": "counters",
    "else": "encoder, interlock, heartbeat, and reading from memory",
}


def print_line(record: Record, console: Console) -> None:
    """Every figure: speeds, where the time goes, what the line could run at."""
    console.print(_speeds(record))
    console.print(_parts(record))
    first = record["speeds"][0]
    said = [
        f"{number_text(record['metres_per_s_per_core'], 2)} m of belt per second of one core's time "
        f"{_ends(first['spread']['metres_per_s_per_core'], 2)}",
    ]
    if record["bundle"]["recipe"] == "every item":
        said.append(
            f"{first['shots_per_s']:.1f} shots a second, {first['late']} late; at most {first['most_waiting']} windows "
            f"waited, {first['dropped']} were dropped"
        )
    if record["max_speed_m_s"] is not None:
        tried = ", ".join(f"{speed:.2f}" for speed in record["max_speeds_m_s"])
        said.append(f"nothing is late up to {record['max_speed_m_s']:.2f} m/s on this machine as it is ({tried})")
    if record["time"] == "processor":
        said.append("counted by this program's own processor time, as if it had the machine to itself")
    elif first["wall_over_processor"] > 1.1:
        said.append(
            f"the machine was busy (load {record['load_average'][0]:.1f}): the clock says "
            f"{first['wall_over_processor']:.2f} times the processor time, and latencies are not this program's alone"
        )
    for sentence in said:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)


def _speeds(record: Record) -> Table:
    line = record["line"]
    title = f"belt of {line['width_mm']:g} mm from memory, {line['items_per_m']:.1f} decisions per metre"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in ("m/s", "p50", "p99", "p99.9 ms", "distance", "p99 mm", "late", "decisions", "ms/m", "load"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in record["speeds"]:
        latency, distance = row["latency_ms"], row["decision_distance_mm"]
        table.add_row(
            f"{row['speed_m_s']:.2f}",
            *(number_text(latency[name], 1) for name in ("p50", "p99", "p999")),
            *(number_text(distance[name]) for name in ("p50", "p99")),
            str(row["too_late"] + row["dropped"] + row["alarms"]),
            f"{row['decisions']:,}",
            f"{row['processor_ms_per_metre']:.0f}",
            f"{100 * row['load']:.0f} %",
        )
    return table


def _parts(record: Record) -> Table:
    parts = record["speeds"][0]["ms_per_window"]
    table = Table(
        title=f"one window's way, {parts['all']:.2f} ms", title_justify="left", title_style="bold", box=None,
        pad_edge=False, show_header=False,
    )  # fmt: skip
    for name, words in PARTS.items():
        table.add_row(words, f"{parts[name]:.2f} ms", f"{100 * parts[name] / parts['all']:.0f} %")
    return table


def _ends(spread: list[float] | None, digits: int) -> str:
    return "" if spread is None else f"[{spread[0]:.{digits}f} – {spread[1]:.{digits}f}]"
