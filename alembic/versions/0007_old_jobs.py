"""The jobs that retention looks for: those in no batch."""

import sqlalchemy as sa
from alembic import op

revision = "0007_old_jobs"
down_revision = "0006_worker_kinds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("finished_at IS NOT NULL AND parent_id IS NULL")


def downgrade() -> None:
    _index("finished_at IS NOT NULL")


def _index(where: str) -> None:
    op.drop_index("jobs_finished_idx", table_name="jobs")
    op.create_index("jobs_finished_idx", "jobs", ["finished_at"], unique=False, postgresql_where=sa.text(where))
