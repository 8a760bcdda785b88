"""`playhead owners`: whose jobs go ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.failure import Commands
from cli.options import AsJson
from cli.session import with_session

if TYPE_CHECKING:
    from playhead.owners import OwnerInfo

app = typer.Typer(
    name="owners",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List owners and their tiers, and give an owner another. Works on the database itself, so it needs no key.",
)


@app.command("list")
def list_owners(*, as_json: AsJson = False) -> None:
    """List owners with their tiers, and what each tier adds to the rank of their jobs."""
    from cli.listing import show_table
    from playhead import owners

    found = with_session(lambda session, settings: owners.list_owners(session, settings.tiers))
    if as_json:
        typer.echo(_json(found))
        return
    show_table(("OWNER", "TIER", "BASE", "SINCE"), [_row(info) for info in found])


@app.command()
def tier(
    owner: Annotated[str, typer.Argument(help="The owner's name: see `playhead owners list`.")],
    tier: Annotated[str, typer.Argument(help="One of those of PLAYHEAD_TIERS: `free`, `premium`, or your own.")],
) -> None:
    """Give an owner a tier. Jobs that they submit from now on go by it; those that wait stay where they are.

    Example: playhead owners tier alice premium
    """
    from playhead import owners

    info = with_session(lambda session, settings: owners.set_tier(session, owner, tier, settings.tiers))
    typer.echo(f"{info.name} is {info.tier}: {info.base:+} to the rank of each job.")


def _row(info: OwnerInfo) -> tuple[str, ...]:
    from rich.markup import escape

    from cli.listing import local_time

    base = "[yellow]unknown: 0[/yellow]" if info.base is None else f"{info.base:+}"
    return (escape(info.name), info.tier, base, local_time(info.created_at))


def _json(found: list[OwnerInfo]) -> str:
    from dataclasses import asdict

    from pydantic_core import to_json

    return to_json([asdict(info) for info in found], indent=2).decode()
