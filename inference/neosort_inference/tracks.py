"""One identity per item along the belt: detections of overlapping windows meet at the same belt coordinates."""

from __future__ import annotations

from dataclasses import dataclass

from neosort_hardware.types import Box
from neosort_inference.detector import Detection
from neosort_inference.same_item import SAME_ITEM_IOU, sameness

FIELD_MARGIN_MM = 40.0  # an item nearer than this to the upstream edge has not yet shown all of its field
EDGE_MM = 8.0  # a box that ends this near to a window's edge may be a piece of an item that the edge has cut
LARGEST_PIECE = 0.45  # of a window's length; what is longer is taken as it is, no window may ever show more of it


@dataclass(slots=True, kw_only=True)
class Track:
    """An item: its newest look, and whether it has been decided."""

    track_id: int
    detection: Detection
    decided: bool = False

    @property
    def box(self) -> Box:
        """Where it lies."""
        return self.detection.box


class Tracker:
    """Merges looks by place and says when an item has been seen as well as it ever will be.

    ``hop_mm``: belt travel between windows, which may change between two of them. An item is due when it and its field
    lie whole inside a window, or when the next window would no longer show it whole.
    """

    def __init__(self, hop_mm: float) -> None:
        self.hop_mm = hop_mm
        self._seen_to_mm = float("-inf")
        self._tracks: list[Track] = []
        self._next_id = 1

    @property
    def tracks(self) -> list[Track]:
        """Items still remembered, decided or not."""
        return list(self._tracks)

    def update(self, detections: list[Detection], start_mm: float, length_mm: float) -> list[Track]:
        """Merge one window's detections; returns the tracks to be decided now, most downstream first.

        Each returned track is marked decided. Windows must come in order along the belt.
        """
        end_mm = start_mm + length_mm
        for detection in detections:
            if not self._is_piece(detection.box, start_mm, end_mm):
                self._merge(detection)
        self._seen_to_mm = end_mm
        due = [track for track in self._tracks if not track.decided and self._due(track.box, start_mm, end_mm)]
        for track in due:
            track.decided = True
        self._tracks = [track for track in self._tracks if track.box.belt_hi_mm > start_mm - length_mm]
        return sorted(due, key=lambda track: track.box.belt_lo_mm)

    def forget(self) -> None:
        """Begin anew: places counted before are not where they were."""
        self._tracks.clear()
        self._seen_to_mm = float("-inf")

    def neighbours(self, track: Track, reach_mm: float) -> list[Track]:
        """Other items within ``reach_mm`` of a track along the belt."""
        lo, hi = track.box.belt_lo_mm - reach_mm, track.box.belt_hi_mm + reach_mm
        return [t for t in self._tracks if t is not track and t.box.belt_hi_mm > lo and t.box.belt_lo_mm < hi]

    def _due(self, box: Box, start_mm: float, end_mm: float) -> bool:
        whole = box.belt_hi_mm <= end_mm - FIELD_MARGIN_MM
        leaving = box.belt_lo_mm < start_mm + self.hop_mm
        return whole or leaving

    def _is_piece(self, box: Box, start_mm: float, end_mm: float) -> bool:
        """Cut by the window's edge, and shown whole by the window to come or by the one before."""
        if box.belt_hi_mm - box.belt_lo_mm > LARGEST_PIECE * (end_mm - start_mm):
            return False
        comes_whole = box.belt_hi_mm > end_mm - EDGE_MM and start_mm + self.hop_mm < end_mm - EDGE_MM
        was_whole = box.belt_lo_mm < start_mm + EDGE_MM and box.belt_hi_mm < self._seen_to_mm - FIELD_MARGIN_MM
        return comes_whole or was_whole

    def _merge(self, detection: Detection) -> None:
        same = max(self._tracks, key=lambda track: sameness(track.box, detection.box), default=None)
        if same is None or sameness(same.box, detection.box) < SAME_ITEM_IOU:
            self._tracks.append(Track(track_id=self._next_id, detection=detection))
            self._next_id += 1
        elif not same.decided:
            same.detection = detection
