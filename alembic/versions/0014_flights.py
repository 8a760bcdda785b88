"""The same work is done once: who does it, who waits for that, and what it saved."""

import sqlalchemy as sa
from alembic import op

revision = "0014_flights"
down_revision = "0013_dependencies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flights",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("flights_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("flights_pkey")),
    )
    op.create_index("flights_job_id_idx", "flights", ["job_id"])
    op.add_column("jobs", sa.Column("shares", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("jobs", sa.Column("cache_key", sa.LargeBinary(), nullable=True))
    op.add_column("jobs", sa.Column("follows", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in ("run_seconds", "saved_audio_seconds"):
        op.add_column("jobs", sa.Column(name, sa.DOUBLE_PRECISION(), server_default=sa.text("0"), nullable=False))
    op.create_check_constraint(op.f("jobs_follows_check"), "jobs", "NOT follows OR state = 'waiting'")
    same = sa.text("cache_key IS NOT NULL AND (follows OR state = 'queued')")
    op.create_index("jobs_same_idx", "jobs", ["cache_key"], postgresql_where=same)
    op.create_index("jobs_following_idx", "jobs", ["cache_key"], postgresql_where=sa.text("follows"))


def downgrade() -> None:
    op.drop_index("jobs_following_idx", "jobs")
    op.drop_index("jobs_same_idx", "jobs")
    op.drop_constraint(op.f("jobs_follows_check"), "jobs")
    for name in ("saved_audio_seconds", "run_seconds", "follows", "cache_key", "shares"):
        op.drop_column("jobs", name)
    op.drop_table("flights")
