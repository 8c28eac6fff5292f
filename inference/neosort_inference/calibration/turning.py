"""Zero, gain, orientation and cross-axis of every channel of an array that can be turned in the Earth's field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, SOFT, inline_svg
from neosort_hardware.types import ArrayBool, ArrayF64, FieldBlock
from neosort_inference.calibration.ellipsoid import (
    DIRECTIONS,
    LEAST_DIRECTIONS,
    Ellipsoid,
    fit_ellipsoid,
    seen_of,
    sphere_centre,
    turned_alike,
)
from neosort_inference.calibration.procedure import (
    About,
    Action,
    CalibrationError,
    Guidance,
    Need,
    Parameter,
    Plot,
    Procedure,
    Quantity,
    Result,
    Value,
)

MEAN_S = 0.02  # a period of 50 Hz mains, and near enough to one of 60 Hz
LEAST_TURNING = 300  # means: some six seconds
MOST_TURNING = 6000
LOOK_EVERY = 10
RESTING = 100
ALIVE = 0.9  # of its readings, of a channel that measures
MOST_BAD = 1 / 8  # of the channels
MOST_UNSURE = 1.0  # % of a gain
MOST_LEFT = 2.0  # % of the field
TURNED_DEG = 20.0
MOUNTED = Action(name="mounted", title="It is mounted again, the belt is empty")


class ArrayTurned(Procedure):
    """The array's constants without a magnet. Channels in each other's place look alike to it."""

    about = About(
        name="array-turned",
        title="Magnetometers that can be turned: zero, gain, cross-axis",
        purpose="Every channel reads the true field in the array's own axes, measured in the Earth's field alone.",
        instructions=(
            "Look up the Earth's field where you are (a geomagnetic model's total intensity) and enter it.",
            "Take the array off with its cable on, some metres away from steel and motors. Turn it slowly over every "
            "axis, upside down and on every edge, for half a minute.",
            "Mount it again; with the belt empty its zero is taken.",
        ),
        tools="none; a place without steel",
        minutes=5,
        tolerance="1 % of gain and cross-axis",
        needs=(Need.EMPTY_BELT, Need.MAGNETOMETER),
        parameters=(
            Parameter(
                name="earth_ut", title="Earth's field here", kind="number", default=48.0, unit="µT", least=20, most=70
            ),
        ),
    )

    def _begin(self) -> None:
        magnetometer = self.line.config.magnetometer
        self._channels = magnetometer.channels
        self._a_mean = max(1, round(MEAN_S * magnetometer.rate_hz))
        self._left_over = np.empty((0, self._channels, 3))
        self._turning: list[ArrayF64] = []
        self._resting: list[ArrayF64] = []
        self._seen = np.zeros(len(DIRECTIONS), np.bool_)
        self._next_look = LOOK_EVERY
        self._mounted = False
        self._by_hands = self.line.turn_array(True)

    def see_block(self, block: FieldBlock) -> None:
        if block.field_ut.shape[1] != self._channels:
            raise CalibrationError(
                f"the array gives {block.field_ut.shape[1]} channels, magnetometer.channels is {self._channels}"
            )
        raw = block.field_ut.astype(np.float64)
        raw[block.saturated] = np.nan
        raw = np.concatenate([self._left_over, raw])
        whole = len(raw) // self._a_mean * self._a_mean
        self._left_over = raw[whole:]
        means = raw[:whole].reshape(-1, self._a_mean, self._channels, 3).mean(axis=1)
        if self._mounted:
            self._resting.extend(means)
        elif len(self._turning) < MOST_TURNING:
            self._turning.extend(means)
            if len(self._turning) >= self._next_look:
                self._next_look = len(self._turning) + LOOK_EVERY
                self._look_round()

    def _look_round(self) -> None:
        """From which sides the field has come, by the channel that reads most."""
        readings = np.array(self._turning)
        channel = int(np.argmax(np.isfinite(readings).all(axis=2).sum(axis=0)))
        mine = readings[:, channel][np.isfinite(readings[:, channel]).all(axis=1)]
        if len(mine) < 20:
            return
        centre, radius = sphere_centre(mine)
        if 0.5 < radius / float(self.given["earth_ut"]) < 2.0:
            self._seen = seen_of((mine - centre) / np.linalg.norm(mine - centre, axis=1, keepdims=True))
        if self._turned and self._by_hands and self.line.turn_array(False):
            self._mount()

    @property
    def _turned(self) -> bool:
        return len(self._turning) >= LEAST_TURNING and bool(self._seen.all())

    def _mount(self) -> None:
        self._mounted = True
        self._left_over = self._left_over[:0]

    def act(self, action: str, values: Mapping[str, Value]) -> None:
        if action != MOUNTED.name or self._mounted:
            super().act(action, values)
        self._mount()

    def guidance(self) -> Guidance:
        if self._mounted:
            left = RESTING - len(self._resting)
            return Guidance(
                text="Keep the belt empty, and whatever is of steel where it belongs." if left > 0 else "Thank you.",
                progress=1.0 if left <= 0 else 0.9, missing=("the zero of the mounted array",) if left > 0 else (),
                done=left <= 0,
            )  # fmt: skip
        seen = int(np.count_nonzero(self._seen))
        enough = len(self._turning) >= LEAST_TURNING and seen >= LEAST_DIRECTIONS
        return Guidance(
            text="Mount the array again." if enough else "Turn the array slowly over every axis.",
            progress=0.9 * seen / len(DIRECTIONS),
            missing=(f"{len(DIRECTIONS) - seen} of {len(DIRECTIONS)} sides",)
            if not self._turned
            else ("the mounting",),
            actions=(MOUNTED,) if enough else (),
        )

    def result(self) -> Result:
        if len(self._resting) < RESTING:
            raise CalibrationError("array-turned: the zero of the mounted array has not been seen yet")
        found = _found(np.array(self._turning), float(self.given["earth_ut"]))
        return self._told(found, _zero_ut(np.array(self._resting)))

    def _told(self, found: _Found, zero_ut: ArrayF64) -> Result:
        usable = found.usable & np.isfinite(zero_ut).all(axis=1)
        bad = np.flatnonzero(~usable)
        inverse = np.linalg.inv(found.matrices)[usable]  # what a channel reads per unit of field
        gains = np.asarray(np.linalg.svd(inverse, compute_uv=False), np.float64)
        crossed = np.asarray(inverse - np.eye(3) * inverse, np.float64)
        unsure = 100 * float(found.sigma[usable].max(initial=0.0)) if usable.any() else float("inf")
        quantities = (
            Quantity(
                name="gain", title="Gains off before, rms", value=100 * _rms(gains - 1), unit="%", uncertainty=unsure,
                most=30.0,
            ),
            Quantity(
                name="cross-axis", title="Cross-axis before, rms", value=100 * _rms(crossed), unit="%",
                uncertainty=unsure,
            ),
            Quantity(name="unsure", title="Least sure matrix entry", value=unsure, unit="%", most=MOST_UNSURE),
            Quantity(
                name="left", title="Left of the field, worst channel", unit="%", most=MOST_LEFT,
                value=100 * float(found.left[usable].max(initial=0.0)) if usable.any() else float("inf"),
            ),
            Quantity(
                name="offset", title="Largest offset of a sensor's own", unit="µT",
                value=float(np.abs(found.centres[usable]).max(initial=0.0)),
            ),
            Quantity(
                name="out-of-use", title="Channels out of use", value=float(len(bad)), unit="",
                most=float(np.floor(MOST_BAD * self._channels)),
            ),
        )  # fmt: skip
        before = self.line.config.calibration.channels
        order = list(before.order) if before is not None and before.order else list(range(self._channels))
        place = {reading: at for at, reading in enumerate(order)}
        matrices = np.where(usable[:, None, None], found.matrices, np.eye(3))
        channels = {
            "zero_ut": np.round(np.nan_to_num(zero_ut[order]), 4).tolist(),
            "matrix": np.round(matrices[order], 6).tolist(),
            "order": [] if before is None else list(before.order),
            "out_of_use": sorted(place[int(channel)] for channel in bad),
        }
        svg = inline_svg(lambda axes: _draw(axes, found, usable), (7, 3))
        return Result(
            procedure=self.about.name, quantities=quantities, changes={"calibration.channels": channels},
            notes=_notes(found, bad.tolist(), usable),
            plots=(Plot(title="Strength of the Earth's field by each channel, before and after", svg=svg),),
            evidence={
                "means": len(self._turning), "centres_ut": np.round(np.nan_to_num(found.centres), 4).tolist(),
                "matrices": np.round(np.nan_to_num(found.matrices), 6).tolist(),
                "left": np.round(np.nan_to_num(found.left), 6).tolist(),
                "why": list(found.why),
            },
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Of each channel: matrix from readings to the field (channels, 3, 3) with its least sure entry's deviation, offset
    of its own, what is left, by how far it is turned, mean strength before; ``why`` it is of no use, else empty."""

    matrices: ArrayF64
    sigma: ArrayF64
    centres: ArrayF64
    left: ArrayF64
    turned_deg: ArrayF64
    strength: ArrayF64
    why: tuple[str, ...]

    @property
    def usable(self) -> ArrayBool:
        return np.array([not why for why in self.why], np.bool_)


