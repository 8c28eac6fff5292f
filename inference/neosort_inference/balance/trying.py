"""A trial from known items: counts by kind, and what differs between item models, by the method of moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.balance.commons import centred, log_likelihood, shares
from neosort_inference.balance.evidence import Counted
from neosort_inference.balance.items import Decided, DecidedItem
from neosort_inference.balance.known import KnownItem
from neosort_inference.balance.trial import Trial, TrialOfKind

SHIFT_SDS = np.geomspace(0.05, 4.0, 40)


def trial_of(known: Sequence[KnownItem], *, on: str, bundle: str, command: str) -> Trial:
    """What known items tell. ``on``, ``bundle``, ``command``: see `Trial`."""
    kinds = sorted({item.said.kind for item in known if item.said is not None} | {i.kind for i in known if i.bears})
    errors = {kind: _model_errors(known, kind) for kind in kinds}
    pooled = _pooled_between([rows for rows in errors.values() if len(rows) > 1])
    rows = tuple(_of_kind(known, kind, errors[kind], pooled) for kind in kinds)
    return Trial(
        on=on,
        bundle=bundle,
        command=command,
        shift_sd=round(_shift_sd(known, rows), 3),
        mass_between_log=round(pooled, 4),
        kinds=rows,
    )


def _of_kind(known: Sequence[KnownItem], kind: str, errors: ArrayF64, pooled: float) -> TrialOfKind:
    said = [(item, item.said.ejected) for item in known if item.said is not None and item.said.kind == kind]
    of = [item for item in known if item.bears and item.kind == kind]
    real = [(item, ejected) for item, ejected in said if item.kind]
    ejected = [item for item, fired in real if fired]
    passed = [item for item, fired in real if not fired]
    return TrialOfKind(
        kind=kind,
        items=len(said),
        bears=sum(item.bears for item, _ in said),
        models=round(_effective([item.model for item, _ in said]), 2),
        looks=round(_looks([item for item, _ in said]), 2),
        ejected=len(ejected),
        hits=sum(item.in_product for item in ejected),
        passed=len(passed),
        carried=sum(item.in_product for item in passed),
        bearing=len(of),
        found=sum(item.said is not None for item in of),
        mass_models=len(errors),
        mass_bias_log=round(float(errors[:, 0].mean()), 4) if len(errors) else 0.0,
        mass_between_log=round(_between(errors, pooled), 4) if len(errors) else round(pooled, 4),
    )


def _effective(models: Sequence[str]) -> float:
    """As many equally common models would tell as much: (Σn)² ÷ Σn² (Kish)."""
    counts = np.array(list(Counter(models).values()), dtype=np.float64)
    return float(counts.sum() ** 2 / (counts**2).sum()) if len(counts) else 0.0


def _looks(said: Sequence[KnownItem]) -> float:
    """As many independent items would tell the share that bears as well as these, which come in models.

    s(1 − s) over the variance of the share between models (the ratio estimator's); s smoothed by half an item either
    way, for of none nothing would vary. No more than there are items, and no less than there are models.
    """
    if not said:
        return 0.0
    sizes, bearing = Counter(item.model for item in said), Counter(item.model for item in said if item.bears)
    share = (sum(bearing.values()) + 0.5) / (len(said) + 1.0)
    variance = sum((bearing[model] - share * size) ** 2 for model, size in sizes.items()) / len(said) ** 2
    looks = share * (1.0 - share) / variance if variance > 0 else len(said)
    return float(min(len(said), max(looks, _effective([item.model for item in said]))))


def _model_errors(known: Sequence[KnownItem], kind: str) -> ArrayF64:
    """(models, 3): mean error of log(1 + grams) of each model's items, its variance by chance, how many there were."""
    by_model: dict[str, list[float]] = {}
    for item in known:
        if item.bears and item.kind == kind and item.said is not None:
            by_model.setdefault(item.model, []).append(_log_error(item.said, item.ndfeb_g))
    values = [np.array(errors) for errors in by_model.values()]
    within = [v.var(ddof=1) for v in values if len(v) > 1]
    chance = float(np.mean(within)) if within else 0.0
    return np.array([(v.mean(), chance / len(v), len(v)) for v in values], dtype=np.float64).reshape(-1, 3)


def _log_error(said: DecidedItem, grams: float) -> float:
    decided = Decided.of([said], ())
    return float(decided.log1p_g[0] - np.log1p(grams))


def _between(errors: ArrayF64, pooled: float) -> float:
    """Standard deviation between models: what their means scatter more than chance has them; never below half of that
    over all kinds, for a dozen models tell a spread only roughly."""
    if len(errors) < 2:
        return pooled
    return float(max(0.5 * pooled, np.sqrt(max(0.0, errors[:, 0].var(ddof=1) - errors[:, 1].mean()))))


def _pooled_between(kinds: Sequence[ArrayF64]) -> float:
    spread = [max(0.0, rows[:, 0].var(ddof=1) - rows[:, 1].mean()) for rows in kinds]
    return float(np.sqrt(np.mean(spread))) if spread else 0.0


def _shift_sd(known: Sequence[KnownItem], rows: Sequence[TrialOfKind]) -> float:
    """How far from P(NdFeB) the counts of the kinds lie, in log-odds: the likeliest of `SHIFT_SDS`."""
    decided = Decided.of([item.said for item in known if item.said is not None], [row.kind for row in rows])
    counted = []
    for number, row in enumerate(rows):
        own = decided.log_odds[decided.kind == number]
        if len(own):
            share = shares(own)
            counted.append((share, log_likelihood(share, Counted(row.bears, row.items))))
    totals = [sum(_log_evidence(share, fit, float(sd)) for share, fit in counted) for sd in SHIFT_SDS]
    return float(SHIFT_SDS[int(np.argmax(totals))])


def _log_evidence(share: ArrayF64, fit: ArrayF64, sd: float) -> float:
    return float(np.log(centred(share, sd) @ np.exp(fit - fit.max())) + fit.max())
