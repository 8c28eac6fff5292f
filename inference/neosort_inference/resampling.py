"""Bootstrap over items: how a figure would have come out with other items of the same feed. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neosort_hardware.types import ArrayF64, ArrayI64

Interval = tuple[float, float]
_WEIGHTS_AT_ONCE = 4_000_000


def resampled_weights(count: int, resamples: int, seed: int) -> Iterator[ArrayI64]:
    """How often each of ``count`` items is drawn in each bootstrap resample: (resamples at a time, count)."""
    random = np.random.default_rng(seed)
    at_once = max(1, _WEIGHTS_AT_ONCE // count)
    for done in range(0, resamples, at_once):
        yield random.multinomial(count, np.full(count, 1 / count), size=min(at_once, resamples - done))


def shares(part: ArrayF64, whole: ArrayF64) -> ArrayF64:
    """``part`` ÷ ``whole`` element by element, NaN where there is no whole."""
    return np.divide(part, whole, out=np.full_like(part, np.nan, dtype=np.float64), where=whole > 0)


def interval_95(values: ArrayF64) -> Interval | None:
    """What the middle 95 % of resampled values span, undefined ones (NaN) left out; None when all are."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return None
    low, high = np.percentile(defined, (2.5, 97.5))
    return float(low), float(high)
