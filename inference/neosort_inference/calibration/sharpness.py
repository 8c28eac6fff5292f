"""How sharp a picture is: the width of a printed edge, from the pixels beside it as they are, not interpolated."""

from __future__ import annotations

import math

import numpy as np

from neosort_hardware.types import ArrayF64, ImageU8
from neosort_inference.calibration.boards import Sighting
from neosort_inference.calibration.fitting import fitted
from neosort_inference.calibration.procedure import CalibrationError

_BAND_PX = 4.0  # to either side of an edge
_LEAST_CONTRAST = 30.0  # levels of 255


def edge_sigma_px(grey: ImageU8, sighting: Sighting, *, upright: bool = True) -> float:
    """Median width (one standard deviation of the blur, pixels) of the board's edges.

    ``upright``: edges that run along v, which the belt's motion does not smear. Raises `CalibrationError` without any.
    """
    found = []
    for one, other in _edges(sighting, upright=upright):
        try:
            sigma = _width_px(grey, one, other)
        except CalibrationError:
            continue
        if sigma is not None:
            found.append(sigma)
    if not found:
        raise CalibrationError("no edge of the board is good enough to measure its sharpness by")
    return float(np.median(found))


_ERF = np.frompyfunc(math.erf, 1, 1)


def _phi(x: ArrayF64) -> ArrayF64:
    """The normal distribution's Φ."""
    return 0.5 * (1.0 + np.asarray(_ERF(x / math.sqrt(2)), np.float64))


def _edges(sighting: Sighting, *, upright: bool) -> list[tuple[ArrayF64, ArrayF64]]:
    """Pairs of neighbouring corners whose edge runs more along v (or u)."""
    corners, pixels = sighting.board_mm, sighting.pixels
    apart = np.linalg.norm(corners[:, None] - corners[None], axis=2)
    apart[apart < 1e-6] = np.inf
    square_mm = apart.min()
    pairs = []
    for n, row in enumerate(apart):
        for m in np.flatnonzero(row < 1.1 * square_mm):
            way = np.abs(pixels[m] - pixels[n])
            if n < m and (way[1] > way[0]) == upright:
                pairs.append((pixels[n], pixels[m]))
    return pairs


def _width_px(grey: ImageU8, one: ArrayF64, other: ArrayF64) -> float | None:
    """The blur of one edge: its levels follow a + b·Φ((d − d₀)/σ) with the distance d from the line."""
    along = (other - one) / np.linalg.norm(other - one)
    normal = np.array([-along[1], along[0]])
    low = np.floor(np.minimum(one, other) - _BAND_PX).astype(int)
    high = np.ceil(np.maximum(one, other) + _BAND_PX).astype(int)
    if (low < 0).any() or high[0] >= grey.shape[1] or high[1] >= grey.shape[0]:
        return None
    v, u = np.mgrid[low[1] : high[1], low[0] : high[0]]
    offset = np.column_stack([u.ravel() + 0.5, v.ravel() + 0.5]) - one
    reach, distance = offset @ along, offset @ normal
    length = float(np.linalg.norm(other - one))
    near = (np.abs(distance) < _BAND_PX) & (reach > 0.2 * length) & (reach < 0.8 * length)
    d, level = distance[near], grey[low[1] : high[1], low[0] : high[0]].ravel()[near].astype(np.float64)
    below, above = float(level[d < -2].mean()), float(level[d > 2].mean())
    if abs(above - below) < _LEAST_CONTRAST:
        return None
    fit = fitted(
        lambda p: p[0] + p[1] * _phi((d - p[2]) / max(abs(p[3]), 1e-3)) - level,
        np.array([below, above - below, 0.0, 0.7]),
    )
    return abs(float(fit.values[3]))
