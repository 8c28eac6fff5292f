"""What is fusion worth? The same belts sorted with both senses and with either alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import cv2

from neosort_datasets.assembly import Blind
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.devices import DeviceError, Truth
from neosort_hardware.line import open_line
from neosort_hardware.types import ItemTruth, Landing
from neosort_inference.bench.counted_by import COMPUTING_NS, CountedBy
from neosort_inference.bench.paired import Estimate, Figure, estimates, in_every_run, paired_differences
from neosort_inference.bench.parallel import JobError, run_jobs
from neosort_inference.bench.record import Record
from neosort_inference.bundle import BundleError, load_bundle
from neosort_inference.faults.modes import MODE_OF
from neosort_inference.recipe import Recipe
from neosort_inference.report import percentiles
from neosort_inference.score import ItemOutcome, match_decisions, outcomes, score_outcomes
from neosort_inference.sorting import Sorting, SortingPlan
from neosort_inference.telemetry import Telemetry

Sense = Literal["fused", "camera", "field"]
LONE: tuple[Sense, ...] = ("camera", "field")
BLIND: dict[Sense, Blind] = {"fused": "none", "camera": "field", "field": "camera"}
# Runs of one belt end a step apart from one another; so many more items land than are asked for that enough are common.
SPARE_ITEMS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Belt:
    """One belt sorted with one sense: a job for a process of its own. ``items``: how many are to land. ``counted_by``:
    what computing is counted by, CLOCK or PROCESSOR."""

    config: LineConfig
    bundle: Path
    recipe: Recipe
    sense: Sense
    seed: int
    items: int
    counted_by: CountedBy = CountedBy.CLOCK

    @property
    def name(self) -> str:
        """For messages."""
        return f"seed {self.seed}, {MODE_OF[BLIND[self.sense]]}"

    def run(self, on_progress: Callable[[int], None]) -> Telemetry:
        """Sort it in virtual time. Raises `JobError`."""
        try:
            return sort_belt(self, on_progress)
        except (BundleError, ConfigError, DeviceError) as error:
            raise JobError(str(error)) from error


def sort_belt(belt: Belt, on_progress: Callable[[int], None]) -> Telemetry:
    """Sort one belt in virtual time on one thread, until its items have landed. No picture is kept."""
    cv2.setNumThreads(1)
    plan = SortingPlan(bundle=load_bundle(belt.bundle), recipe=belt.recipe, blind=BLIND[belt.sense], kept=None)
    clock = VirtualClock(computing_ns=COMPUTING_NS[belt.counted_by])
    with open_line(belt.config, clock, belt.seed) as opened:
        if opened.truth is None:
            raise ConfigError(f"line '{belt.config.name}' is not simulated: nobody knows what lies on its belt")
        counted = _CountedTruth(opened.truth, belt.items, on_progress)
        sorting = Sorting(replace(opened, truth=counted), plan)
        counted.when_enough = sorting.stop
        return sorting.run()


class _CountedTruth:
    """Hands the truth on, says how many items have landed, and when they are enough."""

    def __init__(self, truth: Truth, enough: int, on_progress: Callable[[int], None]) -> None:
        self._truth = truth
        self._left = enough
        self._on_progress = on_progress
        self.when_enough: Callable[[], None] = lambda: None

    def items(self) -> list[ItemTruth]:
        return self._truth.items()

    def landings(self) -> list[Landing]:
        landings = self._truth.landings()
        if landings and self._left > 0:
            self._on_progress(min(len(landings), self._left))
            self._left -= len(landings)
            if self._left <= 0:
                self.when_enough()
        return landings


def sort_belts(
    belts: Sequence[Belt], workers: int, on_progress: Callable[[int], None]
) -> dict[tuple[Sense, int], Telemetry]:
    """Sort every belt, ``workers`` at a time. Raises `JobError`."""
    found = run_jobs(belts, workers, on_progress)
    return {(belt.sense, belt.seed): telemetry for belt, telemetry in zip(belts, found, strict=True)}


def belts_of(
    config: LineConfig,
    bundle: Path,
    recipe: Recipe,
    seeds: Sequence[int],
    items: int,
    *,
    counted_by: CountedBy = CountedBy.CLOCK,
) -> list[Belt]:
    """Every seed's belt for every sense; together the seeds give at least ``items`` items. Raises `ConfigError`."""
    if config.twin.feed.items_per_s_per_m <= 0:
        raise ConfigError("twin.feed.items_per_s_per_m = 0: a bench needs items, it must be above 0")
    each = -(-items // len(seeds)) + SPARE_ITEMS
    return [
        Belt(config=config, bundle=bundle, recipe=recipe, sense=sense, seed=seed, items=each, counted_by=counted_by)
        for seed in seeds
        for sense in BLIND
    ]


def compare(runs: dict[tuple[Sense, int], Telemetry], *, resamples: int = 2000) -> Record:
    """Every figure, ready for JSON: each sense's, of all seeds and of each, and how much better both together are than
    either alone (``difference``, by the lone sense). Only items that landed with every sense count."""
    seeds = tuple(dict.fromkeys(seed for _, seed in runs))
    common: dict[tuple[Sense, int], list[ItemOutcome]] = {}
    for seed in seeds:
        landed = in_every_run([_landed(runs[sense, seed]) for sense in BLIND])
        common |= {(sense, seed): found for sense, found in zip(BLIND, landed, strict=True)}
    pooled = {sense: [outcome for seed in seeds for outcome in common[sense, seed]] for sense in BLIND}
    record: Record = {"items": len(pooled["fused"]), "seeds": list(seeds)}
    for sense in BLIND:
        by_seed = [{"seed": seed, **_figures(common[sense, seed], [runs[sense, seed]], resamples)} for seed in seeds]
        record[sense] = _figures(pooled[sense], [runs[sense, seed] for seed in seeds], resamples) | {"by_seed": by_seed}
    record["difference"] = {
        lone: _flat(paired_differences(pooled["fused"], pooled[lone], resamples=resamples)) for lone in LONE
    }
    return record


def _landed(run: Telemetry) -> dict[int, ItemOutcome]:
    """What became of the items of one run, by item."""
    matches = match_decisions(list(run.items), list(run.decisions))
    return {outcome.item.item_id: outcome for outcome in outcomes(run.items, run.landings, matches)}


def _figures(landed: Sequence[ItemOutcome], runs: Sequence[Telemetry], resamples: int) -> Record:
    """The figures of one sense; ``runs``: those that ``landed`` comes from."""
    score = score_outcomes(landed, bootstrap=0)
    decisions = [decision for run in runs for decision in run.decisions]
    return {
        "items": score.items,
        "bearing": score.bearing,
        "product": score.product,
        **_flat(estimates(landed, resamples=resamples)),
        "loss": asdict(score.loss),
        "decisions": len(decisions),
        "shots": sum(decision.fired for decision in decisions),
        "late": sum(decision.late for decision in decisions),
        "fired_late": sum(run.fired_late for run in runs),
        "latency_ms": percentiles([d.latency_ms for d in decisions], {"p50": 50, "p99": 99, "p999": 99.9}),
        "seconds": sum(run.ended_ns - run.started_ns for run in runs) * 1e-9,
    }


def _flat(found: dict[Figure, Estimate]) -> Record:
    """``{"purity": value, "purity_ci": [low, high], …}``."""
    values: Record = {figure: estimate.value for figure, estimate in found.items()}
    return values | {f"{figure}_ci": None if e.ci is None else list(e.ci) for figure, e in found.items()}
