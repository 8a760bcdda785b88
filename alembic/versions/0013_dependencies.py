"""How many jobs wait for one, in PostgreSQL's belief: few."""

from alembic import op

revision = "0013_dependencies"
down_revision = "0012_stories"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Where a corpus waits for one job it would be believed of each job that as many wait for it, so that the whole
    # table is read to find the one or two that do.
    _alter("SET (n_distinct = -0.5)")


def downgrade() -> None:
    _alter("RESET (n_distinct)")


def _alter(setting: str) -> None:
    columns = ", ".join(f"ALTER COLUMN {column} {setting}" for column in ("job_id", "needs_id"))
    op.execute(f"ALTER TABLE job_dependencies {columns}")
