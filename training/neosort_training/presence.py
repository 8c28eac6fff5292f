"""Is there an item at all where the network sees one? What a score is worth, as a probability.

Of parts of larger items and of dirt the network is now and then half sure that they are items, and of some of these
that they bear NdFeB. A threshold on P(NdFeB) alone would have to rise for their sake over everything else. So what a
bundle gives out as P(NdFeB) is the joint probability: here lies an item, *and* it bears NdFeB. The first factor is
logistic in the logit of the score (Platt 1999), fitted on the windows that thresholds are found on, whose item models
the network never learnt from: of those it learnt from it is too sure.
"""

from __future__ import annotations

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.bundle_metadata import PresenceOfScore
from neosort_training.outcomes import Outcomes

SCORE_FLOOR = 0.1  # detections from here on tell what a score is worth
_SURE = 1e-4
_STEPS = 50


def fitted_presence(outcomes: Outcomes) -> PresenceOfScore | None:
    """From detections down to `SCORE_FLOOR`: the best of each item found, and every stray. None where there are too few
    of either to tell."""
    hits = outcomes.score[outcomes.found]
    score = np.concatenate([hits, outcomes.stray_score]).clip(_SURE, 1.0 - _SURE)
    is_item = np.concatenate([np.ones(len(hits)), np.zeros(len(outcomes.stray_score))])
    if min(is_item.sum(), (1.0 - is_item).sum()) < 20:
        return None
    slope, offset = _logistic(np.log(score / (1.0 - score)), is_item)
    return PresenceOfScore(slope=slope, offset=offset) if slope > 0 else None


def _logistic(x: ArrayF64, y: ArrayF64) -> tuple[float, float]:
    """Slope and offset of greatest likelihood, by Newton's method, held in by a very wide normal prior."""
    columns = np.stack([x, np.ones_like(x)], axis=1)
    weights, prior = np.array([1.0, 0.0]), 1e-4
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-columns @ weights))
        slope = columns.T @ (y - p) - prior * weights
        curvature = columns.T @ (columns * (p * (1.0 - p))[:, None]) + prior * np.eye(2)
        weights = weights + np.linalg.solve(curvature, slope)
    return float(weights[0]), float(weights[1])
