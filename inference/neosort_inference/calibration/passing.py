"""What procedures have in common in which a reference magnet passes over the array a number of times."""

from __future__ import annotations

import numpy as np

from neosort_hardware.belt import LineGeometry
from neosort_hardware.reference_pieces import ReferenceMagnet
from neosort_hardware.types import ArrayBool, ArrayF64, FieldBlock
from neosort_inference.calibration.magnet_passes import REACH_MM, Pass, binned, lane_of
from neosort_inference.calibration.procedure import CalibrationError, Parameter, Procedure

MAGNET_PARAMETERS = (
    Parameter(name="diameter_mm", title="Magnet's diameter", kind="number", default=10.0, unit="mm", least=2, most=60),
    Parameter(name="height_mm", title="Magnet's height", kind="number", default=5.0, unit="mm", least=1, most=60),
    Parameter(
        name="polarisation_t", title="Its remanence, by its certificate", kind="number", default=1.20, unit="T",
        least=0.05, most=1.5,
    ),
    Parameter(
        name="centre_above_mm", title="Its middle above the belt", kind="number", default=5.0, unit="mm", least=0.5,
        most=100,
    ),
    Parameter(name="pole", title="Pole on top", kind="choice", default="north", choices=("north", "south")),
)  # fmt: skip
EMPTY_MM = 250.0  # of belt before the first pass, over which zeros and noise are taken
LEAST_SIGNAL_UT = 20.0
PARTING_MM = 200.0  # between two passes


class PassingMagnet(Procedure):
    """Keeps what the array reads, and finds the passes in it."""

    def _begin(self) -> None:
        sign = 1.0 if self.given["pole"] == "north" else -1.0
        self.magnet = ReferenceMagnet(
            diameter_mm=float(self.given["diameter_mm"]), height_mm=float(self.given["height_mm"]),
            polarisation_t=sign * float(self.given["polarisation_t"]),
            centre_above_mm=float(self.given["centre_above_mm"]),
        )  # fmt: skip
        self.across = LineGeometry.of(self.line.config).channel_across_mm
        self._belt: list[ArrayF64] = []
        self._raw: list[ArrayF64] = []
        self._saturated = np.zeros(len(self.across), np.bool_)
        self._noise: list[ArrayF64] = []
        self._kept_mm = -np.inf
        self._zero: ArrayF64 | None = None
        self._began_mm: float | None = None
        self._peaks: list[tuple[float, float, float]] = []  # belt, across, strength

    def see_block(self, block: FieldBlock) -> None:
        if block.field_ut.shape[1] != len(self.across):
            raise CalibrationError(
                f"the array gives {block.field_ut.shape[1]} channels, magnetometer.channels is {len(self.across)}"
            )
        if self._began_mm is None:
            self._began_mm = float(block.belt_mm[0])
        raw = block.field_ut.astype(np.float64)
        raw[block.saturated] = np.nan
        self._belt.append(np.asarray(block.belt_mm, np.float64))
        self._raw.append(raw)
        if self._zero is None:
            if len(raw) > 4:
                self._noise.append(np.diff(raw, n=3, axis=0))
            if block.belt_mm[-1] - self._began_mm > EMPTY_MM:
                self._take_zero()
            return
        self._saturated |= block.saturated.any(axis=0)
        self._watch(block.belt_mm, raw - self._zero)

    def _take_zero(self) -> None:
        raw = np.concatenate(self._raw)
        still = np.isnan(raw).all(axis=0)
        self._zero = np.where(still, np.nan, np.median(np.nan_to_num(raw), axis=0))
        diffs = np.concatenate(self._noise) if self._noise else np.zeros((1, *raw.shape[1:]))
        self._noise_ut = (
            np.median(np.abs(np.nan_to_num(diffs)), axis=0) * 1.4826 / np.sqrt(20)
        )  # of third differences: the mains is hardly in them
        # Without a pass nothing of this is needed any more.
        self._belt, self._raw, self._noise = [], [], []

    @property
    def zero_ut(self) -> ArrayF64:
        """What each channel reads over the empty belt (channels, 3), NaN for one without a reading."""
        if self._zero is None:
            raise CalibrationError("the empty belt has not been seen yet")
        return self._zero

    @property
    def noise_ut(self) -> ArrayF64:
        """Of one sample (channels, 3), by what changes from one sample to the next."""
        return np.asarray(self._noise_ut)

    def _watch(self, belt_mm: ArrayF64, field: ArrayF64) -> None:
        """Keep the strongest moment of each pass."""
        strength = np.nan_to_num(np.sqrt(np.sum(field**2, axis=2)))
        strength[strength > 1e5] = 0.0
        robust = (
            np.sort(strength, axis=1)[:, -2] if strength.shape[1] > 2 else strength.max(axis=1)
        )  # one may be broken
        best = int(np.argmax(robust))
        if robust[best] < LEAST_SIGNAL_UT:
            return
        across = lane_of(strength[best], self.across, self.magnet, self.sensor_height_mm)
        peak = (float(belt_mm[best]), across, float(robust[best]))
        if self._peaks and peak[0] - self._peaks[-1][0] < PARTING_MM:
            if peak[2] > self._peaks[-1][2]:
                self._peaks[-1] = peak
        else:
            self._peaks.append(peak)

    def finished_peaks(self) -> list[tuple[float, float, float]]:
        """Passes that are over: the belt has gone on far enough."""
        now_mm = float(self._belt[-1][-1]) if self._belt else -np.inf
        return [peak for peak in self._peaks if now_mm > peak[0] + REACH_MM + 10.0]

    def passes(self) -> list[Pass]:
        """Every pass that is over, as it was read."""
        belt, raw = np.concatenate(self._belt), np.concatenate(self._raw)
        found = []
        for at_mm, across_mm, _ in self.finished_peaks():
            inside = np.abs(belt - at_mm) < REACH_MM + 5.0
            found.append(binned(belt[inside], raw[inside], at_mm, across_mm))
        return found

    def measuring(self) -> ArrayBool:
        """Channels (channels,) that give readings, and not always the same."""
        raw = np.concatenate(self._raw)
        there = np.isfinite(raw).all(axis=2).mean(axis=0) > 0.5
        moving = np.ptp(np.nan_to_num(raw), axis=0).min(axis=1) > 1e-3
        return np.asarray(there & moving, np.bool_)

    @property
    def sensor_height_mm(self) -> float:
        """Of the magnet's middle above the sensors, by what the line goes by."""
        return self.line.config.magnetometer.height_mm + self.magnet.centre_above_mm
