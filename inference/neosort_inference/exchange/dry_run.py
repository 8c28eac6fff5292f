"""The way of a window from frames and blocks to a decision, and no shot: what the line would do with what passes."""

from __future__ import annotations

from collections.abc import Sequence

from neosort_hardware.types import FieldBlock, Frame
from neosort_inference.calibration.procedure import WouldDecide
from neosort_inference.exchange.way import Way
from neosort_inference.tracks import Track, Tracker


class DryRun:
    """``way``: one of its own, that nothing else is fed to. In the thread of whoever feeds it."""

    def __init__(self, way: Way) -> None:
        self._way, self._tracker = way, Tracker(way.hop_mm)
        self._judge = way.judges[way.assembler.blind]

    def see_frame(self, frame: Frame) -> None:
        """As the line's camera gives it."""
        self._way.assembler.add_frame(frame)

    def see_block(self, block: FieldBlock) -> None:
        """As the line's array gives it."""
        self._way.assembler.add_block(block)

    def decided(self, belt_mm: float) -> Sequence[WouldDecide]:
        """What was due to be decided since the last call; a pass of the network for every window that is whole."""
        found: list[WouldDecide] = []
        for window in self._way.assembler.ready(belt_mm):
            due = self._tracker.update(self._way.detector.detect(window), window.start_mm, window.grid.length_mm)
            found += map(self._word_on, due)
        return found

    def _word_on(self, track: Track) -> WouldDecide:
        one = track.detection
        return WouldDecide(
            box=track.box,
            kind=one.kind,
            p_ndfeb=one.p_ndfeb,
            magnet_g=one.magnet_g,
            magnet_g_sigma=one.magnet_g_sigma,
            fires=self._judge.why_not(one) is None,
        )
