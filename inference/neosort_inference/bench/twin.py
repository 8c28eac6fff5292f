"""How fast the simulated belt is: frames, labelled windows, items laid down, and a rated belt against real time.

Every figure is in processor seconds of one core, so that another program on the machine costs little of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from neosort_datasets.synthetic import SplitName, labelled_windows, read_ahead, timed_pastes
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import Line, open_line

CROWDED_PER_S_PER_M = 50.0  # at 1 m/s: ten to twenty items in a view of 640 × 512 mm
FRAME_EVERY_MM = 32.0
RATED_SPEED_M_PER_S = 2.8
RATED_WIDTH_MM = 1000.0
_WARM_UP_SEED = 999_983


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinRound:
    """One round of each measurement."""

    frames_per_s: float
    items_in_view: float
    windows_per_s: float
    items_per_window: float
    paste_ms: float
    belt_real_time_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSize:
    """How much a round does, with items of which split; ``warm_up`` windows before the first have textures drawn."""

    models: SplitName = "train"
    warm_up: int = 40
    frames: int = 200
    windows: int = 80
    pastes: int = 200
    belt_s: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """What a process pays once: processor seconds to read the pictures and work out the fields of ``items`` lying
    items, all that the rounds may show."""

    items: int
    reading_s: float


def measure(
    config: LineConfig, rounds: int, size: RoundSize, on_round: Callable[[], object]
) -> tuple[ColdStart, list[TwinRound]]:
    """The cold start of this process, and ``rounds`` rounds on one thread; ``on_round`` is told of each, and of that.

    To be called once in a process: what was read stays read.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        started = time.process_time()
        items = read_ahead(config, size.models)
        cold = ColdStart(items=items, reading_s=time.process_time() - started)
        _windows(config, size.models, size.warm_up, _WARM_UP_SEED)
        on_round()
        results = []
        for seed in range(1, rounds + 1):
            results.append(_round(config, size, seed))
            on_round()
        return cold, results
    finally:
        cv2.setNumThreads(threads)


def figures(cold: ColdStart, rounds: Sequence[TwinRound]) -> dict[str, Any]:
    """Medians over the rounds; beside each, its lowest and highest; and the cold start."""
    columns = {
        "frames_per_s_per_core": [made.frames_per_s for made in rounds],
        "windows_per_s_per_core": [made.windows_per_s for made in rounds],
        "paste_ms": [made.paste_ms for made in rounds],
        "belt_real_time_factor": [made.belt_real_time_factor for made in rounds],
    }
    record: dict[str, Any] = {name: round(float(np.median(values)), 3) for name, values in columns.items()}
    record["spread"] = {name: [round(min(values), 3), round(max(values), 3)] for name, values in columns.items()}
    record["items_in_view"] = round(float(np.median([made.items_in_view for made in rounds])), 1)
    record["items_per_window"] = round(float(np.median([made.items_per_window for made in rounds])), 1)
    record["rounds"] = len(rounds)
    record["cold_start"] = {"items": cold.items, "reading_s": round(cold.reading_s, 2)}
    return record


def print_twin(record: dict[str, Any], console: Console) -> None:
    """The figures as a table."""
    titles = {
        "frames_per_s_per_core": f"frames/s, 640×512, labels with them, {record['items_in_view']:g} items in view",
        "windows_per_s_per_core": f"labelled windows/s, both senses, {record['items_per_window']:g} items each",
        "paste_ms": "to lay one item on the picture, ms, median",
        "belt_real_time_factor": "1 m belt at 2.8 m/s, times real time",
    }
    table = Table("per core", "median", "lowest … highest", title=f"twin, {record['rounds']} rounds")
    for name, title in titles.items():
        low, high = record["spread"][name]
        table.add_row(title, f"{record[name]:.4g}", f"{low:.4g} … {high:.4g}")
    console.print(table)
    cold = record["cold_start"]
    console.print(f"before that, once a process: {cold['items']:,} items read in {cold['reading_s']:.1f} s")


