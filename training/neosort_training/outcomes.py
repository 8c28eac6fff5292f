"""What a model said of each item, window by window and pooled: what every figure of an evaluation is made from.

Scored are *whole* items: the box lies in the window and at least a tenth of the item shows. Detections below
`SCORE_MIN` are left out. Each other detection belongs to the item it overlaps most, at IoU ≥ 0.3; an item's answer is
that of its highest-scored detection, and P(NdFeB) = 0 where it has none. A detection that belongs to no item is a
*stray*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ArrayI64, ItemTruth
from neosort_inference.bundle import RawDetections

SCORE_MIN = 0.25
BELONGS_IOU = 0.3
MIN_VISIBLE_FRACTION = 0.1

ArrayStr = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOutcome:
    """One window's items and detections, matched.

    Of each of n scored items: ``item`` (n,) its place in the window's ``items``, ``kind`` and ``model`` (n,) of truth,
    ``said`` (n,) the kind predicted or '' where it was not found, ``bears`` (n,), ``magnet_g`` (n,) grams of NdFeB;
    ``p`` P(NdFeB), ``iou`` and ``score`` of its detection, 0 where it has none; ``said_g`` and ``said_g_sigma``:
    grams of NdFeB said, *if* it bears any, NaN where it has none. Of each of m strays: ``stray_p``, ``stray_score``
    (m,). Of each of k detections that count towards average precision: ``hit_score`` (k,), and in ``hit`` (k,)
    whether it was the first at IoU ≥ 0.5 of its item. ``start_mm``: where on the belt the window begins.
    """

    start_mm: float
    item: ArrayI64
    kind: ArrayStr
    model: ArrayStr
    said: ArrayStr
    bears: ArrayBool
    magnet_g: ArrayF64
    p: ArrayF64
    iou: ArrayF64
    score: ArrayF64
    said_g: ArrayF64
    said_g_sigma: ArrayF64
    stray_p: ArrayF64
    stray_score: ArrayF64
    hit_score: ArrayF64
    hit: ArrayBool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """What a threshold on P(NdFeB) decides about: every scored item, then every stray. All (n + m,).

    A stray bears nothing and weighs nothing. ``item``: index into the items of the `Outcomes`, −1 of a stray.
    """

    p: ArrayF64
    bears: ArrayBool
    magnet_g: ArrayF64
    window: ArrayI64
    item: ArrayI64


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Many windows, pooled. Arrays as `WindowOutcome` has them, end to end.

    ``scene`` (windows,): numbers from 0 on; windows of one scene show one belt, one array, one light.
    ``window`` (n,), ``stray_window`` (m,), ``hit_window`` (k,): the window that an item, stray or detection lies in.
    """

    scene: ArrayI64
    window: ArrayI64
    item: ArrayI64
    kind: ArrayStr
    model: ArrayStr
    said: ArrayStr
    bears: ArrayBool
    magnet_g: ArrayF64
    p: ArrayF64
    iou: ArrayF64
    score: ArrayF64
    said_g: ArrayF64
    said_g_sigma: ArrayF64
    stray_window: ArrayI64
    stray_p: ArrayF64
    stray_score: ArrayF64
    hit_window: ArrayI64
    hit_score: ArrayF64
    hit: ArrayBool

    @property
    def windows(self) -> int:
        """How many windows were looked at, empty ones too."""
        return len(self.scene)

    @property
    def scenes(self) -> int:
        """How many scenes they come from."""
        return int(self.scene.max()) + 1 if len(self.scene) else 0

    @property
    def found(self) -> ArrayBool:
        """(n,) items that have a detection."""
        return np.asarray(self.said != "")

    @property
    def magnet_log_error(self) -> ArrayF64:
        """(n,) log(1 + grams said) − log(1 + grams), NaN of items not found."""
        return np.asarray(np.log1p(self.said_g) - np.log1p(self.magnet_g))

    @property
    def magnet_log_sigma(self) -> ArrayF64:
        """(n,) standard deviation of log(1 + grams) as said, NaN of items not found: d(eᵘ − 1) = eᵘ du."""
        return np.asarray(self.said_g_sigma / (1.0 + self.said_g))

    def picks(self) -> Picks:
        """Items and strays as a threshold sees them."""
        strays = len(self.stray_p)
        return Picks(
            p=np.concatenate([self.p, self.stray_p]),
            bears=np.concatenate([self.bears, np.zeros(strays, dtype=bool)]),
            magnet_g=np.concatenate([self.magnet_g, np.zeros(strays)]),
            window=np.concatenate([self.window, self.stray_window]),
            item=np.concatenate([np.arange(len(self.p)), np.full(strays, -1)]),
        )


