"""BeltWindow: the rectified picture and the gridded field of one stretch of belt, as the model sees them.

The edge and the training share this file, so that neither can drift from the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from neosort_hardware.types import ArrayF32, ImageU8, ItemTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowGrid:
    """The geometry of every window of a line and of the model that reads them.

    ``rows`` × ``cols`` picture elements of ``mm_per_px``, row 0 the most downstream, column 0 at ``across_start_mm``;
    the field beside it in cells of ``cell_px`` × ``cell_px`` picture elements.
    """

    rows: int = 512
    cols: int = 640
    mm_per_px: float = 1.0
    across_start_mm: float = -20.0
    cell_px: int = 16

    @property
    def length_mm(self) -> float:
        """Extent along the belt."""
        return self.rows * self.mm_per_px

    @property
    def field_rows(self) -> int:
        """Cells along the belt."""
        return self.rows // self.cell_px

    @property
    def field_cols(self) -> int:
        """Cells across the belt."""
        return self.cols // self.cell_px

    @property
    def cell_mm(self) -> float:
        """Edge of a field cell."""
        return self.cell_px * self.mm_per_px


@dataclass(frozen=True, slots=True, kw_only=True)
class BeltWindow:
    """One stretch of belt, both senses registered to millimetres.

    ``picture``: (rows, cols, 3) uint8 RGB; element (r, c) shows belt_mm = start_mm + (r + ½)·mm_per_px,
    across_mm = across_start_mm + (c + ½)·mm_per_px. A blind camera gives mid-grey (`BLIND_GREY`).
    ``field_ut``: (3, field_rows, field_cols) float32 µT, the empty belt's field taken off, 0 where not known.
    ``field_mask``: (2, field_rows, field_cols) float32: [0] 1 where the field is known, else 0; [1] share of samples
    that were saturated. ``last_input_ns``: stamp of its latest exposure or field sample.
    """

    grid: WindowGrid
    start_mm: float
    picture: ImageU8
    field_ut: ArrayF32
    field_mask: ArrayF32
    last_input_ns: int
    sequence: int


BLIND_GREY = 114


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledWindow:
    """A window and the truth of every item whose centre lies in it, or whose box reaches into it."""

    window: BeltWindow
    items: tuple[ItemTruth, ...]
