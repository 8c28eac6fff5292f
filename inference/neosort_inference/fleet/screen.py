"""The lines of a plant on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from neosort_inference.fleet.listener import Listener
    from neosort_inference.fleet.seen import SeenLine

STALE_S = 30.0


def table_of(listener: Listener, now_s: float) -> Table:
    """Every line, its state first; what is wrong stands out."""
    caption = listener.trouble or ("listening" if listener.hears else "looking for the broker")
    table = Table(box=None, caption=Text(caption, style="bold red" if listener.trouble else "dim"))
    for column in ("line", "state", "by"):
        table.add_column(column, overflow="fold")
    for column in ("m/s", "items", "items/s", "shots", "late", "alarms", "lots", "heard"):
        table.add_column(column, justify="right")
    for line in listener.seen.in_order():
        table.add_row(*_cells(line, now_s))
    return table


def summary_of(listener: Listener, *, kept: bool) -> str:
    """What was heard, in a sentence."""
    lines = listener.seen.in_order()
    said = f"heard {sum(len(line.lots) for line in lines)} closed lots of {len(lines)} lines"
    if kept:
        said += f", kept {listener.new}, knew {listener.known} already"
    again, missing = sum(line.again for line in lines), sum(line.missing for line in lines)
    return said + "".join(
        f"; {count} {word}"
        for count, word in (
            (again, "messages came again"),
            (missing, "never came"),
            (listener.foreign, "were not ours"),
        )
        if count
    )


def _cells(line: SeenLine, now_s: float) -> Iterable[Text | str]:
    told, age_s = line.telemetry, now_s - line.heard_s
    yield from (f"{line.plant}/{line.line}", _state(line), "" if told is None else told.mode)
    if told is None:
        yield from ("", "", "", "", "", "")
    else:
        yield from (f"{told.belt_speed_m_per_s:.2f}", f"{told.items:,}", f"{told.items_per_s:.1f}", f"{told.shots:,}")
        yield Text(f"{told.late:,}", style="bold red" if told.late else "")
        yield Text(str(len(told.alarms)), style="bold red" if any(a.in_force for a in told.alarms) else "")
    yield f"{len(line.lots):,}"
    yield Text(f"{age_s:.0f} s", style="yellow" if age_s > STALE_S else "")


def _state(line: SeenLine) -> Text:
    if line.state is not None and line.state.state == "offline":
        return Text(f"offline ({line.state.why})", style="bold red" if line.state.why != "stopped" else "dim")
    if line.telemetry is None:
        return Text("online" if line.state is not None else "unknown")
    stopped = line.telemetry.state == "stopped"
    why = f" ({line.telemetry.stopped_by})" if stopped and line.telemetry.stopped_by else ""
    return Text(line.telemetry.state + why, style="yellow" if stopped else "green")
