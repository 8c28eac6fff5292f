"""What a bundle carries of how its model did: curves, confusion, how far to believe a mass. From pooled outcomes."""

from __future__ import annotations

import numpy as np

from neosort_datasets.assembly import Blind
from neosort_hardware.types import ArrayBool, ArrayF64
from neosort_inference.bundle_metadata import Confusion, MassError, MassErrorOfKind, RecoveryPurityCurve
from neosort_training.outcomes import Outcomes

CURVE_POINTS = 101
ONE_SIGMA = 0.6827  # of a normal distribution lies within one standard deviation
_DIGITS = 5


def recovery_purity_curve(outcomes: Outcomes, blind: Blind) -> RecoveryPurityCurve:
    """`CURVE_POINTS` thresholds at most, spread evenly over what can be picked."""
    picks = outcomes.picks()
    order = np.argsort(-picks.p, kind="stable")
    order = order[picks.p[order] > 0]
    falling = picks.p[order]
    ends = np.flatnonzero(np.append(falling[1:] < falling[:-1], True)[: len(falling)])
    kept = (
        ends[np.unique(np.linspace(0, len(ends) - 1, min(CURVE_POINTS, len(ends))).astype(int))] if len(ends) else ends
    )
    hits, grams = np.cumsum(picks.bears[order]), np.cumsum(picks.magnet_g[order] * picks.bears[order])
    fed, fed_g = outcomes.bears.sum(), outcomes.magnet_g[outcomes.bears].sum()
    return RecoveryPurityCurve(
        blind=blind,
        items=len(outcomes.p),
        bearing=int(fed),
        p_ndfeb=_rounded(np.floor(falling[kept] * 10**_DIGITS) / 10**_DIGITS),  # down: a rounded one picks them too
        recovery=_rounded(hits[kept] / max(1, fed)),
        recovery_mass=_rounded(grams[kept] / fed_g if fed_g > 0 else np.zeros(len(kept))),
        purity=_rounded(hits[kept] / (kept + 1)),
    )


def confusion(outcomes: Outcomes, kinds: tuple[str, ...]) -> Confusion:
    """Counts of items by kind of truth and kind said; kinds of truth that did not occur have no row."""
    truth = tuple(str(kind) for kind in np.unique(outcomes.kind))
    columns = (*kinds, "")
    counts = tuple(
        tuple(int(((outcomes.kind == kind) & (outcomes.said == said)).sum()) for said in columns) for kind in truth
    )
    return Confusion(truth=truth, counts=counts, strays=len(outcomes.stray_p))


def mass_error(outcomes: Outcomes) -> MassError | None:
    """Of bearing items that were found; None where there are none."""
    told = outcomes.bears & outcomes.found
    if not told.any():
        return None
    error, sigma = outcomes.magnet_log_error, outcomes.magnet_log_sigma
    return MassError(
        n=int(told.sum()),
        bias_log=_mean(error[told]),
        sigma_scale=round(float(np.quantile(np.abs(error[told]) / np.maximum(sigma[told], 1e-6), ONE_SIGMA)), _DIGITS),
        median_relative=_median_relative(outcomes, told),
        by_kind=tuple(
            MassErrorOfKind(
                kind=str(kind),
                n=int(own.sum()),
                bias_log=_mean(error[own]),
                sd_log=round(float(error[own].std()), _DIGITS),
                median_relative=_median_relative(outcomes, own),
            )
            for kind in np.unique(outcomes.kind[told])
            if (own := told & (outcomes.kind == kind)).any()
        ),
    )


def _mean(values: ArrayF64) -> float:
    return round(float(values.mean()), _DIGITS)


def _median_relative(outcomes: Outcomes, which: ArrayBool) -> float:
    """Median of |grams said ÷ grams − 1|."""
    grams = np.maximum(outcomes.magnet_g[which], 1e-9)
    return round(float(np.median(np.abs(outcomes.said_g[which] - outcomes.magnet_g[which]) / grams)), _DIGITS)


def _rounded(values: ArrayF64) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)
