"""What the ledger holds: lots, and the records of a lot. Plain values, each with its unit in its name.

A record says what happened; an `Entry` says where it stands in its lot's chain. Everything in either is hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

GENESIS = "0" * 64  # stands before the first record of a line's first lot


class LedgerError(Exception):
    """The ledger cannot do what was asked. The text is one sentence that names the lot or file, value and limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One delivery of scrap, from its opening to its closing; of each line one lot is open at a time.

    ``ordinal`` counts the lots of ``line`` from 1. ``automatic``: opened by a run because nobody had opened one.
    ``records``: how many there are; ``head_hash``: the hash of the last. ``previous_lot_id``: of the same line, its
    last hash stands before the first record of this one. ``dropped_utc``: when retention took its records away.
    """

    lot_id: str
    line: str
    ordinal: int
    supplier: str
    origin: str
    category: str
    mass_in_kg: float | None
    automatic: bool
    opened_utc: datetime
    opened_by: str
    closed_utc: datetime | None = None
    closed_by: str = ""
    records: int = 0
    head_hash: str = GENESIS
    previous_lot_id: str | None = None
    dropped_utc: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still takes records."""
        return self.closed_utc is None

    @property
    def dropped(self) -> bool:
        """Whether only its tombstone is left."""
        return self.dropped_utc is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What the line decided about one item, once.

    ``belt_mm``, ``across_mm``: the centre of its box, ``length_mm`` along and ``width_mm`` across the belt.
    ``magnet_g_sigma``: one standard deviation. ``verdict``: fired, late, refused, forbidden or passed; ``reason`` why
    it was not fired. ``senses``: what the line sorted by, see `faults.modes.Mode`. ``shot_id``: of the shot planned, in
    its run. ``*_id``: "name@" and the first 12 digits of the SHA-256 of what it names. ``evidence_sha256``: of the
    picture (JPEG) kept of it, None where none was.
    """

    table: ClassVar[str] = "decision"
    utc: datetime
    belt_mm: float
    across_mm: float
    length_mm: float
    width_mm: float
    kind: str
    p_ndfeb: float
    magnet_g: float
    magnet_g_sigma: float
    verdict: str
    reason: str
    senses: str
    latency_ms: float
    track_id: int
    shot_id: int | None
    recipe_id: str
    bundle_id: str
    calibration_id: str
    evidence_sha256: str | None = None

    @property
    def fired(self) -> bool:
        """Whether the diverter took the shot."""
        return self.verdict == "fired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotRecord:
    """A shot, and what became of it. ``outcome``: accepted, late, refused, or recalled (taken, and undone by a fault
    before it blew: that is a record of its own after the first). ``reason``: why it did not blow.

    ``heavy``: of the diverter for what is too heavy for air. It blows between belt positions ``open_mm`` and
    ``close_mm``, nozzles ``first_nozzle`` to ``last_nozzle`` inclusive.
    """

    table: ClassVar[str] = "shot"
    utc: datetime
    shot_id: int
    track_id: int
    first_nozzle: int
    last_nozzle: int
    open_mm: float
    close_mm: float
    heavy: bool
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRecord:
    """A step of an alarm: ``step`` raised, cleared or acknowledged (``by`` whom). ``fault``: its name in the fault
    catalogue, ``effect``: what the line does without while it is in force."""

    table: ClassVar[str] = "fault"
    utc: datetime
    belt_mm: float
    number: int
    fault: str
    step: str
    severity: str
    effect: str
    detail: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """What happened to the lot itself, by whom. ``detail``: JSON values by name. ``event`` is one of

    opened, closed; run (a run of the line goes on here; what it sorts by), exchanged (it sorts by something else), lost
    (happenings that were not written), doubt (the records were not as their signed head said); weighed, noted.
    """

    table: ClassVar[str] = "event"
    utc: datetime
    event: str
    by: str
    detail: Mapping[str, Any] = field(default_factory=dict)


Record = DecisionRecord | ShotRecord | FaultRecord | EventRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A record on its way into the ledger, with its writer's number; a person's has none."""

    record: Record
    run_id: str = ""
    run_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record in its place: ``seq`` counts from 1 in its lot, ``hash`` is over the record and the hash before it.

    ``run_id``, ``run_seq``: who wrote it, and the number it had there, so that what is handed over twice is written
    once; empty and 0 for what a person did.
    """

    lot_id: str
    seq: int
    run_id: str
    run_seq: int
    hash: str
    record: Record
