"""A reference magnet that passes over the array again and again: its ways, and what each channel makes of its field.

raw = R·B(magnet) + zero for every channel. The magnet's field is that of the exact body; unknown are, for every pass,
where it went and how it leaned, for all of them its height, and for every channel the 3 × 3 matrix R. Ways and matrices
are found in turn: given the matrices, the ways by Gauss and Newton; given the ways, the matrices by linear regression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neosort_hardware.magnet_field import DIPOLE_UT_MM3_PER_AM2, cylinder_field_ut
from neosort_hardware.reference_pieces import ReferenceMagnet
from neosort_hardware.types import ArrayBool, ArrayF64, ArrayI64
from neosort_inference.calibration.procedure import CalibrationError

REACH_MM = 150.0  # along the belt to either side of the magnet that is fitted
NEAR_MM = 80.0  # across it
STEP_MM = 7.5
HALF_BIN_MM = 2.0  # a wider one would blunt the field's peak by more than its noise
TURNS = 14  # of the alternation
LEAN_PRIOR_RAD = 0.035  # a: two degrees, as a carrier lies on a belt
NOISE_UT = 0.5  # a: what mains and drive leave in a bin
ROBUST = 20.0  # times the noise, beyond which a reading counts less
_MOST_STEP = np.array([10.0, 10.0, 0.05, 0.05])
UPRIGHT = 0.5  # of a channel's own axes, below which it is turned round
EXPLAINED = 0.7  # of a channel's signal, below which it is not the field at its place


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass as it was read: ``belt_mm`` (n,) evenly spaced, ``raw_ut`` (n, channels, 3), NaN where unknown."""

    belt_mm: ArrayF64
    raw_ut: ArrayF64
    at_mm: float
    across_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """All passes of one magnet over channels at ``across_mm`` (channels,); ``usable`` (channels,): they measure."""

    passes: Sequence[Pass]
    magnet: ReferenceMagnet
    across_mm: ArrayF64
    usable: ArrayBool

    def pair(self, number: int, way: ArrayF64, height_mm: float, place: int, channel: int) -> tuple[ArrayF64, ArrayF64]:
        """Field at the place of one channel and reading of a channel in one pass, (n, 3), each less its mean."""
        one = self.passes[number]
        field = _at_channels(self.magnet, way, height_mm, one.belt_mm, self.across_mm[[place]])
        return _centred(field)[:, 0], _centred(one.raw_ut[:, [channel]])[:, 0]

    def fit_at(
        self, ways: ArrayF64, height_mm: float, place: int, channel: int
    ) -> tuple[ArrayF64, ArrayF64, float, ArrayF64] | None:
        """`regressed` for a channel's readings on the field at a place; None where fewer than two passes were near."""
        near = [n for n in range(len(self.passes)) if abs(ways[n, 1] - self.across_mm[place]) < NEAR_MM]
        if len(near) < 2:
            return None
        pairs = [self.pair(n, ways[n], height_mm, place, channel) for n in near]
        return regressed(np.concatenate([field for field, _ in pairs]), np.concatenate([raw for _, raw in pairs]))


@dataclass(frozen=True, slots=True, kw_only=True)
class PassesFit:
    """``ways`` (passes, 4): belt_mm at which the magnet was over the array, across_mm, leaning along and across (rad);
    ``height_mm``: its middle above the sensors. ``matrices`` (channels, 3, 3) with standard deviations
    ``matrix_sigma``; ``explained`` (channels,): share of a channel's signal that they account for. ``residual_ut``: rms
    over all of them.
    """

    ways: ArrayF64
    height_mm: float
    height_sigma_mm: float
    matrices: ArrayF64
    matrix_sigma: ArrayF64
    explained: ArrayF64
    residual_ut: float


def binned(belt_mm: ArrayF64, raw_ut: ArrayF64, at_mm: float, across_mm: float) -> Pass:
    """Readings (n,), (n, channels, 3) around ``at_mm``, averaged around every `STEP_MM`. ``across_mm``: about
    where."""
    steps = at_mm + np.arange(-REACH_MM, REACH_MM + STEP_MM, STEP_MM)
    rows, places = [], []
    for step_mm in steps:
        inside = np.abs(belt_mm - step_mm) <= HALF_BIN_MM
        if inside.any():
            rows.append(raw_ut[inside].mean(axis=0))
            places.append(float(belt_mm[inside].mean()))
    if len(rows) < 0.5 * len(steps):
        raise CalibrationError(f"the array gave no samples for much of the pass at {at_mm:.0f} mm")
    return Pass(belt_mm=np.array(places), raw_ut=np.stack(rows).astype(np.float64), at_mm=at_mm, across_mm=across_mm)