def _found(readings: ArrayF64, earth_ut: float) -> _Found:
    """By readings (n, channels, 3). Raises `CalibrationError` where none tells anything: the first one's cause."""
    fits = [_fit_or_why(readings[:, channel], earth_ut) for channel in range(readings.shape[1])]
    why = tuple(one if isinstance(one, str) else "" for one in fits)
    good = [n for n, one in enumerate(fits) if isinstance(one, Ellipsoid)]
    if not good:
        raise CalibrationError(f"array-turned: {why[0]}")
    whole = np.isfinite(readings[:, good]).all(axis=(1, 2))
    ellipsoids = [one for one in fits if isinstance(one, Ellipsoid)]
    seen = [one.directions(readings[whole][:, n]) for n, one in zip(good, ellipsoids, strict=True)]
    turns = turned_alike(np.array(seen))
    count = len(fits)
    matrices, sigma = np.tile(np.eye(3), (count, 1, 1)), np.full(count, np.inf)
    centres, left, turned = np.full((count, 3), np.nan), np.full(count, np.nan), np.zeros(count)
    strength = np.full(count, np.nan)
    for n, one, turn in zip(good, ellipsoids, turns, strict=True):
        matrices[n], sigma[n] = turn @ one.correction, one.correction_sigma.max()
        centres[n], left[n] = one.centre_ut, one.left
        turned[n] = np.degrees(np.arccos(np.clip(0.5 * (np.trace(turn) - 1.0), -1.0, 1.0)))
        strength[n] = np.linalg.norm(readings[whole][:, n] - one.centre_ut, axis=1).mean() / earth_ut
    return _Found(
        matrices=matrices, sigma=sigma, centres=centres, left=left, turned_deg=turned, strength=strength, why=why
    )


