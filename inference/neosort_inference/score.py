"""How well a run sorted, from what was fed, what was decided and where everything landed. Pure functions.

Definitions (an item counts once it has landed):

* *recovery* = NdFeB mass in the product ÷ NdFeB mass fed; *recovery_items* the same by count of bearing items.
* *purity* = bearing items in the product ÷ all items in the product.
* Of the NdFeB mass that is not in the product, *recognition* is in items for which no shot was decided (not seen,
  judged not to bear, or of a forbidden kind) and *timing* in items recognised and yet not ejected (fired at but missed
  or too weak, refused as late, or the shot not to be had): recovery + recognition + timing = 1.
* Of the items in the product that bear nothing, *false_alarm* were shot at themselves and *coejection* were not (blown
  along by a neighbour's jet): purity + coejection + false_alarm = 1.

A bearing item that a neighbour's jet blew into the product counts as recovered. Items too heavy for air (hub motors)
stand in a figure of their own, `Heavy`, and in no other: what lifts them is another diverter.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neosort_hardware.types import ArrayF64, Decision, ItemTruth, Landing
from neosort_inference.resampling import Interval, interval_95, resampled_weights, shares

MIN_IOU = 0.1
AIR_LIMIT_G = 700.0  # c: heavier items are fed only where a diverter for them is fitted
NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOutcome:
    """One landed item: what was decided about it and where it went. ``decision`` is None for an item not seen;
    ``aimed``: a shot at it was decided; ``fired``: and fired."""

    item: ItemTruth
    place: Literal["product", "rest"]
    decision: Decision | None
    aimed: bool
    fired: bool

    @property
    def ndfeb_g(self) -> float:
        """Mass of NdFeB in it."""
        return self.item.magnet_g if self.item.bears_ndfeb else 0.0

    @property
    def in_product(self) -> bool:
        """Whether it landed in the product."""
        return self.place == "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Where recovery and purity were lost, as shares (see the head of this file); None where there is no whole."""

    recognition: float | None
    timing: float | None
    coejection: float | None
    false_alarm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """A kind of item over the run: ``fired`` at, landed in the ``product``, of these ``coejected`` (not shot at)."""

    kind: str
    bears_ndfeb: bool
    fed: int
    seen: int
    fired: int
    product: int
    coejected: int
    ndfeb_fed_g: float
    ndfeb_product_g: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heavy:
    """Landed items above `AIR_LIMIT_G`: how many, how many of them bear, how many of these were recognised (a shot at
    them was decided) and landed in the ``product``, and the NdFeB in them."""

    items: int
    bearing: int
    recognised: int
    product: int
    ndfeb_g: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A run's figures. Shares are 0..1, None where undefined; ``*_ci`` are 95 % intervals, bootstrapped over items.

    ``confusion``: true kind → decided kind → items. ``spurious``: decisions where nothing lay. ``duplicates``: further
    decisions about an item already decided on.
    """

    items: int
    bearing: int
    product: int
    recovery: float | None
    recovery_ci: Interval | None
    recovery_items: float | None
    recovery_items_ci: Interval | None
    purity: float | None
    purity_ci: Interval | None
    loss: Loss
    confusion: dict[str, dict[str, int]]
    kinds: tuple[KindRow, ...]
    spurious: int
    duplicates: int
    heavy: Heavy


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Decisions by the item (id) they are about, the best-fitting first, and those about nothing."""

    by_item: dict[int, tuple[Decision, ...]]
    spurious: tuple[Decision, ...]


def match_decisions(items: Sequence[ItemTruth], decisions: Sequence[Decision]) -> Matches:
    """Pair decisions with items, each decision with at most one.

    Greedily by IoU of the boxes in belt mm; a pair qualifies with IoU ≥ 0.1 or the decision's centre inside the item's
    box. First every item takes one decision, then what is left over and still qualifies joins its item as a duplicate.
    """
    pairs = sorted(_candidates(items, decisions), key=lambda pair: -pair[0])
    by_item: dict[int, list[Decision]] = {}
    taken: set[int] = set()
    for once in (True, False):
        for _, which, item_id in pairs:
            if which in taken or (once and item_id in by_item):
                continue
            taken.add(which)
            by_item.setdefault(item_id, []).append(decisions[which])
    spurious = tuple(decision for which, decision in enumerate(decisions) if which not in taken)
    return Matches(by_item={key: tuple(found) for key, found in by_item.items()}, spurious=spurious)


def _candidates(items: Sequence[ItemTruth], decisions: Sequence[Decision]) -> Iterable[tuple[float, int, int]]:
    """(IoU, index of decision, item id) of every qualifying pair. Only neighbours along the belt are compared."""
    ordered = sorted(items, key=lambda item: item.box.belt_lo_mm)
    starts = [item.box.belt_lo_mm for item in ordered]
    longest_mm = max((item.box.belt_hi_mm - item.box.belt_lo_mm for item in ordered), default=0.0)
    for which, decision in enumerate(decisions):
        box = decision.box
        near = slice(bisect_left(starts, box.belt_lo_mm - longest_mm), bisect_right(starts, box.belt_hi_mm))
        for item in ordered[near]:
            iou = box.iou(item.box)
            if iou >= MIN_IOU or _centre_inside(decision, item):
                yield iou, which, item.item_id


def _centre_inside(decision: Decision, item: ItemTruth) -> bool:
    return (
        item.box.belt_lo_mm <= decision.box.belt_mm <= item.box.belt_hi_mm
        and item.box.across_lo_mm <= decision.box.across_mm <= item.box.across_hi_mm
    )


