"""Who watches a run: the terminal and the web page, behind one small face."""

from __future__ import annotations

from dataclasses import replace

from neosort_inference.telemetry import Snapshot, WindowView
from neosort_inference.terminal import LiveTerminal
from neosort_inference.ui.server import PageProcess


class TerminalWatcher:
    """The live view in the terminal."""

    def __init__(self, terminal: LiveTerminal) -> None:
        self._terminal = terminal

    def update(self, snapshot: Snapshot) -> None:
        self._terminal.update(snapshot)

    def show(self, view: WindowView) -> None:
        """Pictures are the page's business."""


class PageWatcher:
    """The web page, in its own process. Shows the last window again when the line's state has changed."""

    def __init__(self, page: PageProcess) -> None:
        self._page = page
        self._last: WindowView | None = None

    def update(self, snapshot: Snapshot) -> None:
        last = self._last
        if last is not None and snapshot.state != last.snapshot.state:
            self.show(replace(last, snapshot=snapshot))

    def show(self, view: WindowView) -> None:
        self._last = view
        self._page.publish(view)
