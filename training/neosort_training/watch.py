"""Looking at a run while it goes on, and stopping it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from rich.console import Console
from rich.progress import Progress

from neosort_training.tracking import RunLog


class StopRequest:
    """Whether somebody asked the run to stop; looked at between steps."""

    def __init__(self, after_steps: int | None = None) -> None:
        """``after_steps``: ask by itself when the run has made that many steps in all."""
        self.asked = False
        self._after_steps = after_steps

    def at(self, step: int) -> bool:
        """Whether to stop now."""
        return self.asked or (self._after_steps is not None and step >= self._after_steps)


@contextmanager
def stop_on_signals(stop: StopRequest) -> Iterator[None]:
    """SIGINT and SIGTERM ask ``stop``; what they did before holds again afterwards."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Whoever looks at a run while it goes on, and may stop it. The bar's first task is the run."""

    log: RunLog
    bar: Progress
    stop: StopRequest
    console: Console

    def show(self, step: int, text: str) -> None:
        """Move the bar on."""
        self.bar.update(self.bar.task_ids[0], completed=step, description=text)
