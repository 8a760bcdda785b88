"""Wishes that a worker be woken."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_waking"
down_revision = "0010_tiers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wakes",
        sa.Column("queue", sa.TEXT(), nullable=False),
        sa.Column("every_seconds", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("lost_after_seconds", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("wished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("pending", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("call_id", sa.UUID(), nullable=True),
        sa.Column("taken_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("called_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.TEXT(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("look_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("calls", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("wakes_pkey")),
    )


def downgrade() -> None:
    op.drop_table("wakes")
