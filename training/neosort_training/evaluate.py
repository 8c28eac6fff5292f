"""How well a model recognises, before anything is ejected.

Scored are *whole* items: the box lies in the window and at least a tenth of the item shows. Detections below
`SCORE_MIN` are left out. Each other detection belongs to the item it overlaps most, at IoU ≥ 0.3; an item's P(NdFeB)
is that of its highest-scored detection, and 0 where it has none. A detection that belongs to no item is a *stray*, and
counts against purity as a picked item without NdFeB would, though a jet on an empty belt puts nothing in the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import torch

from neosort_datasets.window import BLIND_GREY, BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, ArrayI64, ItemTruth
from neosort_inference.bundle import RawDetections, Threshold
from neosort_training.model import Detections, NeoNet, WindowDetector

SCORE_MIN = 0.25
BELONGS_IOU = 0.3
MIN_VISIBLE_FRACTION = 0.1
PURITY_TARGETS = (0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.95)
Blind = Literal["none", "camera", "field"]


class Predictor(Protocol):
    """Anything that detects: a loaded bundle, or a network in training."""

    def run(self, window: BeltWindow) -> RawDetections:
        """Detections in one window."""


class TorchPredictor:
    """A network as a predictor."""

    def __init__(self, net: NeoNet, grid: WindowGrid) -> None:
        self._detector = WindowDetector(net, grid).eval()

    @torch.no_grad()
    def run(self, window: BeltWindow) -> RawDetections:
        """Detections in one window."""
        arrays = (window.picture, window.field_ut, window.field_mask)
        found: Detections = self._detector(*(torch.from_numpy(np.array(array)[None]) for array in arrays))
        return RawDetections(**{name: tensor[0].numpy() for name, tensor in found._asdict().items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOutcome:
    """One window's items and detections, matched.

    Of each scored item: ``kind`` index of truth, ``said`` index predicted or −1, ``bears``, ``p`` P(NdFeB) or 0,
    ``iou`` of its best detection or 0, ``magnet_error`` |log((1+ĝ)/(1+g))| or NaN. ``stray_p``: of detections that
    belong to nothing. ``hits``: (score, was the first at IoU ≥ 0.5 of its item) of each detection that counts.
    """

    kind: ArrayI64
    said: ArrayI64
    bears: ArrayBool
    p: ArrayF64
    iou: ArrayF64
    magnet_error: ArrayF64
    stray_p: ArrayF64
    hits: ArrayF64


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Of a model on a set of windows. Shares from 0 to 1; see the head of this file for what they count."""

    windows: int
    items: int
    bearing: int
    strays: int
    recall_iou50: float
    recall: float
    ap50: float
    kind_accuracy: float
    kind_accuracy_by_kind: dict[str, float]
    p_ndfeb_ap: float
    magnet_log_error: float
    thresholds: tuple[Threshold, ...]

    def recovery_at(self, purity: float) -> float:
        """Share of bearing items found at that purity or better."""
        return next(point.recovery for point in self.thresholds if abs(point.purity_target - purity) < 1e-9)

    def headline(self) -> dict[str, float]:
        """The few figures to watch."""
        return {
            "ap50": self.ap50,
            "recall": self.recall,
            "kind_accuracy": self.kind_accuracy,
            "p_ndfeb_ap": self.p_ndfeb_ap,
            "recovery_at_90": self.recovery_at(0.90),
            "recovery_at_95": self.recovery_at(0.95),
        }


def blinded(window: BeltWindow, blind: Blind) -> BeltWindow:
    """The window as a line without one of its senses has it."""
    if blind == "camera":
        return replace(window, picture=np.full_like(window.picture, BLIND_GREY))
    if blind == "field":
        return replace(window, field_ut=np.zeros_like(window.field_ut), field_mask=np.zeros_like(window.field_mask))
    return window


def score_windows(
    predictor: Predictor, windows: Iterable[LabelledWindow], kinds: Sequence[str], blind: Blind = "none"
) -> Scores:
    """Run ``predictor`` on every window and score it."""
    outcomes = [match_window(predictor.run(blinded(labelled.window, blind)), labelled, kinds) for labelled in windows]
    return summarise(outcomes, kinds, blind)


