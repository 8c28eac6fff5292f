"""A board that rides through the camera's view, several times at different places across: the view of the belt, fitted.

One plane, one motion: every corner that was seen obeys pixel ~ H · (across, station, 1), the station growing by what
the belt has travelled. The board tells millimetres, the motion tells which way the belt runs, the encoder tells how
often a count went by. Unknown are H, where and how turned the board lay at each ride, and millimetres per count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.calibration.boards import Sighting, spread_out
from neosort_inference.calibration.fitting import Fit, fitted
from neosort_inference.calibration.procedure import CalibrationError

OUTLIER_PX = 1.0
_RIDE = 3  # unknowns of one ride: across, place, turn


@dataclass(frozen=True, slots=True, kw_only=True)
class RideFit:
    """``belt_to_pixel`` (3, 3): (across, station, 1) → pixel; station 0 where the first ride's board first was.

    ``scale``: true millimetres of travel per one that the encoder showed; ``residuals_px`` (n, 2).
    """

    belt_to_pixel: ArrayF64
    scale: float
    scale_sigma: float
    residuals_px: ArrayF64
    fit: Fit

    @property
    def rms_px(self) -> float:
        """Of the corners' distances from where they should be."""
        return float(np.sqrt(np.mean(np.sum(self.residuals_px**2, axis=1))))


def fit_rides(rides: Sequence[Sequence[Sighting]], first_across_mm: float) -> RideFit:
    """The view from rides of two sightings or more. ``first_across_mm``: where the first board's middle lay.

    Raises `CalibrationError` where they do not tell it.
    """
    rides = [[one for one in ride if spread_out(one)] for ride in rides]
    rides = [ride for ride in rides if len(ride) >= 2]
    if not rides:
        raise CalibrationError("no board was seen twice on its way: does the belt run, is the board in view?")
    start = _start(rides, first_across_mm)
    fit = fitted(lambda values: _residuals(values, rides, first_across_mm).ravel(), start, robust_at=OUTLIER_PX)
    scale_at = len(fit.values) - 1
    return RideFit(
        belt_to_pixel=_homography(fit.values),
        scale=float(fit.values[scale_at]),
        scale_sigma=fit.sigma(scale_at),
        residuals_px=_residuals(fit.values, rides, first_across_mm),
        fit=fit,
    )


def _homography(values: ArrayF64) -> ArrayF64:
    return np.append(values[:8], 1.0).reshape(3, 3)


def _residuals(values: ArrayF64, rides: Sequence[Sequence[Sighting]], first_across_mm: float) -> ArrayF64:
    """(n, 2) pixels between where corners should be and where they were seen."""
    to_pixel, scale = _homography(values), values[-1]
    parts = []
    for number, ride in enumerate(rides):
        across, station, turn = _lie(values, number, first_across_mm)
        cos, sin = np.cos(turn), np.sin(turn)
        for one in ride:
            x, y = one.board_mm.T
            travelled = scale * (one.belt_mm - ride[0].belt_mm)
            places = np.column_stack(
                [across + x * cos - y * sin, station + travelled - (x * sin + y * cos), np.ones(len(x))]
            )
            seen = places @ to_pixel.T
            parts.append(seen[:, :2] / seen[:, 2:] - one.pixels)
    return np.concatenate(parts)


def _lie(values: ArrayF64, number: int, first_across_mm: float) -> tuple[float, float, float]:
    """Across, station and turn of a ride's board. Of the first the place is known across, and chosen along."""
    if number == 0:
        return first_across_mm, 0.0, float(values[8])
    at = 9 + _RIDE * (number - 1)
    return float(values[at]), float(values[at + 1]), float(values[at + 2])


def _start(rides: Sequence[Sequence[Sighting]], first_across_mm: float) -> ArrayF64:
    """Near enough: the first ride's own plane, the others as it sees them."""
    to_board = _pixel_to_board(rides[0][0])
    way = _middle(to_board, rides[0][-1]) - _middle(to_board, rides[0][0])
    if np.linalg.norm(way) < 1.0:
        raise CalibrationError("the board was seen twice at one place: the belt must run")
    along = way / np.linalg.norm(way)
    across = np.array([-along[1], along[0]])  # to the right of the travel in a picture whose v runs down
    axes = np.vstack([across, along])
    to_belt = np.vstack([np.column_stack([axes, [first_across_mm, 0.0]]), [0, 0, 1]]) @ to_board
    to_pixel = np.linalg.inv(to_belt)
    values = list((to_pixel / to_pixel[2, 2]).ravel()[:8])
    values.append(_lay(to_belt, rides[0][0])[2])
    for ride in rides[1:]:
        values += _lay(to_belt, ride[0])
    shown = rides[0][-1].belt_mm - rides[0][0].belt_mm
    return np.array([*values, np.linalg.norm(way) / shown])


def _lay(to_belt: ArrayF64, one: Sighting) -> list[float]:
    """Across, station and turn of a board as a plane sees it."""
    places = cv2.perspectiveTransform(one.pixels.reshape(-1, 1, 2), to_belt).reshape(-1, 2)
    right = np.linalg.lstsq(np.column_stack([one.board_mm, np.ones(len(places))]), places, rcond=None)[0]
    turn = float(np.arctan2(-right[0, 1], right[0, 0]))
    return [float(right[2, 0]), float(right[2, 1]), turn]


def _pixel_to_board(one: Sighting) -> ArrayF64:
    found, _ = cv2.findHomography(one.pixels, one.board_mm)
    if found is None:
        raise CalibrationError("a board's corners lie on a line")
    return np.asarray(found, np.float64)


def _middle(to_board: ArrayF64, one: Sighting) -> ArrayF64:
    """Where a board's middle lies in another sighting's board plane."""
    seen = np.asarray(cv2.perspectiveTransform(one.pixels.reshape(-1, 1, 2), to_board), np.float64).reshape(-1, 2)
    return np.asarray(seen.mean(axis=0) - _own_mean(one, seen), np.float64)


def _own_mean(one: Sighting, seen: ArrayF64) -> ArrayF64:
    """How far the seen corners' mean is from the board's middle, turned as the board is."""
    affine = np.linalg.lstsq(np.column_stack([one.board_mm, np.ones(len(seen))]), seen, rcond=None)[0]
    return np.asarray(one.board_mm.mean(axis=0) @ affine[:2])
