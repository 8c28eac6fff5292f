"""Who watches a run: the terminal and the web page, behind one small face."""

from __future__ import annotations

from dataclasses import replace

from neosort_inference.telemetry import Snapshot, WindowView
from neosort_inference.terminal import LiveTerminal
from neosort_inference.ui.server import PageProcess

REPEAT_S = 1.0


class TerminalWatcher:
    """The live view in the terminal."""

    def __init__(self, terminal: LiveTerminal) -> None:
        self._terminal = terminal

    def update(self, snapshot: Snapshot) -> None:
        self._terminal.update(snapshot)

    def show(self, view: WindowView) -> None:
        """Pictures are the page's business."""


class PageWatcher:
    """The web page, in its own process.

    Shows the last window again when the line's state or a fault has changed, and every second at least: a belt that
    stands brings no new window, and what made it stand must be seen all the same.
    """

    def __init__(self, page: PageProcess) -> None:
        self._page = page
        self._last: WindowView | None = None

    def update(self, snapshot: Snapshot) -> None:
        last = self._last
        if last is None:
            return
        told = last.snapshot
        news = (snapshot.state, snapshot.faults) != (told.state, told.faults)
        if news or snapshot.elapsed_s - told.elapsed_s >= REPEAT_S:
            self.show(replace(last, snapshot=snapshot))

    def show(self, view: WindowView) -> None:
        self._last = view
        self._page.publish(view)
