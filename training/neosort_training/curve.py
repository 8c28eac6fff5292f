"""The recovery–purity curve: what each threshold on P(NdFeB) would give, and where curves of other windows lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from neosort_datasets.assembly import Blind
from neosort_hardware.types import ArrayF64
from neosort_inference.resampling import shares
from neosort_training.bundle_figures import recovery_purity_curve as bundle_curve
from neosort_training.measures import FallingP
from neosort_training.outcomes import Outcomes
from neosort_training.redraws import every_window_once

Record = dict[str, Any]

CURVE_POINTS = 201
POINT_KEYS = ("p_ndfeb", "recovery", "recovery_mass", "purity")


def curve_with_band(outcomes: Outcomes, weights: ArrayF64, blind: Blind = "none") -> Record:
    """Purity over recovery of items, as many points as a plot can show, with its 95 % band; and of the windows as they
    were, thresholds spread evenly over what can be picked, with the recovery by mass, as a bundle has them."""
    recovery = np.linspace(0.0, 1.0, CURVE_POINTS)
    drawn = _curves(outcomes, weights, recovery)
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    return {
        "recovery": recovery.tolist(),
        "purity": _curves(outcomes, every_window_once(outcomes), recovery)[0].tolist(),
        "purity_low": low.tolist(),
        "purity_high": high.tolist(),
        "points": bundle_curve(outcomes, blind).model_dump(mode="json", include={*POINT_KEYS}),
    }


def _curves(outcomes: Outcomes, weights: ArrayF64, recovery: ArrayF64) -> ArrayF64:
    """(draws, len(recovery)): the highest purity at which at least that recovery is had; 0 where it is out of reach."""
    falling = FallingP(outcomes)
    curves = np.zeros((len(weights), len(recovery)))
    for row, one_draw in enumerate(weights[:, None]):
        picked, hits, _ = (sums[0] for sums in falling.cumulated(one_draw))
        fed = falling.fed(one_draw)[0][0]
        ends = falling.last_of_equal
        purity, reached = shares(hits, picked)[ends], hits[ends] / max(fed, 1.0)
        best = np.maximum.accumulate(np.nan_to_num(purity)[::-1])[::-1]
        place = np.searchsorted(reached, recovery - 1e-12)
        curves[row] = np.append(best, 0.0)[place]
    return curves
