"""Windows with something taken away: a sense, or some of the magnetometers.

A dead magnetometer leaves the cells unknown that lie nearest to it, as the line's own gridding does; the cells beside
them, which the line would interpolate from farther away, keep their values here. Stores do not say which array their
windows come from: the one of the line's physics is supposed, 25 mm apart over the useful width of the belt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from neosort_datasets.assembly import Blind
from neosort_datasets.window import BLIND_GREY, BeltWindow, WindowGrid
from neosort_hardware.types import ArrayF64

Altered = Callable[[BeltWindow, int], BeltWindow]
"""A window and its number → the window without what is taken away."""

PITCH_MM = 25.0
_SEED = 20_251


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """What is taken away. ``key`` names it in JSON, ``title`` for people."""

    key: str
    title: str
    alter: Altered


def blinded(window: BeltWindow, blind: Blind) -> BeltWindow:
    """The window as a line without one of its senses has it."""
    if blind == "camera":
        return replace(window, picture=np.full_like(window.picture, BLIND_GREY))
    if blind == "field":
        return replace(window, field_ut=np.zeros_like(window.field_ut), field_mask=np.zeros_like(window.field_mask))
    return window


def sensor_places_mm(grid: WindowGrid, pitch_mm: float = PITCH_MM) -> ArrayF64:
    """Places across the belt of an array over its useful width, half a pitch in from either edge.

    Windows reach as far over the belt's far edge as over its near one.
    """
    width_mm = grid.cols * grid.mm_per_px + 2.0 * min(0.0, grid.across_start_mm)
    return np.asarray((np.arange(max(1, round(width_mm / pitch_mm)), dtype=np.float64) + 0.5) * pitch_mm)


def without_sensors(window: BeltWindow, dead_mm: Sequence[float], pitch_mm: float = PITCH_MM) -> BeltWindow:
    """The window of a line whose magnetometers at ``dead_mm`` across the belt give nothing."""
    grid = window.grid
    column_mm = grid.across_start_mm + (np.arange(grid.field_cols) + 0.5) * grid.cell_mm
    off_mm = np.abs(column_mm[:, None] - np.asarray(dead_mm, dtype=np.float64)[None])
    unknown = (off_mm <= 0.5 * pitch_mm).any(axis=1)
    field_ut, field_mask = np.array(window.field_ut), np.array(window.field_mask)
    field_ut[:, :, unknown] = 0.0
    field_mask[:, :, unknown] = 0.0
    return replace(window, field_ut=field_ut, field_mask=field_mask)


def some_sensors_dead(window: BeltWindow, number: int, count: int) -> BeltWindow:
    """``count`` magnetometers dead, others in each window; always the same ones for its ``number``."""
    places_mm = sensor_places_mm(window.grid)
    rng = np.random.default_rng((_SEED, number))
    dead_mm = rng.choice(places_mm, size=min(count, len(places_mm)), replace=False)
    return without_sensors(window, dead_mm.tolist())


def _without(blind: Blind, window: BeltWindow, _number: int) -> BeltWindow:
    return blinded(window, blind)


CAMERA_ONLY = Ablation(key="camera_only", title="camera alone, all sensors dead", alter=partial(_without, "field"))
FIELD_ONLY = Ablation(key="field_only", title="field alone", alter=partial(_without, "camera"))
ONE_DEAD = Ablation(key="one_sensor_dead", title="one sensor dead", alter=partial(some_sensors_dead, count=1))
FOUR_DEAD = Ablation(key="four_sensors_dead", title="four sensors dead", alter=partial(some_sensors_dead, count=4))
LONE_SENSES = (CAMERA_ONLY, FIELD_ONLY)
DEAD_SENSORS = (ONE_DEAD, FOUR_DEAD)


def with_blind(blind: Blind) -> Ablation:
    """What `--blind` asks for."""
    titles = {"none": "both senses", "camera": FIELD_ONLY.title, "field": CAMERA_ONLY.title}
    keys = {"none": "both_senses", "camera": FIELD_ONLY.key, "field": CAMERA_ONLY.key}
    return Ablation(key=keys[blind], title=titles[blind], alter=partial(_without, blind))
