"""What a three-axis sensor makes of a field of constant strength, by its readings while it is turned in that field.

They lie on an ellipsoid: its centre is the sensor's own offset, its shape gains and cross-axis, but for a turn, which a
single sensor cannot tell from having been turned. Sensors that are turned together tell each other's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64
from neosort_inference.calibration.fitting import fitted
from neosort_inference.calibration.procedure import CalibrationError

_GOLDEN = 0.5 * (1.0 + 5.0**0.5)
_CORNERS = [np.roll((0.0, one, _GOLDEN * other), axis) for axis in range(3) for one in (-1, 1) for other in (-1, 1)]
DIRECTIONS: ArrayF64 = np.asarray(_CORNERS) / np.hypot(1.0, _GOLDEN)
"""(12, 3): the corners of an icosahedron; nothing is farther than 37.4° from one."""
WITHIN_DEG = 37.5
LEAST_DIRECTIONS = 10
_OUTLIER = 0.01  # of the field: steel that passes by counts less
_UPPER = np.triu_indices(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipsoid:
    """``correction`` (3, 3), symmetric: correction · (reading − ``centre_ut``) has the field's strength. With one
    standard deviation of each; ``left``: rms of what is left, as a share of the field."""

    centre_ut: ArrayF64
    centre_sigma_ut: ArrayF64
    correction: ArrayF64
    correction_sigma: ArrayF64
    left: float

    def directions(self, readings_ut: ArrayF64) -> ArrayF64:
        """(n, 3) of unit length: whence the field came, by the sensor's own axes."""
        field = (readings_ut - self.centre_ut) @ self.correction
        return np.asarray(field / np.linalg.norm(field, axis=1, keepdims=True))


def fit_ellipsoid(readings_ut: ArrayF64, strength_ut: float) -> Ellipsoid:
    """The ellipsoid of readings (n, 3) in a field of that strength.

    Raises `CalibrationError` where they do not tell it: too few, no ellipsoid, or not turned to every side.
    """
    middle = readings_ut.mean(axis=0)
    size = float(np.sqrt(np.mean(np.sum((readings_ut - middle) ** 2, axis=1)))) or 1.0
    scaled = (readings_ut - middle) / size
    centre, shape = _by_quadric(scaled)
    fit = fitted(
        lambda values: np.linalg.norm((scaled - values[:3]) @ _symmetric(values[3:]), axis=1) - 1.0,
        np.concatenate([centre, shape[_UPPER]]),
        robust_at=_OUTLIER,
    )
    sigmas = np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))
    found = Ellipsoid(
        centre_ut=middle + size * fit.values[:3],
        centre_sigma_ut=size * sigmas[:3],
        correction=_symmetric(fit.values[3:]) * strength_ut / size,
        correction_sigma=_symmetric(sigmas[3:]) * strength_ut / size,
        left=fit.rms,
    )
    seen = int(np.count_nonzero(seen_of(found.directions(readings_ut))))
    if seen < LEAST_DIRECTIONS:
        raise CalibrationError(
            f"the field was seen from {seen} of {len(DIRECTIONS)} sides, at least {LEAST_DIRECTIONS} are needed: turn "
            "the sensor over every axis"
        )
    return found


def seen_of(directions: ArrayF64) -> ArrayBool:
    """Which of `DIRECTIONS` the field came from, by unit vectors (n, 3)."""
    return np.asarray((directions @ DIRECTIONS.T).max(axis=0) > np.cos(np.radians(WITHIN_DEG)), np.bool_)


def sphere_centre(readings_ut: ArrayF64) -> tuple[ArrayF64, float]:
    """Centre (3,) and radius of the sphere nearest to readings (n, 3): rough, but had at once."""
    design = np.column_stack([2.0 * readings_ut, np.ones(len(readings_ut))])
    found, *_ = np.linalg.lstsq(design, np.sum(readings_ut**2, axis=1), rcond=None)
    return found[:3], float(np.sqrt(max(0.0, found[3] + found[:3] @ found[:3])))


def turned_alike(directions: ArrayF64) -> ArrayF64:
    """Of sensors that saw the same field (sensors, n, 3): the turn of each (sensors, 3, 3) into the axes of most.

    A turn · what the sensor saw = what the others saw. An axis that is reversed is put right too, for a mirror is no
    worse than a turn. Outvoted are those that are far off, as long as they are fewer than half.
    """
    turns = np.tile(np.eye(3), (len(directions), 1, 1))
    for _ in range(3):
        seen = np.einsum("sij,snj->sni", turns, directions)
        common = np.median(seen, axis=0)
        common /= np.maximum(np.linalg.norm(common, axis=1, keepdims=True), 1e-9)
        left, _, right = np.linalg.svd(np.einsum("ni,snj->sij", common, directions))
        turns = left @ right
    return np.asarray(turns)


def _by_quadric(scaled: ArrayF64) -> tuple[ArrayF64, ArrayF64]:
    """Centre (3,) and symmetric shape (3, 3) by linear least squares on x'Qx + 2b'x = 1: near enough to begin with."""
    if len(scaled) < 20:
        raise CalibrationError(f"{len(scaled)} readings are too few for an ellipsoid")
    x, y, z = scaled.T
    design = np.column_stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z, 2 * x, 2 * y, 2 * z])
    found, *_ = np.linalg.lstsq(design, np.ones(len(scaled)), rcond=None)
    quadric = np.array([[found[0], found[3], found[4]], [found[3], found[1], found[5]], [found[4], found[5], found[2]]])
    widths, axes = np.linalg.eigh(quadric)
    if widths[0] <= 1e-3 * widths[-1] or widths[-1] <= 0:
        raise CalibrationError("the readings lie on no ellipsoid: turn the sensor over every axis, far from steel")
    centre = -np.linalg.solve(quadric, found[6:])
    widths = widths / (1.0 - found[6:] @ centre)
    return centre, np.asarray(axes * np.sqrt(widths) @ axes.T)


def _symmetric(upper: ArrayF64) -> ArrayF64:
    whole = np.zeros((3, 3))
    whole[_UPPER] = upper
    return np.asarray(whole + np.triu(whole, 1).T)
