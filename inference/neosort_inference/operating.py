"""What people may have the running line do: stop, start, acknowledge, try a valve. In the loop's thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from neosort_hardware.config import LineConfig
from neosort_hardware.line import Line
from neosort_hardware.types import ShotOutcome
from neosort_inference.asking.channel import Asked
from neosort_inference.asking.desk import Desk
from neosort_inference.asking.orders import Acknowledge, RefusedError, Result, StartSorting, StopSorting, TestValve
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.reached_line import ReachedLine
from neosort_inference.loop import HELD, SortingLoop
from neosort_inference.puff import puff

SLOWEST_M_PER_S = 0.05  # below it the belt counts as standing: a puff would not come within a person's patience


class Operating:
    """Does the orders that need nothing but the line as it runs. ``speed_m_per_s``: the belt's, now."""

    def __init__(
        self,
        line: Line,
        *,
        loop: SortingLoop,
        alarms: AlarmBook,
        reached: ReachedLine,
        shot_ids: Iterator[int],
        speed_m_per_s: Callable[[], float],
    ) -> None:
        self._line = line
        self._loop = loop
        self._alarms = alarms
        self._reached = reached
        self._shot_ids = shot_ids
        self._speed_m_per_s = speed_m_per_s

    def serve(self, desk: Desk) -> None:
        """Take these orders from ``desk``."""
        desk.on(StartSorting, self._start)
        desk.on(StopSorting, self._stop)
        desk.on(Acknowledge, self._acknowledge)
        desk.on(TestValve, self._test_valve)

    def _start(self, _order: StartSorting, _asked: Asked) -> Result:
        if self._loop.occupied:
            raise RefusedError("not now", self._loop.occupied)
        self._loop.release()
        stop = self._loop.stopped_by()
        return {"stopped_by": None if stop is None else stop.words}

    def _stop(self, _order: StopSorting, asked: Asked) -> Result:
        self._loop.hold(asked.by)
        return {}

    def _acknowledge(self, order: Acknowledge, asked: Asked) -> Result:
        return {"acknowledged": self._alarms.acknowledge(order.number, asked.by, self._line.clock.now_ns())}

    def _test_valve(self, order: TestValve, _asked: Asked) -> Result:
        _must_have(self._line.config, order)
        self._must_permit()
        speed_m_per_s = self._speed_m_per_s()
        if speed_m_per_s < SLOWEST_M_PER_S:
            raise RefusedError("not now", "the belt stands, and valves are timed by its travel: let it run empty")
        on_ms, most_ms = order.blow_mm / speed_m_per_s, _longest_ms(self._line.config, heavy=order.heavy)
        if on_ms > most_ms:
            raise RefusedError(
                "not fitting",
                f"blow_mm = {order.blow_mm:g} takes {on_ms:.0f} ms at {speed_m_per_s:.2f} m/s, at most {most_ms:g} ms",
            )
        shot = puff(
            order.nozzle,
            self._reached.belt_mm(),
            blow_mm=order.blow_mm,
            shot_id=next(self._shot_ids),
            heavy=order.heavy,
        )
        outcome = self._reached.schedule(shot)
        if outcome is not ShotOutcome.ACCEPTED:
            raise RefusedError("not now", f"the diverter says: {'nothing' if outcome is None else outcome.value}")
        return {"shot_id": shot.shot_id, "open_mm": shot.open_mm, "close_mm": shot.close_mm}

    def _must_permit(self) -> None:
        """Nobody is to be surprised by a jet. Raises `RefusedError`."""
        if trouble := self._reached.interlock_trouble():
            raise RefusedError("not now", f"the interlock is open: {trouble}")
        stop = self._loop.stopped_by()
        if stop is None:
            raise RefusedError("not now", "the line sorts: stop it first")
        if stop.fault != HELD:
            raise RefusedError("not now", f"the line is stopped by a fault: {stop.words}")


def _must_have(config: LineConfig, order: TestValve) -> None:
    flaps = config.heavy_diverter
    if order.heavy and flaps is None:
        raise RefusedError("not there", f"line '{config.name}' has no diverter for heavy items")
    there = flaps.lanes if order.heavy and flaps is not None else config.diverter.nozzles
    if order.nozzle >= there:
        raise RefusedError("not there", f"there is no nozzle {order.nozzle}; there are 0 to {there - 1}")


def _longest_ms(config: LineConfig, *, heavy: bool) -> float:
    """How long a nozzle or flap of that bank may be out."""
    if not heavy:
        return config.diverter.max_on_ms
    return config.heavy_diverter.max_on_ms if config.heavy_diverter is not None else math.inf
