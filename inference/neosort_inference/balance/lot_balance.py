"""The balance of a lot: what a passport, a report and a page say of its NdFeB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from neosort_hardware.types import ArrayF64
from neosort_inference.balance.composition import Assay, Composition, Contained, Element, contained
from neosort_inference.balance.draws import DRAWS, Draws, draw_balance
from neosort_inference.balance.evidence import evidence_for
from neosort_inference.balance.items import Decided, DecidedItem
from neosort_inference.balance.trial import Trial
from neosort_inference.balance.weighing import Reconciled, Weighing, reconciled
from neosort_inference.bundle_metadata import BundleMetadata

MODELS_IN_LOT = 8.0  # a: makes of one kind in a lot, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Mean and 90 % interval, to six digits: more than anybody is sure of, and the same on every machine."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: ArrayF64) -> Range:
        """Of draws; of none that are defined, nothing."""
        known = draws[np.isfinite(draws)]
        if not known.size:
            return cls(mean=0.0, low=0.0, high=0.0)
        low, high = np.percentile(known, (5, 95))
        return cls(mean=_six_digits(known.mean()), low=_six_digits(low), high=_six_digits(high))

    def holds(self, value: float) -> bool:
        """Whether it lies inside the interval."""
        return self.low <= value <= self.high


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RareEarth:
    """An element in product and rest, grams, and the oxide that could be made of it."""

    element: Element
    oxide: str
    product_g: Range
    rest_g: Range
    product_oxide_g: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class OfKind:
    """Items said to be of a kind: how many, how many of them ejected, and the NdFeB in product and rest."""

    kind: str
    items: int
    ejected: int
    product_g: Range
    rest_g: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the balance stands on. ``trial_bundle``: the bundle that the trial was made with; where that is not
    ``bundle``, the line should be tried anew."""

    bundle: str
    trial: str
    trial_bundle: str
    composition: str
    models_in_lot: float
    draws: int
    seed: int
    statement: str = (
        "90 % intervals, for a feed and item models like those that the bundle was evaluated and the trial made on"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LotBalance:
    """NdFeB of a lot in grams. ``missed_g``: of the rest, in items never decided on; ``recovery``: share of what was
    fed that is in the product; ``oxides_g``: of all rare earths in the product, as oxides."""

    items: int
    ejected: int
    product_g: Range
    rest_g: Range
    fed_g: Range
    missed_g: Range
    recovery: Range
    oxides_g: Range
    rare_earths: tuple[RareEarth, ...]
    kinds: tuple[OfKind, ...]
    reconciled: tuple[Reconciled, ...]
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceInputs:
    """What a balance needs beside the items. ``bundle_id``, as the ledger names it."""

    bundle: BundleMetadata
    bundle_id: str
    trial: Trial
    composition: Composition
    assay: Assay | None = None
    weighings: Sequence[Weighing] = field(default_factory=tuple)
    models_in_lot: float = MODELS_IN_LOT
    draws: int = DRAWS
    seed: int = 0


def bundle_id(bundle: BundleMetadata) -> str:
    """A bundle as the ledger names it: with the first 12 digits of its SHA-256."""
    return f"{bundle.name[:64]}@{bundle.sha256[:12]}"


def balance_lot(items: Sequence[DecidedItem], inputs: BalanceInputs) -> LotBalance:
    """The balance of a lot's decided items. The same items and inputs give the same figures."""
    decided = Decided.of(items, inputs.bundle.kinds)
    said = Counter(item.kind for item in items)
    bearing = inputs.composition.bearing
    evidence = evidence_for(
        said, inputs.bundle, inputs.trial, bearing, models_in_lot=inputs.models_in_lot, evenness=decided.evenness()
    )
    drawn = draw_balance(decided, evidence, draws=inputs.draws, seed=inputs.seed)
    product, rest = drawn.product.sum(axis=1), drawn.rest.sum(axis=1)
    in_product, in_rest = (
        contained(mass, drawn.kinds, evidence.true_kind, inputs.composition, inputs.assay, seed=inputs.seed)
        for mass in (drawn.product, drawn.rest)
    )
    fed = product + rest
    oxides = np.sum([element.oxide_grams for element in in_product], axis=0)
    return LotBalance(
        items=len(items),
        ejected=sum(item.ejected for item in items),
        product_g=Range.of(product),
        rest_g=Range.of(rest),
        fed_g=Range.of(fed),
        missed_g=Range.of(drawn.missed.sum(axis=1)),
        recovery=Range.of(np.divide(product, fed, out=np.full_like(fed, np.nan), where=fed > 0)),
        oxides_g=Range.of(oxides),
        rare_earths=tuple(_rare_earth(a, b) for a, b in zip(in_product, in_rest, strict=True)),
        kinds=_kinds(items, drawn),
        reconciled=tuple(reconciled(inputs.weighings, product, rest)),
        basis=Basis(
            bundle=inputs.bundle_id,
            trial=inputs.trial.on,
            trial_bundle=inputs.trial.bundle,
            composition=_composition_words(inputs),
            models_in_lot=inputs.models_in_lot,
            draws=inputs.draws,
            seed=inputs.seed,
        ),
    )


def _composition_words(inputs: BalanceInputs) -> str:
    if inputs.assay is None:
        return f"table '{inputs.composition.name}', by kind"
    return f"assay {inputs.assay.sample} by {inputs.assay.laboratory}, {inputs.assay.taken_on.isoformat()}"


def _rare_earth(product: Contained, rest: Contained) -> RareEarth:
    return RareEarth(
        element=product.element,
        oxide=product.oxide,
        product_g=Range.of(product.grams),
        rest_g=Range.of(rest.grams),
        product_oxide_g=Range.of(product.oxide_grams),
    )


def _kinds(items: Sequence[DecidedItem], drawn: Draws) -> tuple[OfKind, ...]:
    said, ejected = Counter(item.kind for item in items), Counter(item.kind for item in items if item.ejected)
    rows = [
        OfKind(
            kind=kind,
            items=said[kind],
            ejected=ejected[kind],
            product_g=Range.of(drawn.product[:, column]),
            rest_g=Range.of(drawn.rest[:, column]),
        )
        for column, kind in enumerate(drawn.kinds)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.product_g.mean - row.rest_g.mean, row.kind)))