def match_window(found: RawDetections, labelled: LabelledWindow, kinds: Sequence[str]) -> WindowOutcome:
    """Match one window's detections with its items."""
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
    seen = first >= 0
    p, kind_p, grams = found.p_ndfeb[kept], found.kind_p[kept], found.magnet_g[kept]
    truth_g = np.array([item.magnet_g for item in items])
    error = np.where(seen, np.abs(np.log1p(_pick(grams, first)) - np.log1p(truth_g)), np.nan)
    return WindowOutcome(
        kind=np.array([kinds.index(item.kind) if item.kind in kinds else -2 for item in items], dtype=np.int64)[whole],
        said=np.where(seen, _pick(kind_p.argmax(axis=1), first), -1).astype(np.int64)[whole],
        bears=np.array([item.bears_ndfeb for item in items], dtype=bool)[whole],
        p=np.where(seen, _pick(p, first), 0.0)[whole],
        iou=np.where(seen, _pick(best, first), 0.0)[whole],
        magnet_error=error[whole],
        stray_p=p[~belongs].astype(np.float64),
        hits=_hits(found.score[kept], iou, owner, whole),
    )


def _pick(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]], index: ArrayI64) -> ArrayF64:
    """``values[index]`` as float64; 0 where ``index`` is −1."""
    padded = np.append(values.astype(np.float64), 0.0)
    return np.asarray(padded[index])


def _hits(score: ArrayF32, iou: ArrayF64, owner: ArrayI64, whole: ArrayBool) -> ArrayF64:
    """Rows of (score, hit) for average precision; detections of items that are not scored are left out."""
    taken: set[int] = set()
    rows: list[tuple[float, float]] = []
    for detection, item in enumerate(owner):
        overlap = iou[detection, item] if iou.shape[1] else 0.0
        if overlap >= BELONGS_IOU and not whole[item]:
            continue
        hit = overlap >= 0.5 and int(item) not in taken
        if hit:
            taken.add(int(item))
        rows.append((float(score[detection]), float(hit)))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


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


def average_precision(score: ArrayF64, hit: ArrayF64, positives: int) -> float:
    """Area under the precision envelope over recall, every point (as COCO's, without its 101 steps)."""
    if positives == 0 or len(score) == 0:
        return 0.0
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(hit[order])
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hit[order]).sum() / positives)


def operating_point(
    p: ArrayF64, bears: ArrayBool, target: float, *, bearing: int, items: int, blind: Blind = "none"
) -> Threshold:
    """The threshold on P(NdFeB) with the highest recovery at purity ≥ ``target``; 1 with recovery 0 where none is."""
    order = np.argsort(-p, kind="stable")
    falling = p[order]
    hits = np.cumsum(bears[order])
    purity = hits / np.arange(1, len(hits) + 1)
    last_of_equal = np.append(falling[1:] < falling[:-1], True)[: len(falling)]
    good = np.flatnonzero((purity >= target) & last_of_equal & (falling > 0))
    if not len(good) or bearing == 0:
        return Threshold(blind=blind, purity_target=target, p_ndfeb=1.0, recovery=0.0, purity=0.0, n=items)
    best = good[hits[good].argmax()]
    return Threshold(
        blind=blind,
        purity_target=target,
        p_ndfeb=float(falling[best]),
        recovery=float(hits[best] / bearing),
        purity=float(purity[best]),
        n=items,
    )


def summarise(outcomes: Sequence[WindowOutcome], kinds: Sequence[str], blind: Blind = "none") -> Scores:
    """Pool the windows."""

    def pool(name: str) -> ArrayF64:
        return np.concatenate([np.asarray(getattr(outcome, name), dtype=np.float64) for outcome in outcomes])

    kind, said, iou = pool("kind"), pool("said"), pool("iou")
    bears, stray_p, hits = pool("bears") > 0, pool("stray_p"), pool("hits")
    picked_p = np.concatenate([pool("p"), stray_p])
    picked_bears = np.concatenate([bears, np.zeros(len(stray_p), dtype=bool)])
    items, bearing, seen = len(kind), int(bears.sum()), said >= 0
    error, picked = pool("magnet_error")[bears & seen], picked_p > 0
    return Scores(
        windows=len(outcomes),
        items=items,
        bearing=bearing,
        strays=len(stray_p),
        recall_iou50=_share(iou >= 0.5),
        recall=_share(seen),
        ap50=average_precision(hits[:, 0], hits[:, 1], items),
        kind_accuracy=_share((said == kind)[seen]),
        kind_accuracy_by_kind=dict(_by_kind(kind, said, kinds)),
        p_ndfeb_ap=average_precision(picked_p[picked], picked_bears[picked].astype(np.float64), bearing),
        magnet_log_error=float(error.mean()) if len(error) else 0.0,
        thresholds=tuple(
            operating_point(picked_p, picked_bears, target, bearing=bearing, items=items, blind=blind)
            for target in PURITY_TARGETS
        ),
    )


def _share(flags: ArrayBool) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def _by_kind(kind: ArrayF64, said: ArrayF64, kinds: Sequence[str]) -> Iterator[tuple[str, float]]:
    for number, name in enumerate(kinds):
        if (kind == number).any():
            yield name, _share((said == kind)[kind == number])
