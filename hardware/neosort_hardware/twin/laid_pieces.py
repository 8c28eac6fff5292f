"""Reference pieces that a technician lays on the simulated belt, one behind the other."""

from __future__ import annotations

import math

from neosort_hardware.reference_pieces import Placed
from neosort_hardware.twin.field_strip import FieldStrip
from neosort_hardware.twin.optics import BeltPicture
from neosort_hardware.twin.pieces import SURFACE_PX_PER_MM, LaidPiece, cloud_of, surface_of
from neosort_hardware.twin.world_parts import FEED_AHEAD_MM

CLEAR_MM = 400.0  # between what the feeder has dropped and the first reference piece
KEPT_PIECES = 32


class Pieces:
    """Those that were brought and wait for their place, and the last that lie on the belt, picture and field."""

    def __init__(self, picture: BeltPicture, field: FieldStrip) -> None:
        self._picture, self._field = picture, field
        self._to_lay: list[LaidPiece] = []
        self._reached_mm = 0.0
        self.laid: list[LaidPiece] = []

    def bring(self, placed: Placed) -> None:
        """A reference piece, to be laid behind all that was brought before and clear of what the feeder has dropped."""
        last_mm = self._to_lay[-1].belt_mm if self._to_lay else max((laid.belt_mm for laid in self.laid), default=0.0)
        first_mm = self._reached_mm + FEED_AHEAD_MM + CLEAR_MM + 0.5 * placed.piece.length_mm
        self._to_lay.append(LaidPiece(placed=placed, belt_mm=max(first_mm, last_mm + placed.gap_mm)))

    def put_away(self) -> None:
        """Forget the pieces that have not been laid yet."""
        self._to_lay.clear()

    def lay_until(self, belt_mm: float) -> None:
        """The belt has come there: lay what has its place by now."""
        self._reached_mm = belt_mm
        while self._to_lay and self._to_lay[0].from_mm < belt_mm + FEED_AHEAD_MM:
            self._lay(self._to_lay.pop(0))

    def _lay(self, laid: LaidPiece) -> None:
        placed = laid.placed
        self._picture.extend_to(laid.belt_mm + FEED_AHEAD_MM + placed.piece.length_mm)
        self._picture.lay_flat(
            surface_of(placed.piece), laid.belt_mm, placed.across_mm, math.radians(placed.yaw_deg), SURFACE_PX_PER_MM
        )
        if placed.piece.magnet is not None:
            self._field.extend_to(laid.belt_mm + FEED_AHEAD_MM)
            self._field.add(cloud_of(placed), laid.belt_mm, placed.across_mm)
        self.laid = [*self.laid[-KEPT_PIECES:], laid]
