"""How fast a ledger is written, and what writing adds to a decision: through the same keeper and process as on a line.

Decisions, half of them shots with a picture, are handed over as fast as they are taken, so that the writer sets the
pace; then a belt's pace is kept, with and without a ledger in turn, and the time of each decision's way is compared.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from rich.console import Console

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.types import Box, Decision, Shot, Verdict
from neosort_inference.bench.private_postgresql import NoServerError, own_schema, private_postgresql
from neosort_inference.bench.record import Record
from neosort_inference.bundle import Bundle
from neosort_inference.ledger.keeper import LedgerKeeper
from neosort_inference.ledger.observed import SortedBy
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.retention_limits import Limits

PATIENCE_S = 600.0
LIMITS = Limits(evidence_bytes=1 << 60, reserve_bytes=0)
BY = SortedBy(
    recipe_id="bench@000000000000",
    bundle_id="bench@000000000000",
    calibration_id="bench@000000000000",
    near_p=1.0,
    detail={"bench": True},
)
WARM_UP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Records and pictures that are safely in a ledger, and how long that took."""

    database: str
    records: int
    pictures: int
    seconds: float


@contextmanager
def databases(postgresql: str | None) -> Iterator[dict[str, str | None]]:
    """What to measure, by name: SQLite, whose URL follows from its folder, and PostgreSQL where there is any.

    ``postgresql``: a server's URL; None: a private one, where one can be started.
    """
    with ExitStack() as stack:
        found: dict[str, str | None] = {"SQLite": None}
        if postgresql is not None:
            found["PostgreSQL"] = stack.enter_context(own_schema(postgresql))
        else:
            with suppress(NoServerError):
                found["PostgreSQL"] = stack.enter_context(own_schema(stack.enter_context(private_postgresql())))
        yield found


def write_through(database: str, url: str | None, decisions: int, folder: Path | None) -> Written:
    """Hand so many decisions over, waiting for room, and wait until they are all committed."""
    window = noise(WindowGrid())
    with _place(folder) as place:
        keeper = _keeper(place, url)
        began_s = time.monotonic()
        for number in range(decisions):
            keeper.on_window(window, [decided(number)], "camera + field")
        while keeper.waiting:
            time.sleep(0.01)
        seconds = time.monotonic() - began_s
        keeper.close()
        pictures = sum(1 for _ in place.evidence.rglob("*.jpg"))
    return Written(database=database, records=keeper.committed, pictures=pictures, seconds=seconds)


def decide_beside(
    bundle: Bundle, url: str | None, *, decisions: int, rounds: int, per_s: float, progress: Callable[[], None]
) -> Record:
    """What a ledger adds to a decision: the network's pass over a window and the handing over, at a belt's pace.

    Rounds with and without a ledger in turn; milliseconds by the clock.
    """
    window = noise(bundle.metadata.grid)
    spent_ms: dict[bool, list[float]] = {False: [], True: []}
    for which in range(2 * rounds):
        with_ledger = which % 2 == 1
        with ExitStack() as stack:
            keeper = stack.enter_context(_keeper(stack.enter_context(_place(None)), url)) if with_ledger else None
            spent_ms[with_ledger] += list(_paced(bundle, window, keeper, decisions, per_s))
        progress()
    return {
        "decisions_each": decisions * rounds,
        "decisions_per_s": per_s,
        "without": _percentiles(spent_ms[False]),
        "with": _percentiles(spent_ms[True]),
    }


def figures(written: list[Written]) -> Record:
    """Records a second by database: the median of the rounds and their spread."""
    record: Record = {}
    for name in dict.fromkeys(one.database for one in written):
        rates = [one.records / one.seconds for one in written if one.database == name]
        record[name] = {
            "records_per_s": float(np.median(rates)),
            "spread": [min(rates), max(rates)],
            "records": sum(one.records for one in written if one.database == name),
            "pictures": sum(one.pictures for one in written if one.database == name),
        }
    return record


