"""Small belt windows, and stores of them, for the tests of what reads them."""

from __future__ import annotations

import numpy as np

from neosort_datasets.store import WindowStoreWriter
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import Box, ItemTruth

GRID = WindowGrid(rows=32, cols=48, mm_per_px=1.0, across_start_mm=-4.0)


def item(item_id=1, *, kind="phone", model="phone-03", magnet_g=0.7, mass_g=140.0, visible_fraction=0.9, **box):
    """An item, in the first window unless its box says otherwise."""
    place = {"belt_lo_mm": 2.0, "belt_hi_mm": 20.0, "across_lo_mm": 3.0, "across_hi_mm": 9.0}
    return ItemTruth(
        item_id=item_id,
        model=model,
        kind=kind,
        bears_ndfeb=magnet_g > 0,
        magnet_g=magnet_g,
        mass_g=mass_g,
        box=Box(**{**place, **box}),
        visible_fraction=visible_fraction,
    )


def window(seed, *, start_mm=0.0, items=(), field_ut=None, field_mask=None):
    """A window of noise, its field known everywhere and nowhere saturated."""
    rng = np.random.default_rng(seed)
    shape = (GRID.field_rows, GRID.field_cols)
    mask = np.stack([np.ones(shape), np.zeros(shape)]).astype(np.float32)
    belt_window = BeltWindow(
        grid=GRID,
        start_mm=start_mm,
        picture=rng.integers(0, 256, (GRID.rows, GRID.cols, 3), dtype=np.uint8),
        field_ut=rng.normal(size=(3, *shape)).astype(np.float32) if field_ut is None else field_ut,
        field_mask=mask if field_mask is None else field_mask,
        last_input_ns=10**15 + seed,
        sequence=seed,
    )
    return LabelledWindow(window=belt_window, items=tuple(items))


def writer(path, *, split="train", seed=11, origin="test", **more):
    """A store's writer."""
    return WindowStoreWriter(path, GRID, split=split, seed=seed, origin=origin, **more)
