"""The orders that exchange what a line sorts by, from being asked to being answered.

A thread loads the file, makes the new way ready and tries it, while the loop goes on; the loop then changes over
between two windows. What the loop itself spends is some 10 ms in which the thread holds the interpreter.
"""

from __future__ import annotations

import json
import logging
import math
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from neosort_datasets.assembly import Blind
from neosort_hardware.config import ConfigError
from neosort_inference.asking.channel import Asked
from neosort_inference.asking.desk import Desk
from neosort_inference.asking.orders import Activate, Exchanged, GoBack, Refusal, RefusedError, Result
from neosort_inference.bundle import BundleError
from neosort_inference.exchange.checks import Checked, check, must_move_little
from neosort_inference.exchange.loading import with_file
from neosort_inference.exchange.way import Means, Way, WayMaker
from neosort_inference.exchange.ways import Changed, Seen, Ways
from neosort_inference.exchange.went_back import ITSELF, WentBack

LOGGER = logging.getLogger("neosort.exchange")
MOST_MOVED_MM = 50.0  # a third of the least overlap of windows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What the thread has come to: a way to be gone, or why there is none. ``from_way``: what it was made from."""

    asked: Asked
    from_way: Way
    way: Way | None = None
    checked: Checked | None = None
    refusal: Refusal = "not fitting"
    why: str = ""


class Exchanging:
    """One exchange at a time. Everything but the thread's own work is done in the loop's thread.

    ``fails``: called every turn on probation; why the new way is to be left again, empty while it is not.
    """

    def __init__(self, maker: WayMaker, ways: Ways, fails: Callable[[], str] = lambda: "") -> None:
        self._maker, self._ways, self._fails = maker, ways, fails
        self._before: Means | None = None  # by which the line sorted until the last exchange
        self._ready: queue.SimpleQueue[_Ready] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._proposed: _Ready | None = None
        self._failed_before = False  # what fails since before an exchange is not its doing
        self._gone_by: Activate | None = None  # the order that the last exchange has come from, where it was one
        self._times_back = 0
        self.went_back: WentBack | None = None  # since the last exchange that anybody wanted

    def serve(self, desk: Desk) -> None:
        """Take these orders from ``desk``."""
        desk.on(Activate, self._activate)
        desk.on(GoBack, self._go_back)

    def state(self) -> str:
        """What is being exchanged, in a few words; empty while nothing is."""
        if self._thread is not None:
            return "an exchange is being made ready"
        if self._proposed is not None:
            return "an exchange waits for its first whole window"
        return f"on probation for {self._ways.probation} more windows" if self._ways.probation else ""

    def turn(self) -> None:
        """Once a turn of the loop: take what the thread has made ready, leave a way that fails."""
        if self._ways.probation:
            why = self._fails()
            self._failed_before = self._failed_before and bool(why)
            if why and not self._failed_before:
                self._ways.go_back(why)
        if self._thread is None or self._ready.empty():
            return
        ready = self._ready.get()
        self._thread.join()
        self._thread = None
        if ready.way is None:
            self._refuse(ready.asked, ready.refusal, ready.why)
        elif ready.from_way is not self._ways.now:
            self._refuse(ready.asked, "not now", "the line has gone another way meanwhile: ask again")
        else:
            self._proposed = ready
            self._ways.propose(ready.way)

    def changed(self, changed: Changed) -> str:
        """The loop has changed over; who has wanted it. ``turn`` and this are the only ones that answer."""
        self._before = changed.former.means
        self._failed_before = bool(self._fails())
        proposed, self._proposed = self._proposed, None
        from_mm = round(changed.from_mm, 1) if math.isfinite(changed.from_mm) else None  # before the first window
        told: Result = {"from_mm": from_mm, **changed.now.means.about()}
        if changed.failed:
            self._before = None
            self._note_way_back(changed.failed)
            LOGGER.error("%s", _line("exchange undone", told | {"why": changed.failed}))
            if proposed is not None:
                self._refuse(proposed.asked, "not now", f"the line has gone back meanwhile: {changed.failed}")
            return ITSELF
        checked: Result = {} if proposed is None or proposed.checked is None else asdict(proposed.checked)
        order = "" if proposed is None else proposed.asked.order.order
        by = "" if proposed is None else proposed.asked.by
        self.went_back = None
        self._gone_by = proposed.asked.order if proposed and isinstance(proposed.asked.order, Activate) else None
        LOGGER.warning("%s", _line("exchanged", told | {"order": order, "by": by, "checked": checked}))
        if proposed is not None:
            proposed.asked.answer({"from_mm": from_mm, "checked": checked})
        return by or ITSELF

    def _note_way_back(self, why: str) -> None:
        left, self._gone_by = self._gone_by, None
        if left is not None:
            self._times_back += 1
            self.went_back = WentBack(number=self._times_back, what=left.what, version=left.version, why=why)

    def wait(self) -> None:
        """Until what is being made ready is ready. Not while a belt runs."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """The run is over: who waits for an answer gets one."""
        self.wait()
        if self._thread is not None:
            ready, self._thread = self._ready.get(), None
            ready.asked.refuse("not now", "the run is over")
        if self._proposed is not None:
            self._proposed.asked.refuse("not now", "the run is over")
            self._proposed = None

    def _activate(self, order: Activate, asked: Asked) -> None:
        seen, blind = tuple(self._ways.seen), self._ways.blind
        self._begin(asked, lambda now: self._prepared(now, order.what, Path(order.file), seen, blind))

    def _go_back(self, _order: GoBack, asked: Asked) -> None:
        before = self._before
        if before is None:
            raise RefusedError("not there", "nothing has been exchanged since the run began or the line went back")
        self._begin(asked, lambda now: (self._maker.after(now, before), None))

    def _begin(self, asked: Asked, prepare: Callable[[Way], tuple[Way, Checked | None]]) -> None:
        """Have that done beside the loop. Raises `RefusedError` while something else is."""
        if self._thread is not None or self._proposed is not None:
            raise RefusedError("not now", f"{self.state()}: ask again when it is done")
        now = self._ways.now
        self._thread = threading.Thread(target=self._work, args=(asked, now, prepare), name="exchange", daemon=True)
        self._thread.start()

    def _work(self, asked: Asked, now: Way, prepare: Callable[[Way], tuple[Way, Checked | None]]) -> None:
        """The thread. Whatever goes wrong here is an answer."""
        try:
            way, checked = prepare(now)
        except (BundleError, ConfigError) as error:
            self._ready.put(_Ready(asked=asked, from_way=now, why=str(error)))
        except Exception as error:
            LOGGER.exception("an exchange has failed")
            why = f"it has failed: {type(error).__name__}: {error}"
            self._ready.put(_Ready(asked=asked, from_way=now, why=why, refusal="nobody"))
        else:
            self._ready.put(_Ready(asked=asked, from_way=now, way=way, checked=checked))

    def _prepared(
        self, now: Way, what: Exchanged, file: Path, seen: Sequence[Seen], blind: Blind
    ) -> tuple[Way, Checked | None]:
        means = with_file(now.means, what, file)
        way = self._maker.after(now, means)
        if what == "calibration":
            must_move_little(now, way, MOST_MOVED_MM)
            return way, None
        if what == "recipe":
            return way, None
        return way, check(now, way, seen, blind)

    def _refuse(self, asked: Asked, refusal: Refusal, why: str) -> None:
        LOGGER.warning("%s", _line("exchange refused", {"order": asked.order.order, "by": asked.by, "why": why}))
        asked.refuse(refusal, why)


def _line(event: str, told: Result) -> str:
    return json.dumps({"event": event} | told, ensure_ascii=False)
