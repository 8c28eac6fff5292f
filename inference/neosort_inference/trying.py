"""One device of a line tried for a while: what it reads, how fast it answers. Nothing is fired unless asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neosort_hardware.clock import RealClock
from neosort_hardware.devices import Camera, Diverter, Encoder, EndOfStream, Interlock, Magnetometer, Plant
from neosort_hardware.line import Found
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


def trying(found: Mapping[SlotName, Found], slot: SlotName, seconds: float, fire: int | None = None) -> Iterator[Trial]:
    """Try a device for so long; the same `Trial` again and again, brought up to date. A diverter is kept alive.

    ``fire``: the diverter's nozzle to blow once, for which encoder and interlock must have been found, the latter
    closed. Raises `DeviceError` when the device fails, `ConfigError` for one that cannot be loaded.
    """
    trial, clock = Trial(), RealClock()
    step = _STEPS[slot](found[slot].opened(), trial)
    if fire is not None and slot == "diverter":
        trial.said = _puff(found, fire)
    end_ns = clock.now_ns() + round(seconds * 1e9)
    while clock.now_ns() < end_ns:
        try:
            step()
        except EndOfStream:
            return
        yield trial


def _asked(trial: Trial, call: Callable[[], str]) -> Callable[[], None]:
    """A step that calls, measures, and pauses."""

    def step() -> None:
        began = time.perf_counter()
        said = call()
        trial.answers_s.append(time.perf_counter() - began)
        trial.said = said or trial.said
        time.sleep(LOOK_S)

    return step


def _encoder(encoder: Encoder, trial: Trial) -> Callable[[], None]:
    first = encoder.read()

    def call() -> str:
        sample = encoder.read()
        passed_ms = max(1e-6, (sample.sampled_ns - first.sampled_ns) * 1e-6)
        speed = (sample.belt_mm - first.belt_mm) / passed_ms
        return f"{sample.counts} counts, {sample.belt_mm:.1f} mm, {speed:.3f} m/s since the start"

    return _asked(trial, call)


def _interlock(interlock: Interlock, trial: Trial) -> Callable[[], None]:
    def call() -> str:
        state = interlock.read()
        return "closed: shots are permitted" if state.closed else f"OPEN: {state.detail}"

    return _asked(trial, call)


def _diverter(diverter: Diverter, trial: Trial) -> Callable[[], None]:
    diverter.heartbeat()  # it may have waited for the others to be opened, and would tell of that silence

    def call() -> str:
        diverter.heartbeat()
        health = diverter.health()
        return health.detail if not health.ok else ""

    return _asked(trial, call)


def _plant(plant: Plant, trial: Trial) -> Callable[[], None]:
    def call() -> str:
        state = plant.read()
        air = "" if state.air_share is None else f", air at {100 * state.air_share:.0f} % of its rated pressure"
        chute, belt = "FULL" if state.chute_full else "free", "JAMMED" if state.belt_jammed else "free"
        return f"chute {chute}, belt {belt}{air}"

    return _asked(trial, call)


def _puff(found: Mapping[SlotName, Found], nozzle: int) -> str:
    state = found["interlock"].opened().read()
    if not state.closed:
        return f"nozzle {nozzle} stays shut: {state.detail or 'the interlock is open'}"
    shot = puff(nozzle, found["encoder"].opened().read().belt_mm)
    diverter = found["diverter"].opened()
    diverter.heartbeat()
    outcome = diverter.schedule(shot)
    return f"nozzle {nozzle} from {shot.open_mm:.1f} to {shot.close_mm:.1f} mm: {outcome}"


def _magnetometer(array: Magnetometer, trial: Trial) -> Callable[[], None]:
    blocks: list[FieldBlock] = []

    def step() -> None:
        block = array.read(READ_S)
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


def _camera(camera: Camera, trial: Trial) -> Callable[[], None]:
    frames: list[Frame] = []

    def step() -> None:
        frame = camera.read(READ_S)
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


_STEPS: dict[SlotName, Callable[[Any, Trial], Callable[[], None]]] = {
    "encoder": _encoder,
    "interlock": _interlock,
    "diverter": _diverter,
    "heavy_diverter": _diverter,
    "magnetometer": _magnetometer,
    "camera": _camera,
    "plant": _plant,
}