def print_ledger(record: Record, console: Console) -> None:
    """The figures in words."""
    for name, told in record["written"].items():
        low, high = told["spread"]
        words = f"{told['records_per_s']:9,.0f} records/s  [{low:,.0f} – {high:,.0f}]  {name}"
        console.print(f"{words}, {told['pictures']:,} pictures with {told['records']:,} records", highlight=False)
    for name, told in record["decision_ms"].items():
        without, beside = told["without"], told["with"]
        console.print(
            f"a decision takes p50 {without['p50']:.2f} ms, p99 {without['p99']:.2f} ms without a ledger, "
            f"p50 {beside['p50']:.2f} ms, p99 {beside['p99']:.2f} ms with one ({name}, {told['decisions_per_s']:g}/s)",
            highlight=False,
            soft_wrap=True,
        )
    handing = record["handing_over_us"]
    console.print(f"handing over: p50 {handing['p50']:.0f} µs, p99 {handing['p99']:.0f} µs a decision", highlight=False)


def handing_over_us(decisions: int) -> Record:
    """What the loop itself does for a decision: microseconds of its thread's processor time."""
    window = noise(WindowGrid())
    spent: list[float] = []
    with _place(None) as place, _keeper(place, None) as keeper:
        for number in range(decisions):
            one = [decided(number)]
            began_ns = time.thread_time_ns()
            keeper.on_window(window, one, "camera + field")
            spent.append((time.thread_time_ns() - began_ns) * 1e-3)
    return _percentiles(spent)


def noise(grid: WindowGrid) -> BeltWindow:
    """A window of noise: its pictures are as large as pictures get."""
    picture = np.random.default_rng(1).integers(0, 255, (grid.rows, grid.cols, 3), np.uint8)
    return BeltWindow(
        grid=grid,
        start_mm=0.0,
        picture=picture,
        field_ut=np.zeros((3, grid.field_rows, grid.field_cols), np.float32),
        field_mask=np.ones((2, grid.field_rows, grid.field_cols), np.float32),
        last_input_ns=0,
        sequence=0,
    )


def decided(number: int) -> Decision:
    """A decision; every second one is a shot. No two pictures are the same."""
    fired = number % 2 == 0
    at_mm, across_mm = 20.0 + number % 200, 20.0 + number // 200 % 200
    return Decision(
        track_id=number,
        box=Box(belt_lo_mm=at_mm, belt_hi_mm=at_mm + 80, across_lo_mm=across_mm, across_hi_mm=across_mm + 60),
        kind="motor_nd",
        p_ndfeb=0.9 if fired else 0.1,
        magnet_g=3.2,
        magnet_g_sigma=0.4,
        verdict=Verdict.FIRED if fired else Verdict.PASSED,
        reason="" if fired else "not bearing",
        latency_ms=17.0,
        distance_mm=120.0,
        decided_ns=0,
        shot=Shot(shot_id=number, track_id=number, first_nozzle=2, last_nozzle=4, open_mm=1000.0, close_mm=1040.0)
        if fired
        else None,
    )


def _paced(
    bundle: Bundle, window: BeltWindow, keeper: LedgerKeeper | None, decisions: int, per_s: float
) -> Iterator[float]:
    next_s = time.monotonic()
    for number in range(decisions + WARM_UP):
        next_s += 1.0 / per_s
        began_ns = time.perf_counter_ns()
        bundle.run(window)
        if keeper is not None:
            keeper.on_window(window, [decided(number)], "camera + field")
        spent_ms = (time.perf_counter_ns() - began_ns) * 1e-6
        if number >= WARM_UP:
            yield spent_ms
        time.sleep(max(0.0, next_s - time.monotonic()))


@contextmanager
def _place(folder: Path | None) -> Iterator[Place]:
    """An empty ledger's folder, on the disk of ``folder``."""
    with tempfile.TemporaryDirectory(prefix="neosort-ledger-", dir=folder) as made:
        place = Place(folder=Path(made))
        place.prepare()
        yield place


def _keeper(place: Place, url: str | None) -> LedgerKeeper:
    line = f"bench-{uuid4().hex[:12]}"
    return LedgerKeeper(url or place.url, place, line=line, sorted_by=BY, limits=LIMITS, patience_s=PATIENCE_S)


def _percentiles(values: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(np.array(values), (50, 99))
    return {"p50": float(p50), "p99": float(p99)}
