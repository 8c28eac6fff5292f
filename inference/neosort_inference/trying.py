"""One device of a line tried for a while: what it reads, how fast it answers. Nothing is fired unless asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from neosort_hardware.devices import DeviceError, EndOfStream
from neosort_hardware.line import Line
from neosort_hardware.slots import SlotName
from neosort_hardware.types import FieldBlock, Frame
from neosort_inference.puff import puff

LOOK_S = 0.01
READ_S = 0.1


@dataclass(slots=True, kw_only=True)
class Trial:
    """``said``: the latest reading in words. ``answers_s``: how long each call took, where calls are answered."""

    said: str = ""
    answers_s: list[float] = field(default_factory=list)

    def took(self) -> str:
        """Round trips in words; empty where there were none."""
        if not self.answers_s:
            return ""
        p50, p99 = np.percentile(np.array(self.answers_s) * 1e3, [50, 99])
        return f"{len(self.answers_s)} calls, round trip p50 {p50:.2f} ms, p99 {p99:.2f} ms"


def trying(line: Line, slot: SlotName, seconds: float, fire: int | None = None) -> Iterator[Trial]:
    """Try a device for so long; the same `Trial` again and again, brought up to date. The diverter is kept alive.

    ``fire``: the diverter's nozzle to blow once. Raises `DeviceError` when the device fails.
    """
    trial = Trial()
    step = _STEPS[slot](line, trial)
    if fire is not None and slot == "diverter":
        trial.said = _puff(line, fire)
    end_ns = line.clock.now_ns() + round(seconds * 1e9)
    while line.clock.now_ns() < end_ns:
        if slot != "diverter":
            line.diverter.heartbeat()
        try:
            step()
        except EndOfStream:
            return
        yield trial


def _asked(line: Line, trial: Trial, call: Callable[[], str]) -> Callable[[], None]:
    """A step that calls, measures, and pauses."""

    def step() -> None:
        began = time.perf_counter()
        said = call()
        trial.answers_s.append(time.perf_counter() - began)
        trial.said = said or trial.said
        line.clock.sleep_until(line.clock.now_ns() + round(LOOK_S * 1e9))

    return step


def _encoder(line: Line, trial: Trial) -> Callable[[], None]:
    first = line.encoder.read()

    def call() -> str:
        sample = line.encoder.read()
        passed_ms = max(1e-6, (sample.sampled_ns - first.sampled_ns) * 1e-6)
        speed = (sample.belt_mm - first.belt_mm) / passed_ms
        return f"{sample.counts} counts, {sample.belt_mm:.1f} mm, {speed:.3f} m/s since the start"

    return _asked(line, trial, call)


def _interlock(line: Line, trial: Trial) -> Callable[[], None]:
    def call() -> str:
        state = line.interlock.read()
        return "closed: shots are permitted" if state.closed else f"OPEN: {state.detail}"

    return _asked(line, trial, call)


def _diverter(line: Line, trial: Trial) -> Callable[[], None]:
    line.diverter.heartbeat()  # it may have waited for the others to be opened, and would tell of that silence

    def call() -> str:
        line.diverter.heartbeat()
        health = line.diverter.health()
        return health.detail if not health.ok else ""

    return _asked(line, trial, call)


def _heavy_diverter(line: Line, trial: Trial) -> Callable[[], None]:
    flaps = line.heavy_diverter
    if flaps is None:
        raise DeviceError("flaps", f"line '{line.config.name}' has none")

    def call() -> str:
        flaps.heartbeat()
        health = flaps.health()
        return "" if health.ok else health.detail

    flaps.heartbeat()
    return _asked(line, trial, call)


def _plant(line: Line, trial: Trial) -> Callable[[], None]:
    plant = line.plant
    if plant is None:
        raise DeviceError("plant", f"line '{line.config.name}' has no contacts of it")

    def call() -> str:
        state = plant.read()
        air = "" if state.air_share is None else f", air at {100 * state.air_share:.0f} % of its rated pressure"
        chute, belt = "FULL" if state.chute_full else "free", "JAMMED" if state.belt_jammed else "free"
        return f"chute {chute}, belt {belt}{air}"

    return _asked(line, trial, call)


def _puff(line: Line, nozzle: int) -> str:
    shot = puff(nozzle, line.encoder.read().belt_mm)
    line.diverter.heartbeat()
    outcome = line.diverter.schedule(shot)
    return f"nozzle {nozzle} from {shot.open_mm:.1f} to {shot.close_mm:.1f} mm: {outcome}"


def _magnetometer(line: Line, trial: Trial) -> Callable[[], None]:
    blocks: list[FieldBlock] = []

    def step() -> None:
        block = line.magnetometer.read(READ_S)
        if block is None:
            return
        blocks[:] = [*blocks[-200:], block]
        lasted_s = max(1e-9, (block.sampled_ns[-1] - blocks[0].sampled_ns[0]) * 1e-9)
        samples = sum(len(one.sampled_ns) for one in blocks)
        known = np.isfinite(block.field_ut).all(axis=(0, 2))
        size_ut = np.linalg.norm(block.field_ut[:, known], axis=2)
        strength = f"{np.nanmedian(size_ut):.1f} µT at the middle channel" if known.any() else "no channel reads"
        trial.said = (
            f"{samples / lasted_s:.0f} samples/s, {int(known.sum())} of {known.size} channels read, {strength}, "
            f"belt {block.belt_mm[-1]:.1f} mm"
        )

    return step


def _camera(line: Line, trial: Trial) -> Callable[[], None]:
    frames: list[Frame] = []

    def step() -> None:
        frame = line.camera.read(READ_S)
        if frame is None:
            return
        frames[:] = [*frames[-20:], frame]
        lasted_s = (frame.captured_ns - frames[0].captured_ns) * 1e-9
        rate = f"{(len(frames) - 1) / lasted_s:.2f} frames/s, " if lasted_s > 0 else ""
        height, width = frame.image.shape[:2]
        trial.said = (
            f"frame {frame.sequence}: {width} × {height}, {rate}mean level {frame.image.mean():.0f} of 255, "
            f"belt {frame.belt_mm:.1f} mm"
        )

    return step


_STEPS: dict[SlotName, Callable[[Line, Trial], Callable[[], None]]] = {
    "encoder": _encoder,
    "interlock": _interlock,
    "diverter": _diverter,
    "heavy_diverter": _heavy_diverter,
    "magnetometer": _magnetometer,
    "camera": _camera,
    "plant": _plant,
}
