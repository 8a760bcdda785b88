"""Tiers of owners, and what they add to the rank of a job; the longest time of an attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0010_tiers"
down_revision = "0009_podcasts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("owners", sa.Column("tier", sa.TEXT(), server_default="free", nullable=False))
    op.add_column("jobs", sa.Column("base_priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("jobs", sa.Column("timeout_seconds", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "timeout_seconds")
    op.drop_column("jobs", "base_priority")
    op.drop_column("owners", "tier")
