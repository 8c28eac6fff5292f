"""A trial from known items: counts by kind, and what differs between item models, by the method of moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.balance.commons import SHIFTS, centred, shares
from neosort_inference.balance.items import Decided, DecidedItem
from neosort_inference.balance.known import KnownItem
from neosort_inference.balance.makes import effects, flattening
from neosort_inference.balance.trial import Trial, TrialOfKind

SHIFT_SDS = np.geomspace(0.05, 4.0, 20)
MAKE_SDS = np.array([0.0, 1.0, 2.0, 4.0, 8.0])  # at 8, of nearly every make all items bear or none
COMMON_FREEDOM = 4.0  # a: what the spread between models common to kinds weighs in that of one, degrees of freedom
COARSE = 4  # every so manieth shift is tried: what lies between is smooth


def trial_of(known: Sequence[KnownItem], *, on: str, bundle: str, command: str) -> Trial:
    """What known items tell. ``on``, ``bundle``, ``command``: see `Trial`."""
    kinds = sorted({item.said.kind for item in known if item.said is not None} | {i.kind for i in known if i.bears})
    errors = {kind: _model_errors(known, kind) for kind in kinds}
    between = np.array([_variance_between(rows) for rows in errors.values() if len(rows) > 1])
    rows = tuple(_of_kind(known, kind, errors[kind], between) for kind in kinds)
    shift_sd, make_sd = _spreads(known, rows)
    return Trial(
        on=on,
        bundle=bundle,
        command=command,
        shift_sd=round(shift_sd, 3),
        make_sd=make_sd,
        mass_between_log=round(_over_kinds(between), 4),
        sigma_scale=round(_sigma_scale(known), 3),
        kinds=rows,
    )


def _of_kind(known: Sequence[KnownItem], kind: str, errors: ArrayF64, between: ArrayF64) -> TrialOfKind:
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
        missed_carried=sum(item.said is None and item.in_product for item in of),
        mass_models=len(errors),
        mass_bias_log=round(float(errors[:, 0].mean()), 4) if len(errors) else 0.0,
        mass_between_log=round(_between(errors, between), 4) if len(errors) else round(_over_kinds(between), 4),
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


def _sigma_scale(known: Sequence[KnownItem]) -> float:
    """How much items of one model scatter about that model's own error, over what the network says; 0 where no model
    has two items."""
    of_model: dict[str, list[KnownItem]] = {}
    for item in known:
        if item.bears and item.said is not None:
            of_model.setdefault(item.model, []).append(item)
    scattered = said = 0.0
    for items in of_model.values():
        if (count := len(items)) > 1:
            decided = Decided.of([item.said for item in items if item.said is not None], ())
            errors = decided.log1p_g - np.log1p([item.ndfeb_g for item in items])
            scattered += float(errors.var(ddof=1)) * count
            said += float((decided.log_sigma**2).sum())
    return float(np.sqrt(scattered / said)) if said > 0 else 0.0


def _variance_between(errors: ArrayF64) -> float:
    """What the means of models scatter more than chance has them."""
    return max(0.0, float(errors[:, 0].var(ddof=1) - errors[:, 1].mean()))


def _over_kinds(between: ArrayF64) -> float:
    """Standard deviation between models of any kind, for one of which nothing is known."""
    return float(np.sqrt(between.mean())) if len(between) else 0.0


def _between(errors: ArrayF64, of_kinds: ArrayF64) -> float:
    """Standard deviation between models, drawn towards what is common among kinds (their median): a dozen models tell a
    spread only roughly. ``of_kinds``: the variance of each."""
    common = float(np.median(of_kinds)) if len(of_kinds) else 0.0
    if len(errors) < 2:
        return float(np.sqrt(common))
    freedom = len(errors) - 1
    drawn = freedom * _variance_between(errors) + COMMON_FREEDOM * common
    return float(np.sqrt(drawn / (freedom + COMMON_FREEDOM)))


def _spreads(known: Sequence[KnownItem], rows: Sequence[TrialOfKind]) -> tuple[float, float]:
    """How far from P(NdFeB) the kinds lie, and makes of a kind, in log-odds: the likeliest pair of standard deviations
    out of `SHIFT_SDS` and `MAKE_SDS`."""
    kinds = [own for row in rows if (own := [i for i in known if i.said is not None and i.said.kind == row.kind])]
    totals = np.zeros((len(MAKE_SDS), len(SHIFT_SDS)))
    for own in kinds:
        log_odds = Decided.of([item.said for item in own if item.said is not None], ()).log_odds
        prior = np.stack([centred(shares(log_odds), float(sd)) for sd in SHIFT_SDS])
        for number, make_sd in enumerate(MAKE_SDS):
            fit = _log_likelihood_of_makes(own, log_odds, float(make_sd))
            totals[number] += np.log(prior @ np.exp(fit - fit.max())) + fit.max()
    make, shift = np.unravel_index(int(np.argmax(totals)), totals.shape)
    return float(SHIFT_SDS[shift]), float(MAKE_SDS[make])


def _log_likelihood_of_makes(items: Sequence[KnownItem], log_odds: ArrayF64, make_sd: float) -> ArrayF64:
    """(shifts,) Of which items bear, were their kind's P off by each shift, with an effect for each make. A decision
    about nothing is a make of its own."""
    flat = flattening(make_sd)
    of_make, weight = effects(flat)
    tried = SHIFTS[::COARSE]
    by_make: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        by_make.setdefault(item.model or f"nothing {number}", []).append(number)
    fit = np.zeros(len(tried))
    for numbers in by_make.values():
        alike, count = np.unique(
            np.round([_sided(items[n], log_odds[n]) for n in numbers], 1), axis=0, return_counts=True
        )
        side, own = alike.T
        odds = (own + tried[:, None, None]) / flat + of_make[:, None]  # (shifts, effects, different ones)
        fit += _log_mean(-np.logaddexp(0.0, -side * odds) @ count, weight)
    return np.asarray(np.interp(SHIFTS, tried, fit))


def _sided(item: KnownItem, log_odds: float) -> tuple[float, float]:
    return (1.0 if item.bears else -1.0), log_odds


def _log_mean(logs: ArrayF64, weight: ArrayF64) -> ArrayF64:
    """Logarithm of the weighted mean over the last axis of what has these logarithms."""
    most = logs.max(axis=-1)
    return np.asarray(most + np.log(np.exp(logs - most[..., None]) @ weight))
