"""Belts of the simulated line whose items are known: sorted whole, jets and all, and kept for whoever goes on.

A trial of the line and the check of its balances stand on the same thing, thousands of items beside what the line said
of them. That is minutes of work for a core: each belt is written into a folder as soon as it is sorted, under a name
that tells everything it was made by, so that a command that was broken off, or asked anew with other lots, goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from neosort_hardware.config import LineConfig
from neosort_inference.balance.items import DecidedItem
from neosort_inference.balance.known import KnownItem, known_items
from neosort_inference.bench.counted_by import CountedBy
from neosort_inference.bench.parallel import JobError, run_jobs
from neosort_inference.bench.senses import Belt
from neosort_inference.files import write_whole
from neosort_inference.ledger.chain import canonical
from neosort_inference.recipe import Recipe

Split = Literal["validation", "calibration", "held-out"]
BELT_ITEMS = 60


@dataclass(frozen=True, kw_only=True)
class KnownBelt:
    """One belt sorted with both senses, and what is known of its items: a job for a process of its own. ``kept_in``:
    the folder where that is written; None: nowhere."""

    belt: Belt
    kept_in: Path | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return self.belt.name

    @cached_property
    def file(self) -> Path | None:
        """Where it is kept: line, recipe, bundle, version and seed make the name."""
        if self.kept_in is None:
            return None
        by = {
            "line": self.belt.config.model_dump(mode="json"),
            "recipe": self.belt.recipe.model_dump(mode="json"),
            "bundle": hashlib.sha256(self.belt.bundle.read_bytes()).hexdigest(),
            "items": self.belt.items,
            "neosort": version("neosort"),
        }
        return self.kept_in / f"{hashlib.sha256(canonical(by)).hexdigest()[:12]}-{self.belt.seed}.json"

    def kept(self) -> list[KnownItem] | None:
        """Its items from the folder; None where it is not there, or not as it was written."""
        if self.file is None:
            return None
        try:
            return [_item(row) for row in json.loads(self.file.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def run(self, on_progress: Callable[[int], None]) -> list[KnownItem]:
        """Sort it in virtual time and keep it. Raises `JobError`."""
        found = self.belt.run(on_progress)
        items = known_items(list(found.items), list(found.landings), list(found.decisions), self.belt.seed)
        if self.file is not None:
            try:
                write_whole(self.file, json.dumps([asdict(item) for item in items]).encode())
            except OSError as error:
                raise JobError(f"{self.file} cannot be written ({error.strerror})") from error
        return items


def _item(row: dict[str, Any]) -> KnownItem:
    said = row.pop("said")
    return KnownItem(said=None if said is None else DecidedItem(**said), **row)


def fed_with(config: LineConfig, models: Split) -> LineConfig:
    """The line with items of these models on its belt."""
    feed = config.twin.feed.model_copy(update={"models": models})
    return config.model_copy(update={"twin": config.twin.model_copy(update={"feed": feed})})


def belts_of(
    config: LineConfig, bundle: Path, recipe: Recipe, seeds: Sequence[int], kept_in: Path | None = None
) -> list[KnownBelt]:
    """A belt of `BELT_ITEMS` a seed. Computing is counted by the processor: whatever else the machine does meanwhile
    makes no decision late, for neither a trial nor a check of it is about that."""
    return [
        KnownBelt(
            belt=Belt(
                config=config, bundle=bundle, recipe=recipe, sense="fused", seed=seed, items=BELT_ITEMS,
                counted_by=CountedBy.PROCESSOR,
            ),
            kept_in=kept_in,
        )
        for seed in seeds
    ]  # fmt: skip


def known_on(belts: Sequence[KnownBelt], workers: int, on_items: Callable[[int], None]) -> list[KnownItem]:
    """Every item of all belts: of those that are kept, and of the others sorted ``workers`` at a time.

    Raises `JobError`.
    """
    found: dict[int, list[KnownItem]] = {}
    for belt in belts:
        if (items := belt.kept()) is not None:
            found[belt.belt.seed] = items
            on_items(belt.belt.items)
    left = [belt for belt in belts if belt.belt.seed not in found]
    found |= {belt.belt.seed: items for belt, items in zip(left, run_jobs(left, workers, on_items), strict=True)}
    return [item for belt in belts for item in found[belt.belt.seed]]