def _zero_ut(readings: ArrayF64) -> ArrayF64:
    """Of readings (n, channels, 3): their middle (channels, 3), NaN for a channel without."""
    there = np.isfinite(readings).all(axis=2).mean(axis=0) > ALIVE
    zero = np.full(readings.shape[1:], np.nan)
    zero[there] = np.nanmedian(readings[:, there], axis=0)
    return zero


def _fit_or_why(readings_ut: ArrayF64, earth_ut: float) -> Ellipsoid | str:
    there = np.isfinite(readings_ut).all(axis=1)
    if there.mean() < ALIVE or np.ptp(readings_ut[there], axis=0).min() < 1e-3:
        return "it gives no reading, or always the same"
    try:
        return fit_ellipsoid(readings_ut[there], earth_ut)
    except CalibrationError as error:
        return str(error)


def _notes(found: _Found, bad: list[int], usable: ArrayBool) -> tuple[str, ...]:
    notes = [f"channel {channel} is out of use: {found.why[channel] or 'its zero was not seen'}" for channel in bad]
    notes += [
        f"channel {channel} is turned by {found.turned_deg[channel]:.0f}° against the others, or has an axis reversed"
        for channel in np.flatnonzero(usable & (found.turned_deg > TURNED_DEG))
    ]
    return tuple(notes)


def _rms(values: ArrayF64) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else float("inf")


def _draw(axes: Axes, found: _Found, usable: ArrayBool) -> None:
    where = np.flatnonzero(usable)
    axes.axhline(1.0, color=BLUE, label="after")
    axes.plot(where, found.strength[where], "o", color=SOFT, label="before", markersize=4)
    axes.set(xlabel="channel", ylabel="of the Earth's field")
    axes.legend()
