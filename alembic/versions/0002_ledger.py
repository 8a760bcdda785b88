"""Jobs, files, keys, workers and their history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_ledger"
down_revision = "0001_procrastinate"
branch_labels = None
depends_on = None

# As playhead.models.ADMIN_OWNER was when this was written: a migration does not follow the code.
ADMIN_OWNER = "00000000-0000-7000-8000-000000000001"


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("lease_tokens")))
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.TEXT(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("touched_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleting", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("blobs_pkey")),
    )
    op.create_index(op.f("blobs_touched_at_idx"), "blobs", ["touched_at"], unique=False)
    op.create_table(
        "owners",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("owners_pkey")),
        sa.UniqueConstraint("name", name=op.f("owners_name_key")),
    )
    op.create_table(
        "queues",
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column("paused_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("queues_pkey")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column("device", sa.TEXT(), nullable=False),
        sa.Column("queues", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("concurrency", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.TEXT(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("heartbeat_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("stopped_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("metrics", sa.TEXT(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("workers_pkey")),
    )
    op.create_index(op.f("workers_heartbeat_at_idx"), "workers", ["heartbeat_at"], unique=False)
    op.create_table(
        "files",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("sha256", sa.TEXT(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=True),
        sa.Column("media_type", sa.TEXT(), nullable=False),
        sa.Column("duration_seconds", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("files_owner_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("files_sha256_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("files_pkey")),
    )
    op.create_index(op.f("files_expires_at_idx"), "files", ["expires_at"], unique=False)
    op.create_index(op.f("files_owner_id_idx"), "files", ["owner_id"], unique=False)
    op.create_index(op.f("files_sha256_idx"), "files", ["sha256"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.TEXT(), nullable=False),
        sa.Column("queue", sa.TEXT(), nullable=False),
        sa.Column("state", sa.TEXT(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("params", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("input", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column(
            "metadata",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("input_sha256", sa.TEXT(), nullable=True),
        sa.Column("idempotency_key", sa.TEXT(), nullable=True),
        sa.Column("request_digest", postgresql.BYTEA(), nullable=True),
        sa.Column("trace_id", sa.TEXT(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.Column("worker_id", sa.UUID(), nullable=True),
        sa.Column("waits_for", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress", sa.DOUBLE_PRECISION(), server_default=sa.text("0"), nullable=False),
        sa.Column("stage", sa.TEXT(), nullable=True),
        sa.Column("eta_seconds", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("gpu_seconds", sa.DOUBLE_PRECISION(), server_default=sa.text("0"), nullable=False),
        sa.Column("audio_seconds", sa.DOUBLE_PRECISION(), server_default=sa.text("0"), nullable=False),
        sa.Column("cached_from", sa.UUID(), nullable=True),
        sa.Column("parent_id", sa.UUID(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("queued_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("run_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'running') = (lease IS NOT NULL)", name=op.f("jobs_lease_check")),
        sa.CheckConstraint(
            "state IN ('waiting', 'queued', 'running', 'succeeded', 'failed', 'canceled', 'skipped', 'expired')",
            name=op.f("jobs_state_check"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("jobs_owner_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name=op.f("jobs_parent_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("jobs_worker_id_fkey"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
    )
    op.create_index(
        "jobs_due_idx",
        "jobs",
        ["run_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting' AND waits_for = 0"),
    )
    op.create_index(
        "jobs_expiry_idx",
        "jobs",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'queued')"),
    )
    op.create_index(
        "jobs_finished_idx", "jobs", ["finished_at"], unique=False, postgresql_where=sa.text("finished_at IS NOT NULL")
    )
    op.create_index(
        "jobs_idempotency_key",
        "jobs",
        ["owner_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(op.f("jobs_input_sha256_idx"), "jobs", ["input_sha256"], unique=False)
    op.create_index(
        "jobs_metadata_idx",
        "jobs",
        ["metadata"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
    )
    op.create_index("jobs_owner_idx", "jobs", ["owner_id", "id"], unique=False)
    op.create_index("jobs_owner_kind_state_idx", "jobs", ["owner_id", "kind", "state", "id"], unique=False)
    op.create_index("jobs_owner_state_idx", "jobs", ["owner_id", "state", "id"], unique=False)
    op.create_index(op.f("jobs_parent_id_idx"), "jobs", ["parent_id"], unique=False)
    op.create_index(
        "jobs_queued_idx",
        "jobs",
        ["queue", sa.literal_column("priority DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "jobs_running_idx", "jobs", ["worker_id"], unique=False, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column("prefix", sa.TEXT(), nullable=False),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.Column("admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("keys_owner_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("keys_pkey")),
        sa.UniqueConstraint("digest", name=op.f("keys_digest_key")),
    )
    op.create_index(op.f("keys_owner_id_idx"), "keys", ["owner_id"], unique=False)
    op.create_table(
        "checkpoints",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=False),
        sa.Column("state", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("saved_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("checkpoints_job_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("checkpoints_owner_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("checkpoints_pkey")),
    )
    op.create_table(
        "job_dependencies",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("needs_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("job_dependencies_job_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["needs_id"], ["jobs.id"], name=op.f("job_dependencies_needs_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "needs_id", name=op.f("job_dependencies_pkey")),
    )
    op.create_index(op.f("job_dependencies_needs_id_idx"), "job_dependencies", ["needs_id"], unique=False)
    op.create_table(
        "job_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.TEXT(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column(
            "at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("job_events_job_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("job_events_owner_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("job_events_pkey")),
    )
    op.create_index("job_events_job_idx", "job_events", ["job_id", "id"], unique=False)
    op.create_table(
        "outputs",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("sha256", sa.TEXT(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("outputs_job_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("outputs_owner_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("outputs_sha256_fkey")),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("outputs_pkey")),
    )
    op.create_index(op.f("outputs_sha256_idx"), "outputs", ["sha256"], unique=False)
    op.bulk_insert(sa.table("owners", sa.column("id"), sa.column("name")), [{"id": ADMIN_OWNER, "name": "admin"}])


def downgrade() -> None:
    op.drop_index(op.f("outputs_sha256_idx"), table_name="outputs")
    op.drop_table("outputs")
    op.drop_index("job_events_job_idx", table_name="job_events")
    op.drop_table("job_events")
    op.drop_index(op.f("job_dependencies_needs_id_idx"), table_name="job_dependencies")
    op.drop_table("job_dependencies")
    op.drop_table("checkpoints")
    op.drop_index(op.f("keys_owner_id_idx"), table_name="keys")
    op.drop_table("keys")
    op.drop_index("jobs_running_idx", table_name="jobs", postgresql_where=sa.text("state = 'running'"))
    op.drop_index("jobs_queued_idx", table_name="jobs", postgresql_where=sa.text("state = 'queued'"))
    op.drop_index(op.f("jobs_parent_id_idx"), table_name="jobs")
    op.drop_index("jobs_owner_state_idx", table_name="jobs")
    op.drop_index("jobs_owner_kind_state_idx", table_name="jobs")
    op.drop_index("jobs_owner_idx", table_name="jobs")
    op.drop_index(
        "jobs_metadata_idx", table_name="jobs", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}
    )
    op.drop_index(op.f("jobs_input_sha256_idx"), table_name="jobs")
    op.drop_index("jobs_idempotency_key", table_name="jobs", postgresql_where=sa.text("idempotency_key IS NOT NULL"))
    op.drop_index("jobs_finished_idx", table_name="jobs", postgresql_where=sa.text("finished_at IS NOT NULL"))
    op.drop_index("jobs_expiry_idx", table_name="jobs", postgresql_where=sa.text("state IN ('waiting', 'queued')"))
    op.drop_index("jobs_due_idx", table_name="jobs", postgresql_where=sa.text("state = 'waiting' AND waits_for = 0"))
    op.drop_table("jobs")
    op.drop_index(op.f("files_sha256_idx"), table_name="files")
    op.drop_index(op.f("files_owner_id_idx"), table_name="files")
    op.drop_index(op.f("files_expires_at_idx"), table_name="files")
    op.drop_table("files")
    op.drop_index(op.f("workers_heartbeat_at_idx"), table_name="workers")
    op.drop_table("workers")
    op.drop_table("queues")
    op.drop_table("owners")
    op.drop_index(op.f("blobs_touched_at_idx"), table_name="blobs")
    op.drop_table("blobs")
    op.execute(sa.schema.DropSequence(sa.Sequence("lease_tokens")))