def outcomes(items: Sequence[ItemTruth], landings: Sequence[Landing], matches: Matches) -> tuple[ItemOutcome, ...]:
    """What became of every landed item, in order along the belt."""
    place = {landing.item_id: landing.place for landing in landings}
    return tuple(
        ItemOutcome(
            item=item,
            place=place[item.item_id],
            decision=found[0] if found else None,
            aimed=any(d.aimed for d in found),
            fired=any(d.fired for d in found),
        )
        for item in items
        if item.item_id in place
        for found in (matches.by_item.get(item.item_id, ()),)
    )


def score_run(
    items: Sequence[ItemTruth],
    landings: Sequence[Landing],
    decisions: Sequence[Decision],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Score:
    """Every figure of a run. ``bootstrap``: resamples behind the intervals; ``seed`` makes them reproducible."""
    matches = match_decisions(items, decisions)
    return score_outcomes(
        outcomes(items, landings, matches),
        spurious=len(matches.spurious),
        duplicates=sum(len(found) - 1 for found in matches.by_item.values()),
        bootstrap=bootstrap,
        seed=seed,
    )


def score_outcomes(
    everything: Sequence[ItemOutcome], *, spurious: int = 0, duplicates: int = 0, bootstrap: int = 1000, seed: int = 0
) -> Score:
    """Every figure of landed items, of one run or of several put together."""
    landed = [outcome for outcome in everything if outcome.item.mass_g <= AIR_LIMIT_G]
    mass_g = np.array([outcome.ndfeb_g for outcome in landed])
    bearing = np.array([outcome.item.bears_ndfeb for outcome in landed], dtype=np.float64)
    product = np.array([outcome.in_product for outcome in landed], dtype=np.float64)
    recovery_ci, recovery_items_ci, purity_ci = _intervals(
        [(mass_g * product, mass_g), (bearing * product, bearing), (bearing * product, product)], bootstrap, seed
    )
    return Score(
        items=len(landed),
        bearing=int(bearing.sum()),
        product=int(product.sum()),
        recovery=_ratio((mass_g * product).sum(), mass_g.sum()),
        recovery_ci=recovery_ci,
        recovery_items=_ratio((bearing * product).sum(), bearing.sum()),
        recovery_items_ci=recovery_items_ci,
        purity=_ratio((bearing * product).sum(), product.sum()),
        purity_ci=purity_ci,
        loss=_loss(landed),
        confusion=_confusion(landed),
        kinds=_kind_rows(landed),
        spurious=spurious,
        duplicates=duplicates,
        heavy=_heavy([outcome for outcome in everything if outcome.item.mass_g > AIR_LIMIT_G]),
    )


def _heavy(landed: Sequence[ItemOutcome]) -> Heavy:
    bearing = [outcome for outcome in landed if outcome.item.bears_ndfeb]
    return Heavy(
        items=len(landed),
        bearing=len(bearing),
        recognised=sum(outcome.aimed for outcome in bearing),
        product=sum(outcome.in_product for outcome in bearing),
        ndfeb_g=sum(outcome.ndfeb_g for outcome in bearing),
    )


def _ratio(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


def _intervals(ratios: list[tuple[ArrayF64, ArrayF64]], resamples: int, seed: int) -> list[Interval | None]:
    """Percentile bootstrap of ratios of sums over items: (part, whole) per item each. The same resamples for all."""
    count = len(ratios[0][0])
    if count < 2 or resamples < 2:
        return [None for _ in ratios]
    columns = np.column_stack([column for ratio in ratios for column in ratio])
    sums = np.concatenate([weights @ columns for weights in resampled_weights(count, resamples, seed)])
    return [interval_95(shares(sums[:, 2 * which], sums[:, 2 * which + 1])) for which in range(len(ratios))]


def _loss(landed: Sequence[ItemOutcome]) -> Loss:
    fed_g = sum(o.ndfeb_g for o in landed)
    lost_g = {aimed: sum(o.ndfeb_g for o in landed if not o.in_product and o.aimed is aimed) for aimed in (True, False)}
    product = [o for o in landed if o.in_product]
    false_alarms = sum(1 for o in product if not o.item.bears_ndfeb and o.fired)
    along = sum(1 for o in product if not o.item.bears_ndfeb and not o.fired)
    return Loss(
        recognition=_ratio(lost_g[False], fed_g),
        timing=_ratio(lost_g[True], fed_g),
        coejection=_ratio(along, len(product)),
        false_alarm=_ratio(false_alarms, len(product)),
    )


def _confusion(landed: Sequence[ItemOutcome]) -> dict[str, dict[str, int]]:
    table: dict[str, Counter[str]] = {}
    for outcome in landed:
        decided = outcome.decision.kind if outcome.decision is not None else NOT_SEEN
        table.setdefault(outcome.item.kind, Counter())[decided] += 1
    return {kind: dict(row) for kind, row in table.items()}


def _kind_rows(landed: Sequence[ItemOutcome]) -> tuple[KindRow, ...]:
    by_kind: dict[str, list[ItemOutcome]] = {}
    for outcome in landed:
        by_kind.setdefault(outcome.item.kind, []).append(outcome)
    rows = [
        KindRow(
            kind=kind,
            bears_ndfeb=any(o.item.bears_ndfeb for o in group),
            fed=len(group),
            seen=sum(o.decision is not None for o in group),
            fired=sum(o.fired for o in group),
            product=sum(o.in_product for o in group),
            coejected=sum(o.in_product and not o.fired for o in group),
            ndfeb_fed_g=sum(o.ndfeb_g for o in group),
            ndfeb_product_g=sum(o.ndfeb_g for o in group if o.in_product),
        )
        for kind, group in by_kind.items()
    ]
    return tuple(sorted(rows, key=lambda row: (not row.bears_ndfeb, -row.ndfeb_fed_g, -row.fed, row.kind)))
