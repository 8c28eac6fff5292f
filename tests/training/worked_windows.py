"""Windows of a few items and detections of them, for figures that can be worked by hand."""

from __future__ import annotations

import numpy as np

from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import Box, ItemTruth
from neosort_inference.bundle import RawDetections

KINDS = ("disk", "plastic")
GRID = WindowGrid(rows=128, cols=160, across_start_mm=-20.0)


def item(number, corner, *, bears=True, kind="disk", start_mm=5000.0):
    """An item whose box is ``corner`` in mm from the window's corner."""
    low_along, low_across, high_along, high_across = corner
    box = Box(
        belt_lo_mm=start_mm + low_along,
        belt_hi_mm=start_mm + high_along,
        across_lo_mm=low_across - 20.0,
        across_hi_mm=high_across - 20.0,
    )
    return ItemTruth(
        item_id=number,
        model=f"{kind}-{number}",
        kind=kind,
        bears_ndfeb=bears,
        magnet_g=10.0 if bears else 0.0,
        mass_g=50.0,
        box=box,
        visible_fraction=1.0,
    )


def labelled(items):
    window = BeltWindow(
        grid=GRID,
        start_mm=5000.0,
        picture=np.zeros((128, 160, 3), dtype=np.uint8),
        field_ut=np.ones((3, 8, 10), dtype=np.float32),
        field_mask=np.ones((2, 8, 10), dtype=np.float32),
        last_input_ns=0,
        sequence=0,
    )
    return LabelledWindow(window=window, items=tuple(items))


def detections(*rows):
    """Rows of (box, score, kind, p)."""
    boxes, score, kind, p = zip(*rows, strict=True)
    return RawDetections(
        boxes_mm=np.array(boxes, dtype=np.float32),
        score=np.array(score, dtype=np.float32),
        kind_p=np.eye(2, dtype=np.float32)[list(kind)],
        p_ndfeb=np.array(p, dtype=np.float32),
        magnet_g=np.full(len(rows), 10.0, dtype=np.float32),
        magnet_g_sigma=np.ones(len(rows), dtype=np.float32),
    )


A, B, C = (10, 10, 40, 40), (60, 60, 100, 100), (10, 100, 30, 150)
