"""The account of a long run: every item that was fed ends in exactly one way, every decision is about something.

Settled as the run goes on, a hundred landings at a time, so that an account of any length takes no more memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neosort_hardware.types import Decision, ItemTruth, Landing
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.fates import PASSED, fate
from neosort_inference.score import match_decisions

SETTLE_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Both sides of the account. ``twice``: items that landed more than once, ``unknown``: that nobody fed.

    Items: ``fed`` = those with a fate + ``on_belt``. Decisions: ``decisions`` = ``firsts`` about an item each +
    ``duplicates`` about the same + ``spurious`` about none + ``pending`` about what is still on the belt.
    """

    fed: int
    on_belt: int
    twice: int
    unknown: int
    fates: Mapping[str, int]
    unseen: int
    decisions: int
    firsts: int
    duplicates: int
    spurious: int
    pending: int

    @property
    def hold(self) -> bool:
        """Whether nothing is missing and nothing counted twice."""
        items = self.fed == sum(self.fates.values()) + self.on_belt and not (self.twice or self.unknown)
        return items and self.decisions == self.firsts + self.duplicates + self.spurious + self.pending


class Account:
    """Takes in items, decisions and landings as they come. ``way_s``: from coming into view to the landing, at most.
    ``settle_every``: landings."""

    def __init__(
        self, alarms: AlarmBook, recalled: Mapping[int, str], way_s: float, settle_every: int = SETTLE_EVERY
    ) -> None:
        self._alarms, self._recalled, self._way_s = alarms, recalled, way_s
        self._settle_every = settle_every
        self._items: dict[int, ItemTruth] = {}
        self._landed: dict[int, Landing] = {}
        self._decisions: list[Decision] = []
        self._fates: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    @property
    def settled(self) -> int:
        """Items whose fate is known."""
        return sum(self._fates.values())

    def on_items(self, items: Sequence[ItemTruth]) -> None:
        """Items have come into view."""
        self._counts["fed"] += len(items)
        self._items.update((item.item_id, item) for item in items)

    def write(self, decision: Decision) -> None:
        """An item has been decided on."""
        self._counts["decisions"] += 1
        self._decisions.append(decision)

    def on_landings(self, landings: Sequence[Landing]) -> None:
        """Items have come to rest."""
        for landing in landings:
            self._counts["twice"] += landing.item_id in self._landed
            self._counts["unknown"] += landing.item_id not in self._items
            self._landed[landing.item_id] = landing
        if len(self._landed) >= self._settle_every:
            self.settle()

    def settle(self) -> None:
        """Give every landed item its fate, and let go of it and of what was decided about it."""
        if not self._landed:
            return
        found = match_decisions(list(self._items.values()), self._decisions)
        alarms = (*self._alarms.open, *self._alarms.past)
        gone: set[int] = set()
        for item_id, landing in self._landed.items():
            if self._items.pop(item_id, None) is None:
                continue
            decided = found.by_item.get(item_id, ())
            end = fate(landing, decided, alarms, self._recalled, self._way_s)
            self._fates[end] += 1
            self._counts["unseen"] += end == PASSED and not decided
            self._counts["firsts"] += bool(decided)
            self._counts["duplicates"] += max(0, len(decided) - 1)
            gone |= {id(decision) for decision in decided}
        old_ns = max(landing.landed_ns for landing in self._landed.values()) - round(self._way_s * 1e9)
        for decision in found.spurious:
            if decision.decided_ns < old_ns:
                self._counts["spurious"] += 1
                gone.add(id(decision))
        self._decisions = [decision for decision in self._decisions if id(decision) not in gone]
        self._landed.clear()

    def sums(self) -> Sums:
        """Both sides as they stand; what has landed is settled first."""
        self.settle()
        counts = self._counts
        return Sums(
            fed=counts["fed"],
            on_belt=len(self._items),
            twice=counts["twice"],
            unknown=counts["unknown"],
            fates=dict(self._fates.most_common()),
            unseen=counts["unseen"],
            decisions=counts["decisions"],
            firsts=counts["firsts"],
            duplicates=counts["duplicates"],
            spurious=counts["spurious"],
            pending=len(self._decisions),
        )
