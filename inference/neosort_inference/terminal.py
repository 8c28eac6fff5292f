"""The line in the terminal while it runs: a live panel on a screen, a plain line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from neosort_inference.telemetry import LineState, Snapshot

PANEL_EVERY_S = 0.25
LINE_EVERY_S = 5.0
BAR_CELLS = 24
COLUMNS = ((9, 8), (8, 8), (12, 8), (8, 8))  # cells of name and number
NONE_YET = "—"
_STATE_STYLE: dict[LineState, str] = {"sorting": "bold green", "stopped": "bold red", "finished": "bold cyan"}


class LiveTerminal:
    """Shows snapshots on ``console``; a context manager. ``for_s``: length of the run, None when it has no end.

    ``now_s``: seconds of any steady clock; only the pace of the display hangs on it.
    """

    def __init__(
        self, console: Console, *, for_s: float | None = None, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._for_s = for_s
        self._now_s = now_s
        self._next_s = float("-inf")
        self._last: Snapshot | None = None
        self._shown: Snapshot | None = None
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._last is not None and self._last is not self._shown:
            self._show(self._last)
        if self._live is not None:
            self._live.stop()

    def update(self, snapshot: Snapshot) -> None:
        """Show ``snapshot``, unless the last one was shown a moment ago (then it costs nothing)."""
        self._last = snapshot
        now_s = self._now_s()
        if now_s >= self._next_s:
            self._next_s = now_s + (PANEL_EVERY_S if self._live is not None else LINE_EVERY_S)
            self._show(snapshot)

    def _show(self, snapshot: Snapshot) -> None:
        self._shown = snapshot
        if self._live is not None:
            self._live.update(panel_of(snapshot, self._for_s), refresh=True)
        else:
            self._console.print(line_of(snapshot), highlight=False, markup=False, soft_wrap=True)


def line_of(snapshot: Snapshot) -> str:
    """A snapshot on one line, for a log."""
    words = [
        f"{snapshot.elapsed_s:7.1f} s",
        f"{snapshot.speed_m_per_s:.2f} m/s",
        f"{snapshot.items_seen} items ({snapshot.items_per_s:.1f}/s)",
        f"{snapshot.shots} shots",
        f"recovery {_percent(snapshot.recovery)}",
        f"purity {_percent(snapshot.purity)}",
        f"latency p50 {_milliseconds(snapshot.latency_p50_ms)} p99 {_milliseconds(snapshot.latency_p99_ms)}",
        f"late {snapshot.late}",
        snapshot.senses,
    ]
    if snapshot.faults:
        words.append("FAULT " + ", ".join(snapshot.faults))
    return "  ".join(words)


def panel_of(snapshot: Snapshot, for_s: float | None) -> Panel:
    """A snapshot as a panel, for a screen."""
    # One text with fixed columns: nested tables cost the loop ten times as much.
    text = Text(no_wrap=True, overflow="ellipsis")
    _add_facts(text, snapshot, for_s)
    _add_figures(text, snapshot)
    if snapshot.faults:
        text.append("\n\nfault  " + "  ·  ".join(snapshot.faults), style="bold red")
    title = Text.assemble("neosort  ", (snapshot.state, _STATE_STYLE[snapshot.state]))
    return Panel(text, title=title, title_align="left", width=92, padding=(1, 2), border_style="bright_black")


def _add_facts(text: Text, snapshot: Snapshot, for_s: float | None) -> None:
    blind = snapshot.senses != "camera + field"
    text.append(f"{snapshot.belt_mm / 1000:,.1f} m at {snapshot.speed_m_per_s:.2f} m/s".ljust(26))
    text.append(snapshot.senses.ljust(18), style="bold yellow" if blind else "")
    if for_s is None:
        text.append(f"{snapshot.elapsed_s:.0f} s")
        return
    done = round(BAR_CELLS * min(1.0, snapshot.elapsed_s / for_s)) if for_s > 0 else BAR_CELLS
    text.append("━" * done, style="green")
    text.append("━" * (BAR_CELLS - done), style="bright_black")
    text.append(f"  {min(snapshot.elapsed_s, for_s):.0f} / {for_s:.0f} s")


def _add_figures(text: Text, snapshot: Snapshot) -> None:
    p50, p99 = _milliseconds(snapshot.latency_p50_ms), _milliseconds(snapshot.latency_p99_ms)
    table = [
        [("recovery", _percent(snapshot.recovery), ""), ("items/s", f"{snapshot.items_per_s:.1f}", ""),
         ("latency p50", p50, ""), ("late", f"{snapshot.late:,}", "yellow" if snapshot.late else "")],
        [("purity", _percent(snapshot.purity), ""), ("items", f"{snapshot.items_seen:,}", ""),
         ("latency p99", p99, ""), ("refused", f"{snapshot.refused:,}", "yellow" if snapshot.refused else "")],
        [("shots", f"{snapshot.shots:,}", ""), ("bearing", f"{snapshot.bearing_seen:,}", ""),
         ("windows", f"{snapshot.windows:,}", "")],
    ]  # fmt: skip
    text.append("\n")
    for row in table:
        text.append("\n")
        for (name, number, style), (name_cells, number_cells) in zip(row, COLUMNS, strict=False):
            text.append(name.ljust(name_cells), style="bright_black")
            text.append(number.rjust(number_cells) + "   ", style=f"bold {style}".strip())


def _percent(share: float | None) -> str:
    return NONE_YET if share is None else f"{100 * share:.1f} %"


def _milliseconds(latency_ms: float | None) -> str:
    return NONE_YET if latency_ms is None else f"{latency_ms:.0f} ms"