def lane_of(strength_ut: ArrayF64, across_mm: ArrayF64, magnet: ReferenceMagnet, height_mm: float) -> float:
    """Where across a magnet goes by, from what the channels (channels,) feel of it at that moment, however turned.

    The place whose dipole field differs least in strength, summed without squares: a few broken channels are outvoted.
    """
    lanes = np.arange(across_mm[0] - 60.0, across_mm[-1] + 60.0, 1.0)
    aside = across_mm[None] - lanes[:, None]
    square: ArrayF64 = aside**2 + height_mm**2
    expected = DIPOLE_UT_MM3_PER_AM2 * abs(magnet.moment_am2) * np.sqrt(1 + 3 * height_mm**2 / square) / square**1.5
    differs = np.abs(np.nan_to_num(strength_ut)[None] - expected).sum(axis=1)
    return float(lanes[int(np.argmin(differs))])


def field_of(magnet: ReferenceMagnet, way: ArrayF64, height_mm: float, place: ArrayF64) -> ArrayF64:
    """Field (n, 3) of the magnet at places (n, 2) as (belt encoder, channel across).

    The sensors see increasing belt_mm as x: when the encoder has gone on, the magnet lies downstream of them.
    """
    at_mm, across_mm, lean_along, lean_across = way
    points = np.column_stack([place[:, 0] - at_mm, place[:, 1] - across_mm, np.full(len(place), -height_mm)])
    turn = _lean(lean_along, lean_across)
    own = cylinder_field_ut(magnet.diameter_mm, magnet.height_mm, magnet.polarisation_t, points @ turn)
    return np.asarray(own @ turn.T)


def _lean(along: float, across: float) -> ArrayF64:
    """(3, 3) small turns about the across and the along axis."""
    ca, sa, cb, sb = np.cos(along), np.sin(along), np.cos(across), np.sin(across)
    about_across, about_along = [[ca, 0, sa], [0, 1, 0], [-sa, 0, ca]], [[1, 0, 0], [0, cb, -sb], [0, sb, cb]]
    return np.asarray(np.array(about_across) @ np.array(about_along), np.float64)


def fit_passes(
    passed: Passed, height_mm: float, matrices: ArrayF64 | None = None, *, solve_matrices: bool = True
) -> PassesFit:
    """Ways, height and matrices. ``height_mm``: of the magnet's middle above the sensors, about; ``matrices``
    (channels, 3, 3): what is known of them, and kept where they are not to be solved."""
    ways = np.array([[one.at_mm, one.across_mm, 0.0, 0.0] for one in passed.passes])
    given = np.tile(np.eye(3), (len(passed.across_mm), 1, 1)) if matrices is None else matrices
    matrices, trusted, sigma = given.copy(), passed.usable, 0.0
    for turn in range(TURNS):
        if turn in (0, 5):  # whose signal is not that of its place must not pull the ways
            trusted = _trusted(passed, ways, height_mm)
        ways, height_mm, sigma = _ways(passed, ways, height_mm, matrices, trusted)
        if solve_matrices and turn >= 5:
            found = _matrices(passed, ways, height_mm)
            matrices = np.where(np.isfinite(found.matrices), found.matrices, matrices)
    found = replace(_matrices(passed, ways, height_mm), height_sigma_mm=sigma)
    return found if solve_matrices else replace(found, matrices=matrices)


def _trusted(passed: Passed, ways: ArrayF64, height_mm: float) -> ArrayBool:
    first = _matrices(passed, ways, height_mm)
    the_right_way = np.einsum("cii->ci", np.nan_to_num(first.matrices)).min(axis=1) > UPRIGHT
    return np.asarray(passed.usable & (first.explained > EXPLAINED) & the_right_way, np.bool_)


