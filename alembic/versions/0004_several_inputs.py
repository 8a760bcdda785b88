"""Jobs with several inputs, and the tokens that a job cost."""

import sqlalchemy as sa
from alembic import op

revision = "0004_several_inputs"
down_revision = "0003_quarantine"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("input_tokens", "output_tokens"):
        op.add_column("jobs", sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "job_inputs",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.UUID(), nullable=True),
        sa.Column("output", sa.TEXT(), nullable=True),
        sa.Column("sha256", sa.TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("job_inputs_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "place", name=op.f("job_inputs_pkey")),
    )
    op.create_index(op.f("job_inputs_sha256_idx"), "job_inputs", ["sha256"], unique=False)
    op.create_index(op.f("job_inputs_source_id_idx"), "job_inputs", ["source_id"], unique=False)
    # From here on they are made of what was chosen alone. A request that is repeated across the upgrade would be taken
    # for another one: better that its key alone tells it.
    op.execute("UPDATE jobs SET request_digest = NULL WHERE request_digest IS NOT NULL")


def downgrade() -> None:
    op.drop_table("job_inputs")
    for name in ("output_tokens", "input_tokens"):
        op.drop_column("jobs", name)
