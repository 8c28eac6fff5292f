"""Every figure of an evaluation, ready for JSON: plain keys, each with its 95 % interval beside it.

Recognition alone, before anything is ejected. Figures "at purity ≥ X" have their threshold found on the very windows
that they are of; those at the model's shipped thresholds have not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from neosort_hardware.types import ArrayBool, ArrayF64
from neosort_inference.bench.paired import Estimate
from neosort_inference.report import machine, percentiles, versions
from neosort_training.by_kind import confusion, kind_rows, model_rows
from neosort_training.calibration import Calibration
from neosort_training.curve import curve_with_band
from neosort_training.evaluate import operating_point
from neosort_training.lookalikes import SETS, BalancedAccuracy, ErrorAgainstBestSense, exact_where_all_right
from neosort_training.measures import (
    AtThreshold,
    BoxPrecision,
    MagnetMass,
    RecoveryAtPurity,
    percent_key,
)
from neosort_training.outcomes import Outcomes
from neosort_training.redraws import Measure, Unit, differences, estimates
from neosort_training.running import ModelRun, ShippedThreshold
from neosort_training.trial import Trial

Record = dict[str, Any]

PURITIES = (0.95, 0.98)
QUOTED_PURITY = 0.95


def trial_record(trial: Trial, command: str) -> Record:
    """Everything that is known of an evaluation. Figures of all stores together stand at the top, of each in
    ``by_store``."""
    plan, outcomes, weights = trial.plan, trial.run.pooled, trial.weights
    p_ndfeb = threshold_for(outcomes, QUOTED_PURITY)
    shipped = [point for point in plan.model.thresholds if point.blind == plan.blind]
    lone = [run.pooled for run in _lone(trial)]
    return {
        "model": str(plan.model.path),
        "model_says": plan.model.description,
        "stores": [source.name for source in plan.sources],
        "splits": sorted({split for source in plan.sources for split in source.splits}),
        "blind": plan.blind,
        "resampled": trial.unit.value,
        "draws": plan.draws,
        **plain_figures(outcomes, weights, shipped, lone),
        **_against_reference(trial),
        "by_store": {source.name: _of_store(trial, number, shipped) for number, source in enumerate(plan.sources)},
        "ablations": ablation_rows(trial, p_ndfeb),
        "curve": curve_with_band(outcomes, weights, plan.blind),
        "reliability": [asdict(one) for one in Calibration(outcomes).reliability(weights)],
        "kinds": [asdict(row) for row in kind_rows(outcomes, p_ndfeb, weights)],
        "models": [asdict(row) for row in model_rows(outcomes, p_ndfeb, weights)],
        "confusion": confusion(outcomes),
        "window_ms": percentiles(trial.run.window_ms, {"p50": 50, "p99": 99}),
        "notes": list(_notes(trial)),
        "command": command,
        "versions": versions(),
        "machine": machine(),
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def plain_figures(
    outcomes: Outcomes, weights: ArrayF64, shipped: Sequence[ShippedThreshold], lone: Sequence[Outcomes]
) -> Record:
    """The figures of some windows by plain keys. ``lone``: the same windows with each sense alone; without them the
    comparison with single senses is None."""
    found, calibration = outcomes.found, Calibration(outcomes)
    measures: list[Measure] = [
        RecoveryAtPurity(outcomes, PURITIES),
        BoxPrecision(outcomes),
        MagnetMass(outcomes),
        calibration,
        BalancedAccuracy(outcomes),
    ]
    if lone:
        measures.append(ErrorAgainstBestSense(outcomes, lone))
    record = exact_where_all_right(flat(estimates(measures, outcomes, weights)), outcomes)
    if not lone:
        record |= {"fused_error_vs_best_single_sense": None, "fused_error_vs_best_single_sense_ci95": None}
    return {
        "windows": outcomes.windows,
        "scenes": outcomes.scenes,
        "items": len(outcomes.p),
        "bearing": int(outcomes.bears.sum()),
        "ndfeb_g": float(outcomes.magnet_g[outcomes.bears].sum()),
        "strays": len(outcomes.stray_p),
        "recall": _share(found),
        "recall_iou50": _share(outcomes.iou >= 0.5),
        "kind_accuracy": _share((outcomes.said == outcomes.kind)[found]),
        **record,
        "ece_bins": calibration.bins,
        "ece_of_true_probabilities": calibration.of_true_probabilities(),
        **{percent_key("p_ndfeb_at_purity", target): _finite(threshold_for(outcomes, target)) for target in PURITIES},
        "at_shipped_thresholds": [_at_shipped(outcomes, weights, point) for point in shipped],
    }


def flat(found: dict[str, Estimate]) -> Record:
    """``{"ap50": value, "ap50_ci95": [low, high], …}``."""
    record: Record = {}
    for name, one in found.items():
        record |= {name: one.value, f"{name}_ci95": None if one.ci is None else list(one.ci)}
    return record


def threshold_for(outcomes: Outcomes, purity: float) -> float:
    """The threshold on P(NdFeB) for that purity on these windows; infinity, which nothing reaches, where none is."""
    picks = outcomes.picks()
    point = operating_point(picks.p, picks.bears, purity, bearing=int(outcomes.bears.sum()), items=len(outcomes.p))
    return point.p_ndfeb if point.recovery > 0 else math.inf


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _at_shipped(outcomes: Outcomes, weights: ArrayF64, point: ShippedThreshold) -> Record:
    """``purity_gap``: what is had beyond what is promised; below 0 the promise does not hold on these windows."""
    told = flat(estimates([AtThreshold(outcomes, point.p_ndfeb)], outcomes, weights))
    gap = None if told["purity"] is None else told["purity"] - point.purity_target
    promised = {"purity_target": point.purity_target, "confidence": point.confidence, "p_ndfeb": point.p_ndfeb}
    return promised | told | {"purity_gap": gap}


def _lone(trial: Trial) -> list[ModelRun]:
    return [trial.ablated[key] for key in ("camera_only", "field_only") if key in trial.ablated]


def _of_store(trial: Trial, number: int, shipped: Sequence[ShippedThreshold]) -> Record:
    source, weights = trial.plan.sources[number], trial.weights_of(number)
    lone = [run.parts[number] for run in _lone(trial)]
    return {"splits": list(source.splits), **plain_figures(trial.run.parts[number], weights, shipped, lone)}


def ablation_rows(trial: Trial, p_ndfeb: float) -> list[Record]:
    """A row for the model as it is and one for each thing taken away.

    Each with a threshold of its own, and in ``recovery`` and ``purity`` at ``p_ndfeb``, that of the model as it is:
    what a line would get that does not know what it lacks.
    """
    runs = {trial.plan.whole.key: trial.run, **trial.ablated}
    titles = {what.key: what.title for what in (trial.plan.whole, *trial.plan.ablations)}
    return [
        {"key": key, "title": titles[key], **_short_figures(run.pooled, trial.weights, p_ndfeb)}
        for key, run in runs.items()
    ]


def _short_figures(outcomes: Outcomes, weights: ArrayF64, p_ndfeb: float) -> Record:
    measures: list[Measure] = [
        RecoveryAtPurity(outcomes, PURITIES),
        AtThreshold(outcomes, p_ndfeb),
        BoxPrecision(outcomes),
        Calibration(outcomes),
        BalancedAccuracy(outcomes),
    ]
    return exact_where_all_right(flat(estimates(measures, outcomes, weights)), outcomes)


def _against_reference(trial: Trial) -> Record:
    """What is lost against the reference, paired over the same windows; nothing without one."""
    if trial.reference is None or trial.plan.reference is None:
        return {}
    before, after = trial.reference.pooled, trial.run.pooled
    name = percent_key("recovery_at_purity", QUOTED_PURITY)
    lost = differences(
        [RecoveryAtPurity(after, (QUOTED_PURITY,))], [RecoveryAtPurity(before, (QUOTED_PURITY,))], before, trial.weights
    )
    return {"reference": str(trial.plan.reference.path), **flat({f"loss_against_reference_{name}": lost[name]})}


def _notes(trial: Trial) -> Iterable[str]:
    """What a reader must know before believing a figure, a sentence each."""
    for source in trial.plan.sources:
        if "train" in source.splits:
            yield f"{source.name} holds item models of the training split: these figures are not of unseen items."
    outcomes = trial.run.pooled
    steel = outcomes.kind == "steel"
    if (outcomes.magnetised[steel] < 0).any():
        yield "The labels do not say which steel is magnetised: look-alikes of loose magnets are all steel."
    for pair in SETS:
        if not (pair.bearing_items(outcomes).any() and pair.other_items(outcomes).any()):
            yield f"No figure for look-alikes '{pair.title}': one of the kinds does not occur."
    if trial.unit is Unit.WINDOWS and any(part.overlapping for part in trial.run.parts):
        yield "Windows overlap and are drawn one by one: items count twice and the intervals are too narrow."
    if min(part.scenes for part in trial.run.parts) < 2:
        yield "A store has one scene only: its intervals say nothing of other belts, lights and arrays."


def _share(flags: ArrayBool) -> float | None:
    return float(flags.mean()) if len(flags) else None
