"""BeltWindow → detections in belt millimetres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_datasets.window import BeltWindow
from neosort_hardware.types import ArrayF32, Box
from neosort_inference.bundle import Bundle


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
    """Runs a bundle and keeps what it is sure enough to have seen (``min_score``)."""

    def __init__(self, bundle: Bundle, min_score: float) -> None:
        self._bundle = bundle
        self._kinds = bundle.metadata.kinds
        self._min_score = min_score

    def detect(self, window: BeltWindow) -> list[Detection]:
        """Detections of one window, best score first."""
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
            if box.area_mm2 <= 0:
                continue
            p_ndfeb = float(raw.p_ndfeb[index])
            magnet_g, magnet_g_sigma = expected_mass(
                p_ndfeb, float(raw.magnet_g[index]), float(raw.magnet_g_sigma[index])
            )
            detections.append(
                Detection(
                    box=box,
                    score=float(raw.score[index]),
                    kind=self._kinds[int(np.argmax(raw.kind_p[index]))],
                    kind_p=raw.kind_p[index],
                    p_ndfeb=p_ndfeb,
                    magnet_g=magnet_g,
                    magnet_g_sigma=magnet_g_sigma,
                )
            )
        return sorted(detections, key=lambda d: -d.score)


def expected_mass(p: float, grams: float, sigma_g: float) -> tuple[float, float]:
    """Mean and standard deviation of a mass that is there with probability ``p``, and then ``grams`` ± ``sigma_g``.

    Law of total variance: p·(σ² + g²) − (p·g)².
    """
    mean = p * grams
    return mean, math.sqrt(max(0.0, p * (sigma_g**2 + grams**2) - mean**2))
