"""A soak: the real loop on the simulated line in virtual time, faults at random, an eye on memory and on every item."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import Truth
from neosort_hardware.line import Line, open_line
from neosort_hardware.types import Decision, ItemTruth, Landing, Verdict
from neosort_inference.memory import resident_bytes
from neosort_inference.report import percentiles
from neosort_inference.soak.account import SETTLE_EVERY, Account, Sums
from neosort_inference.soak.script import FaultScript
from neosort_inference.sorting import Sorting, SortingPlan
from neosort_inference.telemetry import Telemetry

STRETCHES = 40  # of the run, each measured by itself
PAST_NOZZLES_MM = 400.0
KEPT = 2000  # decisions in memory: soon full, so that what still grows is seen early


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakPlan:
    """``items`` to account for; ``faults``: names to choose from, none for a quiet run. ``computing_ns``: what is
    charged to virtual time."""

    items: int
    seed: int
    faults: Sequence[str]
    computing_ns: Callable[[], int] = time.perf_counter_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a run: where it ended, memory then, processor time of a thousand items, its decisions' latency."""

    items: int
    memory_mb: float
    processor_s_per_1000: float
    latency_p50_ms: float | None
    latency_p99_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What came of it."""

    sums: Sums
    telemetry: Telemetry
    injected: dict[str, int]
    stretches: list[Stretch]
    wall_s: float


class _Watched:
    """The truth of a line, asked by the loop in every turn: the account is kept and faults come and go behind it."""

    def __init__(self, line: Line, truth: Truth, on_turn: Callable[[], None]) -> None:
        self._line, self._truth, self._on_turn = line, truth, on_turn
        self.account: Account | None = None

    def items(self) -> list[ItemTruth]:
        self._on_turn()
        items = self._truth.items()
        if self.account is not None:
            self.account.on_items(items)
        return items

    def landings(self) -> list[Landing]:
        landings = self._truth.landings()
        if self.account is not None:
            self.account.on_landings(landings)
        return landings


class Soak:
    """One soak, from its first item to its last."""

    def __init__(self, line: Line, plan: SortingPlan, soak: SoakPlan, on_items: Callable[[int], object]) -> None:
        if line.truth is None or line.faults is None:
            raise ValueError("a soak needs a line that is simulated from end to end")
        self._plan, self._on_items = soak, on_items
        self._watched = _Watched(line, line.truth, self._turn)
        self._clock = line.clock
        self._sorting = Sorting(replace(line, truth=self._watched), replace(plan, kept=KEPT), log=self)
        telemetry = self._sorting.telemetry
        self._account = Account(
            telemetry.alarms, telemetry.recalled, _way_s(line.config), min(SETTLE_EVERY, soak.items)
        )
        self._watched.account = self._account
        self._script = FaultScript(
            line.faults, line.config, soak.faults, soak.seed, lambda: self._sorting.acknowledge(None, "soak")
        )
        self._latency_ms: list[float] = []
        self._stretches: list[Stretch] = []
        self._every = max(1, soak.items // STRETCHES)
        self._told = 0  # of the settled
        self._processor_s = time.process_time()

    def run(self) -> Soaked:
        """To the end, or until somebody stops it."""
        began_s = time.monotonic()
        telemetry = self._sorting.run()
        return Soaked(
            sums=self._account.sums(),
            telemetry=telemetry,
            injected=dict(self._script.injected),
            stretches=self._stretches,
            wall_s=time.monotonic() - began_s,
        )

    def write(self, decision: Decision) -> None:
        """A decision, on its way to the account."""
        self._latency_ms.append(decision.latency_ms)
        self._account.write(decision)

    def _turn(self) -> None:
        self._script.turn(self._clock.now_ns())
        settled = self._account.settled
        if settled >= self._every + (self._stretches[-1].items if self._stretches else 0):
            self._measure(settled)
        self._on_items(settled - self._told)
        self._told = settled
        if settled >= self._plan.items:
            self._sorting.stop()

    def _measure(self, settled: int) -> None:
        gc.collect()  # what only waits to be collected is no growth
        done = settled - (self._stretches[-1].items if self._stretches else 0)
        spent_s = time.process_time() - self._processor_s
        found = percentiles(self._latency_ms, {"p50": 50, "p99": 99})
        self._stretches.append(
            Stretch(
                items=settled,
                memory_mb=resident_bytes() * 1e-6,
                processor_s_per_1000=1000.0 * spent_s / done,
                latency_p50_ms=found["p50"],
                latency_p99_ms=found["p99"],
            )
        )
        self._latency_ms.clear()
        self._processor_s = time.process_time()


def soak_line(
    config: LineConfig, plan: SortingPlan, soak: SoakPlan, on_items: Callable[[int], object] = lambda _: None
) -> Soaked:
    """Open the line on a virtual clock, soak it, close it. ``on_items``: told in every turn how many more are settled.

    Raises `ValueError` for a line that is not simulated from end to end.
    """
    with open_line(config, VirtualClock(computing_ns=soak.computing_ns), soak.seed) as line:
        return Soak(line, plan, soak, on_items).run()


def figures(soaked: Soaked) -> dict[str, Any]:
    """Ready for JSON. Growth and flatness are those of the run's second half: by then everything is warm and full."""
    sums, telemetry, stretches = soaked.sums, soaked.telemetry, soaked.stretches
    half = stretches[len(stretches) // 2 :]
    seconds = (telemetry.ended_ns - telemetry.started_ns) * 1e-9
    return {
        "items": sum(sums.fates.values()),
        "sums_hold": sums.hold,
        "sums": asdict(sums),
        "late": telemetry.verdicts[Verdict.LATE],
        "fired_late": telemetry.fired_late,
        "faults_injected": soaked.injected,
        "alarms_raised": dict(telemetry.alarms.raised),
        "memory": {
            "first_mb": stretches[0].memory_mb if stretches else None,
            "steady_mb": float(np.median([one.memory_mb for one in half])) if half else None,
            "peak_mb": max((one.memory_mb for one in stretches), default=None),
            "growth_mb_per_1000_items": _slope([one.items / 1000 for one in half], [one.memory_mb for one in half]),
        },
        "processor_s_per_1000_items": {
            "first_half": _median([one.processor_s_per_1000 for one in stretches[1 : len(stretches) // 2]]),
            "second_half": _median([one.processor_s_per_1000 for one in half]),
        },
        "latency_p50_ms": {
            "first_half": _median([one.latency_p50_ms for one in stretches[: len(stretches) // 2]]),
            "second_half": _median([one.latency_p50_ms for one in half]),
        },
        "seconds_of_belt": seconds,
        "times_real_time": seconds / soaked.wall_s if soaked.wall_s > 0 else None,
        "stretches": [asdict(one) for one in stretches],
    }


def _way_s(config: LineConfig) -> float:
    way_mm = config.calibration.nozzle_station_mm + config.camera.trigger_every_mm + PAST_NOZZLES_MM
    return way_mm * 1e-3 / config.belt.speed_m_per_s + 1.0


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _slope(x: Sequence[float], y: Sequence[float]) -> float | None:
    return float(np.polyfit(x, y, 1)[0]) if len(x) > 2 else None
