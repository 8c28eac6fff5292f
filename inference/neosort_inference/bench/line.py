"""How fast the loop is: a lap of belt from memory run past it at several speeds, so that the twin costs nothing.

The real loop, put together as for a real line, on devices that play back. By default its clock skips the waiting: what
computes takes its time, delays of the operating system included, and an hour of belt is over in minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neosort_hardware.clock import Clock, RealClock, SkippingClock
from neosort_hardware.config import LineConfig
from neosort_hardware.replay import ReplayTape
from neosort_hardware.types import Decision, Verdict
from neosort_inference.asking.channel import Asked
from neosort_inference.bench.counted_by import COMPUTING_NS, CountedBy
from neosort_inference.bench.lap import Lap, at_speed
from neosort_inference.bench.record import Record
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.onlookers import Watcher
from neosort_inference.replaying import line_on
from neosort_inference.report import percentiles
from neosort_inference.sorting import Sorting, SortingPlan
from neosort_inference.telemetry import Snapshot, WindowView

WANTED: dict[str, float] = {"p50": 50, "p99": 99, "p999": 99.9}
STEP_UP = 1.3  # from a speed that holds to the next one tried
PRECISION = 0.02  # of the maximum speed, relative
TOP_SPEED_M_PER_S = 60.0


def clock_by(counted_by: CountedBy) -> Clock:
    """A clock that counts so, and skips the waiting unless it is to be real."""
    return RealClock() if counted_by is CountedBy.REAL else SkippingClock(COMPUTING_NS[counted_by])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """So much belt past the loop at one speed.

    ``late``: shots refused as late. ``too_late``: decisions of whatever verdict that came after the last possible shot
    at their item, those among them. ``dropped``: windows that were never looked at. ``alarms``: raised that took
    a sense away, for a loop that comes too late to read its devices takes them for silent. ``fired``: shots that the
    diverter has taken; ``most_waiting``: windows that waited for their field, at most. ``busy_s``: by the clock,
    without waiting; ``processor_s``: of the whole process. ``spent_ms``: by part of the way, over all ``windows``.
    """

    speed_m_per_s: float
    metres: float
    latency_ms: tuple[float, ...]
    distance_mm: tuple[float, ...]
    late: int
    too_late: int
    dropped: int
    alarms: int
    windows: int
    fired: int
    most_waiting: int
    busy_s: float
    processor_s: float
    spent_ms: dict[str, float]

    @property
    def in_time(self) -> bool:
        """Whether every item was decided by all senses before its last possible shot."""
        return self.too_late == 0 and self.dropped == 0 and self.alarms == 0


class _StopsWhenLate:
    """Ends a run at the first shot that comes too late, or alarm, for those that ask only whether there is one."""

    def __init__(self) -> None:
        self.sorting: Sorting | None = None

    def update(self, snapshot: Snapshot) -> None:
        detracted = any(alarm.detracts for alarm in snapshot.alarms)
        if (snapshot.late or detracted) and self.sorting is not None:
            self.sorting.stop()

    def show(self, view: WindowView) -> None:
        """Pictures do not matter."""

    def asked(self) -> tuple[Asked, ...]:
        """Nobody is there."""
        return ()


def run_belt(
    lap: Lap,
    plan: SortingPlan,
    speed_m_per_s: float,
    metres: float,
    counted_by: CountedBy,
    *,
    stops: bool = False,
    watchers: tuple[Watcher, ...] = (),
) -> Pass:
    """Run so many metres of the lap's belt past the loop. ``stops``: at the first shot that comes too late.
    ``watchers``: who looks on.

    Raises `KeyboardInterrupt` when somebody has ended it by a signal: half a run is no measurement.
    """
    config = lap.config.model_copy(update={"belt": lap.config.belt.model_copy(update={"speed_m_per_s": speed_m_per_s})})
    tape = ReplayTape(at_speed(lap, speed_m_per_s, metres), clock_by(counted_by), config)
    stopper = _StopsWhenLate()
    with line_on(tape) as line:
        sorting = Sorting(line, plan, (*watchers, stopper) if stops else watchers)
        stopper.sorting = sorting
        plan.bundle.warm_up(2)
        began_s, began_processor_s = time.perf_counter(), time.process_time()
        telemetry = sorting.run()
        if sorting.interrupted:
            raise KeyboardInterrupt
        busy_s, processor_s = time.perf_counter() - began_s, time.process_time() - began_processor_s
        decisions = telemetry.decisions
        return Pass(
            speed_m_per_s=speed_m_per_s,
            metres=(telemetry.end_belt_mm - telemetry.start_belt_mm) * 1e-3,
            latency_ms=tuple(decision.latency_ms for decision in decisions),
            distance_mm=tuple(decision.distance_mm for decision in decisions),
            late=sum(decision.late for decision in decisions),
            too_late=sum(spare_mm(decision, config) < 0 for decision in decisions),
            dropped=sorting.dropped_windows,
            alarms=sum(count for fault, count in telemetry.alarms.raised.items() if CATALOGUE[fault].effect != "none"),
            windows=len(telemetry.window_ms),
            fired=telemetry.verdicts[Verdict.FIRED],
            most_waiting=sorting.most_waiting,
            busy_s=busy_s,
            processor_s=processor_s,
            spent_ms=sorting.stages.spent_ms(),
        )


def spare_mm(decision: Decision, config: LineConfig) -> float:
    """Belt that was left, when an item was decided on, until its shot could no longer have been met."""
    calibration = config.calibration
    leads = calibration.valve_leads(config.diverter.nozzles)
    lead_mm = leads.longest_open_ns * 1e-6 * config.belt.speed_m_per_s
    opens_mm = decision.box.belt_lo_mm - 2 * calibration.position_sigma_mm + calibration.nozzle_station_mm
    decided_at_mm = decision.box.belt_hi_mm + calibration.array_station_mm + decision.distance_mm
    return opens_mm - lead_mm - decided_at_mm


def highest_speed(in_time: Callable[[float], bool], from_m_per_s: float) -> float:
    """The highest speed at which nothing is late, to within `PRECISION`; 0 where there is none above 0.05 m/s.

    ``in_time``: whether nothing is late at a speed. Steps up (or down) to enclose the limit, then halves.
    """
    low, high = from_m_per_s, from_m_per_s
    if in_time(from_m_per_s):
        while high == low or in_time(high):
            low, high = high, high * STEP_UP
            if low >= TOP_SPEED_M_PER_S:
                return low
    else:
        while not in_time(low := low / STEP_UP):
            high = low
            if low < 0.05:
                return 0.0
    while high / low > 1 + PRECISION:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if in_time(middle) else (low, middle)
    return low


def figures(by_speed: Sequence[Sequence[Pass]], highest_m_per_s: Sequence[float]) -> Record:
    """Ready for JSON: the first speed's figures at the top, then every speed's. Each speed's passes are pooled; what
    one number of each pass gives is a median with its spread."""
    rows = [_row(passes) for passes in by_speed]
    keys = ("latency_ms", "decision_distance_mm", "late", "too_late", "dropped", "alarms", "metres_per_s_per_core")
    record: Record = {key: rows[0][key] for key in keys}
    record["max_speed_m_s"] = float(np.median(highest_m_per_s)) if highest_m_per_s else None
    record["max_speeds_m_s"] = [round(speed, 3) for speed in highest_m_per_s]
    record["speeds"] = rows
    return record


def _row(passes: Sequence[Pass]) -> dict[str, Any]:
    metres, windows = sum(p.metres for p in passes), sum(p.windows for p in passes)
    per_core = [p.metres / p.processor_s for p in passes]
    by_pass = [percentiles(p.latency_ms, WANTED) for p in passes]
    accounted = {name: sum(p.spent_ms[name] for p in passes) / windows for name in passes[0].spent_ms}
    busy_ms = sum(p.busy_s for p in passes) * 1e3 / windows
    return {
        "speed_m_s": passes[0].speed_m_per_s,
        "metres": round(metres, 1),
        "decisions": sum(len(p.latency_ms) for p in passes),
        "windows": windows,
        "latency_ms": percentiles([ms for p in passes for ms in p.latency_ms], WANTED),
        "decision_distance_mm": percentiles([mm for p in passes for mm in p.distance_mm], WANTED),
        "late": sum(p.late for p in passes),
        "too_late": sum(p.too_late for p in passes),
        "dropped": sum(p.dropped for p in passes),
        "alarms": sum(p.alarms for p in passes),
        "shots_per_s": float(np.median([p.fired * p.speed_m_per_s / p.metres for p in passes])),
        "most_waiting": max(p.most_waiting for p in passes),
        "metres_per_s_per_core": float(np.median(per_core)),
        "processor_ms_per_metre": float(np.median([1e3 / rate for rate in per_core])),
        "load": sum(p.busy_s for p in passes) / sum(p.metres / p.speed_m_per_s for p in passes),
        "wall_over_processor": sum(p.busy_s for p in passes) / sum(p.processor_s for p in passes),
        "ms_per_window": {"all": busy_ms, **accounted, "else": busy_ms - sum(accounted.values())},
        "spread": {
            "metres_per_s_per_core": _ends(per_core),
            **{f"latency_{name}_ms": _ends([found[name] for found in by_pass]) for name in WANTED},
        },
    }


def _ends(values: Sequence[float | None]) -> list[float] | None:
    """The smallest and the largest of what there is."""
    known = [value for value in values if value is not None]
    return [min(known), max(known)] if known else None
