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
    # A worker that takes some kinds only does not look under the queue's own name.
    op.execute(
        """
        UPDATE procrastinate_jobs SET queue_name = jobs.queue || '/' || jobs.kind FROM jobs
        WHERE task_name = 'playhead.look' AND args ->> 'job_id' = CAST(jobs.id AS text)
        """
    )


def downgrade() -> None:
    op.drop_column("workers", "kinds")
    # Versions before this one look for tickets under the queue's own name alone.
    op.execute(
        "UPDATE procrastinate_jobs SET queue_name = split_part(queue_name, '/', 1) WHERE task_name = 'playhead.look'"
    )
