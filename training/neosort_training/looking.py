"""A model run over windows: what it says of them, scene after scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from neosort_datasets.assembly import Blind
from neosort_datasets.store import WindowStore
from neosort_training.ablation import blinded
from neosort_training.evaluate import Predictor
from neosort_training.matching import SCORE_MIN, match_window
from neosort_training.outcomes import Outcomes, WindowOutcome, joined, pooled

Windows = Sequence[tuple[WindowStore, int]]


def outcomes_of(
    predictor: Predictor,
    windows: Windows,
    kinds: Sequence[str],
    blind: Blind,
    on_window: Callable[[], None],
    *,
    score_min: float = SCORE_MIN,
) -> Outcomes:
    """What ``predictor`` says of windows, a store after the other; ``on_window`` is told of each."""
    parts: dict[Path, list[WindowOutcome]] = {}
    for store, index in windows:
        labelled = store[index]
        said = match_window(predictor.run(blinded(labelled.window, blind)), labelled, kinds, score_min)
        parts.setdefault(store.path, []).append(said)
        on_window()
    return joined([pooled(part) for part in parts.values()])


def every_window(stores: Sequence[WindowStore]) -> Windows:
    """Of all stores, one after the other."""
    return [(store, index) for store in stores for index in range(len(store))]


def thinned(windows: Windows, limit: int) -> Windows:
    """At most ``limit`` of them, evenly spread; 0: all."""
    return windows if limit == 0 else windows[:: max(1, -(-len(windows) // limit))]
