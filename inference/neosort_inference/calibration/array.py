"""Zero, gain, orientation and cross-axis of every channel, its noise and its faults: a reference magnet passes over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, SOFT, inline_svg
from neosort_hardware.reference_pieces import Placed, ReferencePiece
from neosort_hardware.types import ArrayBool, ArrayF64, ArrayI64
from neosort_inference.calibration.channel_faults import Wiring, wiring_of
from neosort_inference.calibration.magnet_passes import Pass, Passed, PassesFit, fit_passes
from neosort_inference.calibration.passing import MAGNET_PARAMETERS, PassingMagnet
from neosort_inference.calibration.procedure import About, CalibrationError, Guidance, Need, Plot, Quantity, Result

LANE_MM = 37.5  # between passes: no multiple of the usual pitch, so that every channel is passed on both sides
BESIDE_MM = 45.0  # a pass that near a channel counts for it…
LEAST_PASSES = 2  # …and so many must
MOST_BAD = 1 / 8  # of the channels
MOST_UNSURE = 1.0  # % of a gain
MOST_LEFT = 1.5  # % of the peak
NOISY = 5.0  # times the median channel


class Array(PassingMagnet):
    """The array's constants."""

    about = About(
        name="array",
        title="Magnetometers: zero, gain, orientation, noise, faults",
        purpose="Every channel reads the true field in the belt's own axes; broken and mixed-up ones are named.",
        instructions=(
            "Let the belt run empty for a metre: that is the zero.",
            "Lay the carrier with the magnet on it, its axis upright, at places 37 mm apart from one edge of the array "
            "to the other, half a metre behind each other.",
        ),
        tools="reference magnet (cylinder with a certificate) in a flat carrier",
        minutes=5,
        tolerance="1 % of gain and cross-axis, 0.5 mm of height",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.MAGNETOMETER),
        parameters=MAGNET_PARAMETERS,
    )

    def props(self) -> tuple[Placed, ...]:
        piece = ReferencePiece(name="carrier", length_mm=60, width_mm=60, grey=0.6, magnet=self.magnet)
        first, last = float(self.across[0]) - 15.0, float(self.across[-1]) + 15.0
        lanes = np.linspace(first, last, max(3, 1 + round((last - first) / LANE_MM)))
        return tuple(Placed(piece=piece, across_mm=float(lane), gap_mm=463.0) for lane in lanes)

    def _covered(self) -> ArrayBool:
        """Channels that enough passes went by."""
        lanes = np.array([across for _, across, _ in self.finished_peaks()])
        if not lanes.size:
            return np.zeros(len(self.across), np.bool_)
        near = np.abs(self.across[:, None] - lanes[None]) < BESIDE_MM
        return np.asarray(near.sum(axis=1) >= LEAST_PASSES, np.bool_)

    def guidance(self) -> Guidance:
        if self._zero is None:
            return Guidance(text="Keep the belt empty.", progress=0.0, missing=("the empty belt",))
        covered = self._covered()
        left = np.flatnonzero(~covered)
        return Guidance(
            text="Let the magnet pass, each time 37 mm farther across." if left.size else "Thank you.",
            progress=float(covered.mean()),
            missing=tuple(f"channel {channel}" for channel in left[:8]),
            done=not left.size,
        )

    def result(self) -> Result:
        passes = self.passes()
        if len(passes) < LEAST_PASSES:
            raise CalibrationError(f"array: {len(passes)} passes of the magnet, at least {LEAST_PASSES} are needed")
        measuring = self.measuring()
        passed = Passed(passes=passes, magnet=self.magnet, across_mm=self.across, usable=measuring)
        found = fit_passes(passed, self.sensor_height_mm)
        wiring = wiring_of(found, passed)
        if wiring.order:  # again, each reading at its own place
            order = list(wiring.order)
            passed = replace(passed, passes=[_reordered(one, order) for one in passes], usable=measuring[order])
            found = fit_passes(passed, self.sensor_height_mm)
        return self._told(found, wiring, measuring)

    def _told(self, found: PassesFit, wiring: Wiring, measuring: ArrayBool) -> Result:
        order = list(wiring.order) or list(range(len(self.across)))
        usable = measuring[order] & np.isfinite(found.matrices).all(axis=(1, 2)) & (found.explained > 0.9)
        bad: ArrayI64 = np.flatnonzero(~usable).astype(np.int64)
        matrices = np.where(usable[:, None, None], found.matrices, np.eye(3))
        inverse = np.linalg.inv(matrices)
        zero = np.nan_to_num(self.zero_ut[order])
        height_mm = found.height_mm - self.magnet.centre_above_mm
        peak_ut = float(np.nanmax([one[2] for one in self._peaks]))
        gain = np.einsum("cii->ci", matrices)[usable]
        crossed = (matrices - np.eye(3) * matrices)[usable]
        unsure = 100 * float(np.nanmax(found.matrix_sigma[usable])) if usable.any() else float("inf")
        quantities = (
            Quantity(
                name="gain", title="Gains off before, rms", value=100 * _rms(np.abs(gain) - 1), unit="%",
                uncertainty=unsure,
                most=30.0,
            ),
            Quantity(
                name="cross-axis", title="Cross-axis before, rms", value=100 * _rms(crossed), unit="%",
                uncertainty=unsure, most=50.0,
            ),
            Quantity(name="unsure", title="Least sure matrix entry", value=unsure, unit="%", most=MOST_UNSURE),
            Quantity(
                name="left", title="Left of the magnet's field", value=100 * found.residual_ut / peak_ut,
                unit="% of peak",
                most=MOST_LEFT,
            ),
            Quantity(
                name="height", title="Sensors below the belt", value=height_mm, unit="mm",
                uncertainty=found.height_sigma_mm, least=10.0, most=200.0,
                before=self.line.config.magnetometer.height_mm,
            ),
            Quantity(
                name="noise", title="Noise of the median channel", value=float(np.median(self.noise_ut[measuring])),
                unit="µT", most=5.0,
            ),
            Quantity(
                name="out-of-use", title="Channels out of use", value=float(len(bad)), unit="",
                most=float(np.floor(MOST_BAD * len(self.across))),
            ),
        )  # fmt: skip
        channels = {
            "zero_ut": np.round(zero, 4).tolist(),
            "matrix": np.round(inverse, 6).tolist(),
            "order": list(wiring.order),
            "out_of_use": [int(channel) for channel in bad],
        }
        svg = inline_svg(lambda axes: _draw(axes, matrices, usable), (7, 3))
        return Result(
            procedure=self.about.name,
            quantities=quantities,
            changes={"calibration.channels": channels, "magnetometer.height_mm": round(height_mm, 3)},
            notes=(*wiring.notes, *self._notes(bad, measuring)),
            plots=(Plot(title="Gains of each channel as found; after, all of them are 1", svg=svg),),
            evidence={
                "passes": [
                    {"at_mm": way[0], "across_mm": way[1], "lean_rad": [way[2], way[3]]}
                    for way in np.round(found.ways, 5).tolist()
                ],
                "matrices": np.round(np.nan_to_num(found.matrices), 6).tolist(),
                "explained": np.round(found.explained, 5).tolist(),
                "noise_ut": np.round(self.noise_ut, 4).tolist(),
                "zero_ut": np.round(zero, 4).tolist(),
            },
        )

    def _notes(self, bad: ArrayI64, measuring: ArrayBool) -> tuple[str, ...]:
        notes = [
            f"channel {channel} is out of use: "
            + ("it follows no field" if measuring[channel] else "it gives no reading, or always the same")
            for channel in bad
        ]
        noise = self.noise_ut.max(axis=1)
        limit = NOISY * float(np.median(noise[measuring]))
        notes += [
            f"channel {channel} is noisy: {noise[channel]:.2f} µT, the median channel {limit / NOISY:.2f}"
            for channel in np.flatnonzero(measuring & (noise > limit))
        ]
        if self._saturated.any():
            named = ", ".join(map(str, np.flatnonzero(self._saturated)[:8]))
            notes.append(f"the magnet drove channel {named} over its range: those samples were left out")
        return tuple(notes)


def _rms(values: ArrayF64) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else float("inf")


def _reordered(one: Pass, order: list[int]) -> Pass:
    return replace(one, raw_ut=one.raw_ut[:, order])


def _draw(axes: Axes, matrices: ArrayF64, usable: ArrayBool) -> None:
    where = np.flatnonzero(usable)
    for axis, name, marker in zip(range(3), "xyz", "os^", strict=True):
        axes.plot(where, matrices[where, axis, axis], marker, color=BLUE, label=name, markersize=4)
    axes.axhline(1.0, color=SOFT, linestyle="--")
    axes.set(xlabel="channel", ylabel="reading per field")
    axes.legend(ncols=3)
