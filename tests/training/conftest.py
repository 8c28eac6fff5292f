"""Small stores of invented windows: coloured rectangles, and the field of a dipole under those that bear a magnet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from neosort_datasets.store import WindowStore, WindowStoreWriter
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import Box, ItemTruth
from neosort_training.config import DataConfig, ModelConfig, OptimiserConfig, StoreSource, TrainConfig

KINDS = ("disk", "block", "plastic")
COLOURS = {"disk": (200, 60, 60), "block": (60, 200, 60), "plastic": (60, 60, 200)}
BEARING = {"disk": 20.0, "block": 5.0}
SMALL_GRID = WindowGrid(rows=128, cols=160, mm_per_px=2.0, across_start_mm=-20.0)
SMALL_MODEL = ModelConfig(stem=8, stride_8=16, stride_16=32, stride_32=32, field=16, neck=16, item_head=32)

MakeStore = Callable[[str, int, int], WindowStore]
MakeConfig = Callable[..., TrainConfig]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Sums in one order, and no quarrel with whatever else runs on the machine."""
    torch.set_num_threads(1)


def invented_window(seed: int, grid: WindowGrid = SMALL_GRID) -> LabelledWindow:
    """Three items at random places, one of each kind."""
    rng = np.random.default_rng(seed)
    start_mm = 1000.0 + 37.5 * seed
    picture = rng.integers(90, 110, (grid.rows, grid.cols, 3), dtype=np.uint8)
    along, across = np.mgrid[0.5 : grid.field_rows, 0.5 : grid.field_cols] * grid.cell_mm
    field = rng.normal(0, 0.05, (3, grid.field_rows, grid.field_cols))
    items = []
    for number, kind in enumerate(KINDS):
        length, width = rng.uniform(12, 24, 2)
        row, col = rng.uniform(16, grid.rows - 16), rng.uniform(16, grid.cols - 16)
        low, high = (row - length / 2, col - width / 2), (row + length / 2, col + width / 2)
        picture[max(0, int(low[0])) : int(high[0]), max(0, int(low[1])) : int(high[1])] = COLOURS[kind]
        grams = BEARING.get(kind, 0.0)
        distance = np.sqrt((along - row * grid.mm_per_px) ** 2 + (across - col * grid.mm_per_px) ** 2 + 50.0**2)
        field[2] += grams * 5.0 * (50.0 / distance) ** 3
        box = Box(
            belt_lo_mm=start_mm + low[0] * grid.mm_per_px,
            belt_hi_mm=start_mm + high[0] * grid.mm_per_px,
            across_lo_mm=grid.across_start_mm + low[1] * grid.mm_per_px,
            across_hi_mm=grid.across_start_mm + high[1] * grid.mm_per_px,
        )
        items.append(
            ItemTruth(
                item_id=3 * seed + number,
                model=f"{kind}-1",
                kind=kind,
                bears_ndfeb=grams > 0,
                magnet_g=grams,
                mass_g=100.0,
                box=box,
                visible_fraction=1.0,
            )
        )
    mask = np.zeros((2, grid.field_rows, grid.field_cols), dtype=np.float32)
    mask[0] = 1.0
    window = BeltWindow(
        grid=grid,
        start_mm=start_mm,
        picture=picture,
        field_ut=field.astype(np.float32),
        field_mask=mask,
        last_input_ns=seed,
        sequence=seed,
    )
    return LabelledWindow(window=window, items=tuple(items))


def invented_store(path: Path, windows: int, first_seed: int) -> WindowStore:
    """A new store of so many invented windows."""
    writer = WindowStoreWriter(path, SMALL_GRID, split="train", seed=first_seed, origin="rectangles")
    writer.append([invented_window(first_seed + number) for number in range(windows)])
    return WindowStore(path)


def small_config(store: WindowStore, out: Path, **optimiser: float | str) -> TrainConfig:
    """A run of a small network on one store."""
    # On the processor: a graphics card adds in an order of its own, and no two of its runs end with the same weights.
    settings = {"epochs": 2, "batch": 4, "warm_up_steps": 2, "ema_decay": 0.5, "precision": "fp32", "device": "cpu"}
    settings |= optimiser
    return TrainConfig(
        name="small",
        seed=3,
        out=str(out),
        kinds=KINDS,
        data=DataConfig(sources=(StoreSource(kind="store", path=str(store.path)),), crop_rows=128, crop_cols=128),
        model=SMALL_MODEL,
        optimiser=OptimiserConfig.model_validate(settings),
    )


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """``make_store(name, windows, first_seed)``: a store of invented windows in the test's folder."""
    return lambda name, windows, first_seed: invented_store(tmp_path / name, windows, first_seed)


@pytest.fixture
def make_config(tmp_path: Path) -> MakeConfig:
    """``make_config(store, out, epochs=…, …)``: a run of a small network on one store, in the test's folder."""
    return lambda store, out, **optimiser: small_config(store, tmp_path / out, **optimiser)
