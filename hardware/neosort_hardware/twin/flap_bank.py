"""The simulated controller of the flaps: swings them out at belt positions, draws them in, lets each lane rest."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from neosort_hardware.config import HeavyDiverterConfig
from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.twin.flaps import FlapStroke
from neosort_hardware.twin.motion import Motion
from neosort_hardware.twin.shot_bank import Limits, Pending, ShotBank, Told
from neosort_hardware.types import Shot
from neosort_hardware.valve_leads import ValveLeads

TRAVEL_SPREAD = 0.02  # a: of a stroke's travel time, one standard deviation; each flap's own is as much off again
MINUTE_NS = 60_000_000_000


class FlapBank(ShotBank[FlapStroke]):
    """A flap stands out between a shot's positions: it sets off by its travel time before, and back at the end.

    A shot is refused where one of its lanes would not have come back and rested, or has had its strokes of the minute.
    """

    def __init__(
        self,
        config: HeavyDiverterConfig,
        motion: Motion,
        rng: np.random.Generator,
        board: FaultBoard | None = None,
    ) -> None:
        limits = Limits(
            lanes=config.lanes,
            max_on_ms=config.out_ms + config.max_on_ms,
            heartbeat_ms=config.heartbeat_ms,
            leads=ValveLeads.alike(config.lanes, config.out_ms, 0.0),
        )
        super().__init__(limits, motion, board)
        self._config = config
        self._rng = rng
        self._slowness = 1.0 + rng.normal(0.0, TRAVEL_SPREAD, config.lanes)
        self._recovery_ns = round(config.recovery_ms * 1e6)
        self._home_ns = [motion.start_ns - self._recovery_ns] * config.lanes  # rested
        self._begun_ns: list[deque[int]] = [deque() for _ in range(config.lanes)]  # of the last minute's strokes

    def _may(self, pending: Pending) -> bool:
        if pending.open_ns is None:
            return True
        lanes = range(pending.shot.first_nozzle, pending.shot.last_nozzle + 1)
        return all(self._rested(lane, pending, pending.open_ns) for lane in lanes)

    def _rested(self, lane: int, pending: Pending, open_ns: int) -> bool:
        """Whether a lane can make that stroke beside those that it has made and those that it is to make."""
        if open_ns < self._home_ns[lane] + self._recovery_ns:
            return False
        others = [p for p in self._pending if p.shot.first_nozzle <= lane <= p.shot.last_nozzle]
        if any(self._collide(pending, open_ns, other) for other in others):
            return False
        before = sum(begun_ns > open_ns - MINUTE_NS for begun_ns in self._begun_ns[lane])
        return before + len(others) < self._config.max_strokes_per_min

    def _collide(self, pending: Pending, open_ns: int, other: Pending) -> bool:
        """Whether two strokes of one lane come too near to each other."""
        after = open_ns >= self._over_ns(other) + self._recovery_ns
        before = self._over_ns(pending) + self._recovery_ns <= (other.open_ns or 0)
        return not (after or before)

    def _over_ns(self, pending: Pending) -> int:
        return pending.close_ns + round(self._config.back_ms * 1e6)

    def _stroke(self, shot: Shot, told: Told) -> FlapStroke | None:
        lane, open_ns = told.lane, told.open_ns
        if open_ns < self._home_ns[lane]:
            return None  # a jump of the count has drawn two shots together
        out_ns, back_ns = (self._travel_ns(lane, ms) for ms in (self._config.out_ms, self._config.back_ms))
        begin_back_ns = max(told.close_ns, open_ns + out_ns)
        stroke = FlapStroke(
            lane=lane,
            shot_id=shot.shot_id,
            start_ns=open_ns,
            out_ns=open_ns + out_ns,
            back_ns=begin_back_ns,
            home_ns=begin_back_ns + back_ns,
        )
        self._home_ns[lane] = stroke.home_ns
        begun_ns = self._begun_ns[lane]
        begun_ns.append(open_ns)
        while begun_ns[0] <= open_ns - MINUTE_NS:
            begun_ns.popleft()
        return stroke

    def _ended(self, stroke: FlapStroke, now_ns: int) -> FlapStroke:
        if stroke.back_ns <= now_ns:
            return stroke
        reach = min(1.0, (now_ns - stroke.start_ns) / (stroke.out_ns - stroke.start_ns))
        back_ns = round(reach * (stroke.home_ns - stroke.back_ns))
        self._home_ns[stroke.lane] = now_ns + back_ns
        return replace(stroke, out_ns=min(stroke.out_ns, now_ns), back_ns=now_ns, home_ns=now_ns + back_ns, reach=reach)

    def _travel_ns(self, lane: int, nominal_ms: float) -> int:
        share = self._slowness[lane] + self._rng.normal(0.0, TRAVEL_SPREAD)
        return round(max(0.5, float(share)) * nominal_ms * 1e6)
