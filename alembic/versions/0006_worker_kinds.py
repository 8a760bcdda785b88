"""The kinds of jobs that a worker takes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_worker_kinds"
down_revision = "0005_batches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("kinds", postgresql.ARRAY(sa.TEXT()), nullable=True))


def downgrade() -> None:
    op.drop_column("workers", "kinds")
