"""Windows with decisions, as the sorting loop hands them to the ledger."""

from __future__ import annotations

import numpy as np

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.types import Box, Decision, Shot, Verdict
from neosort_inference.ledger.observed import SortedBy

GRID = WindowGrid(rows=256, cols=320)
BY = SortedBy(
    recipe_id="default@0123456789ab",
    bundle_id="fused@0123456789ab",
    calibration_id="line@0123456789ab",
    near_p=0.3,
    detail={"recipe": {"name": "default"}},
)


def window(number: int = 0) -> BeltWindow:
    """Reddish noise, for a flat picture is small whatever is done to it."""
    grey = np.random.default_rng(number).integers(0, 128, (GRID.rows, GRID.cols, 1), np.uint8)
    noise = grey + np.array([100, 0, 0], np.uint8)
    field = np.zeros((3, GRID.field_rows, GRID.field_cols), np.float32)
    return BeltWindow(
        grid=GRID, start_mm=0.0, picture=noise, field_ut=field, field_mask=field[:2], last_input_ns=0, sequence=number
    )


def decided(number: int, verdict: Verdict = Verdict.FIRED, p_ndfeb: float = 0.9, **changed) -> Decision:
    aimed = verdict in (Verdict.FIRED, Verdict.LATE, Verdict.REFUSED)
    shot = Shot(shot_id=number, track_id=number, first_nozzle=2, last_nozzle=4, open_mm=1000.0, close_mm=1040.0)
    values = {
        "track_id": number,
        "box": Box(belt_lo_mm=100.0, belt_hi_mm=160.0, across_lo_mm=50.0, across_hi_mm=90.0),
        "kind": "motor_nd",
        "p_ndfeb": p_ndfeb,
        "magnet_g": 3.2,
        "magnet_g_sigma": 0.4,
        "verdict": verdict,
        "reason": "" if verdict is Verdict.FIRED else "not bearing",
        "latency_ms": 17.0,
        "distance_mm": 120.0,
        "decided_ns": 0,
        "shot": shot if aimed else None,
    }
    return Decision(**values | changed)
