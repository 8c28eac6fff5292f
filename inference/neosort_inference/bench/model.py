"""How long a bundle takes for a window, beside a reference network, each in turn so that both meet the same machine.

The reference is a plain ONNX model of one float input, such as `neosort-train export-reference` writes: torchvision's
SSDLite-MobileNetV3 at 640 × 640, a detector that was made for small machines. What a *ratio* says holds from one
machine to the next far better than milliseconds do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.config import ConfigError
from neosort_hardware.types import ArrayF64
from neosort_inference.bundle import Bundle, load_bundle
from neosort_inference.report import percentiles
from neosort_inference.resampling import interval_95
from neosort_inference.runtime import RuntimeRefusedError, open_session

WARM_UP_RUNS = 5
MAX_REFERENCE_BYTES = 1 << 30
_WANTED: dict[str, float] = {"min": 0, "p10": 10, "p50": 50, "p90": 90, "max": 100}
_RESAMPLES = 1000
_BUSY = 1.1  # wall clock over processor time: from here on somebody else had the core


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Something to be timed: ``run`` is one pass over one window, ``about`` what a report keeps of it."""

    name: str
    about: dict[str, Any]
    run: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds of every round: ``wall_ms`` by the clock, ``processor_ms`` of the thread that computes."""

    wall_ms: ArrayF64
    processor_ms: ArrayF64


def bundle_contestant(path: Path) -> Contestant:
    """A bundle on a noisy window of its own grid, on one thread. Raises `BundleError`."""
    bundle = load_bundle(path)
    grid = bundle.metadata.grid
    return contestant_of(
        bundle, {"file": str(path), "bytes": path.stat().st_size, "rows": grid.rows, "cols": grid.cols}
    )


def contestant_of(bundle: Bundle, about: dict[str, Any]) -> Contestant:
    """A bundle that is loaded, on a noisy window of its own grid."""
    window = noisy_window(bundle.metadata.grid)
    return Contestant(name=bundle.metadata.name, about=about, run=lambda: bundle.run(window))


def window_ms(bundle: Bundle, rounds: int) -> float:
    """What a window takes here by the clock, alone: the median of so many rounds."""
    (timing,) = measure([contestant_of(bundle, {})], rounds, lambda: None)
    return float(np.median(timing.wall_ms))


def reference_contestant(path: Path) -> Contestant:
    """A plain ONNX model of one float input of fixed shape, on one thread. Raises `ConfigError`."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_REFERENCE_BYTES else b""
    except OSError as error:
        raise ConfigError(f"--reference {path}: cannot be read ({error.strerror})") from error
    if not data:
        raise ConfigError(f"--reference {path}: {size} bytes, must be 1 to {MAX_REFERENCE_BYTES}")
    try:
        session = open_session(data)
    except RuntimeRefusedError as error:
        raise ConfigError(f"--reference {path}: not an ONNX model that the runtime takes ({error})") from error
    inputs = [(node.type, list(node.shape)) for node in session.get_inputs()]
    if len(inputs) != 1 or inputs[0][0] != "tensor(float)" or not all(isinstance(n, int) for n in inputs[0][1]):
        raise ConfigError(f"--reference {path}: its inputs are {inputs}, must be one tensor(float) of a fixed shape")
    feeds = {session.get_inputs()[0].name: np.random.default_rng(0).random(inputs[0][1], dtype=np.float32)}
    meta = session.get_modelmeta()
    rows, cols = (*inputs[0][1], 0, 0)[2:4]
    about = {"file": str(path), "bytes": size, "rows": rows, "cols": cols, "description": meta.description}
    return Contestant(name=meta.graph_name or path.stem, about=about, run=lambda: session.run(None, feeds))


