"""What happened on the line, collected as it happens: counters for the screen, full lists for the report."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from neosort_datasets.assembly import Blind
from neosort_hardware.types import ArrayF32, Decision, ImageU8, ItemTruth, Landing, Verdict
from neosort_inference.counters import NOTHING_YET, Counts
from neosort_inference.exchange.went_back import WentBack
from neosort_inference.faults.alarms import Alarm, AlarmBook, Step
from neosort_inference.faults.modes import MODE_OF, Mode
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.landed import Landed

LineState = Literal["sorting", "stopped", "finished"]

KEPT = 20_000  # decisions, some 20 MB: two hours of a usual belt, and enough for a percentile of 99.9
RATE_WINDOW_S = 10.0
RECENT_LATENCIES = 1000
BEARING_PROBABILITY = 0.5
REMEMBERED = 4096  # shots: far more than lie between array and landing

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The line at one moment. ``items_per_s``: decisions of the last 10 s. ``bearing_seen``: decisions that thought
    NdFeB the likelier. ``latency_*``: decision latency over the last 1,000 decisions, None before the first.
    ``recovery`` (by magnet mass) and ``purity`` count landed items, None where the truth is not known. ``senses``:
    what the line decides by, also while it is stopped; ``mode``: how it sorts. ``alarms``: those that stand or wait for
    a person; ``faults``: the words of those in force.
    ``stopped_by``: what keeps the line stopped, a fault's words or the person; empty while nothing does. ``exchange``:
    how an exchange of bundle, recipe or calibration stands; empty while there is none.
    ``went_back``: what the line was told to go by and has left by itself; None once it goes by something else again.
    ``counts``: what has been counted since the run began. ``fleet``: how telling the plant's broker goes, None: nobody
    is told."""

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
    stopped_by: str = ""
    exchange: str = ""
    went_back: WentBack | None = None
    counts: Counts = NOTHING_YET
    fleet: FleetStanding | None = None


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


def _unheard(_alarm: Alarm, _step: Step) -> None:
    """Where nobody listens."""


