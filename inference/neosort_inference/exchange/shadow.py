"""A second bundle that looks at the same windows and fires nothing: how often would it have decided otherwise?

It works in a thread of its own, on what the loop hands over through a bounded queue; what it cannot keep up with is
left out and counted, and decisions never wait for it.
"""

from __future__ import annotations

import json
import logging
import math
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from neosort_datasets.assembly import Blind
from neosort_datasets.window import BeltWindow
from neosort_hardware.types import Box, Decision
from neosort_inference.detector import Detector
from neosort_inference.recipe import Judge
from neosort_inference.same_item import SAME_ITEM_IOU, sameness
from neosort_inference.tracks import Track, Tracker

WAITING = 8  # windows: some 8 MB
GAPS = 64  # stretches remembered
RECENT = 12  # differences told with the counts
CLOSE_WITHIN_S = 10.0
LOGGER = logging.getLogger("neosort.shadow")


class Compared(StrEnum):
    """What line and shadow make of one item."""

    BOTH_FIRE = "both fire"
    BOTH_PASS = "both pass"
    LINE_FIRES = "only the line fires"
    SHADOW_FIRES = "only the shadow fires"
    LINE_SEES = "only the line sees it, and passes it"
    SHADOW_SEES = "only the shadow sees it, and passes it"


