"""Adventures for learners of a language, and their entries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_stories"
down_revision = "0011_waking"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adventures",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=True),
        sa.Column("theme", sa.TEXT(), nullable=False),
        sa.Column("language", sa.TEXT(), nullable=False),
        sa.Column("level", sa.TEXT(), nullable=False),
        sa.Column("native_language", sa.TEXT(), nullable=True),
        sa.Column("voice", sa.TEXT(), nullable=True),
        sa.Column("model", sa.TEXT(), nullable=True),
        sa.Column("annotated", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.TEXT(), nullable=True),
        sa.Column("request_digest", postgresql.BYTEA(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("adventures_owner_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("adventures_pkey")),
    )
    op.create_index(
        "adventures_idempotency_key",
        "adventures",
        ["owner_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index("adventures_owner_idx", "adventures", ["owner_id", "id"], unique=False)
    op.create_table(
        "adventure_entries",
        sa.Column("adventure_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.TEXT(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("choice", sa.Integer(), nullable=True),
        sa.Column("decision", sa.TEXT(), nullable=True),
        sa.Column("batch_id", sa.UUID(), nullable=False),
        sa.Column("story", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("translation", postgresql.ARRAY(sa.TEXT()), nullable=True),
        sa.Column("audio_id", sa.UUID(), nullable=True),
        sa.Column("annotation_id", sa.UUID(), nullable=True),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("idempotency_key", sa.TEXT(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'complete', 'error')", name=op.f("adventure_entries_status_check")),
        sa.ForeignKeyConstraint(
            ["adventure_id"], ["adventures.id"], name=op.f("adventure_entries_adventure_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["audio_id"], ["files.id"], name=op.f("adventure_entries_audio_id_fkey"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["annotation_id"], ["files.id"], name=op.f("adventure_entries_annotation_id_fkey"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("adventure_id", "number", name=op.f("adventure_entries_pkey")),
    )
    for column in ("audio_id", "annotation_id"):
        op.create_index(op.f(f"adventure_entries_{column}_idx"), "adventure_entries", [column], unique=False)
    op.create_index(
        "adventure_entries_pending_idx",
        "adventure_entries",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "adventure_entries_idempotency_key", "adventure_entries", ["adventure_id", "idempotency_key"], unique=True
    )


def downgrade() -> None:
    op.drop_table("adventure_entries")
    op.drop_table("adventures")