def rated(config: LineConfig) -> LineConfig:
    """``config`` as a belt 1 m wide at 2.8 m/s, with as many sensors and nozzles to the metre."""
    share = RATED_WIDTH_MM / config.belt.width_mm
    camera = config.camera.model_copy(update={"width_px": 1024, "height_px": 320, "trigger_every_mm": 160.0})
    return config.model_copy(
        update={
            "belt": config.belt.model_copy(update={"width_mm": RATED_WIDTH_MM, "speed_m_per_s": RATED_SPEED_M_PER_S}),
            "camera": camera,
            "magnetometer": config.magnetometer.model_copy(
                update={"channels": round(config.magnetometer.channels * share)}
            ),
            "diverter": config.diverter.model_copy(update={"nozzles": round(config.diverter.nozzles * share)}),
            "calibration": config.calibration.model_copy(
                update={
                    "pixel_to_belt": ((1.0, 0.0, -12.0), (0.0, -1.0, 320.0), (0.0, 0.0, 1.0)),
                    "array_station_mm": 320.0,
                    "nozzle_station_mm": 1320.0,
                }
            ),
        }
    )


def _round(config: LineConfig, size: RoundSize, seed: int) -> TwinRound:
    frames_per_s, items_in_view = _frames(config, size.frames, seed)
    windows_per_s, items_per_window = _windows(config, size.models, size.windows, seed)
    return TwinRound(
        frames_per_s=frames_per_s,
        items_in_view=items_in_view,
        windows_per_s=windows_per_s,
        items_per_window=items_per_window,
        paste_ms=1e3 * float(np.median(timed_pastes(_crowded(config), seed, size.pastes))),
        belt_real_time_factor=_real_time_factor(rated(config), size.belt_s, seed),
    )


def _crowded(config: LineConfig) -> LineConfig:
    feed = config.twin.feed.model_copy(
        update={"items_per_s_per_m": min(100.0, CROWDED_PER_S_PER_M * config.belt.speed_m_per_s)}
    )
    return config.model_copy(
        update={
            "twin": config.twin.model_copy(update={"feed": feed}),
            "camera": config.camera.model_copy(update={"trigger_every_mm": FRAME_EVERY_MM}),
        }
    )


def _frames(config: LineConfig, count: int, seed: int) -> tuple[float, float]:
    """Frames a second, cut from the belt and exposed, with the labels of what came into view; and items in view.

    The items were laid down before: their time stands in ``paste_ms``.
    """
    spent, labels = 0.0, 0
    places: list[float] = []
    with open_line(_crowded(config), VirtualClock(), seed) as line:
        view_mm = _view_mm(line)
        while len(places) < count:
            line.clock.charge(round(1e9 * FRAME_EVERY_MM * 1e-3 / config.belt.speed_m_per_s))
            line.encoder.read()  # the belt moves on, items are laid down
            started = time.process_time()
            frame = line.camera.read(0.0)
            items = line.truth.items() if line.truth is not None else []
            spent += time.process_time() - started
            labels += len(items)
            if frame is not None:
                places.append(frame.belt_mm)
    travelled = max(places[-1] - places[0], 1.0)
    return len(places) / spent, labels * view_mm / travelled


def _view_mm(line: Line) -> float:
    corners = np.array([[0.0, 0.0], [0.0, float(line.config.camera.height_px)]])
    return float(np.ptp(line.geometry.pixels_to_belt(corners, 0.0)[:, 1]))


def _windows(config: LineConfig, models: SplitName, count: int, seed: int) -> tuple[float, float]:
    started = time.process_time()
    items = [len(window.items) for window in labelled_windows(config, models, seed, count)]
    return len(items) / (time.process_time() - started), float(np.mean(items))


def _real_time_factor(config: LineConfig, belt_s: float, seed: int) -> float:
    """Seconds of belt to a processor second: every frame, every field sample, every item's flight."""
    with open_line(config, VirtualClock(), seed) as line:
        _drain(line, 1.0)  # the view fills
        started, began_ns = time.process_time(), line.clock.now_ns()
        _drain(line, belt_s)
        return (line.clock.now_ns() - began_ns) * 1e-9 / (time.process_time() - started)


def _drain(line: Line, seconds: float) -> None:
    end_ns = line.clock.now_ns() + round(seconds * 1e9)
    while line.clock.now_ns() < end_ns:
        line.diverter.heartbeat()
        line.magnetometer.read(1.0)
        while line.camera.read(0.0) is not None:
            pass
        if line.truth is not None:
            line.truth.items()
            line.truth.landings()