DIFFERENT = (Compared.LINE_FIRES, Compared.SHADOW_FIRES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCounts:
    """A shadow so far. ``name``: of its bundle. ``items``: by what both made of them. ``windows``: looked at;
    ``left_out``: for want of time. ``recent``: the last items that it would decide otherwise, newest first, ready for
    JSON. ``trouble``: why it has ended by itself."""

    name: str
    items: Mapping[str, int]
    windows: int
    left_out: int
    recent: tuple[Mapping[str, object], ...] = ()
    trouble: str = ""

    @property
    def different(self) -> int:
        """Items that one of the two would fire at and the other not."""
        return sum(self.items.get(one.value, 0) for one in DIFFERENT)

    def __str__(self) -> str:
        """In a sentence, for people."""
        by_what = ", ".join(f"{what} {count:,}" for what, count in self.items.items())
        left_out = f"; {self.left_out:,} windows left out" if self.left_out else ""
        ended = f"; it has ended by itself: {self.trouble}" if self.trouble else ""
        return f"shadow '{self.name}', {self.windows:,} windows: {by_what}{left_out}{ended}"


_Stretch = tuple[float, float]  # of belt, mm


@dataclass(frozen=True, slots=True)
class _Given:
    """A window on its way to the shadow, with the stretches of those before it that were left out."""

    window: BeltWindow
    decisions: Sequence[Decision]
    blind: Blind
    missed: tuple[_Stretch, ...]


@dataclass(slots=True)
class _Said:
    """Somebody's word on an item. ``fires``: whether a shot is wanted, had or not."""

    box: Box
    fires: bool
    kind: str
    p_ndfeb: float


class Shadow:
    """One shadow, from its start to `close`. ``patience_s``: how long the loop waits for room, in virtual time alone.

    ``on_difference``: called in the shadow's thread with each item that is decided otherwise, ready for JSON.
    """

    def __init__(
        self,
        name: str,
        detector: Detector,
        judges: Mapping[Blind, Judge],
        hop_mm: float,
        *,
        patience_s: float = 0.0,
        on_difference: Callable[[dict[str, object]], None] = lambda _: None,
    ) -> None:
        self.name = name
        self._detector, self._judges, self._tracker = detector, judges, Tracker(hop_mm)
        self._patience_s, self._on_difference = patience_s, on_difference
        self._windows = self._left_out = 0
        self._trouble = ""
        self._recent: tuple[Mapping[str, object], ...] = ()
        self._items: Counter[str] = Counter(dict.fromkeys((one.value for one in Compared), 0))
        self._line: list[_Said] = []
        self._own: list[_Said] = []
        self._missed: list[_Stretch] = []  # left out since the last window that was not; the loop's
        self._gaps: deque[_Stretch] = deque(maxlen=GAPS)  # the thread's
        self._seen_to_mm = -math.inf
        self._stopped = False
        self._queue: queue.Queue[_Given | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
        self._thread.start()

    def see(self, window: BeltWindow, decisions: Sequence[Decision], blind: Blind) -> None:
        """A window that the line has decided on. Returns at once but for its patience."""
        if self._trouble:
            return
        given = _Given(window, decisions, blind, tuple(self._missed))
        try:
            self._queue.put(given, block=self._patience_s > 0, timeout=self._patience_s or None)
        except queue.Full:
            self.leave_out(window)
        else:
            self._missed.clear()

    def leave_out(self, window: BeltWindow) -> None:
        """One that it does not get: what lies there alone is not compared."""
        self._left_out += 1
        self._missed = [*self._missed[1 - GAPS :], (window.start_mm, window.start_mm + window.grid.length_mm)]

    def counts(self) -> ShadowCounts:
        """As it stands."""
        return ShadowCounts(
            name=self.name,
            items=dict(self._items),
            windows=self._windows,
            left_out=self._left_out,
            recent=self._recent,
            trouble=self._trouble,
        )

    def stop(self) -> None:
        """End soon, whatever waits. Returns at once."""
        self._stopped = True
        with suppress(queue.Full):  # then there is something for the thread to wake up for
            self._queue.put_nowait(None)

    def close(self) -> None:
        """Look at what waits, then end. Not in the loop."""
        with suppress(queue.Full):
            self._queue.put(None, timeout=CLOSE_WITHIN_S)
        self._thread.join(CLOSE_WITHIN_S)

    def _work(self) -> None:
        """The thread. A bundle that breaks down ends the shadow and nothing else."""
        try:
            while (given := self._queue.get()) is not None and not self._stopped:
                self._look(given)
            self._compare(math.inf)
        except Exception as error:  # the runtime's exceptions share no base of their own
            self._trouble = f"{type(error).__name__}: {error}"
            LOGGER.exception("the shadow has broken down")

    def _look(self, given: _Given) -> None:
        window, length_mm = given.window, given.window.grid.length_mm
        if window.start_mm + 2 * length_mm < self._seen_to_mm:  # the count of the belt begins anew
            self._tracker.forget()
            for told in (self._line, self._own, self._gaps):
                told.clear()
        self._seen_to_mm = window.start_mm + length_mm
        self._gaps.extend(given.missed)
        due = self._tracker.update(self._detector.detect(window), window.start_mm, length_mm)
        self._own += [_word_on(track, self._judges[given.blind]) for track in due]
        self._line += [_Said(one.box, one.aimed, one.kind, one.p_ndfeb) for one in given.decisions]
        self._windows += 1
        self._compare(window.start_mm - length_mm)

    def _compare(self, done_mm: float) -> None:
        """Pair what both have decided on; what lies before ``done_mm`` and is alone stays so."""
        for own in list(self._own):
            best = max(self._line, key=lambda said: sameness(said.box, own.box), default=None)
            if best is not None and sameness(best.box, own.box) >= SAME_ITEM_IOU:
                self._line.remove(best)
                self._own.remove(own)
                self._count(best, own)
        for own in [said for said in self._own if said.box.belt_hi_mm < done_mm]:
            self._own.remove(own)
            self._count(None, own)
        for line in [said for said in self._line if said.box.belt_hi_mm < done_mm]:
            self._line.remove(line)
            self._count(line, None)

    def _count(self, line: _Said | None, own: _Said | None) -> None:
        alone = own if line is None else line if own is None else None
        if alone is not None and any(alone.box.belt_lo_mm < hi and alone.box.belt_hi_mm > lo for lo, hi in self._gaps):
            return  # the other had no chance
        found = _compared(line, own)
        self._items[found.value] += 1
        if found in DIFFERENT:
            told: dict[str, object] = {"what": found.value, "line": _told(line), "shadow": _told(own)}
            self._recent = (told, *self._recent[: RECENT - 1])
            LOGGER.info("%s", json.dumps({"event": "shadow differs"} | told, ensure_ascii=False))
            self._on_difference(told)


def _compared(line: _Said | None, own: _Said | None) -> Compared:
    fires = line is not None and line.fires, own is not None and own.fires
    if any(fires):
        return {(True, True): Compared.BOTH_FIRE, (True, False): Compared.LINE_FIRES}.get(fires, Compared.SHADOW_FIRES)
    if line is None:
        return Compared.SHADOW_SEES
    return Compared.LINE_SEES if own is None else Compared.BOTH_PASS


def _word_on(track: Track, judge: Judge) -> _Said:
    detection = track.detection
    return _Said(track.box, judge.why_not(detection) is None, detection.kind, detection.p_ndfeb)


def _told(said: _Said | None) -> dict[str, object] | None:
    if said is None:
        return None
    return {
        "belt_mm": round(said.box.belt_mm, 1),
        "across_mm": round(said.box.across_mm, 1),
        "kind": said.kind,
        "p_ndfeb": round(said.p_ndfeb, 5),
    }
