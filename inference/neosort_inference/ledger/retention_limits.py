"""How much of a ledger is kept, and for how long: `ledger.toml` in its folder, or these defaults."""

from __future__ import annotations

from dataclasses import dataclass

GB = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``evidence_bytes``: pictures, all together; the oldest go first. ``evidence_days``: pictures of lots closed
    longer ago go. ``lot_days``: closed lots go whole after so long; None: never. ``reserve_bytes``: of the disk that
    pictures leave to the records."""

    evidence_bytes: int = 10 * GB
    evidence_days: float | None = 180.0
    lot_days: float | None = None
    reserve_bytes: int = 1 * GB
