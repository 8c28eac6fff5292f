"""How far the array stands from the camera's view, along and across: the same magnet seen by both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, SOFT, inline_svg
from neosort_hardware.calibrated import Correction
from neosort_hardware.reference_pieces import Placed, ReferencePiece
from neosort_hardware.types import ArrayF64, FieldBlock, Frame
from neosort_inference.calibration.boards import BoardFinder, Sighting, with_sighting
from neosort_inference.calibration.magnet_passes import Passed, PassesFit, fit_passes
from neosort_inference.calibration.passing import MAGNET_PARAMETERS, PassingMagnet
from neosort_inference.calibration.procedure import About, CalibrationError, Guidance, Need, Plot, Quantity, Result
from neosort_inference.calibration.riding import BOARD_PARAMETERS, board_of, place_of

PASSES = 5
GAP_MM = 1213.0  # two carriers are never in view together, and the belt's own fields do not come in step
SAME_MM = 150.0  # between where the camera expects a magnet over the array and where it is felt, at most
MOST_SPREAD_MM = 1.5
MOST_UNSURE_MM = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """A carrier as both have it: ``seen_mm`` (belt place, across) by the camera, ``felt_mm`` (encoder over the array,
    across) by the array."""

    seen_mm: ArrayF64
    felt_mm: ArrayF64


class CameraToArray(PassingMagnet):
    """The array's station, and where across its first channel is."""

    about = About(
        name="camera-to-array",
        title="Camera to array",
        purpose="A thing that the camera sees at one place of the belt is felt by the array at the same place.",
        instructions=(
            "Calibrate encoder, belt plane and array before. Let the belt run, empty.",
            "Lay the carrier on it, the magnet under the very middle of the printed board, five times at places spread "
            "over the width, each time after the last one has passed the array.",
        ),
        tools="reference magnet under the middle of a printed ChArUco board",
        minutes=3,
        tolerance="1 mm along and across",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.CAMERA, Need.MAGNETOMETER),
        parameters=(*MAGNET_PARAMETERS, *BOARD_PARAMETERS),
    )

    def _begin(self) -> None:
        super()._begin()
        self.board = board_of(self.given)
        self._finder = BoardFinder(self.board)
        self._sightings: list[Sighting] = []
        self._jpeg: bytes | None = None
        channels = self.line.config.calibration.channels
        self._corrected = None if channels is None else Correction(channels)

    def props(self) -> tuple[Placed, ...]:
        width, height = self.board.size_mm
        piece = ReferencePiece(
            name="carrier", length_mm=height + 20, width_mm=width + 20, board=self.board, magnet=self.magnet
        )
        room = self.line.config.belt.width_mm - width - 20
        lanes = 0.5 * width + 10 + room * (np.arange(PASSES + 1) * 0.37 % 1.0)
        turns = (2.0, -3.0, 1.0, 3.5, -2.0, 0.5)
        return tuple(
            Placed(piece=piece, across_mm=float(lane), yaw_deg=turn, gap_mm=GAP_MM)
            for lane, turn in zip(lanes, turns, strict=True)
        )

    def see_block(self, block: FieldBlock) -> None:
        super().see_block(block if self._corrected is None else self._corrected.corrected(block))

    def see_frame(self, frame: Frame) -> None:
        found = self._finder.find(frame.image, frame.belt_mm)
        if found is not None:
            self._sightings.append(found)
            self._jpeg = with_sighting(frame.image, found)

    def guidance(self) -> Guidance:
        over = len(self.finished_peaks())
        text = "Lay the carrier on the belt, elsewhere across." if over < PASSES else "Thank you."
        return Guidance(
            text="Keep the belt empty." if self._zero is None else text,
            progress=min(1.0, over / PASSES),
            missing=tuple(f"pass {n + 1} of {PASSES}" for n in range(over, PASSES)),
            picture_jpeg=self._jpeg,
            done=over >= PASSES,
        )

    def result(self) -> Result:
        passes = self.passes()
        if len(passes) < 2:
            raise CalibrationError(f"camera-to-array: {len(passes)} passes of the magnet, at least 2 are needed")
        passed = Passed(passes=passes, magnet=self.magnet, across_mm=self.across, usable=self.measuring())
        found = fit_passes(passed, self.sensor_height_mm, solve_matrices=False)
        both = self._paired(found)
        if len(both) < 2:
            raise CalibrationError(
                f"camera-to-array: {len(both)} of {len(passes)} passes were seen by the camera as well: "
                "is the board in view?"
            )
        stations = np.array([one.felt_mm[0] - one.seen_mm[0] for one in both])
        aside = np.array([one.felt_mm[1] - one.seen_mm[1] for one in both])
        config = self.line.config
        station_mm, off_mm = float(np.median(stations)), float(np.median(aside))
        first_mm = config.magnetometer.first_across_mm - off_mm
        quantities = (
            Quantity(
                name="station", title="Array behind the view's upstream edge", value=station_mm, unit="mm",
                uncertainty=_sure(stations), before=config.calibration.array_station_mm, least=0.0,
                most=config.calibration.nozzle_station_mm,
            ),
            Quantity(
                name="first-channel", title="Channel 0 across the belt", value=first_mm, unit="mm",
                uncertainty=_sure(aside), before=config.magnetometer.first_across_mm,
            ),
            Quantity(name="spread-along", title="Passes apart, along", value=_spread(stations), unit="mm",
                most=MOST_SPREAD_MM),
            Quantity(name="spread-across", title="Passes apart, across", value=_spread(aside), unit="mm",
                most=MOST_SPREAD_MM),
            Quantity(
                name="unsure", title="Uncertainty", value=max(_sure(stations), _sure(aside)), unit="mm",
                most=MOST_UNSURE_MM,
            ),
        )  # fmt: skip
        svg = inline_svg(lambda axes: _draw(axes, both, config.calibration.array_station_mm, station_mm), (6, 3))
        return Result(
            procedure=self.about.name,
            quantities=quantities,
            changes={
                "calibration.array_station_mm": round(station_mm, 3),
                "magnetometer.first_across_mm": round(first_mm, 3),
            },
            plots=(Plot(title="Along the belt, felt less seen, for each pass", svg=svg),),
            evidence={
                "passes": [
                    {"seen_mm": np.round(one.seen_mm, 3).tolist(), "felt_mm": np.round(one.felt_mm, 3).tolist()}
                    for one in both
                ]
            },
        )

    def _paired(self, found: PassesFit) -> list[Both]:
        """Each pass with what the camera saw of its carrier."""
        seen = np.array([place_of(one, self.line.config) for one in self._sightings]).reshape(-1, 2)
        before_mm = self.line.config.calibration.array_station_mm
        both = []
        for way in found.ways:
            near = np.abs(seen[:, 0] + before_mm - way[0]) < SAME_MM
            if near.any():
                both.append(Both(seen_mm=np.median(seen[near], axis=0), felt_mm=np.asarray(way[:2])))
        return both


def _spread(values: ArrayF64) -> float:
    return float(np.std(values, ddof=1))


def _sure(values: ArrayF64) -> float:
    return _spread(values) / float(np.sqrt(len(values)))


def _draw(axes: Axes, both: Sequence[Both], before_mm: float, after_mm: float) -> None:
    axes.axhline(before_mm, color=SOFT, linestyle="--", label="before")
    axes.axhline(after_mm, color=BLUE, label="found")
    axes.plot([one.seen_mm[1] for one in both], [one.felt_mm[0] - one.seen_mm[0] for one in both], "o", color=BLUE)
    axes.set(xlabel="across (mm)", ylabel="station (mm)")
    axes.legend()
