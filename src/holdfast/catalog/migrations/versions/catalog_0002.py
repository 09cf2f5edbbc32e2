"""What is told on the channels of notification, and what came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""

    op.create_table(
        "holdfast_deliveries",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=True),
        sa.Column("tried_at", _INSTANT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_ends_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("number", name="holdfast_deliveries_pk"),
        sa.UniqueConstraint(
            "plan", "key", "channel", name="holdfast_deliveries_one_plan_key_channel"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("holdfast_deliveries_by_plan_due_at", "holdfast_deliveries", ["plan", "due_at"])
