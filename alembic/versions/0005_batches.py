"""Batches: parents of jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_batches"
down_revision = "0004_several_inputs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.TEXT(), nullable=True),
        sa.Column("recipe", sa.TEXT(), nullable=True),
        sa.Column("names", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column(
            "metadata",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("idempotency_key", sa.TEXT(), nullable=True),
        sa.Column("request_digest", postgresql.BYTEA(), nullable=True),
        sa.Column("trace_id", sa.TEXT(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("batches_owner_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("batches_pkey")),
    )
    op.create_index(op.f("batches_created_at_idx"), "batches", ["created_at"], unique=False)
    op.create_index(
        "batches_idempotency_key",
        "batches",
        ["owner_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index("batches_owner_idx", "batches", ["owner_id", "id"], unique=False)
    # No job has had a parent until now.
    op.drop_constraint(op.f("jobs_parent_id_fkey"), "jobs", type_="foreignkey")
    op.drop_index(op.f("jobs_parent_id_idx"), table_name="jobs")
    op.create_foreign_key(op.f("jobs_parent_id_fkey"), "jobs", "batches", ["parent_id"], ["id"], ondelete="CASCADE")
    op.create_index("jobs_parent_idx", "jobs", ["parent_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_constraint(op.f("jobs_parent_id_fkey"), "jobs", type_="foreignkey")
    op.drop_index("jobs_parent_idx", table_name="jobs")
    op.execute("UPDATE jobs SET parent_id = NULL WHERE parent_id IS NOT NULL")
    op.create_foreign_key(op.f("jobs_parent_id_fkey"), "jobs", "jobs", ["parent_id"], ["id"], ondelete="CASCADE")
    op.create_index(op.f("jobs_parent_id_idx"), "jobs", ["parent_id"], unique=False)
    op.drop_table("batches")
