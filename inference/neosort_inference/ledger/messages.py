"""What the loop's process and the one that writes the ledger say to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import Numbered
from neosort_inference.ledger.retention_limits import Limits

BY = "neosort run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a writer is told once. ``about``: what the run sorts by, put down in every lot that it writes into."""

    url: str
    place: Place
    line: str
    run_id: str
    about: Mapping[str, Any]
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records in their order, and the pictures that they speak of, JPEG by SHA-256."""

    items: Sequence[Numbered]
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Everything up to ``run_seq`` is in the ledger, in ``lot_id``. ``unfit``: records of this batch that it could not
    hold; ``pictures_lost``: those that found no room. ``free_bytes``: left for pictures."""

    run_seq: int
    lot_id: str
    unfit: int
    pictures_lost: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Nothing of the batch is in the ledger; it may be handed over again."""

    why: str
