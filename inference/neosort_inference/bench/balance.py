"""Does the truth lie inside a balance's intervals? Lots of the simulated line, whose truth is known.

Belts of held-out item models are sorted whole, jets and all. A lot is then what some of these belts hold of a few of
the models of every kind, belts and models drawn anew for each lot: items of one model, and of one belt, stand or fall
together, so that drawing single items would make lots far too alike. The trial that a balance stands on is made in the
same way of other models (calibration), and the bundle's own evaluation was on others again (validation).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from neosort_inference.balance.known import KnownItem
from neosort_inference.balance.lot_balance import BalanceInputs, LotBalance, Range, balance_lot
from neosort_inference.balance.trying import trial_of
from neosort_inference.bench.record import Record

BELTS_IN_LOT = 0.2  # of all belts
FIGURES = ("product", "rest", "fed")


def drawn_lot(known: Sequence[KnownItem], models: int, random: np.random.Generator) -> list[KnownItem]:
    """What a fifth of the belts hold of so many ``models`` of every kind. Decisions about nothing are kept in the same
    share as items."""
    scenes = sorted({item.scene for item in known})
    belts = set(random.choice(scenes, size=max(1, round(BELTS_IN_LOT * len(scenes))), replace=False).tolist())
    kept: set[str] = set()
    for names in _models_by_kind(known):
        kept |= set(random.choice(names, size=min(models, len(names)), replace=False).tolist())
    here = [item for item in known if item.scene in belts]
    items = [item for item in here if item.model in kept]
    share = len(items) / max(1, sum(bool(item.model) for item in here))
    return items + [item for item in here if not item.model and random.random() < share]


def _models_by_kind(known: Sequence[KnownItem]) -> list[list[str]]:
    """The models of each kind, kinds and models by name, so that the same chance draws the same."""
    by_kind: dict[str, set[str]] = {}
    for item in known:
        if item.model:
            by_kind.setdefault(item.kind, set()).add(item.model)
    return [sorted(by_kind[kind]) for kind in sorted(by_kind)]


def coverage(
    known: Sequence[KnownItem],
    inputs: BalanceInputs,
    *,
    lots: int,
    models: int,
    seed: int,
    on_lot: Callable[[], None] = lambda: None,
) -> Record:
    """In how many of so many lots the truth lies inside the 90 % interval, and what the intervals are like."""
    random = np.random.default_rng(seed)
    inputs = replace(inputs, models_in_lot=float(models))
    rows = []
    for number in range(lots):
        lot = drawn_lot(known, models, random)
        said = [item.said for item in lot if item.said is not None]
        rows.append((_truth(lot), balance_lot(said, replace(inputs, seed=seed + number)), len(lot)))
        on_lot()
    return {
        "lots": lots,
        "items_a_lot": float(np.mean([count for _, _, count in rows])),
        "models_a_kind": models,
        "belts": len({item.scene for item in known}),
        "items": sum(bool(item.model) for item in known),
        **{name: _figure([(truth[name], _ranges(balance)[name]) for truth, balance, _ in rows]) for name in FIGURES},
    }


def dealt(known: Sequence[KnownItem], random: np.random.Generator) -> tuple[list[KnownItem], list[KnownItem]]:
    """Items in two halves that share no model: of each kind's models one half goes to either. Decisions about nothing
    are parted one by one."""
    first: set[str] = set()
    for names in _models_by_kind(known):
        half = (len(names) + int(random.integers(2))) // 2
        first |= set(random.choice(names, size=half, replace=False).tolist())
    to_first = [item.model in first if item.model else bool(random.random() < 0.5) for item in known]
    sides = list(zip(known, to_first, strict=True))
    return [item for item, first_side in sides if first_side], [item for item, first_side in sides if not first_side]


def coverage_over_deals(
    known: Sequence[KnownItem],
    inputs: BalanceInputs,
    *,
    deals: int,
    lots: int,
    models: int,
    seed: int,
    on_lot: Callable[[], None] = lambda: None,
) -> Record:
    """As `coverage`, of so many deals: each parts the models anew into those of a trial and those of ``lots`` lots.

    All lots of one dozen models share what these have in common, so that only other dozens tell how far a share of one
    can be believed: ``inside_sd`` is its standard deviation from deal to deal.
    """
    records = []
    for number in range(deals):
        trial_items, lot_items = dealt(known, np.random.default_rng([seed, number]))
        made = trial_of(trial_items, on=inputs.trial.on, bundle=inputs.trial.bundle, command=inputs.trial.command)
        own = replace(inputs, trial=made)
        records.append(coverage(lot_items, own, lots=lots, models=models, seed=seed + number * lots, on_lot=on_lot))
    return records[0] | {
        "deals": deals,
        "lots": deals * lots,
        "items_a_lot": float(np.mean([record["items_a_lot"] for record in records])),
        "belts": len({item.scene for item in known}),
        "items": sum(bool(item.model) for item in known),
        **{name: _over([record[name] for record in records]) for name in FIGURES},
    }


def _over(figures: Sequence[Record]) -> Record:
    """Means over deals, ``bias`` from those of the masses, and how much ``inside`` differs from one to the next."""
    found = {name: float(np.mean([figure[name] for figure in figures])) for name in figures[0]}
    found["bias"] = found["mean_g"] / max(found["true_g"], 1e-9) - 1.0
    return found | {"inside_sd": float(np.std([figure["inside"] for figure in figures]))}


def _truth(lot: Sequence[KnownItem]) -> dict[str, float]:
    product = sum(item.ndfeb_g for item in lot if item.in_product)
    rest = sum(item.ndfeb_g for item in lot if not item.in_product)
    return {"product": product, "rest": rest, "fed": product + rest}


def _ranges(balance: LotBalance) -> dict[str, Range]:
    return {"product": balance.product_g, "rest": balance.rest_g, "fed": balance.fed_g}


def _figure(pairs: Sequence[tuple[float, Range]]) -> Record:
    """``inside``, ``below``, ``above``: shares of lots whose truth lies there; ``width``: of the interval, over the
    mean estimated; ``true_g``, ``mean_g``, ``low_g``, ``high_g``: means over lots; ``bias``: estimated over true, less
    one."""
    truth = np.array([true for true, _ in pairs])
    mean, low, high = (np.array([getattr(found, name) for _, found in pairs]) for name in ("mean", "low", "high"))
    return {
        "inside": float(((truth >= low) & (truth <= high)).mean()),
        "below": float((truth < low).mean()),
        "above": float((truth > high).mean()),
        "width": float(((high - low) / np.maximum(mean, 1e-9)).mean()),
        "bias": float(mean.sum() / max(truth.sum(), 1e-9) - 1.0),
        "true_g": float(truth.mean()),
        "mean_g": float(mean.mean()),
        "low_g": float(low.mean()),
        "high_g": float(high.mean()),
    }
