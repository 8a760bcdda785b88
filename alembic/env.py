"""Runs the migrations on the connection that :mod:`playhead.migrate` hands over."""

from alembic import context

from playhead.models import Base


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether autogenerate should look at it: Procrastinate's own tables come from its own SQL."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=ours,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
