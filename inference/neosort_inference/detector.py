"""BeltWindow → detections in belt millimetres, lane by lane where the belt is wider than the model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_datasets.line_grid import OVERLAP_MM, Lane, lanes_of
from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.types import ArrayF32, Box
from neosort_inference.bundle import Bundle, RawDetections
from neosort_inference.same_item import SAME_ITEM_IOU, sameness
from neosort_inference.stages import Stage

CUT_MM = 8.0  # a box that ends this near to a lane's edge may be a piece of an item


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One item as seen in one window. ``kind_p``: probability of each of the bundle's kinds, in their order.

    ``magnet_g``, ``magnet_g_sigma``: NdFeB to be expected, whether it bears any being uncertain too.
    """

    box: Box
    score: float
    kind: str
    kind_p: ArrayF32
    p_ndfeb: float
    magnet_g: float
    magnet_g_sigma: float


class Detector:
    """Runs a bundle and keeps what it is sure enough to have seen (``min_score``); ``network`` times the passes."""

    def __init__(self, bundle: Bundle, min_score: float, network: Stage | None = None) -> None:
        self._bundle = bundle
        self._network = network or Stage()
        self._kinds = bundle.metadata.kinds
        self._min_score = min_score
        self._lanes: tuple[Lane, ...] = ()
        self._lanes_of: WindowGrid | None = None

    def detect(self, window: BeltWindow) -> list[Detection]:
        """Detections of one window, best score first. The window may be wider than the model's: see `line_grid`."""
        if window.grid != self._lanes_of:
            self._lanes, self._lanes_of = lanes_of(window.grid, self._bundle.metadata.grid), window.grid
        found = [self._look(lane.of(window)) for lane in self._lanes]
        return sorted(joined(found, [lane.grid for lane in self._lanes]), key=lambda d: -d.score)

    def _look(self, window: BeltWindow) -> list[Detection]:
        """Detections of a window of the model's own size."""
        with self._network:
            raw = self._bundle.run(window)
        across_mm, start_mm = window.grid.across_start_mm, window.start_mm
        detections = []
        for index in np.flatnonzero(raw.score >= self._min_score):
            along_lo, across_lo, along_hi, across_hi = (float(edge) for edge in raw.boxes_mm[index])
            box = Box(
                belt_lo_mm=start_mm + along_lo,
                belt_hi_mm=start_mm + along_hi,
                across_lo_mm=across_mm + across_lo,
                across_hi_mm=across_mm + across_hi,
            )
            if box.area_mm2 > 0:
                detections.append(self._detection(raw, int(index), box))
        return detections

    def _detection(self, raw: RawDetections, index: int, box: Box) -> Detection:
        p_ndfeb = float(raw.p_ndfeb[index])
        magnet_g, magnet_g_sigma = expected_mass(p_ndfeb, float(raw.magnet_g[index]), float(raw.magnet_g_sigma[index]))
        return Detection(
            box=box,
            score=float(raw.score[index]),
            kind=self._kinds[int(np.argmax(raw.kind_p[index]))],
            kind_p=raw.kind_p[index],
            p_ndfeb=p_ndfeb,
            magnet_g=magnet_g,
            magnet_g_sigma=magnet_g_sigma,
        )


def joined(found: Sequence[Sequence[Detection]], grids: Sequence[WindowGrid]) -> list[Detection]:
    """What neighbouring lanes have found, each item once: as the lane shows it that it lies deepest in.

    A box that a lane's inner edge has cut is left to the lane that shows the item whole.
    """
    candidates: list[tuple[float, Detection]] = []
    last = len(found) - 1
    for number, (lane, grid) in enumerate(zip(found, grids, strict=True)):
        low_mm = -math.inf if number == 0 else grid.across_start_mm
        high_mm = math.inf if number == last else grid.across_start_mm + grid.cols * grid.mm_per_px
        for detection in lane:
            depth_mm = min(detection.box.across_lo_mm - low_mm, high_mm - detection.box.across_hi_mm)
            width_mm = detection.box.across_hi_mm - detection.box.across_lo_mm
            if depth_mm > CUT_MM or width_mm > OVERLAP_MM - CUT_MM:
                candidates.append((depth_mm, detection))
    kept: list[Detection] = []
    for _, detection in sorted(candidates, key=lambda candidate: -candidate[0]):
        if all(sameness(detection.box, other.box) < SAME_ITEM_IOU for other in kept) or last == 0:
            kept.append(detection)
    return kept


def expected_mass(p: float, grams: float, sigma_g: float) -> tuple[float, float]:
    """Mean and standard deviation of a mass that is there with probability ``p``, and then ``grams`` ± ``sigma_g``.

    Law of total variance: p·(σ² + g²) − (p·g)².
    """
    mean = p * grams
    return mean, math.sqrt(max(0.0, p * (sigma_g**2 + grams**2) - mean**2))
