"""A model run over stores: what it said of every window, a store at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from neosort_datasets.assembly import Blind
from neosort_datasets.store import WindowStore
from neosort_datasets.window import LabelledWindow, WindowGrid
from neosort_inference.bundle import load_bundle
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_training.ablation import Ablation
from neosort_training.checkpoint import load_checkpoint
from neosort_training.evaluate import Predictor, TorchPredictor
from neosort_training.matching import match_window
from neosort_training.outcomes import Outcomes, joined, pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedThreshold:
    """An operating point that a model brings along. ``confidence``: with which its purity was proven, None where it
    was only found."""

    blind: Blind
    purity_target: float
    p_ndfeb: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A checkpoint or a bundle, ready to be run. ``thresholds``: those that it ships with; a checkpoint has none.
    ``description``: what there is to say of it, by name."""

    path: Path
    predictor: Predictor
    kinds: tuple[str, ...]
    grid: WindowGrid
    thresholds: tuple[ShippedThreshold, ...]
    description: dict[str, str]


def load_model(path: Path) -> LoadedModel:
    """Load a checkpoint (.pt) or a bundle. Raises `CheckpointError`, `BundleError`."""
    if path.suffix == ".pt":
        state = load_checkpoint(path)
        told = {"name": state.name, "trained": f"{state.epoch} of {state.epochs} epochs, {state.step} steps"}
        predictor: Predictor = TorchPredictor(state.averaged_net(), state.grid)
        return LoadedModel(
            path=path, predictor=predictor, kinds=state.kinds, grid=state.grid, thresholds=(), description=told
        )
    bundle = load_bundle(path)
    made = bundle.metadata
    told = {
        "name": made.name,
        "precision": made.precision,
        "sha256": made.sha256[:16],
        "trained": f"{made.training.epochs} epochs, {made.training.steps} steps",
        "made": made.training.made_at,
    }
    return LoadedModel(
        path=path, predictor=bundle, kinds=made.kinds, grid=made.grid, thresholds=_shipped(made), description=told
    )


def _shipped(made: BundleMetadata) -> tuple[ShippedThreshold, ...]:
    """Those found, then those proven; targets that no threshold reaches have none."""
    found = [
        ShippedThreshold(blind=point.blind, purity_target=point.purity_target, p_ndfeb=point.p_ndfeb)
        for point in made.thresholds
        if point.recovery > 0
    ]
    proven = [
        ShippedThreshold(
            blind=point.blind,
            purity_target=point.purity_target,
            p_ndfeb=point.p_ndfeb,
            confidence=point.confidence,
        )
        for point in (made.guarantee.points if made.guarantee else ())
        if point.p_ndfeb is not None
    ]
    return (*found, *proven)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreWindows:
    """The windows of one store that are looked at."""

    store: WindowStore
    indices: tuple[int, ...]

    @property
    def name(self) -> str:
        """The store's path, as it was given."""
        return str(self.store.path)

    @property
    def splits(self) -> tuple[str, ...]:
        """Of which item models its windows are."""
        return tuple(sorted({entry.split for entry in self.store.entries}))

    def __len__(self) -> int:
        return len(self.indices)

    def window(self, place: int) -> LabelledWindow:
        """Window number ``place`` of those that are looked at."""
        return self.store[self.indices[place]]


def evenly_spread(stores: Sequence[WindowStore], limit: int) -> list[StoreWindows]:
    """At most ``limit`` windows of all stores, the same share of each; 0: all."""
    total = sum(len(store) for store in stores)
    step = 1 if limit == 0 else max(1, -(-total // limit))
    return [StoreWindows(store=store, indices=tuple(range(0, len(store), step))) for store in stores]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRun:
    """What a model said of each store. ``window_ms``: of computing each window, on one thread where it is a bundle."""

    parts: tuple[Outcomes, ...]
    window_ms: tuple[float, ...]

    @property
    def pooled(self) -> Outcomes:
        """All stores end to end."""
        return joined(self.parts)


def run_model(
    model: LoadedModel, sources: Sequence[StoreWindows], ablation: Ablation, on_window: Callable[[], None]
) -> ModelRun:
    """Run ``model`` on every window, less what ``ablation`` takes away; ``on_window`` is told of each.

    Raises `ValueError` for a store of windows that the model cannot read, `StoreError` for a damaged one.
    """
    for source in sources:
        _must_fit(model, source.store)
    spent_ms: list[float] = []
    parts = []
    for source in sources:
        outcomes = []
        for place, index in enumerate(source.indices):
            labelled = source.window(place)
            window = ablation.alter(labelled.window, index)
            begun_ns = time.perf_counter_ns()
            found = model.predictor.run(window)
            spent_ms.append((time.perf_counter_ns() - begun_ns) * 1e-6)
            outcomes.append(match_window(found, labelled, model.kinds))
            on_window()
        parts.append(pooled(outcomes))
    return ModelRun(parts=tuple(parts), window_ms=tuple(spent_ms))


def _must_fit(model: LoadedModel, store: WindowStore) -> None:
    if replace(store.grid, across_start_mm=model.grid.across_start_mm) != model.grid:
        raise ValueError(f"{store.path}: holds windows of {store.grid}, {model.path} reads {model.grid}")


def window_of(sources: Sequence[StoreWindows], number: int) -> tuple[StoreWindows, int]:
    """Where window ``number`` of all sources, end to end, comes from: its source, and its place there."""
    for source in sources:
        if number < len(source):
            return source, number
        number -= len(source)
    raise IndexError(f"window {number} more than the stores hold")
