"""An index for each question that read a table row by row, and none where there is nothing to be found."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016_indexes"
down_revision = "0015_dispatch"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _anew("jobs_input_sha256_idx", ["input_sha256"], postgresql_where=sa.text("input_sha256 IS NOT NULL"))
    _anew("jobs_parent_idx", ["parent_id", "state"], postgresql_where=sa.text("parent_id IS NOT NULL"))
    _metadata(postgresql_where=sa.text("metadata <> '{}'"))
    op.create_index(
        "engine_deaths_quarantined_idx",
        "engine_deaths",
        [sa.literal_column("quarantined_at DESC"), "sha256"],
        postgresql_where=sa.text("quarantined_at IS NOT NULL"),
    )
    op.create_index("engine_deaths_last_idx", "engine_deaths", ["last_at"])
    op.create_index(
        "episodes_transcript_idx",
        "episodes",
        ["transcript_file_id"],
        postgresql_where=sa.text("transcript_file_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("episodes_transcript_idx", "episodes")
    op.drop_index("engine_deaths_last_idx", "engine_deaths")
    op.drop_index("engine_deaths_quarantined_idx", "engine_deaths")
    _metadata()
    _anew("jobs_parent_idx", ["parent_id", "state"])
    _anew("jobs_input_sha256_idx", ["input_sha256"])


def _metadata(**options: Any) -> None:
    _anew("jobs_metadata_idx", ["metadata"], postgresql_using="gin", postgresql_ops=_OPS, **options)


def _anew(name: str, columns: list[str], **options: Any) -> None:
    op.drop_index(name, "jobs")
    op.create_index(name, "jobs", columns, **options)


_OPS = {"metadata": "jsonb_path_ops"}
