"""How far something long is: a bar on a screen, a line now and then in a log, and how long it will go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SAY_EVERY_S = 60.0


class Done(Protocol):
    """Told how many more are done, and what is being done now where that changes."""

    def __call__(self, more: int = 1, doing: str | None = None) -> None: ...


@contextmanager
def shown(
    console: Console,
    name: str,
    total: int,
    *,
    say_every_s: float = SAY_EVERY_S,
    now_s: Callable[[], float] = time.monotonic,
) -> Iterator[Done]:
    """What takes how many more of ``total`` things called ``name`` are done."""
    if not console.is_terminal:
        yield _Said(console, name, total, say_every_s, now_s).done
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(name, total=total)
        yield lambda more=1, doing=None: progress.update(bar, advance=more, description=doing)


class _Said:
    """A line now and then."""

    def __init__(self, console: Console, name: str, total: int, say_every_s: float, now_s: Callable[[], float]) -> None:
        self._console, self._name, self._total = console, name, total
        self._say_every_s, self._now_s = say_every_s, now_s
        self._count = 0
        self._began_s = self._said_s = now_s()

    def done(self, more: int = 1, doing: str | None = None) -> None:
        self._count += more
        now_s = self._now_s()
        if now_s - self._said_s < self._say_every_s or not self._count:
            return
        self._said_s = now_s
        left_s = (now_s - self._began_s) * max(0, self._total - self._count) / self._count
        words = f"{self._count:,} of {self._total:,} {self._name}, some {left_s / 60:,.0f} min left"
        self._console.print(words, highlight=False, markup=False, soft_wrap=True)
