"""Whether two forms of one network say the same of real windows: torch and fp32 to the digit, eight bits nearly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neosort_datasets.window import BeltWindow
from neosort_hardware.types import ArrayF64, ArrayI64
from neosort_inference.bundle import OUTPUT_NAMES, RawDetections
from neosort_inference.bundle_metadata import Agreement
from neosort_training.matching import SCORE_MIN, pairwise_iou

# Absolute for shares, relative for millimetres and grams, which span three decades. Peaks below the score are noise.
RELATIVE = ("boxes_mm", "magnet_g", "magnet_g_sigma")
COMPARED_SCORE = 0.05
SAME_IOU = 0.5  # detections of two networks are of one item from here on
DOUBTFUL_SCORE = 0.6 * SCORE_MIN  # what one network is sure of, the other may be a little less sure of

Run = Callable[[BeltWindow], RawDetections]


def largest_difference(one: Run, other: Run, windows: Sequence[BeltWindow]) -> float:
    """Over all outputs of all windows; infinite where there are no windows to compare on."""
    return max((_difference(one(window), other(window)) for window in windows), default=float("inf"))


def _difference(a: RawDetections, b: RawDetections) -> float:
    """Peaks of ``a`` that are more than noise, each against the peak of ``b`` nearest to it (equal scores may swap)."""
    worst = float(np.abs(a.score - b.score).max())
    for peak in np.flatnonzero(a.score > COMPARED_SCORE):
        twin = int(np.abs(b.boxes_mm - a.boxes_mm[peak]).sum(axis=1).argmin())
        for name in OUTPUT_NAMES:
            left, right = getattr(a, name)[peak], getattr(b, name)[twin]
            scale = np.maximum(1.0, np.abs(left)) if name in RELATIVE else 1.0
            worst = max(worst, float((np.abs(left - right) / scale).max()))
    return worst


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Of one window: differences of the items that both found, and how many one alone found."""

    p_ndfeb: ArrayF64
    boxes_mm: ArrayF64
    magnet_relative: ArrayF64
    alone: int


def agreement(one: Run, other: Run, windows: Sequence[BeltWindow]) -> Agreement:
    """How nearly two networks agree about the items that either is sure to have seen (score ≥ `SCORE_MIN`)."""
    pairs = [_paired(one(window), other(window)) for window in windows]
    alone = sum(pair.alone for pair in pairs)
    p = np.concatenate([pair.p_ndfeb for pair in pairs]) if pairs else np.zeros(0)
    boxes = np.concatenate([pair.boxes_mm for pair in pairs]) if pairs else np.zeros(0)
    magnet = np.concatenate([pair.magnet_relative for pair in pairs]) if pairs else np.zeros(0)
    return Agreement(
        windows=len(windows),
        items=len(p) + alone,
        found_by_one=alone / max(1, len(p) + alone),
        p_ndfeb_mean=float(p.mean()) if len(p) else 0.0,
        p_ndfeb_p95=float(np.quantile(p, 0.95)) if len(p) else 0.0,
        boxes_mm_p95=float(np.quantile(boxes, 0.95)) if len(boxes) else 0.0,
        magnet_g_median_relative=float(np.median(magnet)) if len(magnet) else 0.0,
    )


def _paired(a: RawDetections, b: RawDetections) -> _Pairs:
    iou = pairwise_iou(a.boxes_mm.astype(np.float64), b.boxes_mm.astype(np.float64))
    left, alone_left = _partners(a, b, iou)
    right, alone_right = _partners(b, a, iou.T)
    known = np.unique(np.concatenate([left, right[:, ::-1]]), axis=0)
    mine, theirs = known[:, 0], known[:, 1]
    grams = np.maximum(a.magnet_g[mine].astype(np.float64), 0.1)
    return _Pairs(
        p_ndfeb=np.abs(a.p_ndfeb[mine] - b.p_ndfeb[theirs]).astype(np.float64),
        boxes_mm=np.abs(a.boxes_mm[mine] - b.boxes_mm[theirs]).max(axis=1).astype(np.float64),
        magnet_relative=np.abs(a.magnet_g[mine] - b.magnet_g[theirs]) / grams,
        alone=alone_left + alone_right,
    )


def _partners(a: RawDetections, b: RawDetections, iou: ArrayF64) -> tuple[ArrayI64, int]:
    """(n,2): each sure detection of ``a`` and the one of ``b`` that it overlaps most; how many have none."""
    sure = np.flatnonzero(a.score >= SCORE_MIN)
    overlap = np.where(b.score >= DOUBTFUL_SCORE, iou, 0.0)[sure]
    best = overlap.argmax(axis=1) if len(sure) else np.zeros(0, dtype=np.int64)
    paired = overlap[np.arange(len(sure)), best] >= SAME_IOU
    return np.stack([sure[paired], best[paired]], axis=1), int((~paired).sum())
