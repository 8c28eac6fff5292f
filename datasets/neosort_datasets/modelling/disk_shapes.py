"""What all faces of a hard disk share: its measures, colours and maker."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry import Polygon

from neosort_datasets.modelling.paint import Drive, Paint
from neosort_datasets.modelling.shapes import rounded_rectangle

Spot = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskShape:
    """Measures in the item's frame. ``scale``: its length over a 3.5-inch disk's. ``wear``: 0 new, 1 battered."""

    length_mm: float
    width_mm: float
    height_mm: float
    scale: float
    spindle_mm: Spot
    coil_mm: Spot
    pivot_mm: Spot
    platter_mm: float
    casting: Paint
    board: Paint
    brand: str
    band: Paint
    drive: Drive
    board_missing: bool
    wear: float

    @property
    def px_per_mm(self) -> float:
        """Resolution of its sheets."""
        return 3.4 if self.scale > 0.8 else 4.4

    def outline(self) -> Polygon:
        """The casting's edge."""
        return rounded_rectangle(self.length_mm, self.width_mm, 2.6 * self.scale)
