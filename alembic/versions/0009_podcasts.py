"""Feeds, episodes, subscriptions; deliveries and digests; an owner for the work on episodes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_podcasts"
down_revision = "0008_schedules"
branch_labels = None
depends_on = None

# As playhead.models.PODCASTS_OWNER was when this was written: a migration does not follow the code.
PODCASTS_OWNER = "00000000-0000-7000-8000-000000000002"


def upgrade() -> None:
    op.bulk_insert(
        sa.table("owners", sa.column("id"), sa.column("name")), [{"id": PODCASTS_OWNER, "name": "system:podcasts"}]
    )
    op.create_table(
        "feeds",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("url", sa.TEXT(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=True),
        sa.Column("link", sa.TEXT(), nullable=True),
        sa.Column("description", sa.TEXT(), nullable=True),
        sa.Column("language", sa.TEXT(), nullable=True),
        sa.Column("image_url", sa.TEXT(), nullable=True),
        sa.Column("etag", sa.TEXT(), nullable=True),
        sa.Column("last_modified", sa.TEXT(), nullable=True),
        sa.Column("next_poll_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("polled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("feeds_pkey")),
        sa.UniqueConstraint("url", name=op.f("feeds_url_key")),
    )
    op.create_index(
        "feeds_due_idx",
        "feeds",
        ["next_poll_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_poll_at IS NOT NULL"),
    )
    op.create_table(
        "digests",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("cron", sa.TEXT(), nullable=False),
        sa.Column("timezone", sa.TEXT(), nullable=False),
        sa.Column("notify", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("token", sa.TEXT(), nullable=False),
        sa.Column("next_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("digests_owner_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("digests_pkey")),
        sa.UniqueConstraint("token", name=op.f("digests_token_key")),
    )
    op.create_index(
        "digests_due_idx",
        "digests",
        ["next_at", "owner_id"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("feed_id", sa.UUID(), nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.TEXT()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=True),
        sa.Column("notify", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("subscriptions_feed_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("subscriptions_owner_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("subscriptions_pkey")),
    )
    op.create_index(op.f("subscriptions_feed_id_idx"), "subscriptions", ["feed_id"], unique=False)
    op.create_index("subscriptions_owner_feed_key", "subscriptions", ["owner_id", "feed_id"], unique=True)
    op.create_table(
        "digest_issues",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.Column("markdown", sa.TEXT(), nullable=False),
        sa.Column("html", sa.TEXT(), nullable=False),
        sa.Column("state", sa.TEXT(), server_default="pending", nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'processing', 'delivered', 'failed', 'expired')",
            name=op.f("digest_issues_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["digests.owner_id"], name=op.f("digest_issues_owner_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("digest_issues_pkey")),
    )
    op.create_index("digest_issues_period_key", "digest_issues", ["owner_id", "due_at"], unique=True)
    op.create_index(
        "digest_issues_sent_idx",
        "digest_issues",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state <> 'delivered' AND job_id IS NOT NULL"),
    )
    op.create_table(
        "episodes",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("feed_id", sa.UUID(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=True),
        sa.Column("link", sa.TEXT(), nullable=True),
        sa.Column("description", sa.TEXT(), nullable=True),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("enclosure_url", sa.TEXT(), nullable=True),
        sa.Column("media_type", sa.TEXT(), nullable=True),
        sa.Column("duration_seconds", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column(
            "transcripts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("state", sa.TEXT(), server_default="known", nullable=False),
        sa.Column("batch_id", sa.UUID(), nullable=True),
        sa.Column("transcribed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("summary", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("transcript_file_id", sa.UUID(), nullable=True),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('known', 'wanted', 'making', 'ready', 'failed')", name=op.f("episodes_state_check")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("episodes_feed_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["transcript_file_id"], ["files.id"], name=op.f("episodes_transcript_file_id_fkey"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("episodes_pkey")),
    )
    op.create_index(
        "episodes_feed_idx",
        "episodes",
        ["feed_id", sa.literal_column("published_at DESC NULLS LAST"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "episodes_under_way_idx",
        "episodes",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('wanted', 'making')"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=True),
        sa.Column("episode_id", sa.UUID(), nullable=False),
        sa.Column("validation", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.TEXT(), server_default="pending", nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("issue_id", sa.UUID(), nullable=True),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'processing', 'delivered', 'failed', 'expired')", name=op.f("deliveries_state_check")
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["episodes.id"], name=op.f("deliveries_episode_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["digest_issues.id"], name=op.f("deliveries_issue_id_fkey"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("deliveries_owner_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("deliveries_subscription_id_fkey"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("deliveries_pkey")),
    )
    op.create_index(op.f("deliveries_episode_id_idx"), "deliveries", ["episode_id"], unique=False)
    op.create_index(
        "deliveries_episode_key",
        "deliveries",
        ["owner_id", "episode_id"],
        unique=True,
        postgresql_where=sa.text("NOT validation"),
    )
    op.create_index(op.f("deliveries_issue_id_idx"), "deliveries", ["issue_id"], unique=False)
    op.create_index("deliveries_owner_idx", "deliveries", ["owner_id", "id"], unique=False)
    op.create_index(op.f("deliveries_subscription_id_idx"), "deliveries", ["subscription_id"], unique=False)
    op.create_index(
        "deliveries_waiting_idx",
        "deliveries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending' AND job_id IS NULL"),
    )
    op.create_index(
        "deliveries_sent_idx",
        "deliveries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state <> 'delivered' AND job_id IS NOT NULL"),
    )
    op.create_table(
        "episode_identities",
        sa.Column("feed_id", sa.UUID(), nullable=False),
        sa.Column("identity", postgresql.BYTEA(), nullable=False),
        sa.Column("episode_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["episodes.id"], name=op.f("episode_identities_episode_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("episode_identities_feed_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed_id", "identity", name=op.f("episode_identities_pkey")),
    )
    op.create_index(op.f("episode_identities_episode_id_idx"), "episode_identities", ["episode_id"], unique=False)


def downgrade() -> None:
    for table in ("deliveries", "digest_issues", "digests", "subscriptions", "episode_identities", "episodes", "feeds"):
        op.drop_table(table)
    op.execute(f"DELETE FROM owners WHERE id = '{PODCASTS_OWNER}'")  # noqa: S608 - a constant
