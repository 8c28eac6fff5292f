"""What the network is to answer for a window: a heat map of centres, and the cells that answer for each item."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neosort_hardware.types import ArrayF32, ArrayF64, ArrayI64
from neosort_training.model import STRIDE

# Standard deviation of an item's bump as a share of its side (TTFNet, Liu et al. 2020: alpha 0.54, six sigma a side).
_SIGMA_PER_SIDE = 0.54 / 6
_SMALLEST_SIGMA_CELLS = 0.6
_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


class Targets(NamedTuple):
    """``heat``, ``heat_weight``, ``vacant`` (h,w) float32 at 1/8: weight 0 where nothing is asked, vacant 1 where no
    item's box lies.

    ``item``, ``row``, ``col`` (P,) int64: cell (row, col) answers for item ``item``. ``items``: how many have a centre.
    """

    heat: ArrayF32
    heat_weight: ArrayF32
    vacant: ArrayF32
    item: ArrayI64
    row: ArrayI64
    col: ArrayI64
    items: int


def render_targets(
    box_px: ArrayF64, visible: ArrayF32, size_px: tuple[int, int], min_visible_fraction: float
) -> Targets:
    """Targets of a window of ``size_px`` (rows, cols) for boxes (n,4): low along, low across, high along, high across.

    An item whose centre lies outside, or that is hardly visible, is neither right nor wrong: nothing is asked inside
    its box, except where an item that counts has its bump.
    """
    rows, cols = size_px[0] // STRIDE, size_px[1] // STRIDE
    centre = 0.5 * (box_px[:, :2] + box_px[:, 2:]) / STRIDE
    inside = ((centre >= 0) & (centre < np.array([rows, cols]))).all(axis=1)
    counts = inside & (visible >= min_visible_fraction)
    heat = np.zeros((rows, cols), dtype=np.float32)
    weight, vacant = np.ones((2, rows, cols), dtype=np.float32)
    for place, box in enumerate(box_px / STRIDE):
        low, high = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int)
        covered = np.s_[max(0, low[0]) : max(0, high[0]), max(0, low[1]) : max(0, high[1])]
        vacant[covered] = 0.0
        if not counts[place]:
            weight[covered] = 0.0
    for item in np.flatnonzero(counts):
        _raise_bump(heat, box_px[item] / STRIDE)
    weight[heat > 0.05] = 1.0
    cells = _answering_cells(box_px, centre, np.flatnonzero(counts), (rows, cols))
    return Targets(heat, weight, vacant, cells[:, 0], cells[:, 1], cells[:, 2], int(counts.sum()))


def _raise_bump(heat: ArrayF32, box: ArrayF64) -> None:
    """A Gaussian about the box's central cell, 1 there; where bumps meet the higher counts."""
    centre = np.floor(0.5 * (box[:2] + box[2:]))
    sigma = np.maximum((box[2:] - box[:2]) * _SIGMA_PER_SIDE, _SMALLEST_SIGMA_CELLS)
    along = np.exp(-0.5 * ((np.arange(heat.shape[0]) - centre[0]) / sigma[0]) ** 2)
    across = np.exp(-0.5 * ((np.arange(heat.shape[1]) - centre[1]) / sigma[1]) ** 2)
    np.maximum(heat, np.outer(along, across).astype(np.float32), out=heat)


def _answering_cells(box_px: ArrayF64, centre: ArrayF64, counting: ArrayI64, size: tuple[int, int]) -> ArrayI64:
    """(P,3) item, row, col: each item's central cell, and its four neighbours whose centres lie in the box.

    A cell answers for one item: for the one centred in it, else for the smallest that wants it.
    """
    area = np.prod(box_px[:, 2:] - box_px[:, :2], axis=1)
    by_size = sorted(counting.tolist(), key=lambda item: -float(area[item]))
    owner: dict[tuple[int, int], int] = {}
    for item in by_size:
        row, col = (int(value) for value in np.floor(centre[item]))
        for down, right in _NEIGHBOURS:
            cell = (row + down, col + right)
            middle = (np.array(cell) + 0.5) * STRIDE
            in_box = (middle > box_px[item, :2]).all() and (middle < box_px[item, 2:]).all()
            if in_box and 0 <= cell[0] < size[0] and 0 <= cell[1] < size[1]:
                owner[cell] = item
    for item in by_size:
        owner[int(np.floor(centre[item, 0])), int(np.floor(centre[item, 1]))] = item
    return np.array([(item, *cell) for cell, item in owner.items()], dtype=np.int64).reshape(-1, 3)
