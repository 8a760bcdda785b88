"""Tickets are found by index, and cost no more than they must."""

import sqlalchemy as sa
from alembic import op

revision = "0015_dispatch"
down_revision = "0014_flights"
branch_labels = None
depends_on = None

TODO = sa.text("status = 'todo'")
# What happened to a ticket: nobody asks. Each would be written, and deleted with it.
UNREAD = (
    "procrastinate_trigger_status_events_insert_v1",
    "procrastinate_trigger_status_events_update_v1",
    "procrastinate_trigger_scheduled_events_v1",
)
# Without the ticket's id it is the same for all tickets of a transaction, and PostgreSQL sends it once.
NEWS = """
CREATE OR REPLACE FUNCTION procrastinate_notify_queue_job_inserted_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, '{"type": "job_inserted"}');
    PERFORM pg_notify('procrastinate_any_queue_v1', '{"type": "job_inserted"}');
    RETURN NEW;
END;
$$
"""
SHIPPED_NEWS = """
CREATE OR REPLACE FUNCTION procrastinate_notify_queue_job_inserted_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
\tPERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
\tPERFORM pg_notify('procrastinate_any_queue_v1', payload);
\tRETURN NEW;
END;
$$
"""


def upgrade() -> None:
    first = [sa.text("queue_name"), sa.text("priority DESC"), sa.text("id")]
    op.create_index("procrastinate_jobs_next_idx", "procrastinate_jobs", first, postgresql_where=TODO)
    # In an order that no other index has: PostgreSQL would else read the tickets of all queues in that of their ids.
    oldest = [sa.text("queue_name"), sa.text("id NULLS FIRST")]
    op.create_index("procrastinate_jobs_oldest_idx", "procrastinate_jobs", oldest, postgresql_where=TODO)
    # By these two nothing is looked for any more.
    op.drop_index("procrastinate_jobs_priority_idx_v1", "procrastinate_jobs")
    op.drop_index("procrastinate_jobs_queue_name_idx_v1", "procrastinate_jobs")
    for trigger in UNREAD:
        op.execute(f"ALTER TABLE procrastinate_jobs DISABLE TRIGGER {trigger}")
    op.execute(NEWS)


def downgrade() -> None:
    op.execute(SHIPPED_NEWS)
    for trigger in UNREAD:
        op.execute(f"ALTER TABLE procrastinate_jobs ENABLE TRIGGER {trigger}")
    first = [sa.text("priority DESC"), sa.text("id")]
    op.create_index("procrastinate_jobs_queue_name_idx_v1", "procrastinate_jobs", ["queue_name"])
    op.create_index("procrastinate_jobs_priority_idx_v1", "procrastinate_jobs", first, postgresql_where=TODO)
    op.drop_index("procrastinate_jobs_oldest_idx", "procrastinate_jobs")
    op.drop_index("procrastinate_jobs_next_idx", "procrastinate_jobs")
