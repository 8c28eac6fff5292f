"""What potential theory says of a field between and above its measuring points.

Below all its sources a magnetic field is a potential field: each component is harmonic, so the field in one plane
determines it in every other plane below the sources (Blakely 1995, "Potential Theory in Gravity and Magnetic
Applications", chapter 12).
"""

from __future__ import annotations

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64

_NUGGET = 3e-3  # share of a channel's variance that is its own: noise, and what calibration left of its gain error
_DAMPING = 0.01  # towards the sources, what would grow beyond about tenfold is noise and led back to nothing
_MARGIN_CELLS = 12


def interpolation_weights(known_mm: ArrayF64, wanted_mm: ArrayF64, depth_mm: float) -> ArrayF32:
    """Weights (wanted, known) that carry readings in a row to other places of that row: universal kriging.

    Sources scattered evenly in a plane ``depth_mm`` away give readings a distance r apart the covariance
    (1 + (r / 2·depth)²)^−3/2, the Hankel transform of their power spectrum exp(−2·k·depth). Uniform fields and slopes
    are reproduced exactly (with one known place, the uniform ones alone). At least one known place.
    """
    count, drifts = len(known_mm), min(2, len(known_mm))
    middle, spread = float(known_mm.mean()), float(np.ptp(known_mm)) or 1.0

    def covariance(distance_mm: ArrayF64) -> ArrayF64:
        return np.asarray((1.0 + (distance_mm / (2.0 * depth_mm)) ** 2) ** -1.5)

    def drift(place_mm: ArrayF64) -> ArrayF64:
        return np.stack([((place_mm - middle) / spread) ** power for power in range(drifts)], axis=1)

    system = np.zeros((count + drifts, count + drifts))
    system[:count, :count] = covariance(known_mm[:, None] - known_mm) + _NUGGET * np.eye(count)
    system[:count, count:] = drift(known_mm)
    system[count:, :count] = drift(known_mm).T
    wanted = np.concatenate([covariance(wanted_mm[:, None] - known_mm), drift(wanted_mm)], axis=1)
    return np.asarray(np.linalg.solve(system, wanted.T).T[:, :count], dtype=np.float32)


class Continuation:
    """Carries a gridded field to the plane it would have been measured in at another distance from its sources.

    B(k, z + rise) = B(k, z)·exp(−|k|·rise), component by component. ``rise_mm`` > 0 leads away from the sources, which
    is stable; < 0 leads towards them, where exp(|k|·rise) is damped so that noise does not grow beyond all bounds.
    """

    def __init__(self, rows: int, cols: int, cell_mm: float, rise_mm: float) -> None:
        self._shape = (rows + 2 * _MARGIN_CELLS, cols + 2 * _MARGIN_CELLS)
        along = 2.0 * np.pi * np.fft.fftfreq(self._shape[0], cell_mm)
        across = 2.0 * np.pi * np.fft.rfftfreq(self._shape[1], cell_mm)
        response = np.exp(-np.hypot(along[:, None], across) * rise_mm)
        if rise_mm < 0:
            response /= 1.0 + _DAMPING * response**2
        self._response = response.astype(np.float32)

    def apply(self, field_ut: ArrayF32, known_rows: ArrayBool, known_cols: ArrayBool) -> ArrayF32:
        """(3, rows, cols) → the same in the other plane. Where nothing is known the field is led smoothly to zero."""
        if not known_rows.any() or not known_cols.any():
            return field_ut
        row, row_share = _nearest(known_rows)
        col, col_share = _nearest(known_cols)
        filled = field_ut[:, row[:, None], col] * (row_share[:, None] * col_share).astype(np.float32)
        spectrum = np.fft.rfft2(filled, axes=(1, 2)) * self._response
        carried = np.fft.irfft2(spectrum, s=self._shape, axes=(1, 2))
        inside = slice(_MARGIN_CELLS, -_MARGIN_CELLS)
        return np.asarray(carried[:, inside, inside], dtype=np.float32)


def _nearest(known: ArrayBool) -> tuple[np.ndarray, ArrayF64]:
    """For each cell of a line with margins: the nearest known cell, and the share of its value that stands there."""
    places = np.arange(-_MARGIN_CELLS, len(known) + _MARGIN_CELLS)
    candidates = np.flatnonzero(known)
    away = np.abs(places[:, None] - candidates)
    nearest = candidates[away.argmin(axis=1)]
    share = np.clip(away.min(axis=1) / _MARGIN_CELLS, 0.0, 1.0)
    return nearest, np.asarray(0.5 + 0.5 * np.cos(np.pi * share))
