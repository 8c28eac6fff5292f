"""How a figure would have come out on other windows: bootstrap over windows, or over whole scenes.

A figure of pooled outcomes is a `Measure`: it takes how often each window was drawn and gives its values. Drawn once
each, the windows give the figure itself; drawn at random, they give its interval. Windows of every store are drawn
from that store alone, so that the mix of stores stays as it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.bench.paired import Estimate
from neosort_inference.resampling import interval_95, resampled_weights
from neosort_training.outcomes import Outcomes

Measure = Callable[[ArrayF64], dict[str, ArrayF64]]
"""(draws, windows) how often each window was drawn → (draws,) of each figure by name, NaN where it is not defined."""

DRAWS = 1000
ENOUGH_SCENES = 20
_NUMBERS_AT_ONCE = 1_000_000  # of draws × items: what stays in a processor's cache is quickest


class Unit(StrEnum):
    """What is drawn."""

    AUTO = "auto"
    WINDOWS = "windows"
    SCENES = "scenes"


def unit_for(parts: Sequence[Outcomes], asked: Unit = Unit.AUTO) -> Unit:
    """What to draw from these stores.

    Windows of one scene share belt, light and array, so scenes are drawn where each store holds `ENOUGH_SCENES`; fewer
    of them would say little, and windows are drawn. Windows that overlap hold the same items and must not be drawn one
    by one, if there are but two scenes.
    """
    if asked is not Unit.AUTO:
        return asked
    enough = 2 if any(part.overlapping for part in parts) else ENOUGH_SCENES
    return Unit.SCENES if all(part.scenes >= enough for part in parts) else Unit.WINDOWS


def draw_windows(parts: Sequence[Outcomes], unit: Unit, draws: int = DRAWS, seed: int = 0) -> ArrayF64:
    """(draws, windows of all parts end to end): how often each is drawn. Every store has draws of its own."""
    return np.concatenate([_draw(part, unit, draws, seed + number) for number, part in enumerate(parts)], axis=1)


def _draw(part: Outcomes, unit: Unit, draws: int, seed: int) -> ArrayF64:
    count = part.scenes if unit is Unit.SCENES else part.windows
    weights = np.concatenate(list(resampled_weights(count, draws, seed))).astype(np.float64)
    return weights[:, part.scene] if unit is Unit.SCENES else weights


def every_window_once(outcomes: Outcomes) -> ArrayF64:
    """(1, windows): the windows as they were."""
    return np.ones((1, outcomes.windows))


def measured(measures: Iterable[Measure], weights: ArrayF64, items: int) -> dict[str, ArrayF64]:
    """Every figure of every draw, a few draws at a time. ``items``: how many numbers a draw takes in a measure."""
    at_once = max(1, _NUMBERS_AT_ONCE // max(1, items))
    found: dict[str, list[ArrayF64]] = {}
    for measure in measures:
        for first in range(0, len(weights), at_once):
            for name, values in measure(weights[first : first + at_once]).items():
                found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def estimates(measures: Sequence[Measure], outcomes: Outcomes, weights: ArrayF64) -> dict[str, Estimate]:
    """Every figure with its 95 % interval (percentiles over the draws)."""
    items = len(outcomes.p) + len(outcomes.stray_p)
    once = measured(measures, every_window_once(outcomes), items)
    drawn = measured(measures, weights, items)
    return {name: estimate(float(values[0]), drawn[name]) for name, values in once.items()}


def estimate(value: float, drawn: ArrayF64) -> Estimate:
    """A figure and what its draws span; no interval where it is not defined itself."""
    undefined = np.isnan(value)
    return Estimate(value=None if undefined else value, ci=None if undefined else interval_95(drawn))


def least_of_all(n: int) -> float:
    """How low a share may be of which all ``n`` seen were right: the lower end of its exact 95 % interval.

    A bootstrap has nothing else to draw and would say 1 (Clopper and Pearson 1934). By symmetry 1 − this is how high a
    share may be of which none was.
    """
    return float(0.025 ** (1.0 / n)) if n else 0.0


def differences(
    of: Sequence[Measure], less: Sequence[Measure], outcomes: Outcomes, weights: ArrayF64
) -> dict[str, Estimate]:
    """Each figure of ``of`` less that of ``less``, with its 95 % interval, both about the same windows.

    Every draw takes windows once, for both: what is common to both, such as hard windows, drops out. ``outcomes``:
    either side's, for the number of windows and items.
    """
    items = len(outcomes.p) + len(outcomes.stray_p)
    sides = [
        (measured(measures, every_window_once(outcomes), items), measured(measures, weights, items))
        for measures in (of, less)
    ]
    (once, drawn), (other_once, other_drawn) = sides
    return {
        name: estimate(float(once[name][0] - other_once[name][0]), drawn[name] - other_drawn[name]) for name in once
    }
