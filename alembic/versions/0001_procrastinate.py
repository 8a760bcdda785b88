"""Procrastinate's schema, as its release 3.10.0 ships it."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001_procrastinate"
down_revision = None
branch_labels = None
depends_on = None

SHIPPED = Path(__file__).parent.parent / "sql" / "procrastinate-3.10.0.sql"


def upgrade() -> None:
    # A file of many statements: the driver itself takes it, in the transaction that Alembic has begun.
    adapted: Any = op.get_bind().connection.dbapi_connection
    adapted.run_async(lambda driver: driver.execute(SHIPPED.read_text()))


def downgrade() -> None:
    op.execute(
        """
        DO $$ DECLARE name regprocedure; BEGIN
            DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers;
            FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'procrastinate\\_%' LOOP
                EXECUTE 'DROP FUNCTION ' || name || ' CASCADE';
            END LOOP;
            DROP TYPE procrastinate_job_status, procrastinate_job_event_type, procrastinate_job_to_defer_v1;
        END $$
        """
    )
