"""The ledger's tables, as SQLAlchemy sees them: the newest state of what `migrations` builds up.

Moments are whole microseconds since 1970 UTC (``*_us``), exact on every database; flags are booleans; JSON is text, for
it is hashed as written.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

HASH = String(64)
REAL = Float(53)

metadata = MetaData()

lots = Table(
    "lots",
    metadata,
    Column("lot_id", String(96), primary_key=True),
    Column("line", String(64), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("supplier", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("mass_in_kg", REAL),
    Column("automatic", Boolean, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("closed_us", BigInteger),
    Column("closed_by", Text, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("head_hash", HASH, nullable=False),
    Column("previous_lot_id", String(96)),
    Column("dropped_us", BigInteger),
    Index("lots_of_a_line", "line", "ordinal", unique=True),
)


def _chained(name: str, *columns: Column[object]) -> Table:
    """A table of records: where each stands in its lot, who wrote it, when, and its hash."""
    return Table(
        name,
        metadata,
        Column("lot_id", String(96), ForeignKey("lots.lot_id"), primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("run_id", String(32), nullable=False),
        Column("run_seq", BigInteger, nullable=False),
        Column("hash", HASH, nullable=False),
        Column("utc_us", BigInteger, nullable=False),
        *columns,
    )


decisions = _chained(
    "decisions",
    Column("belt_mm", REAL, nullable=False),
    Column("across_mm", REAL, nullable=False),
    Column("length_mm", REAL, nullable=False),
    Column("width_mm", REAL, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("p_ndfeb", REAL, nullable=False),
    Column("magnet_g", REAL, nullable=False),
    Column("magnet_g_sigma", REAL, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("senses", String(16), nullable=False),
    Column("latency_ms", REAL, nullable=False),
    Column("track_id", BigInteger, nullable=False),
    Column("shot_id", BigInteger),
    Column("recipe_id", String(96), nullable=False),
    Column("bundle_id", String(96), nullable=False),
    Column("calibration_id", String(96), nullable=False),
    Column("evidence_sha256", HASH),
)

shots = _chained(
    "shots",
    Column("shot_id", BigInteger, nullable=False),
    Column("track_id", BigInteger, nullable=False),
    Column("first_nozzle", Integer, nullable=False),
    Column("last_nozzle", Integer, nullable=False),
    Column("open_mm", REAL, nullable=False),
    Column("close_mm", REAL, nullable=False),
    Column("heavy", Boolean, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
)

faults = _chained(
    "faults",
    Column("belt_mm", REAL, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("fault", String(64), nullable=False),
    Column("step", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("effect", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("by", Text, nullable=False),
)

events = _chained(
    "events",
    Column("event", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

# How far each run has got: what it hands over again, after its writer has died, is known by this.
runs = Table(
    "runs",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("line", String(64), nullable=False),
    Column("begun_us", BigInteger, nullable=False),
    Column("last_run_seq", BigInteger, nullable=False),
)

# Signed words on what retention took away: a whole lot, or its evidence up to a record.
tombstones = Table(
    "tombstones",
    metadata,
    Column("tombstone_id", Integer, primary_key=True),
    Column("lot_id", String(96), ForeignKey("lots.lot_id"), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("public_key", HASH, nullable=False),
    Column("signature", String(128), nullable=False),
)

# Closed lots that other lines have told of by way of a broker (`fleet`), each once. Their records lie in the lines' own
# ledgers; ``signed``: whether the head that came with it bears a right signature, null where none came.
heard_lots = Table(
    "heard_lots",
    metadata,
    Column("message_id", String(300), primary_key=True),
    Column("plant", String(64), nullable=False),
    Column("line", String(64), nullable=False),
    Column("lot_id", String(96), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("closed_us", BigInteger, nullable=False),
    Column("head_hash", HASH, nullable=False),
    Column("signed", Boolean),
    Column("body", Text, nullable=False),
    Column("heard_us", BigInteger, nullable=False),
    Index("heard_lots_of_a_line", "plant", "line", "ordinal"),
)

CHAINED = {"decision": decisions, "shot": shots, "fault": faults, "event": events}
