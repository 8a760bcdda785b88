"""`playhead keys`: who may use the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.failure import Commands, warn
from cli.options import AsJson
from cli.session import with_session

if TYPE_CHECKING:
    from playhead.keys import KeyInfo

app = typer.Typer(
    name="keys",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make, list and revoke API keys. Works on the database itself, so it needs no key.",
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, e.g. `laptop`.")],
    owner: Annotated[
        str | None, typer.Option(help="Whose jobs and files it opens. Default: an owner of the key's name.")
    ] = None,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="Let it do what concerns everyone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it: this once, and never again.

    Example: export PLAYHEAD_API_KEY=$(playhead keys create laptop)
    """
    from playhead import keys

    made = with_session(lambda session, _: keys.create(session, name, owner=owner, admin=admin))
    if as_json:
        typer.echo(_json({"key": made.token, **_plain(made.info)}))
        return
    typer.echo(made.token)
    warn(f"Made {'an admin key' if admin else 'a key'} of {made.info.owner}. Keep it: it is not shown again.")


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List keys, revoked ones too."""
    from cli.listing import show_table
    from playhead import keys

    found = with_session(lambda session, _: keys.list_keys(session))
    if as_json:
        typer.echo(_json([_plain(info) for info in found]))
        return
    columns = ("ID", "BEGINS WITH", "OWNER", "RIGHTS", "CREATED", "LAST USED", "STATE", "NAME")
    show_table(columns, [_row(info) for info in found])


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="Its id, how it begins, or the key itself.")]) -> None:
    """Make a key void. It opens nothing a few seconds later."""
    from playhead import keys

    info = with_session(lambda session, _: keys.revoke(session, key))
    typer.echo(f"{info.prefix}... ({info.name}) is void.")


def _row(info: KeyInfo) -> tuple[str, ...]:
    from rich.markup import escape

    from cli.listing import local_time

    rights = "admin" if info.admin else "own jobs"
    state = f"revoked {local_time(info.revoked_at)}" if info.revoked_at else "valid"
    times = (local_time(info.created_at), local_time(info.last_used_at) or "never")
    return (str(info.id), info.prefix, escape(info.owner), rights, *times, state, escape(info.name))


def _plain(info: KeyInfo) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(info)


def _json(value: object) -> str:
    from pydantic_core import to_json

    return to_json(value, indent=2).decode()
