"""How exactly the shot process moves valves over a ramp of belt speed, alone and on a machine that has all else to do.

The belt and the valves are made up, so that the error of every stroke is known: from the moment at which the jet should
have begun or ended to the moment at which the valve was told, its lag added. What a bus and a real valve add is theirs.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from neosort_hardware.shot_messages import ShotStatus
from neosort_hardware.shot_process import ShotProcess
from neosort_hardware.shot_timer import ShotLimits
from neosort_hardware.types import ArrayF64, Shot, ShotOutcome
from neosort_hardware.valve_leads import ValveLeads
from neosort_hardware.valve_outputs import ShotRig
from neosort_inference.bench.model import bundle_contestant
from neosort_inference.bench.timing_rig import MM_PER_COUNT, STAMP, RampingBelt, StampedValves, strokes_in

VALVES = 64
LEAD_MS = 2.15
SHOT_MM = 30.0
AHEAD_S = 0.5
BEGIN_AFTER_S = 1.0
HEARTBEAT_MS = 2000.0
LATE_MS = 20.0  # nothing short of it is dropped, so that it shows in the figures instead
MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingRun:
    """One run: errors of all strokes in ms (positive: late), and what the process said of itself.

    ``stolen_ms``: for how long another guest of the same host had a core of ours; no right to be on time helps there.
    """

    errors_ms: ArrayF64
    stolen_ms: float
    refused: int
    status: ShotStatus


def run_shots(seconds: float, shots_per_s: float, on_shot: Callable[[], object]) -> TimingRun:
    """Have shots executed over so many seconds of ramps; ``on_shot`` is told of each. Raises `DeviceError`."""
    count = max(1, round(seconds * shots_per_s))
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        file = Path(folder) / "strokes"
        file.write_bytes(bytes(STAMP.size * (2 * count + VALVES)))
        belt = RampingBelt(start_ns=time.monotonic_ns() + round(BEGIN_AFTER_S * 1e9))
        process = ShotProcess(_rig(belt, file))
        stolen_ms = _stolen_ms()
        try:
            shots, refused = _hand_over(process, belt, count, shots_per_s, on_shot)
            status = _finished(process)
        finally:
            process.close()
        return TimingRun(
            errors_ms=_errors_ms(shots, belt, strokes_in(file)),
            stolen_ms=_stolen_ms() - stolen_ms,
            refused=refused,
            status=status,
        )


@contextmanager
def full_load(bundle: Path) -> Iterator[None]:
    """The bundle run without a pause once per core, and a Python program that never rests; all at normal priority."""
    context = multiprocessing.get_context("spawn")
    jobs = [context.Process(target=_infer, args=(bundle,), daemon=True) for _ in range(os.cpu_count() or 1)]
    jobs.append(context.Process(target=_spin, daemon=True))
    try:
        for job in jobs:
            job.start()
        yield
    finally:
        for job in jobs:
            job.kill()
            job.join()


def figures(unloaded: TimingRun, loaded: TimingRun) -> dict[str, Any]:
    """What is quoted, that of the loaded run first, and both runs in full."""
    runs = {"loaded": _figures(loaded), "unloaded": _figures(unloaded)}
    rights = loaded.status.rights
    return {
        "sigma_ms": runs["loaded"]["sigma_ms"],
        "p999_ms": runs["loaded"]["p999_ms"],
        **runs,
        "real_time": {"scheduled": rights.scheduled, "memory_locked": rights.locked, "refused": rights.refused},
    }


def print_timing(record: dict[str, Any], console: Console) -> None:
    """The figures as a table, and in plain words what the machine does not grant."""
    title = "error of valve strokes over ramps from 0.5 to 3 m/s, ms"
    table = Table("", "σ", "mean", "p50", "p99", "p99.9", "largest", "strokes", "lost", title=title)
    for name in ("unloaded", "loaded"):
        run = record[name]
        cells = [f"{run[key]:.3f}" for key in ("sigma_ms", "mean_ms", "p50_ms", "p99_ms", "p999_ms", "max_ms")]
        lost = run["missed"] + run["cut"] + run["refused"]
        table.add_row(name, *cells, f"{run['strokes']:,}", f"{lost:,}")
    console.print(table)
    console.print("Percentiles and the largest are of the error without its sign.", highlight=False)
    stolen = {name: record[name]["stolen_ms"] for name in ("unloaded", "loaded")}
    if any(stolen.values()):
        console.print(
            f"A virtual machine: its host took cores away for {stolen['unloaded']:,} ms of the unloaded and "
            f"{stolen['loaded']:,} ms of the loaded run, which is where errors of several milliseconds come from.",
            highlight=False,
        )
    rights = record["real_time"]
    if rights["scheduled"]:
        console.print("The machine grants real-time scheduling (SCHED_FIFO).", highlight=False)
    else:
        console.print(
            f"[bold red]This machine gives no real-time rights[/] ({rights['refused']}): under load valves are late by "
            "milliseconds, and a line drops such shots.",
            highlight=False,
        )


def _rig(belt: RampingBelt, file: Path) -> ShotRig:
    limits = ShotLimits(
        nozzles=VALVES, leads=ValveLeads.alike(VALVES, LEAD_MS, LEAD_MS), max_on_ms=5000.0, heartbeat_ms=HEARTBEAT_MS,
        late_ms=LATE_MS,
    )  # fmt: skip
    return ShotRig(
        name="timed valves", outputs=StampedValves(file=file), encoder=belt, mm_per_count=MM_PER_COUNT, limits=limits
    )


def _hand_over(
    process: ShotProcess, belt: RampingBelt, count: int, shots_per_s: float, on_shot: Callable[[], object]
) -> tuple[list[Shot], int]:
    """Shots evenly in time, each handed over half a second before its moment as the belt will go; those refused."""
    shots, refused = [], 0
    # A tenth of a second after the first ramp's begin, and not in step with the turns of the shot process.
    first_ns = max(belt.start_ns, time.monotonic_ns()) + round((AHEAD_S + 0.1) * 1e9)
    for number in range(count):
        opens_ns = first_ns + round(number / shots_per_s * 1e9)
        while (wait_s := opens_ns * 1e-9 - AHEAD_S - time.monotonic()) > 0:
            process.heartbeat()
            time.sleep(min(wait_s, 0.1))
        place_mm, valve = belt.belt_mm(opens_ns), number % VALVES
        shot = Shot(
            shot_id=number, track_id=number, first_nozzle=valve, last_nozzle=valve, open_mm=place_mm,
            close_mm=place_mm + SHOT_MM,
        )  # fmt: skip
        if process.schedule(shot) is ShotOutcome.ACCEPTED:
            shots.append(shot)
        else:
            refused += 1
        on_shot()
    return shots, refused


def _finished(process: ShotProcess) -> ShotStatus:
    """The last word of the process, once every shot has been executed or missed."""
    end_s = time.monotonic() + AHEAD_S + 1.0
    while time.monotonic() < end_s:
        process.heartbeat()
        time.sleep(0.05)
    return process.status()


def _errors_ms(shots: Sequence[Shot], belt: RampingBelt, strokes: Sequence[tuple[int, int, bool]]) -> ArrayF64:
    """Of every stroke that was made: how late, in ms. A valve's strokes lie seconds apart, so that none is mistaken."""
    made: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for at_ns, valve, opened in strokes:
        made[valve, opened].append(at_ns)
    errors = []
    for shot in shots:
        for place_mm, opened in ((shot.open_mm, True), (shot.close_mm, False)):
            due_ns = belt.time_ns_at(place_mm) - round(LEAD_MS * 1e6)
            found = min(made[shot.first_nozzle, opened], key=lambda at_ns: abs(at_ns - due_ns), default=None)
            if found is not None and abs(found - due_ns) < 500_000_000:
                errors.append((found - due_ns) * 1e-6)
    return np.array(errors, dtype=np.float64)


def _figures(run: TimingRun) -> dict[str, Any]:
    size = np.abs(run.errors_ms)
    p50, p99, p999 = np.percentile(size, [50, 99, 99.9])
    values = {
        "sigma_ms": run.errors_ms.std(),
        "mean_ms": run.errors_ms.mean(),
        "p50_ms": p50,
        "p99_ms": p99,
        "p999_ms": p999,
        "max_ms": size.max(),
    }
    return {name: round(float(value), 4) for name, value in values.items()} | {
        "strokes": len(run.errors_ms),
        "fired": run.status.fired,
        "missed": run.status.missed,
        "cut": run.status.cut,
        "refused": run.refused,
        "stolen_ms": round(run.stolen_ms),
    }


def _stolen_ms() -> float:
    """Since the machine was started, over all cores; 0 where it does not say."""
    try:
        cpu = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return 0.0
    return 1e3 * float(cpu[8]) / os.sysconf("SC_CLK_TCK") if len(cpu) > 8 else 0.0


def _infer(bundle: Path) -> None:
    contestant = bundle_contestant(bundle)
    while True:
        contestant.run()


def _spin() -> None:
    number = 0
    while True:
        number += 1
