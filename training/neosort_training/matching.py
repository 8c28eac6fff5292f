"""Which detection speaks for which item of a window.

Scored are *whole* items: the box lies in the window and at least a tenth of the item shows. Detections below
`SCORE_MIN` are left out. Each other detection belongs to the item it overlaps most, where it *shows* it (IoU ≥ 0.3) or
lies *on* it (two thirds of the detection or more are within the item's box): a jet that is aimed at it meets that item.
What is found of a motor with long leads is its body, and a small part of its box. An item's kind and grams are those of
its highest-scored detection that shows it, else of the highest-scored that lies on it. It is picked where that one or
any other that lies on it is, as on the line, where both would be fired at: its P(NdFeB) is the highest of these, 0
where it has none. A detection that belongs to no item is a *stray*. Of an item that the window cuts, what lies in the
window is held against what does so of the detection: it is no stray, and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ArrayI64, ItemTruth
from neosort_inference.bundle import RawDetections
from neosort_training.outcomes import WindowOutcome

# Chosen on validation windows. P(NdFeB) of a bundle takes the score in, so that recovery hardly depends on it (0.15 to
# 0.45: 97.3 to 97.7 % of items at purity 95 %). Below it, parts of larger items are shown as items; above it, items go
# missing.
SCORE_MIN = 0.35
SHOWS_IOU = 0.3
LIES_ON_SHARE = 2 / 3
MIN_VISIBLE_FRACTION = 0.1


def match_window(
    found: RawDetections, labelled: LabelledWindow, kinds: Sequence[str], score_min: float = SCORE_MIN
) -> WindowOutcome:
    """Match one window's detections with its items. ``kinds``: names of the classes of ``found.kind_p``."""
    items, grid, start_mm = labelled.items, labelled.window.grid, labelled.window.start_mm
    boxes = np.array([_box_from_corner(item, grid, start_mm) for item in items]).reshape(-1, 4)
    whole = np.array([_is_whole(box, item, grid) for box, item in zip(boxes, items, strict=True)], dtype=bool)
    kept = found.score >= score_min
    owners = _owners(found.boxes_mm[kept].astype(np.float64), boxes, whole, grid)
    p, score = found.p_ndfeb[kept].astype(np.float64), found.score[kept].astype(np.float64)
    first = _first(owners, len(items))
    names = np.array([*kinds, ""])
    said = found.kind_p[kept].argmax(axis=1)
    hit_score, hit = _hits(score, owners, whole)
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
        p=_picked_from(p, owners, first)[whole],
        iou=_of_first(owners.iou, first, 0.0)[whole],
        score=_of_first(score, first, 0.0)[whole],
        said_g=_of_first(found.magnet_g[kept], first, np.nan)[whole],
        said_g_sigma=_of_first(found.magnet_g_sigma[kept], first, np.nan)[whole],
        stray_p=p[owners.stray],
        stray_score=score[owners.stray],
        hit_score=hit_score,
        hit=hit,
    )


def _of_first(values: ArrayF64 | ArrayF32, first: ArrayI64, missing: float) -> ArrayF64:
    """``values[first]`` as float64; ``missing`` where ``first`` is −1."""
    return np.asarray(np.append(values.astype(np.float64), missing)[first])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owners:
    """Of each detection (n,): the ``item`` it overlaps most, their ``iou``, whether it ``shows`` or lies ``on`` it."""

    item: ArrayI64
    iou: ArrayF64
    shows: ArrayBool
    on: ArrayBool

    @property
    def stray(self) -> ArrayBool:
        """Which belong to no item."""
        return np.asarray(~(self.shows | self.on))


def _owners(found: ArrayF64, boxes: ArrayF64, whole: ArrayBool, grid: WindowGrid) -> _Owners:
    if not len(boxes):
        nothing = np.zeros(len(found), dtype=bool)
        return _Owners(item=np.zeros(len(found), dtype=np.int64), iou=np.zeros(len(found)), shows=nothing, on=nothing)
    edge = np.array([grid.length_mm, grid.cols * grid.mm_per_px] * 2)
    inside = np.clip(found, 0.0, edge)
    iou = np.where(whole[None], pairwise_iou(found, boxes), pairwise_iou(inside, np.clip(boxes, 0.0, edge)))
    share = pairwise_shared(inside, boxes) / np.maximum(_areas(inside), 1e-9)[:, None]
    lies = share >= LIES_ON_SHARE
    shown, lain_on, each = iou.argmax(axis=1), np.where(lies, iou, -1.0).argmax(axis=1), np.arange(len(found))
    shows = iou[each, shown] >= SHOWS_IOU
    item = np.where(shows, shown, lain_on)
    return _Owners(item=item, iou=iou[each, item], shows=shows, on=lies[each, item])


def _first(owners: _Owners, items: int) -> ArrayI64:
    """(items,) the detection that speaks for each, −1 where none does. Detections come by falling score."""
    first = np.full(items, -1)
    for detection in [*np.flatnonzero(owners.on)[::-1], *np.flatnonzero(owners.shows)[::-1]]:
        first[owners.item[detection]] = detection
    return first


def _picked_from(p: ArrayF64, owners: _Owners, first: ArrayI64) -> ArrayF64:
    """(items,) the lowest threshold that leaves each alone."""
    picked = _of_first(p, first, 0.0)
    part = owners.on & ~owners.shows
    np.maximum.at(picked, owners.item[part], p[part])
    return picked


def _hits(score: ArrayF64, owners: _Owners, whole: ArrayBool) -> tuple[ArrayF64, ArrayBool]:
    """Scores and hits for average precision; detections of items that are not scored are left out."""
    taken: set[int] = set()
    scores: list[float] = []
    hits: list[bool] = []
    for detection, item in enumerate(owners.item):
        if owners.shows[detection] and not whole[item]:
            continue
        hit = owners.iou[detection] >= 0.5 and int(item) not in taken
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


def pairwise_shared(a: ArrayF64, b: ArrayF64) -> ArrayF64:
    """(n,4) and (m,4) boxes → (n,m) area that both cover."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.clip(high - low, 0.0, None).prod(axis=2))


def pairwise_iou(a: ArrayF64, b: ArrayF64) -> ArrayF64:
    """(n,4) and (m,4) boxes → (n,m) intersection over union."""
    shared = pairwise_shared(a, b)
    return np.asarray(shared / np.maximum(_areas(a)[:, None] + _areas(b)[None] - shared, 1e-9))


def _areas(boxes: ArrayF64) -> ArrayF64:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
