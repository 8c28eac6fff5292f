"""What happened on the line, collected as it happens: counters for the screen, full lists for the report."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neosort_datasets.assembly import Blind
from neosort_hardware.types import ArrayF32, Decision, ImageU8, ItemTruth, Landing, Verdict
from neosort_inference.counters import NOTHING_YET, Counts
from neosort_inference.faults.alarms import Alarm, AlarmBook, Step
from neosort_inference.faults.modes import MODE_OF, Mode

LineState = Literal["sorting", "stopped", "finished"]

RATE_WINDOW_S = 10.0
RECENT_LATENCIES = 1000
BEARING_PROBABILITY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The line at one moment. ``items_per_s``: decisions of the last 10 s. ``bearing_seen``: decisions that thought
    NdFeB the likelier. ``latency_*``: decision latency over the last 1,000 decisions, None before the first.
    ``recovery`` (by magnet mass) and ``purity`` count landed items, None where the truth is not known. ``senses``:
    what the line decides by, also while it is stopped; ``mode``: how it sorts. ``alarms``: those that stand or wait for
    a person; ``faults``: the words of those in force.
    ``counts``: what has been counted since the run began."""

    elapsed_s: float
    belt_mm: float
    speed_m_per_s: float
    items_seen: int
    items_per_s: float
    bearing_seen: int
    shots: int
    late: int
    refused: int
    recovery: float | None
    purity: float | None
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    windows: int
    senses: Mode
    mode: Mode
    alarms: tuple[Alarm, ...]
    faults: tuple[str, ...]
    state: LineState
    counts: Counts = NOTHING_YET


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowView:
    """One window as it is shown to people.

    ``picture``: (rows, cols, 3) uint8 RGB, row 0 the most downstream. ``field_ut``: (3, h, w) float32 µT over the same
    stretch. ``field_mask``: (2, h, w): [0] 1 where the field is known; [1] share of saturated samples.
    ``decisions``: those whose boxes reach into the stretch.
    """

    picture: ImageU8
    field_ut: ArrayF32
    field_mask: ArrayF32
    start_mm: float
    mm_per_px: float
    across_start_mm: float
    decisions: tuple[Decision, ...]
    snapshot: Snapshot


