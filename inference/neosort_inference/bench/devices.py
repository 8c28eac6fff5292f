"""How long the devices of a line take: their round trips, and how old what they hand over is. Nothing is fired."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np

from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.line import Line, settings_in, slots_of
from neosort_hardware.slots import SlotName
from neosort_hardware.types import Shot
from neosort_inference.bench.record import Record

PAUSE_S = 0.002
READ_S = 0.2
HEARTBEAT_S = 0.05
FAR_MM = 100_000.0  # ahead: taken, and forgotten before the belt is there

# One measurement: milliseconds, or None where there was nothing to measure this time.
Step = Callable[[], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """``ms``: every single one, in order. ``what``: the call, or whose age it is."""

    slot: SlotName
    driver: str
    device: str
    what: str
    ms: tuple[float, ...]

    def figures(self) -> Record:
        """For the file and the screen; percentiles None where nothing came."""
        found = np.percentile(self.ms, (50, 99)) if self.ms else (None, None)
        names = {"slot": self.slot, "driver": self.driver, "device": self.device, "what": self.what}
        p50, p99 = (None if one is None else float(one) for one in found)
        return names | {"count": len(self.ms), "p50_ms": p50, "p99_ms": p99}


def measure(line: Line, seconds: float, slots: tuple[SlotName, ...] = ()) -> list[Measured]:
    """Every device of the line for so long each, or those of the ``slots``. Raises `DeviceError` where one fails."""
    found = []
    for slot in slots or slots_of(line.config):
        for what, step in _steps(line, slot).items():
            found.append(
                Measured(
                    slot=slot,
                    driver=settings_in(line.config, slot).driver,
                    device=getattr(line, slot).name,
                    what=what,
                    ms=tuple(_again_and_again(line, step, seconds)),
                )
            )
    return found


def _again_and_again(line: Line, step: Step, seconds: float) -> list[float]:
    """The line's diverters are kept alive meanwhile, as any host does."""
    end_s = time.monotonic() + seconds
    beat_s, ms = 0.0, []
    while time.monotonic() < end_s:
        if time.monotonic() >= beat_s:
            beat_s = time.monotonic() + HEARTBEAT_S
            _beat(line)
        try:
            took_ms = step()
        except EndOfStream:
            break
        if took_ms is not None:
            ms.append(took_ms)
    return ms


def _beat(line: Line) -> None:
    line.diverter.heartbeat()
    if line.heavy_diverter is not None:
        line.heavy_diverter.heartbeat()


def _steps(line: Line, slot: SlotName) -> dict[str, Step]:
    if slot in {"magnetometer", "camera"}:
        return {"age when handed over": _age(line, slot)}
    if slot in {"diverter", "heavy_diverter"}:
        return {"schedule": _scheduling(line, slot)}
    return {"read": _timed(lambda: getattr(line, slot).read())}


def _timed(call: Callable[[], object]) -> Callable[[], float]:
    def step() -> float:
        began_ns = time.perf_counter_ns()
        call()
        took_ns = time.perf_counter_ns() - began_ns
        time.sleep(PAUSE_S)
        return took_ns * 1e-6

    return step


def _age(line: Line, slot: SlotName) -> Step:
    """Of the newest sample of a block, of the middle of a frame's exposure, when `read` returns it."""

    def step() -> float | None:
        if slot == "camera":
            frame = line.camera.read(READ_S)
            stamp_ns = None if frame is None else frame.captured_ns
        else:
            block = line.magnetometer.read(READ_S)
            stamp_ns = None if block is None else int(block.sampled_ns[-1])
        return None if stamp_ns is None else (line.clock.now_ns() - stamp_ns) * 1e-6

    return step


def _scheduling(line: Line, slot: SlotName) -> Step:
    """A shot far ahead is handed over, and forgotten again before the next one."""
    diverter = line.heavy_diverter if slot == "heavy_diverter" else line.diverter
    if diverter is None:
        raise DeviceError(slot, f"line '{line.config.name}' has none")
    numbers = count(1)

    def step() -> float:
        at_mm = line.encoder.read().belt_mm + FAR_MM
        shot = Shot(
            shot_id=next(numbers),
            track_id=0,
            first_nozzle=0,
            last_nozzle=0,
            open_mm=at_mm,
            close_mm=at_mm + 10.0,
            heavy=slot == "heavy_diverter",
        )
        took_ms = _timed(lambda: diverter.schedule(shot))()
        diverter.close_all()
        return took_ms

    return step
