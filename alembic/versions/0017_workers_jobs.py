"""An index by which a worker that is gone is forgotten: PostgreSQL read every job to see that it held none."""

import sqlalchemy as sa
from alembic import op

revision = "0017_workers_jobs"
down_revision = "0016_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("jobs_worker_idx", "jobs", ["worker_id"], postgresql_where=sa.text("worker_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("jobs_worker_idx", "jobs")