class Telemetry:
    """Takes in what happens, in any order, and can say at any time how the line stands.

    ``started_ns`` and ``start_belt_mm``: clock and encoder at the start of the run. ``blind``: the sense that it does
    without from the start. ``on_alarm``: told of every step of every alarm. Nothing here waits or reads a clock.
    """

    def __init__(
        self,
        *,
        started_ns: int,
        start_belt_mm: float = 0.0,
        blind: Blind = "none",
        on_alarm: Callable[[Alarm, Step], None] = lambda _alarm, _step: None,
    ) -> None:
        self.started_ns = started_ns
        self.start_belt_mm = start_belt_mm
        self.senses = self.mode = MODE_OF[blind]
        self.alarms = AlarmBook(self._note_alarm)
        self._on_alarm = on_alarm
        self._finished = False
        self.ended_ns = started_ns
        self.end_belt_mm = start_belt_mm
        self.decisions: list[Decision] = []
        self.items: list[ItemTruth] = []
        self.landings: list[Landing] = []
        self.window_ms: list[float] = []
        self.faults_seen: list[str] = []
        self.recalled: dict[int, str] = {}
        self._recent_ns: deque[int] = deque()
        self._recent_latency_ms: deque[float] = deque(maxlen=RECENT_LATENCIES)
        self._verdicts: dict[Verdict, int] = dict.fromkeys(Verdict, 0)
        self._bearing_seen = 0
        self._truth_by_id: dict[int, ItemTruth] = {}
        self._landed = _Landed()

    def on_window(self, latency_ms: float) -> None:
        """A window has been worked through; ``latency_ms`` is the time its computing took."""
        self.window_ms.append(latency_ms)

    def on_decision(self, decision: Decision) -> None:
        """An item has been decided on."""
        self.decisions.append(decision)
        self._verdicts[decision.verdict] += 1
        self._bearing_seen += decision.p_ndfeb >= BEARING_PROBABILITY
        self._recent_ns.append(decision.decided_ns)
        self._recent_latency_ms.append(decision.latency_ms)

    def on_items(self, items: list[ItemTruth]) -> None:
        """A simulated line says what it has fed."""
        self.items.extend(items)
        self._truth_by_id.update((item.item_id, item) for item in items)

    def on_landings(self, landings: list[Landing]) -> None:
        """A simulated line says where items ended."""
        self.landings.extend(landings)
        for landing in landings:
            item = self._truth_by_id.pop(landing.item_id, None)
            if item is not None:
                self._landed.count(item, in_product=landing.place == "product")

    def on_mode(self, mode: Mode) -> None:
        """How the line sorts from now on."""
        self.mode = mode
        if mode is not Mode.STOP:
            self.senses = mode

    def on_recalled(self, shot_id: int, fault: str) -> None:
        """A shot that the diverter had taken was undone by a fault before it blew."""
        self.recalled[shot_id] = fault

    def finish(self) -> None:
        """The run is over."""
        self._finished = True

    @property
    def state(self) -> LineState:
        """What the line is about."""
        if self._finished:
            return "finished"
        return "stopped" if self.mode is Mode.STOP else "sorting"

    def _note_alarm(self, alarm: Alarm, step: Step) -> None:
        if alarm.words not in self.faults_seen:
            self.faults_seen.append(alarm.words)
        self._on_alarm(alarm, step)

    def snapshot(self, now_ns: int, belt_mm: float, speed_m_per_s: float) -> Snapshot:
        """The line as it stands. Also notes ``now_ns`` and ``belt_mm`` as the end of the run so far."""
        self.ended_ns, self.end_belt_mm = now_ns, belt_mm
        p50_ms, p99_ms = self._latency_ms()
        return Snapshot(
            elapsed_s=(now_ns - self.started_ns) * 1e-9,
            belt_mm=belt_mm,
            speed_m_per_s=speed_m_per_s,
            items_seen=len(self.decisions),
            items_per_s=self._items_per_s(now_ns),
            bearing_seen=self._bearing_seen,
            shots=self._verdicts[Verdict.FIRED],
            late=self._verdicts[Verdict.LATE],
            refused=self._verdicts[Verdict.REFUSED],
            recovery=self._landed.recovery,
            purity=self._landed.purity,
            latency_p50_ms=p50_ms,
            latency_p99_ms=p99_ms,
            windows=len(self.window_ms),
            senses=self.senses,
            mode=self.mode,
            alarms=self.alarms.open,
            faults=tuple(alarm.words for alarm in self.alarms.in_force),
            state=self.state,
        )

    def _items_per_s(self, now_ns: int) -> float:
        while self._recent_ns and now_ns - self._recent_ns[0] > RATE_WINDOW_S * 1e9:
            self._recent_ns.popleft()
        # A run younger than the window has only its own age to divide by.
        span_s = min(RATE_WINDOW_S, (now_ns - self.started_ns) * 1e-9)
        return len(self._recent_ns) / span_s if span_s > 0 else 0.0

    def _latency_ms(self) -> tuple[float | None, float | None]:
        if not self._recent_latency_ms:
            return None, None
        p50_ms, p99_ms = np.percentile(np.fromiter(self._recent_latency_ms, np.float64), (50, 99))
        return float(p50_ms), float(p99_ms)


class _Landed:
    """Running sums over landed items."""

    def __init__(self) -> None:
        self._fed_g = 0.0
        self._product_g = 0.0
        self._product_items = 0
        self._product_bearing = 0

    def count(self, item: ItemTruth, *, in_product: bool) -> None:
        ndfeb_g = item.magnet_g if item.bears_ndfeb else 0.0
        self._fed_g += ndfeb_g
        if in_product:
            self._product_g += ndfeb_g
            self._product_items += 1
            self._product_bearing += item.bears_ndfeb

    @property
    def recovery(self) -> float | None:
        return self._product_g / self._fed_g if self._fed_g > 0 else None

    @property
    def purity(self) -> float | None:
        return self._product_bearing / self._product_items if self._product_items else None
