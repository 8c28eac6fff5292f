"""Path tracing of one item on the belt under all three arcs at once.

Mitsuba intersects, shades and samples; the loop (`kernel`) is ours, since no integrator of its keeps the light of
several lamps apart: a path's throughput (red, green, blue) times what the dome sends from each arc gives nine sums per
pixel for little more than the price of three. All three are made of the same paths, so that their ratios are smoother
than they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_datasets.rendering import dome
from neosort_datasets.rendering.extra import mitsuba
from neosort_datasets.rendering.scene import Scene, scene_of
from neosort_datasets.rendering.view import View
from neosort_hardware.types import ArrayF32, ArrayF64

EMPTY_BELT_VIEW_MM = 640.0
TURNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """Means over a pixel's samples, (h, w, …); what shows the item is kept apart from what shows the belt.

    ``item``: (h, w, 3 arcs, 3 colours) linear light from the item, times its coverage. ``belt``: (h, w, 3 arcs)
    likewise of the belt, grey. ``coverage``: (h, w) share of the pixel that the item covers. ``height_mm``: (h, w)
    of what is seen, times coverage. ``albedo``, ``normal``: (h, w, 3) of whatever is seen.
    """

    item: ArrayF32
    belt: ArrayF32
    coverage: ArrayF32
    height_mm: ArrayF32
    albedo: ArrayF32
    normal: ArrayF32


class Tracer:
    """Traces scenes with ``samples`` paths per pixel; compiles on its first use, or finds what it compiled before.

    The surroundings come in `TURNS` turns about the vertical, so that not all flat metal mirrors alike.
    """

    def __init__(self, samples: int, threads: int | None = None) -> None:
        self._mi, self._dr = mitsuba(threads)
        from neosort_datasets.rendering import kernel  # noqa: PLC0415 (imports Mitsuba at its top)

        self._samples = samples
        self._lights = [kernel.Dome(dome.dome(2 * math.pi * turn / TURNS)) for turn in range(TURNS)]
        self._summed = kernel.summed
        self._empty: dict[int, ArrayF64] = {}

    def trace(self, scene: Scene, view: View, turn: int = 0) -> Traced:
        """The scene as ``view`` shows it, its surroundings in the given turn."""
        mi, dr = self._mi, self._dr
        pixel = dr.arange(mi.UInt32, view.width_px * view.height_px)
        row = pixel // dr.opaque(mi.UInt32, view.width_px)
        left = dr.opaque(mi.Float, -0.5 * view.width_px)
        bottom = dr.opaque(mi.Float, 0.5 * view.height_px - 1)
        sums = self._summed(
            scene,
            self._lights[turn % TURNS],
            mi.Float(pixel - row * dr.opaque(mi.UInt32, view.width_px)) + left,
            bottom - mi.Float(row),
            dr.opaque(mi.Float, 1.0 / view.px_per_mm),
            dr.opaque(mi.UInt32, self._samples),  # opaque values do not make the compiler start again
            mi.PCG32(size=dr.width(pixel)),
        )
        dr.eval(sums)
        flat = np.stack([np.asarray(plane, dtype=np.float32) for plane in sums], axis=-1) / np.float32(self._samples)
        return _sorted_out(flat.reshape(view.height_px, view.width_px, -1))

    def empty_belt(self, view: View, turn: int = 0) -> ArrayF32:
        """Light (h, w, 3 arcs) from the belt with nothing on it: a smooth surface through one coarse trace of it."""
        turn %= TURNS
        if turn not in self._empty:
            coarse = View(width_px=64, height_px=64, px_per_mm=64 / EMPTY_BELT_VIEW_MM)
            traced = self.trace(scene_of([]), coarse, turn).belt.reshape(-1, 3)
            fit = np.linalg.lstsq(_powers(coarse), traced.astype(np.float64), rcond=None)[0]
            self._empty[turn] = np.asarray(fit, dtype=np.float64)
        light = _powers(view) @ self._empty[turn]
        return np.asarray(light.reshape(view.height_px, view.width_px, 3), dtype=np.float32)


def _sorted_out(planes: ArrayF32) -> Traced:
    """From the kernel's twenty planes (h, w, 20)."""
    height, width = planes.shape[:2]
    return Traced(
        item=planes[..., 0:9].reshape(height, width, 3, 3),
        belt=planes[..., 9:12],
        coverage=planes[..., 12],
        height_mm=planes[..., 13],
        albedo=planes[..., 14:17],
        normal=planes[..., 17:20],
    )


def _powers(view: View) -> ArrayF64:
    """Products of powers of x and y up to the fourth degree for each pixel (h·w, 15)."""
    unit = 0.5 * EMPTY_BELT_VIEW_MM * view.px_per_mm
    x = (np.arange(view.width_px) - 0.5 * (view.width_px - 1)) / unit
    y = (0.5 * (view.height_px - 1) - np.arange(view.height_px)) / unit
    grid_x, grid_y = np.meshgrid(x, y)
    return np.stack([grid_x.ravel() ** i * grid_y.ravel() ** j for i in range(5) for j in range(5 - i)], axis=1)
