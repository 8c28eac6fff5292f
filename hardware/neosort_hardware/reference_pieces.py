"""What a technician lays on the belt to calibrate a line: boards, sheets, magnets whose size and strength are known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from neosort_hardware.magnet_field import MU0_T_M_PER_A


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A flat board with a pattern that a camera finds to a tenth of a pixel.

    ``cols`` × ``rows`` squares of ``square_mm``; of a ChArUco board markers of ``marker_mm`` stand in the white ones.
    """

    kind: Literal["charuco", "chessboard"] = "charuco"
    cols: int = 7
    rows: int = 5
    square_mm: float = 40.0
    marker_mm: float = 30.0
    dictionary: str = "DICT_4X4_50"

    @property
    def size_mm(self) -> tuple[float, float]:
        """Of the pattern: along its columns, along its rows."""
        return self.cols * self.square_mm, self.rows * self.square_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceMagnet:
    """A cylinder of known size, polarised along its axis (T, its sign the sense of it: positive is up).

    ``centre_above_mm``: its middle above the belt. ``axis``: unit vector of it along (increasing belt_mm, across, up).
    """

    diameter_mm: float = 10.0
    height_mm: float = 5.0
    polarisation_t: float = 1.20
    centre_above_mm: float = 5.0
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)

    @property
    def moment_am2(self) -> float:
        """J·V/µ0."""
        volume_m3 = 0.25 * math.pi * self.diameter_mm**2 * self.height_mm * 1e-9
        return self.polarisation_t * volume_m3 / MU0_T_M_PER_A


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePiece:
    """A flat piece, its pattern and its magnet both at its middle.

    ``length_mm`` along the travel where its yaw is 0, ``width_mm`` across; ``grey``: share of the light that its
    surface throws back. ``paper``: a jet leaves a mark on it.
    """

    name: str
    length_mm: float
    width_mm: float
    grey: float = 0.85
    board: Board | None = None
    magnet: ReferenceMagnet | None = None
    paper: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A piece as it is to be laid: its middle across the belt, how it is turned, and how far behind the one before."""

    piece: ReferencePiece
    across_mm: float
    yaw_deg: float = 0.0
    gap_mm: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBoard:
    """A board held up to the camera: (3,) turn (Rodrigues, rad) and (3,) place of its first corner in the camera's
    axes (x right, y down, z away, mm)."""

    board: Board
    turn: tuple[float, float, float]
    place_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessMark:
    """What one nozzle has blown on a witness strip: its begin and end along the belt from the strip's middle, and its
    place across the belt."""

    nozzle: int
    begin_mm: float
    end_mm: float
    across_mm: float
