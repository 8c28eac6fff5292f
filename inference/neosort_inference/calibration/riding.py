"""What procedures have in common in which a board rides through the camera's view a number of times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np

from neosort_hardware.belt import LineGeometry
from neosort_hardware.calibrated import straight_points
from neosort_hardware.config import LineConfig
from neosort_hardware.reference_board import charuco_board
from neosort_hardware.reference_pieces import Board, Placed, ReferencePiece
from neosort_hardware.types import ArrayF64, EncoderSample, Frame
from neosort_inference.calibration.boards import BoardFinder, Sighting, spread_out, with_sighting
from neosort_inference.calibration.procedure import CalibrationError, Guidance, Parameter, Procedure, Value
from neosort_inference.calibration.stops import LAID_ANEW, LOOKS, Stops

STANDING = Parameter(
    name="belt", title="The belt", kind="choice", default="moving", choices=("moving", "standing"),
    help="standing: pictures are taken when asked for, and the belt is inched on between them",
)  # fmt: skip
BOARD_PARAMETERS = (
    Parameter(name="square_mm", title="Edge of a square", kind="number", default=40.0, unit="mm", least=3, most=300),
    Parameter(name="marker_mm", title="Edge of a marker", kind="number", default=30.0, unit="mm", least=2, most=290),
    Parameter(name="cols", title="Squares in a row", kind="integer", default=7, least=3, most=40),
    Parameter(name="rows", title="Rows of squares", kind="integer", default=5, least=3, most=40),
    Parameter(
        name="board", title="Pattern", kind="choice", default="charuco", choices=("charuco", "chessboard"),
        help="a chessboard must be seen whole",
    ),
    Parameter(name="dictionary", title="Markers' dictionary", kind="text", default="DICT_4X4_50"),
)  # fmt: skip
SPARE_RIDES = 2
_TURNS_DEG = (2.0, -3.0, 4.0, -1.5, 1.0)  # nobody lays a board straight


def board_of(given: Mapping[str, Value]) -> Board:
    """The board that `BOARD_PARAMETERS` describe. Raises `CalibrationError` for one that cannot be."""
    board = Board(
        kind="chessboard" if given["board"] == "chessboard" else "charuco",
        cols=int(given["cols"]),
        rows=int(given["rows"]),
        square_mm=float(given["square_mm"]),
        marker_mm=float(given["marker_mm"]),
        dictionary=str(given["dictionary"]),
    )
    if board.kind == "charuco":
        if board.marker_mm >= board.square_mm:
            raise CalibrationError(
                f"marker_mm = {board.marker_mm:g}: must be smaller than square_mm ({board.square_mm:g})"
            )
        try:
            charuco_board(board)
        except (ValueError, cv2.error) as error:
            raise CalibrationError(f"dictionary = '{board.dictionary}': {error}") from error
    return board


class RidingBoard(Procedure):
    """A board rides by ``passes`` times, at places spread over the belt's width."""

    passes: int
    first_across_mm: float

    def _begin(self) -> None:
        self.board = board_of(self.given)
        self._finder = BoardFinder(self.board)
        self._last: tuple[Frame, Sighting | None] | None = None
        self._jpeg: tuple[int, bytes] | None = None
        self.rides: list[list[Sighting]] = []
        self._over = False
        self._stops = Stops(self.line) if self.given["belt"] == "standing" else None

    def props(self) -> tuple[Placed, ...]:
        config = self.line.config
        width, height = self.board.size_mm
        piece = ReferencePiece(name="board", length_mm=height + 20, width_mm=width + 20, board=self.board)
        gap_mm = 2.2 * config.camera.height_px * _pixel_mm(config.calibration.pixel_to_belt) + height
        room = config.belt.width_mm - width - 20
        across = [self.first_across_mm]
        across += [0.5 * width + 10 + room * step / max(1, self.passes - 1) for step in range(self.passes - 1, 0, -1)]
        across += [across[0], across[-1]] * SPARE_RIDES  # for those on which too little of it was in view
        return tuple(
            Placed(piece=piece, across_mm=place, yaw_deg=_TURNS_DEG[n % len(_TURNS_DEG)], gap_mm=gap_mm)
            for n, place in enumerate(across)
        )

    def see_travel(self, sample: EncoderSample) -> None:
        if self._stops is not None:
            self._stops.come_on(sample.belt_mm)

    def act(self, action: str, values: Mapping[str, Value]) -> None:
        if self._stops is None or action not in {one.name for one in LOOKS}:
            super().act(action, values)
            return
        self._stops.laid_anew |= action == LAID_ANEW.name
        self._stops.look()

    def see_frame(self, frame: Frame) -> None:
        sighting = self._finder.find(frame.image, frame.belt_mm)
        self._last = (frame, sighting)
        if self._stops is not None:
            self._see_standing(sighting)
            return
        newest = self.rides[-1][-1] if self.rides else None
        every_mm = self.line.config.camera.trigger_every_mm
        gone = newest is None or abs(frame.belt_mm - newest.belt_mm) > 1.5 * every_mm
        if sighting is not None:
            sighting = replace(sighting, pixels=straight_points(self.line.config.calibration.lens, sighting.pixels))
            if gone:
                self.rides.append([])
            self.rides[-1].append(sighting)
        elif gone and len(self.good_rides) >= self.passes:
            self._over = True

    def _see_standing(self, sighting: Sighting | None) -> None:
        """Only pictures that were asked for count; one that the belt's way has triggered tells where the board is."""
        assert self._stops is not None
        there = sighting is not None and spread_out(sighting)
        if self._stops.sees(there) and sighting is not None and there:
            straight = replace(sighting, pixels=straight_points(self.line.config.calibration.lens, sighting.pixels))
            if not self.rides or self._stops.laid_anew:
                self.rides.append([])
            self._stops.laid_anew = False
            self.rides[-1].append(straight)
        self._over = len(self.good_rides) >= self.passes and not there

    @property
    def good_rides(self) -> list[list[Sighting]]:
        """Rides on which the board was seen twice or more."""
        return [ride for ride in self.rides if len(ride) >= 2]

    def guidance(self) -> Guidance:
        done = len(self.good_rides)
        missing = tuple(f"ride {n + 1} of {self.passes}" for n in range(done, self.passes))
        text = (
            "Lay the board on the running belt, face up, so that it passes under the camera"
            + (f"; its middle {self.first_across_mm:g} mm from the edge." if done == 0 else ", elsewhere across.")
            if missing
            else "Thank you, the board may be taken away."
        )
        if self._stops is not None:
            return self._guidance_standing(done, missing)
        return Guidance(
            text=text, progress=min(1.0, done / self.passes), missing=missing, picture_jpeg=self._picture(),
            done=self._over,
        )  # fmt: skip

    def _guidance_standing(self, done: int, missing: tuple[str, ...]) -> Guidance:
        assert self._stops is not None
        asks = bool(missing) and not self._stops.by_itself and not self._stops.waits
        return Guidance(
            text=self._stops.trouble or (
                "Lay the board on the standing belt, take a picture, inch the belt on by a hand's breadth or two, take "
                "another, as long as the board is in view; then lay it elsewhere across."
                if missing else "Thank you, the board may be taken away."
            ),
            progress=min(1.0, done / self.passes), missing=missing, picture_jpeg=self._picture(),
            actions=LOOKS if asks else (),
            done=self._over or not (missing or self._stops.by_itself),
        )  # fmt: skip

    def _picture(self) -> bytes | None:
        if self._last is None:
            return None
        frame, sighting = self._last
        if self._jpeg is None or self._jpeg[0] != frame.sequence:
            self._jpeg = (frame.sequence, with_sighting(frame.image, sighting))
        return self._jpeg[1]

    def evidence(self) -> dict[str, object]:
        """The corners as they were seen."""
        return {
            "rides": [
                [
                    {
                        "belt_mm": one.belt_mm,
                        "pixels": np.round(one.pixels, 3).tolist(),
                        "board_mm": one.board_mm.tolist(),
                    }
                    for one in ride
                ]
                for ride in self.rides
            ]
        }


def place_of(one: Sighting, config: LineConfig) -> ArrayF64:
    """(belt place, across) of a board's middle, by the line's own belt plane and lens."""
    straight = straight_points(config.calibration.lens, one.pixels)
    across_belt = LineGeometry.of(config).pixels_to_belt(straight, one.belt_mm)
    design = np.column_stack([one.board_mm, np.ones(len(straight))])
    across, belt = np.linalg.lstsq(design, across_belt, rcond=None)[0][2]
    return np.array([belt, across])


def _pixel_mm(pixel_to_belt: tuple[tuple[float, float, float], ...]) -> float:
    """About, by what the line has gone by so far."""
    (a, b, _), (c, d, _) = pixel_to_belt[:2]
    return math.sqrt(abs(a * d - b * c)) or 1.0
