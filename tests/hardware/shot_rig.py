"""Valves that write down what they are told, and belts that go by the clock, for a shot process to be tried on.

Importable by name from another process. A file of the name given makes them fail: `outputs.gone`, `encoder.gone`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neosort_hardware.devices import DeviceError
from neosort_hardware.shot_timer import ShotLimits
from neosort_hardware.types import EncoderSample
from neosort_hardware.valve_leads import ValveLeads
from neosort_hardware.valve_outputs import ShotRig

MM_PER_COUNT = 0.5
LEAD_MS = 2.0
LATE_MS = 2.0


@dataclass(frozen=True)
class ClockBelt:
    """Stands until `start_ns`, then 0.5 m/s, and after a second faster by 2.5 m/s² up to 3 m/s."""

    folder: Path
    start_ns: int

    def open_encoder(self) -> LookedAt:
        return LookedAt(self)

    def read(self) -> EncoderSample:
        if (self.folder / "encoder.gone").exists():
            raise DeviceError("test encoder", "does not answer")
        now_ns = time.monotonic_ns()
        counts = math.floor(self.belt_mm(now_ns) / MM_PER_COUNT)
        return EncoderSample(belt_mm=counts * MM_PER_COUNT, counts=counts, sampled_ns=now_ns)

    def belt_mm(self, time_ns: int) -> float:
        ms = max(0.0, (time_ns - self.start_ns) * 1e-6)
        ramp = min(max(ms - 1000.0, 0.0), 1000.0)
        return 0.5 * min(ms, 1000.0) + 0.5 * ramp + 0.00125 * ramp * ramp + 3.0 * max(ms - 2000.0, 0.0)

    def m_per_s(self, time_ns: int) -> float:
        return self.belt_mm(time_ns + 1_000_000) - self.belt_mm(time_ns)

    def time_ns_at(self, place_mm: float) -> int:
        """When the belt, once it runs, is at a place."""
        first, last = self.start_ns, self.start_ns + 60_000_000_000
        while last - first > 1000:
            middle = (first + last) // 2
            first, last = (middle, last) if self.belt_mm(middle) < place_mm else (first, middle)
        return last


class LookedAt:
    """The belt as a shot process looks at it, once a turn; when it looked is in `looks.npy` after it has ended."""

    def __init__(self, belt: ClockBelt) -> None:
        self._belt = belt
        self._looks_ns: list[int] = []

    def read(self) -> EncoderSample:
        self._looks_ns.append(time.monotonic_ns())
        return self._belt.read()

    def close(self) -> None:
        np.save(looks_file(self._belt.folder), self._looks_ns)


def looks_file(folder: Path) -> Path:
    return folder / "looks.npy"


@dataclass(frozen=True)
class WrittenValves:
    """Every change goes into `valves.log`: a time and the valves that are open from then on."""

    folder: Path

    def open_outputs(self) -> WrittenValves:
        self.set_open(frozenset())
        return self

    def set_open(self, nozzles: frozenset[int]) -> None:
        if (self.folder / "outputs.gone").exists():
            raise DeviceError("test valves", "do not answer")
        now_ns = time.monotonic_ns()  # before the file is opened: a disk has no deadline
        with (self.folder / "valves.log").open("a") as log:
            log.write(f"{now_ns} {' '.join(map(str, sorted(nozzles)))}\n")

    def close(self) -> None:
        try:
            self.set_open(frozenset())
        except DeviceError:
            return


def rig_in(folder: Path, start_ns: int, *, own_encoder: bool = True, **limits: float) -> ShotRig:
    known = {"max_on_ms": 2000.0, "heartbeat_ms": 2000.0, "late_ms": LATE_MS}
    return ShotRig(
        name="test jets",
        outputs=WrittenValves(folder),
        encoder=ClockBelt(folder, start_ns) if own_encoder else None,
        mm_per_count=MM_PER_COUNT,
        limits=ShotLimits(nozzles=48, leads=ValveLeads.alike(48, LEAD_MS, LEAD_MS), **(known | limits)),
        refresh_ms=20.0,
    )


def written(folder: Path) -> list[tuple[int, frozenset[int]]]:
    """What the valves were told: when, and which stood open from then on."""
    lines = (folder / "valves.log").read_text().splitlines() if (folder / "valves.log").exists() else []
    return [(int(at), frozenset(map(int, valves))) for at, *valves in map(str.split, lines)]


def open_now(folder: Path) -> frozenset[int]:
    return written(folder)[-1][1]


def strokes(folder: Path, valve: int) -> list[tuple[int, int]]:
    """When a valve was told to open and to shut again."""
    edges, is_open = [], False
    for at_ns, valves in written(folder):
        if (valve in valves) != is_open:
            is_open = not is_open
            edges.append(at_ns)
    return list(zip(edges[::2], edges[1::2], strict=False))


def be_a_host(folder: Path) -> None:
    """A host that opens valve 7 for long and then does nothing but live."""
    from neosort_hardware.diverter_timed import TimedDiverter  # noqa: PLC0415
    from neosort_hardware.types import Shot  # noqa: PLC0415

    start_ns = time.monotonic_ns()
    belt = ClockBelt(folder, start_ns)
    diverter = TimedDiverter(rig_in(folder, start_ns, max_on_ms=60_000.0, heartbeat_ms=60_000.0), belt)
    diverter.heartbeat()
    place_mm = belt.belt_mm(time.monotonic_ns() + 200_000_000)
    diverter.schedule(
        Shot(shot_id=1, track_id=1, first_nozzle=7, last_nozzle=7, open_mm=place_mm, close_mm=place_mm + 1e6)
    )
    print(diverter.process.pid, flush=True)
    time.sleep(60)
