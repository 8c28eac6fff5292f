"""Whether guarantees hold: drawn again and again from a large pool of scenes, and looked at where they promise nothing.

The pool is the population: its purity at every threshold is known. Each draw takes scenes from it without putting any
back, proves a threshold on them as `guarantee` does, and is held against the pool. Drawn without putting back, the
mean of products of what was drawn is at most the product of means (Maclaurin's inequality), so that the proof is as
good as for independent draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.resampling import interval_95, resampled_weights, shares
from neosort_training.guarantee import SceneTally, prove

RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """Of one target: how many ``draws`` shipped a threshold, and how many of all were ``wrong``: the pool's purity at
    the shipped threshold is less than the target. ``recovery`` of the pool at the threshold shipped, 0 where none was;
    ``best``: at the lowest threshold of the grid at which the pool keeps the target, which nobody can know."""

    target: float
    draws: int
    shipped: int
    wrong: int
    recovery: float
    best: float
    least_purity: float | None

    @property
    def held(self) -> float:
        """Share of draws that promised nothing false."""
        return 1.0 - self.wrong / self.draws


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """``draws`` draws of ``scenes`` scenes each; ``confidence``: with which thresholds are proven."""

    scenes: int
    draws: int
    seed: int
    confidence: float


def run_trial(pool: SceneTally, target: float, plan: TrialPlan, on_draw: Callable[[], None]) -> TrialResult:
    """Draw and prove, again and again. Raises `ValueError` where the pool has fewer than twice the scenes of a draw."""
    if len(pool) < 2 * plan.scenes:
        raise ValueError(
            f"a pool of {len(pool)} scenes, to draw {plan.scenes} from it at least twice as many are needed"
        )
    purity, recovery = pool.purity, pool.recovery
    rng = np.random.default_rng(plan.seed)
    places: list[int] = []
    for _ in range(plan.draws):
        drawn = pool.of(rng.choice(len(pool), plan.scenes, replace=False))
        place = prove(drawn, target, plan.confidence).place
        if place is not None:
            places.append(place)
        on_draw()
    kept = np.flatnonzero(purity >= target)
    return TrialResult(
        target=target,
        draws=plan.draws,
        shipped=len(places),
        wrong=int((purity[places] < target).sum()),
        recovery=float(recovery[places].sum() / plan.draws),
        best=float(recovery[kept].max()) if len(kept) else 0.0,
        least_purity=float(purity[places].min()) if places else None,
    )


def more_than_chance(result: TrialResult, confidence: float) -> bool:
    """Whether false promises are more than three standard deviations above the share that is allowed."""
    allowed = result.draws * (1.0 - confidence)
    return result.wrong > allowed + 3.0 * math.sqrt(allowed * confidence)


def elsewhere(scenes: SceneTally, p_ndfeb: float, target: float) -> dict[str, Any]:
    """Purity and recovery at a shipped threshold on scenes that it promises nothing about, and the gap to the target,
    with 95 % intervals, bootstrapped over scenes."""
    place = int(np.argmin(np.abs(scenes.thresholds - p_ndfeb)))
    columns = np.stack([scenes.hits[:, place], scenes.picked[:, place], scenes.fed], axis=1)
    whole = columns.sum(axis=0, keepdims=True)
    drawn = [weights.astype(np.float64) @ columns for weights in resampled_weights(len(scenes), RESAMPLES, seed=0)]
    sums: ArrayF64 = np.concatenate(drawn)
    purity, recovery = shares(whole[:, 0], whole[:, 1])[0], shares(whole[:, 0], whole[:, 2])[0]
    return {
        "purity": _number(purity),
        "purity_ci": _interval(shares(sums[:, 0], sums[:, 1])),
        "gap": _number(purity - target),
        "recovery": _number(recovery),
        "recovery_ci": _interval(shares(sums[:, 0], sums[:, 2])),
        "picks": int(whole[0, 1]),
        "scenes": len(scenes),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _interval(values: ArrayF64) -> list[float] | None:
    found = interval_95(values)
    return None if found is None else list(found)


def shift_record(stores: Mapping[str, SceneTally], thresholds: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    """`elsewhere` of every store and every (target, threshold)."""
    return [
        {"store": name, "purity_target": target, "p_ndfeb": p_ndfeb} | elsewhere(scenes, p_ndfeb, target)
        for name, scenes in stores.items()
        for target, p_ndfeb in thresholds
    ]
