"""Which detection speaks for which item of a window.

Scored are *whole* items: the box lies in the window and at least a tenth of the item shows. Detections below
`SCORE_MIN` are left out. Each other detection belongs to the item it overlaps most, at IoU ≥ 0.3; an item's answer is
that of its highest-scored detection, and P(NdFeB) = 0 where it has none. A detection that belongs to no item is a
*stray*. Of an item that the window cuts, what lies in the window is held against what does so of the detection: it is
no stray, and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ArrayI64, ItemTruth
from neosort_inference.bundle import RawDetections
from neosort_training.outcomes import WindowOutcome

# Chosen on validation windows. P(NdFeB) of a bundle takes the score in, so that recovery hardly depends on it (0.15 to
# 0.45: 97.3 to 97.7 % of items at purity 95 %). Below it, parts of larger items are shown as items; above it, items go
# missing.
SCORE_MIN = 0.35
BELONGS_IOU = 0.3
MIN_VISIBLE_FRACTION = 0.1


def match_window(
    found: RawDetections, labelled: LabelledWindow, kinds: Sequence[str], score_min: float = SCORE_MIN
) -> WindowOutcome:
    """Match one window's detections with its items. ``kinds``: names of the classes of ``found.kind_p``."""
    items, grid, start_mm = labelled.items, labelled.window.grid, labelled.window.start_mm
    boxes = np.array([_box_from_corner(item, grid, start_mm) for item in items]).reshape(-1, 4)
    whole = np.array([_is_whole(box, item, grid) for box, item in zip(boxes, items, strict=True)], dtype=bool)
    kept = found.score >= score_min
    iou = _overlaps(found.boxes_mm[kept].astype(np.float64), boxes, whole, grid)
    owner = iou.argmax(axis=1) if len(items) else np.zeros(len(iou), dtype=np.int64)
    best = iou.max(axis=1) if len(items) else np.zeros(len(iou))
    belongs = best >= BELONGS_IOU
    first = np.full(len(items), -1)
    for detection in np.flatnonzero(belongs)[::-1]:  # by falling score, so the highest stays
        first[owner[detection]] = detection
    p, score = found.p_ndfeb[kept].astype(np.float64), found.score[kept].astype(np.float64)
    names = np.array([*kinds, ""])
    said = found.kind_p[kept].argmax(axis=1)
    hit_score, hit = _hits(score, iou, owner, whole)
    return WindowOutcome(
        start_mm=start_mm,
        end_mm=start_mm + grid.length_mm,
        item=np.flatnonzero(whole),
        kind=np.array([item.kind for item in items], dtype=np.str_)[whole],
        model=np.array([item.model for item in items], dtype=np.str_)[whole],
        said=names[np.append(said, len(kinds))[first]][whole],
        bears=np.array([item.bears_ndfeb for item in items], dtype=bool)[whole],
        magnet_g=np.array([item.magnet_g for item in items], dtype=np.float64)[whole],
        magnetised=np.array([-1 if i.magnetised is None else int(i.magnetised) for i in items], dtype=np.int64)[whole],
        p=_of_first(p, first, 0.0)[whole],
        iou=_of_first(best, first, 0.0)[whole],
        score=_of_first(score, first, 0.0)[whole],
        said_g=_of_first(found.magnet_g[kept], first, np.nan)[whole],
        said_g_sigma=_of_first(found.magnet_g_sigma[kept], first, np.nan)[whole],
        stray_p=p[~belongs],
        stray_score=score[~belongs],
        hit_score=hit_score,
        hit=hit,
    )


def _of_first(values: ArrayF64 | ArrayF32, first: ArrayI64, missing: float) -> ArrayF64:
    """``values[first]`` as float64; ``missing`` where ``first`` is −1."""
    return np.asarray(np.append(values.astype(np.float64), missing)[first])


def _hits(score: ArrayF64, iou: ArrayF64, owner: ArrayI64, whole: ArrayBool) -> tuple[ArrayF64, ArrayBool]:
    """Scores and hits for average precision; detections of items that are not scored are left out."""
    taken: set[int] = set()
    scores: list[float] = []
    hits: list[bool] = []
    for detection, item in enumerate(owner):
        overlap = iou[detection, item] if iou.shape[1] else 0.0
        if overlap >= BELONGS_IOU and not whole[item]:
            continue
        hit = overlap >= 0.5 and int(item) not in taken
        if hit:
            taken.add(int(item))
        scores.append(float(score[detection]))
        hits.append(bool(hit))
    return np.array(scores, dtype=np.float64), np.array(hits, dtype=bool)


def _box_from_corner(item: ItemTruth, grid: WindowGrid, start_mm: float) -> tuple[float, float, float, float]:
    box = item.box
    return (
        box.belt_lo_mm - start_mm,
        box.across_lo_mm - grid.across_start_mm,
        box.belt_hi_mm - start_mm,
        box.across_hi_mm - grid.across_start_mm,
    )


def _is_whole(box: ArrayF64, item: ItemTruth, grid: WindowGrid) -> bool:
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= grid.length_mm and box[3] <= grid.cols * grid.mm_per_px
    return bool(inside and item.visible_fraction >= MIN_VISIBLE_FRACTION)


def _overlaps(found: ArrayF64, boxes: ArrayF64, whole: ArrayBool, grid: WindowGrid) -> ArrayF64:
    """(n,4) detections and (m,4) items → (n,m) IoU, of cut items that of what lies in the window."""
    edge = np.array([grid.length_mm, grid.cols * grid.mm_per_px] * 2)
    inside = pairwise_iou(np.clip(found, 0.0, edge), np.clip(boxes, 0.0, edge))
    return np.where(whole[None], pairwise_iou(found, boxes), inside)


def pairwise_iou(a: ArrayF64, b: ArrayF64) -> ArrayF64:
    """(n,4) and (m,4) boxes → (n,m) intersection over union."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(axis=1), (b[:, 2:] - b[:, :2]).prod(axis=1)
    return np.asarray(shared / np.maximum(area_a[:, None] + area_b[None] - shared, 1e-9))
