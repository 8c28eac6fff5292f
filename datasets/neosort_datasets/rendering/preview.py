"""What a modeller looks at: an item large, under the even ring and lit from two sides, on the belt."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from neosort_datasets.rendering.kept import RenderSettings
from neosort_datasets.rendering.layers import SpriteLayers, encoded, relit
from neosort_datasets.rendering.scene import BELT_LINEAR
from neosort_datasets.rendering.stage import drawn, lying_parts
from neosort_datasets.rendering.trace import Tracer
from neosort_datasets.rendering.view import view_of
from neosort_datasets.rendering.worklist import tasks_of
from neosort_hardware.types import ImageU8

LIGHTS = ((0.0, 0.0), (0.7, 0.0), (0.7, 0.75 * math.pi))
"""(strength, azimuth) of the ring's unevenness in the three pictures of a row."""

LONGEST_PX = 600
LARGEST_PX_PER_MM = 8.0
EXAMPLE_SAMPLES = 24


def preview(name: str, sprite: str | None = None, px_per_mm: float | None = None) -> ImageU8:
    """Three pictures a row, one row a pose; RGB. ``px_per_mm``: as large as handy where left out.

    Raises `RenderError` for a model, pose or look that is not there, or without the extra `render`.
    """
    shown = [(task.model.look_seed, lying_parts(task)) for task in tasks_of(name, sprite)]
    tracer = Tracer(EXAMPLE_SAMPLES)
    views = [view_of(parts, 1.0) for _, parts in shown]
    longest = max(max(view.width_px, view.height_px) for view in views)
    scale = min(LARGEST_PX_PER_MM, LONGEST_PX / longest) if px_per_mm is None else px_per_mm
    settings = RenderSettings(px_per_mm=scale, fineness=1, samples=EXAMPLE_SAMPLES)
    return stacked([row(drawn(tracer, parts, settings, turn)) for turn, parts in shown])


def row(sprite: SpriteLayers) -> ImageU8:
    """A sprite under each of `LIGHTS`, side by side, RGB."""
    belt = np.array(BELT_LINEAR, dtype=np.float32)
    return np.hstack([encoded(relit(sprite, strength, azimuth, belt)) for strength, azimuth in LIGHTS])


def stacked(rows: Sequence[ImageU8]) -> ImageU8:
    """Pictures of several widths under each other, filled up with belt."""
    widest = max(picture.shape[1] for picture in rows)
    grey = [int(value) for value in encoded(np.array(BELT_LINEAR, dtype=np.float32))]
    wide = [cv2.copyMakeBorder(p, 0, 2, 0, widest - p.shape[1], cv2.BORDER_CONSTANT, value=grey) for p in rows]
    return np.vstack([np.asarray(picture, np.uint8) for picture in wide])