def _ways(
    passed: Passed, ways: ArrayF64, height_mm: float, matrices: ArrayF64, trusted: ArrayBool
) -> tuple[ArrayF64, float, float]:
    """One step of Gauss and Newton for every way and the height that they share: an arrow-shaped system."""
    count = len(passed.passes)
    normal, downhill = np.zeros((4 * count + 1, 4 * count + 1)), np.zeros(4 * count + 1)
    cost, readings = 0.0, 0
    for number in range(count):
        near = np.flatnonzero(trusted & (np.abs(passed.across_mm - ways[number, 1]) < NEAR_MM))
        if not len(near):
            continue
        slopes, left = _pulls(passed, number, np.append(ways[number], height_mm), near, matrices[near])
        weight = 1.0 / np.sqrt(1.0 + (left / ROBUST) ** 2)
        where = [*range(4 * number, 4 * number + 4), 4 * count]
        normal[np.ix_(where, where)] += slopes.T @ (weight[:, None] * slopes)
        downhill[where] += slopes.T @ (weight * left)
        for lean in (2, 3):
            normal[4 * number + lean, 4 * number + lean] += LEAN_PRIOR_RAD**-2
            downhill[4 * number + lean] += ways[number, lean] / LEAN_PRIOR_RAD**2
        cost, readings = cost + float(left @ (weight * left)), readings + len(left)
    normal += np.diag(1e-9 * np.diag(normal) + 1e-12)
    step = np.linalg.solve(normal, downhill)
    sigma = np.sqrt(np.linalg.inv(normal)[-1, -1] * cost / max(1, readings))
    moved = ways - np.clip(step[:-1].reshape(count, 4), -_MOST_STEP, _MOST_STEP)
    return moved, height_mm - float(np.clip(step[-1], -3.0, 3.0)), float(sigma)


def _pulls(
    passed: Passed, number: int, values: ArrayF64, near: ArrayI64, matrices: ArrayF64
) -> tuple[ArrayF64, ArrayF64]:
    """How one pass's residuals change with its way and the height (n, 5), and themselves (n,), in units of noise."""
    one, raw = passed.passes[number], _centred(passed.passes[number].raw_ut[:, near])

    def off(values: ArrayF64) -> ArrayF64:
        field = _at_channels(passed.magnet, values[:4], float(values[4]), one.belt_mm, passed.across_mm[near])
        read = np.einsum("nci,cji->ncj", field, matrices)
        return np.asarray((_centred(read) - raw).ravel() / NOISE_UT, np.float64)

    left = off(values)
    steps = np.diag([0.01, 0.01, 1e-4, 1e-4, 0.01])
    slopes = np.stack([(off(values + step) - off(values - step)) / (2 * step.sum()) for step in steps], axis=1)
    known = np.isfinite(left)
    return slopes[known], left[known]


def _matrices(passed: Passed, ways: ArrayF64, height_mm: float) -> PassesFit:
    """Every channel's matrix by regression on the field at its place; NaN where too little passed it."""
    channels = len(passed.across_mm)
    matrices, sigma = np.full((channels, 3, 3), np.nan), np.full((channels, 3, 3), np.nan)
    explained = np.zeros(channels)
    squares, readings = 0.0, 0
    for channel in (int(channel) for channel in np.flatnonzero(passed.usable)):
        found = passed.fit_at(ways, height_mm, channel, channel)
        if found is None:
            continue
        matrices[channel], sigma[channel], explained[channel], left = found
        if explained[channel] > EXPLAINED:
            squares, readings = squares + float(np.sum(left**2)), readings + left.size
    return PassesFit(
        ways=ways, height_mm=height_mm, height_sigma_mm=0.0, matrices=matrices, matrix_sigma=sigma,
        explained=explained, residual_ut=float(np.sqrt(squares / max(1, readings))),
    )  # fmt: skip


def regressed(field: ArrayF64, raw: ArrayF64) -> tuple[ArrayF64, ArrayF64, float, ArrayF64] | None:
    """R (3, 3), its standard deviations, the share of ``raw`` explained, and what is left (n, 3); of centred (n, 3)."""
    known = np.isfinite(raw).all(axis=1)
    field, raw = field[known], raw[known]
    if len(raw) < 12:
        return None
    turned, _, rank, _ = np.linalg.lstsq(field, raw, rcond=1e-6)
    if rank < 3:
        return None
    left = raw - field @ turned
    total = float(np.sum(raw**2))
    spread = np.linalg.inv(field.T @ field)
    sigma = np.sqrt(np.outer(np.sum(left**2, axis=0) / max(1, len(raw) - 3), np.diag(spread)))
    return (
        np.asarray(turned.T, np.float64),
        np.asarray(sigma, np.float64),
        1.0 - float(np.sum(left**2)) / max(total, 1e-12),
        left,
    )


def _at_channels(
    magnet: ReferenceMagnet, way: ArrayF64, height_mm: float, belt_mm: ArrayF64, across: ArrayF64
) -> ArrayF64:
    """(n, channels, 3)."""
    place = np.column_stack([np.repeat(belt_mm, len(across)), np.tile(across, len(belt_mm))])
    field = field_of(magnet, way, height_mm, place)
    return np.asarray(field.reshape(len(belt_mm), len(across), 3), np.float64)


def _centred(field: ArrayF64) -> ArrayF64:
    """Less its mean over the pass (n, channels, 3): what stands over the empty belt is not told by a pass."""
    return np.asarray(field - np.nanmean(field, axis=0))