_OF_ITEMS = (
    *("item", "kind", "model", "said", "bears", "magnet_g", "p", "iou", "score", "said_g", "said_g_sigma"),
)  # fmt: skip
_OF_STRAYS = ("stray_p", "stray_score")
_OF_HITS = ("hit_score", "hit")


def pooled(outcomes: Sequence[WindowOutcome]) -> Outcomes:
    """The windows of one store, in its order. A scene ends where the next window lies farther back on the belt."""
    start_mm = np.array([outcome.start_mm for outcome in outcomes])
    number = np.arange(len(outcomes))

    def end_to_end(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(outcome, name) for outcome in outcomes])

    def windows_of(name: str) -> ArrayI64:
        return np.repeat(number, [len(getattr(outcome, name)) for outcome in outcomes])

    return Outcomes(
        scene=np.concatenate([[0], np.cumsum(np.diff(start_mm) < 0)]).astype(np.int64)[: len(outcomes)],
        window=windows_of("p"),
        stray_window=windows_of("stray_p"),
        hit_window=windows_of("hit"),
        **{name: end_to_end(name) for name in (*_OF_ITEMS, *_OF_STRAYS, *_OF_HITS)},
    )


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """Outcomes of several stores as one; windows and scenes are numbered on."""
    first_window = np.cumsum([0] + [part.windows for part in parts])
    first_scene = np.cumsum([0] + [part.scenes for part in parts])
    offsets = {"scene": first_scene, "window": first_window, "stray_window": first_window, "hit_window": first_window}

    def join(name: str) -> npt.NDArray[Any]:
        arrays = [getattr(part, name) for part in parts]
        if name in offsets:
            arrays = [array + first for array, first in zip(arrays, offsets[name], strict=False)]
        return np.concatenate(arrays)

    return Outcomes(**{field.name: join(field.name) for field in fields(Outcomes)})


def match_window(found: RawDetections, labelled: LabelledWindow, kinds: Sequence[str]) -> WindowOutcome:
    """Match one window's detections with its items. ``kinds``: names of the classes of ``found.kind_p``."""
    items, grid, start_mm = labelled.items, labelled.window.grid, labelled.window.start_mm
    boxes = np.array([_box_from_corner(item, grid, start_mm) for item in items]).reshape(-1, 4)
    whole = np.array([_is_whole(box, item, grid) for box, item in zip(boxes, items, strict=True)], dtype=bool)
    kept = found.score >= SCORE_MIN
    iou = pairwise_iou(found.boxes_mm[kept].astype(np.float64), boxes)
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
        item=np.flatnonzero(whole),
        kind=np.array([item.kind for item in items], dtype=np.str_)[whole],
        model=np.array([item.model for item in items], dtype=np.str_)[whole],
        said=names[np.append(said, len(kinds))[first]][whole],
        bears=np.array([item.bears_ndfeb for item in items], dtype=bool)[whole],
        magnet_g=np.array([item.magnet_g for item in items], dtype=np.float64)[whole],
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


def pairwise_iou(a: ArrayF64, b: ArrayF64) -> ArrayF64:
    """(n,4) and (m,4) boxes → (n,m) intersection over union."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(axis=1), (b[:, 2:] - b[:, :2]).prod(axis=1)
    return np.asarray(shared / np.maximum(area_a[:, None] + area_b[None] - shared, 1e-9))
