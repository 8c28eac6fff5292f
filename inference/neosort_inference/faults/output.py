"""Items in and no decisions out: the one sign that a loop which is alive, and whose devices are well, does nothing."""

from __future__ import annotations

import numpy as np

from neosort_datasets.window import BeltWindow
from neosort_hardware.types import EncoderSample

WINDOWS = 12  # that showed something, and not one decision
EVERY = 2  # windows that are looked at: neighbours show half the same belt
NO_WINDOW_LENGTHS = 4.0
STRONG_UT = 20.0  # more than steel in the shed and our own valves bring about
BRIGHT_LEVELS = 60  # above the belt
BRIGHT_SHARE = 0.02  # of the picture: some 80 mm square; no stain, scratch or chip is so large and so bright


class OutputSilent:
    """Evidence of items that owes nothing to the network, against what the network's decisions come to."""

    fault = "output.silent"

    def __init__(self, length_mm: float) -> None:
        self._limit_mm = NO_WINDOW_LENGTHS * length_mm
        self._windows = 0
        self._undecided = 0
        self._seen_mm: float | None = None
        self._belt_mm = 0.0

    def see_travel(self, sample: EncoderSample) -> None:
        """The encoder, once a turn."""
        self._belt_mm = sample.belt_mm
        if self._seen_mm is None or self._seen_mm > sample.belt_mm:
            self._seen_mm = sample.belt_mm

    def see_window(self, window: BeltWindow, decisions: int) -> None:
        """A window that has been decided on."""
        self._seen_mm = self._belt_mm
        if decisions:
            self._windows = self._undecided = 0
            return
        self._undecided += 1
        if self._undecided % EVERY == 0 and shows_something(window):
            self._windows += EVERY

    def resume(self) -> None:
        """Windows are waited for from now on."""
        self._seen_mm, self._windows, self._undecided = None, 0, 0

    def says(self, now_ns: int) -> str:
        unseen_mm = 0.0 if self._seen_mm is None else self._belt_mm - self._seen_mm
        if unseen_mm > self._limit_mm:
            return f"nothing looked at for {unseen_mm:,.0f} mm of belt"
        return f"{self._windows} windows with items, no decision" if self._windows >= WINDOWS else ""


def shows_something(window: BeltWindow) -> bool:
    """Whether anything lies there, by field or by brightness alone."""
    if max(float(window.field_ut.max()), -float(window.field_ut.min())) > STRONG_UT:
        return True
    few = window.picture[::8, ::8, 1].ravel()
    usual = int(np.partition(few, len(few) // 2)[len(few) // 2])
    return float(np.mean(few > usual + BRIGHT_LEVELS)) > BRIGHT_SHARE
