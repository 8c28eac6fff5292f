"""Who watches a run: the terminal and the web page, behind one small face."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from neosort_datasets.window import BLIND_GREY
from neosort_inference.asking.channel import Asked
from neosort_inference.telemetry import Snapshot, WindowView
from neosort_inference.terminal import LiveTerminal
from neosort_inference.ui.server import PageError, PageProcess

REPEAT_S = 1.0
ANEW_EVERY_S = 10.0
LOGGER = logging.getLogger("neosort.page")
BLANK_MM = 64


class TerminalWatcher:
    """The live view in the terminal."""

    def __init__(self, terminal: LiveTerminal) -> None:
        self._terminal = terminal

    def update(self, snapshot: Snapshot) -> None:
        self._terminal.update(snapshot)

    def show(self, view: WindowView) -> None:
        """Pictures are the page's business."""

    def asked(self) -> tuple[Asked, ...]:
        """Nothing: a terminal is watched, and perhaps by nobody."""
        return ()


class PageWatcher:
    """The web page, in its own process.

    Shows the last window again when the line's state or a fault has changed, and every second at least: a belt that
    stands brings no new window, and what made it stand must be seen all the same. A page that has died is served anew.
    """

    def __init__(self, page: PageProcess, now_s: Callable[[], float] = time.monotonic) -> None:
        self._page = page
        self._now_s = now_s
        self._next_try_s = 0.0
        self._last: WindowView | None = None

    def update(self, snapshot: Snapshot) -> None:
        self._keep_alive()
        last = self._last
        if last is None:
            if not snapshot.alarms:
                return
            last = blank_view(snapshot)  # a line that never gets to see its belt must be able to say why
            self.show(last)
        told = last.snapshot
        news = (snapshot.state, snapshot.alarms) != (told.state, told.alarms)
        if news or snapshot.elapsed_s - told.elapsed_s >= REPEAT_S:
            self.show(replace(last, snapshot=snapshot))

    def show(self, view: WindowView) -> None:
        self._last = view
        self._page.publish(view)

    def asked(self) -> tuple[Asked, ...]:
        return self._page.asked()

    def _keep_alive(self) -> None:
        if self._page.alive or self._now_s() < self._next_try_s:
            return
        self._next_try_s = self._now_s() + ANEW_EVERY_S
        try:
            self._page.serve_again()
        except PageError as error:
            LOGGER.error("the page has died, and %s", error)
            return
        LOGGER.warning("the page had died and is served anew")
        if self._last is not None:
            self._page.publish(self._last)


def blank_view(snapshot: Snapshot) -> WindowView:
    """Nothing seen, and how the line stands."""
    return WindowView(
        picture=np.full((BLANK_MM, BLANK_MM, 3), BLIND_GREY, np.uint8),
        field_ut=np.zeros((3, 1, 1), np.float32),
        field_mask=np.zeros((2, 1, 1), np.float32),
        start_mm=snapshot.belt_mm,
        mm_per_px=1.0,
        across_start_mm=0.0,
        decisions=(),
        snapshot=snapshot,
    )
