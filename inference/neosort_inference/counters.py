"""What a run has counted since it began, for those who watch machines: everything only grows, and stays small.

`Telemetry` says how the line stands; this says what has gone through it, part by part.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np

from neosort_hardware.line import Line, slots_of
from neosort_hardware.types import ArrayI64, Decision, FieldBlock, Frame, Verdict
from neosort_inference.exchange.shadow import ShadowCounts
from neosort_inference.memory import resident_bytes
from neosort_inference.stages import Stages

SECONDS = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
METRES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How values are spread: ``counts[i]`` of them up to ``bounds[i]``, the last without a bound; and their sum."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


NOTHING = Distribution(bounds=(), counts=(0,), total=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Everything counted since the run began. ``about``: what sorts, by name: line, bundle, recipe.

    ``channel_*``: samples of each magnetometer that did not come, that were saturated. ``valve_shots``: of each valve.
    ``stage_s``: computing, by part of a window's way. ``*_waiting`` stand in a queue now. ``left_out``: by queue, what
    an overload has kept out of it. ``healthy``: each device's word on itself; ``unwell``: what those say that are not.
    ``valves_dead``, ``valves_open``: that do not blow, that do not shut.
    """

    about: Mapping[str, str] = field(default_factory=dict)
    latency_s: Distribution = NOTHING
    distance_m: Distribution = NOTHING
    window_s: Distribution = NOTHING
    verdicts: Mapping[str, int] = field(default_factory=dict)
    valve_shots: tuple[int, ...] = ()
    frames: int = 0
    frames_lost: int = 0
    samples: int = 0
    channel_missing: tuple[int, ...] = ()
    channel_saturated: tuple[int, ...] = ()
    stage_s: Mapping[str, float] = field(default_factory=dict)
    windows_waiting: int = 0
    windows_dropped: int = 0
    recording_waiting: int = 0
    recording_dropped: int = 0
    ledger_waiting: int = 0
    ledger_dropped: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    healthy: Mapping[str, bool] = field(default_factory=dict)
    unwell: Mapping[str, str] = field(default_factory=dict)
    valves_dead: tuple[int, ...] = ()
    valves_open: tuple[int, ...] = ()
    memory_bytes: int = 0
    processor_s: float = 0.0
    shadow: ShadowCounts | None = None
    undecided_m: Mapping[str, float] = field(default_factory=dict)


NOTHING_YET = Counts()


class Histogram:
    """A distribution in the making."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def distribution(self) -> Distribution:
        """As it stands."""
        return Distribution(bounds=self._bounds, counts=tuple(self._counts), total=self._total)


class Windows(Protocol):
    """Who assembles windows."""

    @property
    def waiting(self) -> int:
        """Windows that wait for their field."""

    @property
    def dropped(self) -> int:
        """Windows that were never looked at."""


class LedgerQueue(Protocol):
    """Who puts the run down in the ledger."""

    @property
    def waiting(self) -> int:
        """Happenings that wait for the database."""

    @property
    def dropped(self) -> int:
        """Happenings that will never be in it."""


class Keeper(Protocol):
    """Who records the run."""

    @property
    def waiting(self) -> int:
        """Values that wait for the disk."""

    @property
    def dropped(self) -> dict[str, int]:
        """Values that were not written, by topic."""


class Counters:
    """Counts as things happen: called in the loop, a few microseconds each time. ``about``: what sorts now, by name."""

    def __init__(
        self,
        line: Line,
        *,
        about: Callable[[], Mapping[str, str]],
        stages: Stages,
        windows: Windows,
        recorder: Keeper | None,
        keeper: LedgerQueue | None = None,
        left_out: Mapping[str, int],
    ) -> None:
        self._line, self.about, self._stages = line, about, stages
        self._windows, self._recorder, self._left_out = windows, recorder, left_out
        self._keeper = keeper
        self._latency_s, self._window_s, self._distance_m = Histogram(SECONDS), Histogram(SECONDS), Histogram(METRES)
        self._verdicts: dict[str, int] = dict.fromkeys((verdict.value for verdict in Verdict), 0)
        self._valve_shots = [0] * line.config.diverter.nozzles
        self._frames = self._frames_lost = self._samples = self._spent_ns = 0
        self._missing: ArrayI64 = np.zeros(line.config.magnetometer.channels, np.int64)
        self._saturated = self._missing.copy()
        self._last_frame: int | None = None

    def on_frame(self, frame: Frame) -> None:
        """A frame has come; a gap in the numbers is as many lost."""
        self._frames += 1
        if self._last_frame is not None:
            self._frames_lost += max(0, frame.sequence - self._last_frame - 1)
        self._last_frame = frame.sequence

    def on_block(self, block: FieldBlock) -> None:
        """Samples have come."""
        self._samples += len(block.sampled_ns)
        self._missing += np.isnan(block.field_ut[:, :, 0]).sum(axis=0)
        self._saturated += block.saturated.sum(axis=0)

    def on_window(self, decisions: Sequence[Decision]) -> None:
        """A window has been worked through; what computing has come since the last one is its own."""
        spent_ns = self._stages.spent_ns()
        self._window_s.add((spent_ns - self._spent_ns) * 1e-9)
        self._spent_ns = spent_ns
        for decision in decisions:
            self._on_decision(decision)

    def counts(
        self,
        faults: Mapping[str, int],
        shadow: ShadowCounts | None = None,
        undecided_m: Mapping[str, float] = MappingProxyType({}),
    ) -> Counts:
        """Everything as it stands. ``faults``: how often each has come. Asks the devices how they are."""
        health = {slot: getattr(self._line, slot).health() for slot in slots_of(self._line.config)}
        return Counts(
            about=dict(self.about()),
            shadow=shadow,
            undecided_m=dict(undecided_m),
            latency_s=self._latency_s.distribution(),
            distance_m=self._distance_m.distribution(),
            window_s=self._window_s.distribution(),
            verdicts=dict(self._verdicts),
            valve_shots=tuple(self._valve_shots),
            frames=self._frames,
            frames_lost=self._frames_lost,
            samples=self._samples,
            channel_missing=tuple(self._missing.tolist()),
            channel_saturated=tuple(self._saturated.tolist()),
            stage_s={name: spent_ms * 1e-3 for name, spent_ms in self._stages.spent_ms().items()},
            windows_waiting=self._windows.waiting,
            windows_dropped=self._windows.dropped,
            recording_waiting=0 if self._recorder is None else self._recorder.waiting,
            recording_dropped=0 if self._recorder is None else sum(self._recorder.dropped.values()),
            ledger_waiting=0 if self._keeper is None else self._keeper.waiting,
            ledger_dropped=0 if self._keeper is None else self._keeper.dropped,
            left_out=dict(self._left_out),
            faults=dict(faults),
            healthy={slot: one.ok for slot, one in health.items()},
            unwell={slot: one.detail for slot, one in health.items() if not one.ok},
            valves_dead=health["diverter"].valves_dead,
            valves_open=health["diverter"].valves_open,
            memory_bytes=resident_bytes(),
            processor_s=time.process_time(),
        )

    def _on_decision(self, decision: Decision) -> None:
        self._verdicts[decision.verdict.value] += 1
        self._latency_s.add(decision.latency_ms * 1e-3)
        self._distance_m.add(decision.distance_mm * 1e-3)
        if decision.fired and decision.shot is not None and not decision.shot.heavy:
            for valve in range(decision.shot.first_nozzle, decision.shot.last_nozzle + 1):
                self._valve_shots[valve] += 1
