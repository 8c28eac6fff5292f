"""Least squares with the uncertainty of what was found: Levenberg and Marquardt's way, for a few dozen unknowns.

Written here because an edge device carries no SciPy, and OpenCV has no solver for functions of one's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.calibration.procedure import CalibrationError

MOST_STEPS = 80
_STEP = 1e-7  # of a value, for the slopes
_SMALL = 1e-2  # values smaller than this step as if they were so large
_DONE = 1e-10  # relative gain below which nothing is gained any more

Residuals = Callable[[ArrayF64], ArrayF64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """``values`` (p,) with their ``covariance`` (p, p), scaled by the residuals (n,) themselves."""

    values: ArrayF64
    covariance: ArrayF64
    residuals: ArrayF64

    @property
    def rms(self) -> float:
        """Of the residuals, in their own unit."""
        return float(np.sqrt(np.mean(self.residuals**2)))

    def sigma(self, index: int) -> float:
        """One standard deviation of a value."""
        return float(np.sqrt(max(0.0, self.covariance[index, index])))


def fitted(residuals: Residuals, start: ArrayF64, *, robust_at: float | None = None) -> Fit:
    """The values (p,) that make ``residuals`` (n,) smallest, from a start that is near.

    ``robust_at``: residuals beyond this count less (soft L1). Raises `CalibrationError` where they tell too little.
    """
    values = np.asarray(start, np.float64)
    left = residuals(values)
    if len(left) < len(values):
        raise CalibrationError(f"{len(left)} readings are too few for {len(values)} unknowns")
    damping = 1e-3
    for _ in range(MOST_STEPS):
        slopes = _slopes(residuals, values)
        weight = _weights(left, robust_at)
        normal = slopes.T @ (weight[:, None] * slopes)
        downhill = slopes.T @ (weight * left)
        before = _cost(left, robust_at)
        while True:
            trial = values - _solved(normal + damping * np.diag(np.diag(normal)), downhill)
            trial_left = residuals(trial)
            gained = before - _cost(trial_left, robust_at)
            if gained > 0 or damping > 1e12:
                break
            damping *= 8.0
        if not gained > 0:
            break
        values, left, damping = trial, trial_left, max(damping / 8.0, 1e-12)
        if gained < _DONE * max(before, 1e-300):
            break
    slopes = _slopes(residuals, values)
    weight = _weights(left, robust_at)
    spare = max(1, len(left) - len(values))
    scale = float(left @ (weight * left)) / spare
    covariance = _solved(slopes.T @ (weight[:, None] * slopes), np.eye(len(values))) * scale
    return Fit(values=values, covariance=covariance, residuals=left)


def _slopes(residuals: Residuals, values: ArrayF64) -> ArrayF64:
    """(n, p) by central differences."""
    columns = []
    for index, value in enumerate(values):
        step = np.zeros_like(values)
        step[index] = _STEP * max(abs(float(value)), _SMALL)
        columns.append((residuals(values + step) - residuals(values - step)) / (2 * step[index]))
    return np.stack(columns, axis=1)


def _weights(left: ArrayF64, robust_at: float | None) -> ArrayF64:
    return np.ones_like(left) if robust_at is None else np.asarray(1.0 / np.sqrt(1.0 + (left / robust_at) ** 2))


def _cost(left: ArrayF64, robust_at: float | None) -> float:
    if robust_at is None:
        return float(left @ left)
    return float(2 * robust_at**2 * np.sum(np.sqrt(1.0 + (left / robust_at) ** 2) - 1.0))


def _solved(normal: ArrayF64, right: ArrayF64) -> ArrayF64:
    """In units in which every unknown weighs alike, for pixels per millimetre and per radian are far apart."""
    unit = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    scaled = normal / np.outer(unit, unit)
    if np.linalg.cond(scaled) > 1e15:
        raise CalibrationError("what was seen does not tell all the unknowns apart: see it from more places")
    right = right / unit if right.ndim == 1 else right / unit[:, None]
    found = np.linalg.solve(scaled, right)
    return np.asarray(found / unit if found.ndim == 1 else found / unit[:, None], np.float64)
