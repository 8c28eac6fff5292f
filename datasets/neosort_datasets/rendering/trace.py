"""Path tracing of one item on the belt under all three arcs at once.

Mitsuba intersects, shades and samples; the loop (`kernel`) is ours, since no integrator of its keeps the light of
several lamps apart: a path's throughput (red, green, blue) times what the dome sends from each arc gives nine sums per
pixel for little more than the price of three. All three are made of the same paths, so that their ratios are smoother
than they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_datasets.rendering import dome
from neosort_datasets.rendering.extra import mitsuba
from neosort_datasets.rendering.scene import Scene, scene_of
from neosort_datasets.rendering.view import View
from neosort_hardware.types import ArrayF32, ArrayF64

EMPTY_BELT_VIEW_MM = 640.0


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
    """Traces scenes under one dome with ``samples`` paths per pixel; compiles on its first use."""

    def __init__(self, samples: int, threads: int | None = None) -> None:
        self._mi, self._dr = mitsuba(threads)
        from neosort_datasets.rendering import kernel  # noqa: PLC0415 (imports Mitsuba at its top)

        self._samples = samples
        self._light = kernel.Dome(dome.dome())
        self._summed = self._dr.syntax(kernel.summed)
        self._empty: ArrayF64 | None = None

    def trace(self, scene: Scene, view: View, seed: int = 1) -> Traced:
        """The item as ``view`` shows it."""
        mi, dr = self._mi, self._dr
        pixel = dr.arange(mi.UInt32, view.width_px * view.height_px)
        width = dr.opaque(mi.UInt32, view.width_px)
        row = pixel // width
        left = dr.opaque(mi.Float, -0.5 * view.width_px)
        bottom = dr.opaque(mi.Float, 0.5 * view.height_px - 1)
        sums = self._summed(
            scene,
            self._light,
            mi.Float(pixel - row * width) + left,
            bottom - mi.Float(row),
            dr.opaque(mi.Float, 1.0 / view.px_per_mm),
            dr.opaque(mi.UInt32, self._samples),
            mi.PCG32(size=dr.width(pixel), initstate=seed),
        )
        dr.eval(sums)
        shape = (view.height_px, view.width_px)
        planes = np.stack([np.asarray(plane) for plane in sums], axis=-1).reshape(*shape, len(sums)) / self._samples
        return Traced(
            item=planes[..., 0:9].reshape(*shape, 3, 3),
            belt=planes[..., 9:12],
            coverage=planes[..., 12],
            height_mm=planes[..., 13],
            albedo=planes[..., 14:17],
            normal=planes[..., 17:20],
        )

    def empty_belt(self, view: View) -> ArrayF32:
        """Light (h, w, 3 arcs) from the belt with nothing on it: a smooth surface through one coarse trace of it."""
        if self._empty is None:
            coarse = View(width_px=64, height_px=64, px_per_mm=64 / EMPTY_BELT_VIEW_MM)
            traced = self.trace(scene_of([]), coarse).belt.reshape(-1, 3)
            self._empty = np.linalg.lstsq(_powers(coarse), traced, rcond=None)[0]
        light = _powers(view) @ self._empty
        return np.asarray(light.reshape(view.height_px, view.width_px, 3), dtype=np.float32)


def _powers(view: View) -> ArrayF64:
    """Products of powers of x and y up to the fourth degree for each pixel (h·w, 15)."""
    unit = 0.5 * EMPTY_BELT_VIEW_MM * view.px_per_mm
    x = (np.arange(view.width_px) - 0.5 * (view.width_px - 1)) / unit
    y = (0.5 * (view.height_px - 1) - np.arange(view.height_px)) / unit
    grid_x, grid_y = np.meshgrid(x, y)
    return np.stack([grid_x.ravel() ** i * grid_y.ravel() ** j for i in range(5) for j in range(5 - i)], axis=1)
