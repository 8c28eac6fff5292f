"""Lots, the records of a lot, runs and tombstones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HASH = sa.String(64)
REAL = sa.Float(53)


def _place() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("lot_id", sa.String(96), sa.ForeignKey("lots.lot_id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("run_seq", sa.BigInteger, nullable=False),
        sa.Column("hash", HASH, nullable=False),
        sa.Column("utc_us", sa.BigInteger, nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "lots",
        sa.Column("lot_id", sa.String(96), primary_key=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("supplier", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("mass_in_kg", REAL),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("closed_us", sa.BigInteger),
        sa.Column("closed_by", sa.Text, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("head_hash", HASH, nullable=False),
        sa.Column("previous_lot_id", sa.String(96)),
        sa.Column("dropped_us", sa.BigInteger),
    )
    op.create_index("lots_of_a_line", "lots", ["line", "ordinal"], unique=True)
    op.create_table(
        "decisions",
        *_place(),
        sa.Column("belt_mm", REAL, nullable=False),
        sa.Column("across_mm", REAL, nullable=False),
        sa.Column("length_mm", REAL, nullable=False),
        sa.Column("width_mm", REAL, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("p_ndfeb", REAL, nullable=False),
        sa.Column("magnet_g", REAL, nullable=False),
        sa.Column("magnet_g_sigma", REAL, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("senses", sa.String(16), nullable=False),
        sa.Column("latency_ms", REAL, nullable=False),
        sa.Column("track_id", sa.BigInteger, nullable=False),
        sa.Column("shot_id", sa.BigInteger),
        sa.Column("recipe_id", sa.String(96), nullable=False),
        sa.Column("bundle_id", sa.String(96), nullable=False),
        sa.Column("calibration_id", sa.String(96), nullable=False),
        sa.Column("evidence_sha256", HASH),
    )
    op.create_table(
        "shots",
        *_place(),
        sa.Column("shot_id", sa.BigInteger, nullable=False),
        sa.Column("track_id", sa.BigInteger, nullable=False),
        sa.Column("first_nozzle", sa.Integer, nullable=False),
        sa.Column("last_nozzle", sa.Integer, nullable=False),
        sa.Column("open_mm", REAL, nullable=False),
        sa.Column("close_mm", REAL, nullable=False),
        sa.Column("heavy", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "faults",
        *_place(),
        sa.Column("belt_mm", REAL, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.String(64), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("effect", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        *_place(),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("begun_us", sa.BigInteger, nullable=False),
        sa.Column("last_run_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "tombstones",
        sa.Column("tombstone_id", sa.Integer, primary_key=True),
        sa.Column("lot_id", sa.String(96), sa.ForeignKey("lots.lot_id"), nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("public_key", HASH, nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )


def downgrade() -> None:
    for table in ("tombstones", "runs", "events", "faults", "shots", "decisions", "lots"):
        op.drop_table(table)
