"""How well a model recognises, before anything is ejected.

What is scored, and which detection speaks for an item, says `matching.py`. A stray counts against purity as a picked
item without NdFeB would, though a jet on an empty belt puts nothing in the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from neosort_datasets.assembly import Blind
from neosort_datasets.window import BeltWindow, LabelledWindow, WindowGrid
from neosort_hardware.types import ArrayBool, ArrayF64
from neosort_inference.bundle import RawDetections
from neosort_inference.bundle_metadata import PresenceOfScore, Threshold
from neosort_training.ablation import blinded
from neosort_training.matching import match_window
from neosort_training.model import Detections, NeoNet, WindowDetector
from neosort_training.outcomes import Outcomes, pooled

PURITY_TARGETS = (0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.95)


class Predictor(Protocol):
    """Anything that detects: a loaded bundle, or a network in training."""

    def run(self, window: BeltWindow) -> RawDetections:
        """Detections in one window."""


class TorchPredictor:
    """A network as a predictor, on the device that it is on."""

    def __init__(self, net: NeoNet, grid: WindowGrid, presence: PresenceOfScore | None = None) -> None:
        self._device = next(net.parameters()).device
        self._detector = WindowDetector(net, grid, presence).to(self._device).eval()

    @torch.no_grad()
    def run(self, window: BeltWindow) -> RawDetections:
        """Detections in one window."""
        arrays = (window.picture, window.field_ut, window.field_mask)
        tensors = (torch.from_numpy(np.array(array)[None]).to(self._device) for array in arrays)
        found: Detections = self._detector(*tensors)
        return RawDetections(**{name: tensor[0].numpy(force=True) for name, tensor in found._asdict().items()})


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


def score_windows(
    predictor: Predictor, windows: Iterable[LabelledWindow], kinds: Sequence[str], blind: Blind = "none"
) -> Scores:
    """Run ``predictor`` on every window and score it."""
    outcomes = [match_window(predictor.run(blinded(labelled.window, blind)), labelled, kinds) for labelled in windows]
    return summarise(pooled(outcomes), blind)


def average_precision(score: ArrayF64, hit: ArrayBool, positives: int) -> float:
    """Area under the precision envelope over recall, every point (as COCO's, without its 101 steps).

    Detections of one score, of which a quantised model has many, are taken together, in no order.
    """
    if positives == 0 or len(score) == 0:
        return 0.0
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(hit[order])
    precision = np.where(last_of_equal(score[order]), hits / np.arange(1, len(hits) + 1), 0.0)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hit[order]).sum() / positives)


def last_of_equal(falling: ArrayF64) -> ArrayBool:
    """Of falling values, which is the last of its equals: a threshold takes all of them or none."""
    return np.append(falling[1:] < falling[:-1], True)[: len(falling)]


def operating_point(
    p: ArrayF64, bears: ArrayBool, target: float, *, bearing: int, items: int, blind: Blind = "none"
) -> Threshold:
    """The threshold on P(NdFeB) with the highest recovery at purity ≥ ``target``; 1 with recovery 0 where none is."""
    order = np.argsort(-p, kind="stable")
    falling = p[order]
    hits = np.cumsum(bears[order])
    purity = hits / np.arange(1, len(hits) + 1)
    good = np.flatnonzero((purity >= target) & last_of_equal(falling) & (falling > 0))
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


def summarise(outcomes: Outcomes, blind: Blind = "none") -> Scores:
    """The figures of pooled windows."""
    picks, found, bearing = outcomes.picks(), outcomes.found, int(outcomes.bears.sum())
    items, picked = len(outcomes.p), picks.p > 0
    error = np.abs(outcomes.magnet_log_error[outcomes.bears & found])
    right = outcomes.said == outcomes.kind
    return Scores(
        windows=outcomes.windows,
        items=items,
        bearing=bearing,
        strays=len(outcomes.stray_p),
        recall_iou50=_share(outcomes.iou >= 0.5),
        recall=_share(found),
        ap50=average_precision(outcomes.hit_score, outcomes.hit, items),
        kind_accuracy=_share(right[found]),
        kind_accuracy_by_kind={str(kind): _share(right[outcomes.kind == kind]) for kind in np.unique(outcomes.kind)},
        p_ndfeb_ap=average_precision(picks.p[picked], picks.bears[picked], bearing),
        magnet_log_error=float(error.mean()) if len(error) else 0.0,
        thresholds=tuple(
            operating_point(picks.p, picks.bears, target, bearing=bearing, items=items, blind=blind)
            for target in PURITY_TARGETS
        ),
    )


def _share(flags: ArrayBool) -> float:
    return float(flags.mean()) if len(flags) else 0.0
