"""How far a long bench is: a bar on a screen, a line now and then in a log, and how long it will go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SAY_EVERY_S = 60.0


@contextmanager
def shown(
    console: Console, name: str, total: int, now_s: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """What takes how many more of ``total`` things called ``name`` are done."""
    if not console.is_terminal:
        yield _Said(console, name, total, now_s).done
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(name, total=total)
        yield lambda more: progress.advance(bar, more)


class _Said:
    """A line every minute."""

    def __init__(self, console: Console, name: str, total: int, now_s: Callable[[], float]) -> None:
        self._console, self._name, self._total, self._now_s = console, name, total, now_s
        self._count = 0
        self._began_s = self._said_s = now_s()

    def done(self, more: int) -> None:
        self._count += more
        now_s = self._now_s()
        if now_s - self._said_s < SAY_EVERY_S or not self._count:
            return
        self._said_s = now_s
        left_s = (now_s - self._began_s) * max(0, self._total - self._count) / self._count
        words = f"{self._count:,} of {self._total:,} {self._name}, some {left_s / 60:,.0f} min left"
        self._console.print(words, highlight=False, markup=False, soft_wrap=True)
