"""Closed lots of other lines, heard of by way of a broker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard_lots",
        sa.Column("message_id", sa.String(300), primary_key=True),
        sa.Column("plant", sa.String(64), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("lot_id", sa.String(96), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("closed_us", sa.BigInteger, nullable=False),
        sa.Column("head_hash", sa.String(64), nullable=False),
        sa.Column("signed", sa.Boolean),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("heard_us", sa.BigInteger, nullable=False),
    )
    op.create_index("heard_lots_of_a_line", "heard_lots", ["plant", "line", "ordinal"])


def downgrade() -> None:
    op.drop_table("heard_lots")
