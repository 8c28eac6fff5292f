"""The verification run: reference pieces sent over the belt, expected against found, to be signed off.

Nothing is changed by it. What it says holds for the whole line: lens, belt plane, encoder, array, stations, lags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import count

import numpy as np
from matplotlib.axes import Axes

from neosort_datasets.inline_svg import BLUE, SOFT, inline_svg
from neosort_hardware.belt import LineGeometry
from neosort_hardware.reference_pieces import Placed, ReferencePiece, WitnessMark
from neosort_hardware.types import ArrayF64, Box, EncoderSample, Shot, ShotOutcome
from neosort_inference.calibration.camera_to_array import Both, CameraToArray
from neosort_inference.calibration.magnet_passes import Passed, PassesFit, fit_passes
from neosort_inference.calibration.passing import MAGNET_PARAMETERS
from neosort_inference.calibration.procedure import (
    About,
    Guidance,
    Need,
    Parameter,
    Plot,
    Quantity,
    Result,
    WouldDecide,
)
from neosort_inference.calibration.riding import BOARD_PARAMETERS, place_of

PIECES = 5
PIECE_MM = 420.0
AIM_MM = 170.0  # behind a piece's middle, clear of its board
BLOW_MM = 20.0
GONE = 1.2  # frames without the board, after which it has left the view
MOST_APART_MM = 3.0
MOST_HEIGHT_MM = 1.0
MOST_LEFT = 2.5  # % of the peak
MOST_MISS_MM = 6.0  # a shot is widened by twice 2 mm of the item's place, and a jet is 24 mm wide
SAME_PIECE_MM = 200.0


class Verification(CameraToArray):
    """Expected against found."""

    about = About(
        name="verification",
        title="Verification run",
        purpose="Reference pieces go over the belt: camera, array and jets must find and hit them where they are.",
        instructions=(
            "Let the belt run, empty, nobody near the jets.",
            "Lay the reference pieces on it, magnet and board in their middle, one after the other, spread over the "
            "width; the jets blow at the paper behind each board.",
        ),
        tools="five reference pieces: paper with a printed board and the reference magnet in the middle",
        minutes=3,
        tolerance="3 mm between the senses, 6 mm of a shot, 1 mm of height",
        needs=(Need.MOVING_BELT, Need.EMPTY_BELT, Need.CAMERA, Need.MAGNETOMETER, Need.FREE_JETS),
        parameters=(
            Parameter(
                name="shots", title="Shoot at the pieces", kind="flag", default=True,
                help="off where nobody can see what the jets hit",
            ),
            *MAGNET_PARAMETERS,
            *BOARD_PARAMETERS,
        ),
    )  # fmt: skip

    asks_what_is_decided = True

    def _begin(self) -> None:
        super()._begin()
        self._decided: list[WouldDecide] | None = None  # None while no bundle has said anything
        self._ids = count(1)
        self._shot_at: list[float] = []  # places where a mark is to begin
        self._marks: list[WitnessMark] = []
        self._told = 0

    def props(self) -> tuple[Placed, ...]:
        width = self.board.size_mm[0] + 20
        piece = ReferencePiece(
            name="reference piece", length_mm=PIECE_MM, width_mm=width, grey=0.7, board=self.board, magnet=self.magnet,
            paper=True,
        )  # fmt: skip
        return tuple(
            Placed(piece=piece, across_mm=one.across_mm, yaw_deg=0.5 * one.yaw_deg, gap_mm=one.gap_mm)
            for one in super().props()
        )

    def see_travel(self, sample: EncoderSample) -> None:
        if (decided := self.line.decided()) is not None:
            self._decided = [*(self._decided or ()), *decided]
        if not self.given["shots"]:
            return
        self._marks += self.line.witness()
        new = self._sightings[self._told :]
        gone_mm = GONE * self.line.config.camera.trigger_every_mm
        if new and sample.belt_mm > new[-1].belt_mm + gone_mm:
            self._told = len(self._sightings)
            self._shoot(np.median([place_of(one, self.line.config) for one in new], axis=0))

    def _shoot(self, middle_mm: ArrayF64) -> None:
        """At the paper behind a board, with the nozzles over it."""
        geometry = LineGeometry.of(self.line.config)
        half = 0.3 * self.board.size_mm[0]
        nozzles = geometry.nozzles.under(middle_mm[1] - half, middle_mm[1] + half)
        if nozzles is None:
            return
        open_mm = float(middle_mm[0]) + AIM_MM + geometry.nozzle_station_mm
        shot = Shot(
            shot_id=next(self._ids), track_id=0, first_nozzle=nozzles[0], last_nozzle=nozzles[1], open_mm=open_mm,
            close_mm=open_mm + BLOW_MM,
        )  # fmt: skip
        if self.line.fire(shot) is ShotOutcome.ACCEPTED:
            self._shot_at.append(float(middle_mm[0]))

    def guidance(self) -> Guidance:
        before = super().guidance()
        if not before.done or (not self.given["shots"] and self._decided is None):
            return before
        seen_mm = place_of(self._sightings[-1], self.line.config)[0] if self._sightings else -np.inf
        last_mm = max([*self._shot_at, seen_mm]) + self.line.config.calibration.nozzle_station_mm + PIECE_MM
        over = self.line.belt_mm > last_mm
        missing = () if over else ("the last piece at the jets",)
        return Guidance(
            text="Thank you." if over else "Wait for the last piece.", progress=1.0 if over else 0.95, missing=missing,
            picture_jpeg=before.picture_jpeg, done=over,
        )  # fmt: skip

    def result(self) -> Result:
        passes = self.passes()
        passed = Passed(passes=passes, magnet=self.magnet, across_mm=self.across, usable=self.measuring())
        found = fit_passes(passed, self.sensor_height_mm, solve_matrices=False)
        both = self._paired(found)
        station_mm = self.line.config.calibration.array_station_mm
        apart = np.array(
            [[one.felt_mm[0] - station_mm - one.seen_mm[0], one.felt_mm[1] - one.seen_mm[1]] for one in both]
        )
        apart = apart.reshape(-1, 2)
        quantities = [
            Quantity(name="pieces", title="Pieces seen and felt", value=len(both), unit="", least=PIECES),
            *(
                Quantity(
                    name=way, title=f"Senses apart {way}, worst", value=_worst(apart[:, axis]), unit="mm",
                    most=MOST_APART_MM,
                )
                for axis, way in enumerate(("along", "across"))
            ),
            *self._of_field(found),
            *by_the_bundle(self._decided, [one.seen_mm for one in both]),
        ]  # fmt: skip
        misses = self._misses()
        if self.given["shots"] and misses.size:
            quantities.append(
                Quantity(
                    name="shots", title="Shots off, worst nozzle's mean", value=_worst(misses), unit="mm",
                    most=MOST_MISS_MM,
                )
            )  # fmt: skip
        svg = inline_svg(lambda axes: _draw(axes, both, apart), (6, 3))
        return Result(
            procedure=self.about.name,
            quantities=tuple(quantities),
            notes=tuple(self._notes(seen=bool(misses.size))),
            plots=(Plot(title="Felt less seen, along (dots) and across (crosses)", svg=svg),),
            evidence={
                "apart_mm": np.round(apart, 3).tolist(),
                "misses_mm": np.round(misses, 3).tolist(),
                "decided": None if self._decided is None else [asdict(one) for one in self._decided],
            },
        )

    def _notes(self, *, seen: bool) -> Iterator[str]:
        if self.given["shots"] and not seen:
            yield "what the jets hit was not seen: look whether each piece was hit behind its board"
        if self._decided is None:
            yield "no bundle ran: what the line would have decided is not told"
        else:
            yield "what the bundle makes of the pieces is told and not judged: it has learned from scrap, not boards"

    def _of_field(self, found: PassesFit) -> tuple[Quantity, Quantity]:
        off_mm = abs(found.height_mm - self.sensor_height_mm)
        peak_ut = max((peak[2] for peak in self._peaks), default=0.0)
        left = 100 * found.residual_ut / peak_ut if peak_ut else float("inf")
        return (
            Quantity(
                name="height", title="Magnet's height off, by its field", value=off_mm, unit="mm",
                uncertainty=found.height_sigma_mm, most=MOST_HEIGHT_MM,
            ),
            Quantity(name="left", title="Left of the magnet's field", value=left, unit="% of peak", most=MOST_LEFT),
        )  # fmt: skip

    def _misses(self) -> ArrayF64:
        """How far each nozzle's marks begin from where they should, on average."""
        by_nozzle: dict[int, list[float]] = {}
        for mark in self._marks:
            if abs(mark.begin_mm - AIM_MM) < SAME_PIECE_MM:
                by_nozzle.setdefault(mark.nozzle, []).append(mark.begin_mm - AIM_MM)
        return np.array([np.mean(one) for one in by_nozzle.values()])