class Telemetry:
    """Takes in what happens, in any order, and can say at any time how the line stands.

    ``started_ns`` and ``start_belt_mm``: clock and encoder at the start of the run. ``blind``: the sense that it does
    without from the start. ``on_alarm``: told of every step of every alarm. Nothing here waits or reads a clock.

    However long the run, memory is bounded: of decisions, windows, items and landings the last ``kept`` are held
    (None: all of them), and everything counted is counted over the whole run.
    """

    def __init__(
        self,
        *,
        started_ns: int,
        start_belt_mm: float = 0.0,
        blind: Blind = "none",
        on_alarm: Callable[[Alarm, Step], None] = _unheard,
        kept: int | None = KEPT,
    ) -> None:
        self.started_ns = started_ns
        self.start_belt_mm = start_belt_mm
        self.senses = self.mode = MODE_OF[blind]
        self.alarms = AlarmBook(self._note_alarm)
        self._on_alarm = on_alarm
        self._finished = False
        self.ended_ns = started_ns
        self.end_belt_mm = start_belt_mm
        self.kept = kept
        self.decisions: deque[Decision] = deque(maxlen=kept)
        self.items: deque[ItemTruth] = deque(maxlen=kept)
        self.landings: deque[Landing] = deque(maxlen=kept)
        self.window_ms: deque[float] = deque(maxlen=kept)
        self.windows = self.fed = 0
        self.fired_late = 0  # shots refused as late that blew at an item all the same; must stay 0
        self.seconds_to_first_shot: float | None = None
        self.seen_kinds: Counter[str] = Counter()
        self.fired_kinds: Counter[str] = Counter()
        self.faults_seen: list[str] = []
        self.recalled: dict[int, str] = {}
        self._late_shots: dict[int, None] = {}
        self._untold: tuple[list[ItemTruth], list[Landing]] = ([], [])
        self._recent_ns: deque[int] = deque()
        self._recent_latency_ms: deque[float] = deque(maxlen=RECENT_LATENCIES)
        self.verdicts: dict[Verdict, int] = dict.fromkeys(Verdict, 0)
        self._bearing_seen = 0
        self._truth_by_id: dict[int, ItemTruth] = {}
        self._landed = Landed()

    def on_window(self, latency_ms: float) -> None:
        """A window has been worked through; ``latency_ms`` is the time its computing took."""
        self.windows += 1
        self.window_ms.append(latency_ms)

    def on_decision(self, decision: Decision) -> None:
        """An item has been decided on."""
        self.decisions.append(decision)
        self.verdicts[decision.verdict] += 1
        self._bearing_seen += decision.p_ndfeb >= BEARING_PROBABILITY
        self.seen_kinds[decision.kind] += 1
        if decision.fired:
            self.fired_kinds[decision.kind] += 1
            if self.seconds_to_first_shot is None:
                self.seconds_to_first_shot = (decision.decided_ns - self.started_ns) * 1e-9
        if decision.late and decision.shot is not None:
            _remember(self._late_shots, decision.shot.shot_id, None)
        self._recent_ns.append(decision.decided_ns)
        self._recent_latency_ms.append(decision.latency_ms)

    def on_items(self, items: list[ItemTruth]) -> None:
        """A simulated line says what it has fed."""
        self.fed += len(items)
        self.items.extend(items)
        self._untold[0].extend(items)
        self._truth_by_id.update((item.item_id, item) for item in items)

    def on_landings(self, landings: list[Landing]) -> None:
        """A simulated line says where items ended."""
        self.landings.extend(landings)
        self._untold[1].extend(landings)
        for landing in landings:
            for shot_id in self._late_shots.keys() & set(landing.shot_ids):
                del self._late_shots[shot_id]
                self.fired_late += 1
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
        _remember(self.recalled, shot_id, fault)

    @property
    def decided(self) -> int:
        """Decisions of the whole run."""
        return sum(self.verdicts.values())

    def untold_truth(self) -> tuple[list[ItemTruth], list[Landing]]:
        """What the line has told of items and landings since the last call."""
        told, self._untold = self._untold, ([], [])
        return told

    def whole_stretch(self) -> tuple[list[ItemTruth], list[Landing], list[Decision]]:
        """Items, landings and decisions of the stretch of belt of which all three are still held."""
        items, decisions = list(self.items), list(self.decisions)
        gone = [
            held[0].box.belt_hi_mm for held, ever in ((items, self.fed), (decisions, self.decided)) if ever > len(held)
        ]
        from_mm = max(gone, default=-math.inf)
        return (
            [item for item in items if item.box.belt_lo_mm >= from_mm],
            list(self.landings),
            [decision for decision in decisions if decision.box.belt_mm >= from_mm],
        )

    def finish(self) -> None:
        """The run is over."""
        self._finished = True

    @property
    def state(self) -> LineState:
        """What the line is about."""
        if self._finished:
            return "finished"
        return "stopped" if self.mode is Mode.STOP else "sorting"

    def __getstate__(self) -> dict[str, object]:
        """What another process gets of it: everything but who listens here."""
        return self.__dict__ | {"_on_alarm": _unheard}

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
            items_seen=self.decided,
            items_per_s=self._items_per_s(now_ns),
            bearing_seen=self._bearing_seen,
            shots=self.verdicts[Verdict.FIRED],
            late=self.verdicts[Verdict.LATE],
            refused=self.verdicts[Verdict.REFUSED],
            recovery=self._landed.recovery,
            purity=self._landed.purity,
            latency_p50_ms=p50_ms,
            latency_p99_ms=p99_ms,
            windows=self.windows,
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


def _remember(book: dict[int, _Value], key: int, value: _Value) -> None:
    """Into a book that holds the last few only."""
    book[key] = value
    while len(book) > REMEMBERED:
        del book[next(iter(book))]