def noisy_window(grid: WindowGrid, seed: int = 0) -> BeltWindow:
    """A window that is full of something, with every sensor alive: nothing in the network can be cut short."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((2, grid.field_rows, grid.field_cols), dtype=np.float32)
    mask[0] = 1.0
    return BeltWindow(
        grid=grid,
        start_mm=0.0,
        picture=rng.integers(0, 256, (grid.rows, grid.cols, 3), dtype=np.uint8),
        field_ut=rng.normal(0.0, 20.0, (3, grid.field_rows, grid.field_cols)).astype(np.float32),
        field_mask=mask,
        last_input_ns=0,
        sequence=0,
    )


def measure(contestants: Sequence[Contestant], rounds: int, on_round: Callable[[], object]) -> list[Timing]:
    """``rounds`` rounds of one run of each, in an order that turns with the rounds; ``on_round`` is told of each."""
    for contestant in contestants:
        for _ in range(WARM_UP_RUNS):
            contestant.run()
    wall, processor = np.zeros((2, len(contestants), rounds))
    for number in range(rounds):
        for step in range(len(contestants)):
            which = (number + step) % len(contestants)
            began, began_cpu = time.perf_counter_ns(), time.thread_time_ns()
            contestants[which].run()
            wall[which, number] = (time.perf_counter_ns() - began) * 1e-6
            processor[which, number] = (time.thread_time_ns() - began_cpu) * 1e-6
        on_round()
    return [Timing(wall_ms=own, processor_ms=cpu) for own, cpu in zip(wall, processor, strict=True)]


def figures(
    bundles: Sequence[tuple[Contestant, Timing]], reference: tuple[Contestant, Timing] | None
) -> dict[str, Any]:
    """Ready for JSON: each bundle's times and how many times faster it is than the reference; the first bundle's also
    at the top, under ``model_ms`` and ``ratio``. Without a reference the ratios are None."""
    rival = None if reference is None else reference[1]
    rows = [_row(contestant, timing, rival) for contestant, timing in bundles]
    record: dict[str, Any] = {key: rows[0][key] for key in ("model_ms", "ratio", "ratio_ci")}
    record["reference_ms"] = record["reference"] = None
    if reference is not None:
        record["reference"] = _row(*reference, None)
        record["reference_ms"] = record["reference"]["model_ms"]
    every = [timing for _, timing in bundles] + ([] if rival is None else [rival])
    record["bundles"], record["rounds"] = rows, len(bundles[0][1].wall_ms)
    record["wall_over_processor"] = float(
        sum(t.wall_ms.sum() for t in every) / sum(t.processor_ms.sum() for t in every)
    )
    return record


def _row(contestant: Contestant, timing: Timing, rival: Timing | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": contestant.name, **contestant.about}
    row["model_ms"] = percentiles(timing.wall_ms.tolist(), _WANTED)
    row["processor_ms"] = percentiles(timing.processor_ms.tolist(), _WANTED)
    row["ratio"] = row["ratio_ci"] = row["processor_ratio"] = None
    if rival is not None:
        row["ratio"] = float(np.median(rival.wall_ms) / np.median(timing.wall_ms))
        row["ratio_ci"] = _interval(rival.wall_ms, timing.wall_ms)
        row["processor_ratio"] = float(np.median(rival.processor_ms) / np.median(timing.processor_ms))
    return row


def _interval(slow_ms: ArrayF64, fast_ms: ArrayF64) -> list[float] | None:
    """95 % of the ratio of medians, bootstrapped over rounds, which both share."""
    drawn = np.random.default_rng(0).integers(0, len(slow_ms), (_RESAMPLES, len(slow_ms)))
    found = interval_95(np.median(slow_ms[drawn], axis=1) / np.median(fast_ms[drawn], axis=1))
    return None if found is None else list(found)


def print_model(record: dict[str, Any], console: Console) -> None:
    """The figures as a table, 80 columns wide; and a word where the machine was not ours alone."""
    reference = record["reference"]
    table = Table(title=f"one window, one thread, {record['rounds']} rounds", box=box.SIMPLE, pad_edge=False)
    table.add_column("", overflow="fold")
    for title in ("window, px", "p50, ms", "p10 … p90", "processor", "times faster"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in (*record["bundles"], *([reference] if reference else [])):
        times, size = row["model_ms"], f"{row['rows']} × {row['cols']}"
        faster = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        spread, processor = f"{times['p10']:.1f} … {times['p90']:.1f}", f"{row['processor_ms']['p50']:.2f}"
        table.add_row(row["name"], size, f"{times['p50']:.2f}", spread, processor, faster)
    console.print(table)
    notes = []
    if reference is not None:
        low, high = record["ratio_ci"]
        notes.append(f"first bundle over reference: {record['ratio']:.2f} times faster [{low:.2f} – {high:.2f}]")
        notes += [f"reference: {reference['description']}"] if reference["description"] else []
    if record["wall_over_processor"] > _BUSY:
        notes.append(
            f"the machine was busy: the clock says {record['wall_over_processor']:.2f} times the processor time, and "
            "milliseconds by the clock are not this model's alone"
        )
    for note in notes:
        console.print(note, highlight=False, markup=False, soft_wrap=True)
