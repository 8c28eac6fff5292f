"""How much better one way of sorting is than another, on the same items. Pure functions.

Four figures are compared, each a ratio of sums over items: recovery (by NdFeB mass), recovery_items, purity (all three
as `score` defines them) and f1 = 2·recovery_items·purity / (recovery_items + purity), which is twice the bearing items
in the product over the bearing items fed plus all items in the product.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.resampling import Interval, interval_95, resampled_weights, shares
from neosort_inference.score import ItemOutcome

Figure = Literal["recovery", "recovery_items", "purity", "f1"]
FIGURES: tuple[Figure, ...] = ("recovery", "recovery_items", "purity", "f1")
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure, or the difference of two, −1..1, with its 95 % interval; None where it is not defined."""

    value: float | None
    ci: Interval | None


def in_every_run(runs: Sequence[Mapping[_Key, ItemOutcome]]) -> list[list[ItemOutcome]]:
    """The outcomes of those items that landed in every run, a list a run, all in the order of the first."""
    if not runs:
        return []
    common = [key for key in runs[0] if all(key in run for run in runs[1:])]
    return [[run[key] for key in common] for run in runs]


def estimates(landed: Sequence[ItemOutcome], *, resamples: int = 1000, seed: int = 0) -> dict[Figure, Estimate]:
    """Each figure of one way of sorting, its interval bootstrapped over items."""
    columns = _columns(landed)
    resampled = [_figures(weights @ columns) for weights in _weights(len(landed), resamples, seed)]
    return _estimates(_figures(columns.sum(axis=0)[None]), resampled)


def paired_differences(
    first: Sequence[ItemOutcome], second: Sequence[ItemOutcome], *, resamples: int = 1000, seed: int = 0
) -> dict[Figure, Estimate]:
    """Each figure of ``first`` less that of ``second``, both about the same items in the same order.

    Every bootstrap resample draws items once, for both: what is common to both, such as hard items, drops out.
    Raises `ValueError` when the items are not the same.
    """
    if [outcome.item.item_id for outcome in first] != [outcome.item.item_id for outcome in second]:
        raise ValueError("paired differences need the outcomes of the same items in the same order")
    one, other = _columns(first), _columns(second)
    resampled = [
        _figures(weights @ one) - _figures(weights @ other) for weights in _weights(len(first), resamples, seed)
    ]
    return _estimates(_figures(one.sum(axis=0)[None]) - _figures(other.sum(axis=0)[None]), resampled)


def _columns(landed: Sequence[ItemOutcome]) -> ArrayF64:
    """(items, 5): NdFeB in the product (g), NdFeB, bearing item in the product, bearing item, item in the product."""
    ndfeb_g = np.array([outcome.ndfeb_g for outcome in landed])
    bearing = np.array([outcome.item.bears_ndfeb for outcome in landed], dtype=np.float64)
    product = np.array([outcome.in_product for outcome in landed], dtype=np.float64)
    return np.column_stack([ndfeb_g * product, ndfeb_g, bearing * product, bearing, product])


def _figures(sums: ArrayF64) -> ArrayF64:
    """Sums of the columns (n, 5) → the four figures (n, 4), NaN where not defined."""
    got_g, fed_g, got, fed, product = sums.T
    return np.column_stack(
        [shares(got_g, fed_g), shares(got, fed), shares(got, product), shares(2 * got, fed + product)]
    )


def _weights(count: int, resamples: int, seed: int) -> list[ArrayF64]:
    return [] if count < 2 else [w.astype(np.float64) for w in resampled_weights(count, resamples, seed)]


def _estimates(found: ArrayF64, resampled: list[ArrayF64]) -> dict[Figure, Estimate]:
    drawn = np.concatenate(resampled) if resampled else np.empty((0, len(FIGURES)))
    values = [float(value) for value in found[0]]
    return {
        figure: Estimate(value=None if np.isnan(value) else value, ci=interval_95(drawn[:, which]))
        for which, (figure, value) in enumerate(zip(FIGURES, values, strict=True))
    }