def by_the_bundle(decided: Sequence[WouldDecide] | None, middles_mm: Sequence[ArrayF64]) -> list[Quantity]:
    """What the line would have done with pieces at ``middles_mm`` (belt place, across): how many of them it finds and
    would eject, and how far off it has them. Told, not judged: no bundle has learned from printed boards."""
    if decided is None:
        return []
    found = [one for middle in middles_mm if (one := _at(decided, middle)) is not None]
    off_mm = np.array([_off(one.box, middle) for middle in middles_mm if (one := _at(decided, middle)) is not None])
    quantities = [
        Quantity(name="bundle-sees", title="Pieces that the bundle sees", value=len(found), unit=""),
        Quantity(name="bundle-fires", title="Pieces that the line would eject", value=_fired(found), unit=""),
    ]
    if found:
        grams = np.array([one.magnet_g for one in found])
        quantities += [
            Quantity(name="bundle-off", title="Bundle's place off, worst", value=_worst(off_mm), unit="mm"),
            Quantity(
                name="bundle-grams", title="Magnet by the bundle, mean", value=float(grams.mean()), unit="g",
                uncertainty=float(grams.std()),
            ),
        ]  # fmt: skip
    return quantities


def _fired(found: Sequence[WouldDecide]) -> int:
    return sum(one.fires for one in found)


def _at(decided: Sequence[WouldDecide], middle_mm: ArrayF64) -> WouldDecide | None:
    """The item at a piece's middle: one that would be ejected before another, then the nearest."""
    there = [one for one in decided if _off(one.box, middle_mm) < SAME_PIECE_MM]
    return min(there, key=lambda one: (not one.fires, _off(one.box, middle_mm)), default=None)


def _off(box: Box, middle_mm: ArrayF64) -> float:
    return float(np.hypot(box.belt_mm - middle_mm[0], box.across_mm - middle_mm[1]))


def _worst(values: ArrayF64) -> float:
    return float(np.abs(values).max()) if values.size else float("inf")


def _draw(axes: Axes, both: list[Both], apart: ArrayF64) -> None:
    where = [one.seen_mm[1] for one in both]
    axes.axhline(0.0, color=SOFT)
    axes.plot(where, apart[:, 0], "o", color=BLUE)
    axes.plot(where, apart[:, 1], "x", color=BLUE)
    axes.set(xlabel="across (mm)", ylabel="mm")
