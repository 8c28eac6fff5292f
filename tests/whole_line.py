"""Pieces for whole-line tests: a stand-in for the model that knows the truth: a test tries the line, not the net."""

import dataclasses

import numpy as np

from neosort_datasets.window import WindowGrid
from neosort_hardware.types import ItemTruth
from neosort_inference.bundle import RawDetections

KINDS = (
    "hdd35", "hdd25", "phone", "earphone", "speaker_nd", "motor_nd", "nd_loose", "hub_motor", "hdd35_stripped",
    "speaker_ferrite", "motor_ferrite", "ferrite_part", "alnico", "steel", "pcb", "cable", "heatsink", "plastic", "ram",
    "lithium_cell", "foreign",
)  # fmt: skip


@dataclasses.dataclass
class FakeMetadata:
    """As much of a bundle's metadata as the line asks for."""

    name: str = "fake"
    kinds: tuple[str, ...] = KINDS
    grid: WindowGrid = dataclasses.field(default_factory=WindowGrid)
    thresholds: tuple = ()
    score_min: float = 0.25


class FakeBundle:
    """Answers every window with the items that truly lie in it, as a perfect network would."""

    def __init__(self, items: list[ItemTruth]) -> None:
        self.metadata = FakeMetadata()
        self.items = items
        self.windows = 0

    def warm_up(self, runs: int) -> None:
        """Nothing to warm."""

    def run(self, window) -> RawDetections:
        """Boxes cut at the window's edges; slivers are not seen."""
        self.windows += 1
        grid, start = window.grid, window.start_mm
        rows = []
        for item in self.items:
            lo, hi = max(0.0, item.box.belt_lo_mm - start), min(grid.length_mm, item.box.belt_hi_mm - start)
            left, right = item.box.across_lo_mm - grid.across_start_mm, item.box.across_hi_mm - grid.across_start_mm
            across = (max(0.0, left), min(grid.cols * grid.mm_per_px, right))
            seen = (hi - lo) * (across[1] - across[0]) if across[1] > across[0] else 0.0
            if seen > 0.4 * item.box.area_mm2:
                rows.append((lo, across[0], hi, across[1], item))
        n = len(rows)
        kind_p = np.zeros((n, len(KINDS)), np.float32)
        for index, row in enumerate(rows):
            kind_p[index, KINDS.index(row[4].kind)] = 1.0
        return RawDetections(
            boxes_mm=np.array([row[:4] for row in rows], np.float32).reshape(n, 4),
            score=np.ones(n, np.float32),
            kind_p=kind_p,
            p_ndfeb=np.array([float(row[4].bears_ndfeb) for row in rows], np.float32),
            magnet_g=np.array([row[4].magnet_g for row in rows], np.float32),
            magnet_g_sigma=np.ones(n, np.float32),
        )


class KnowingTruth:
    """Hands the truth on, and lets the fake detector know it too."""

    def __init__(self, truth, known) -> None:
        self._truth, self._known = truth, known

    def items(self):
        items = self._truth.items()
        self._known.extend(items)
        return items

    def landings(self):
        return self._truth.landings()
