"""Items whose truth is known, beside what the line said of them: what trials and checks of a balance are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neosort_hardware.types import Decision, ItemTruth, Landing
from neosort_inference.balance.items import DecidedItem
from neosort_inference.score import match_decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownItem:
    """``said`` is None of an item that was not decided on; ``kind``, ``model`` are empty of a decision about nothing
    or about an item again, which bears nothing. ``scene``: which belt it lay on; ``in_product``: it landed there.
    """

    said: DecidedItem | None
    kind: str
    model: str
    bears: bool
    ndfeb_g: float
    in_product: bool
    scene: int


def decided_item(decision: Decision) -> DecidedItem:
    """A decision as a balance takes it."""
    return DecidedItem(
        kind=decision.kind,
        p_ndfeb=decision.p_ndfeb,
        magnet_g=decision.magnet_g,
        magnet_g_sigma=decision.magnet_g_sigma,
        ejected=decision.fired,
    )


def known_items(
    items: Sequence[ItemTruth], landings: Sequence[Landing], decisions: Sequence[Decision], scene: int
) -> list[KnownItem]:
    """Every landed item of a run, and every decision on its stretch that is about none of them or about one again."""
    place = {landing.item_id: landing.place for landing in landings}
    matches = match_decisions(items, decisions)
    found: list[KnownItem] = []
    for item in items:
        if item.item_id not in place:
            continue
        about = matches.by_item.get(item.item_id, ())
        in_product = place[item.item_id] == "product"
        said = decided_item(about[0]) if about else None
        found.append(
            KnownItem(
                said=said, kind=item.kind, model=item.model, bears=item.bears_ndfeb,
                ndfeb_g=item.magnet_g if item.bears_ndfeb else 0.0, in_product=in_product, scene=scene,
            )
        )  # fmt: skip
        found.extend(_nothing(decision, scene) for decision in about[1:])
    end_mm = max((item.box.belt_hi_mm for item in items if item.item_id in place), default=0.0)
    found.extend(_nothing(decision, scene) for decision in matches.spurious if decision.box.belt_hi_mm < end_mm)
    return found


def _nothing(decision: Decision, scene: int) -> KnownItem:
    said = decided_item(decision)
    return KnownItem(said=said, kind="", model="", bears=False, ndfeb_g=0.0, in_product=said.ejected, scene=scene)
