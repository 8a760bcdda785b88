"""`playhead digest`: what is new in your podcasts, gathered for a time of your choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import ask
from cli.failure import USAGE, CommandError, Commands
from cli.options import AsJson, print_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cli.client import Client
    from cli.digested import DigestView

PATH = "/api/v1/digest"


app = typer.Typer(
    name="digest",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What is new in your podcasts, gathered for a time of your choice. Talks to PLAYHEAD_URL.",
)


@app.command()
def show(*, as_json: AsJson = False) -> None:
    """Show when the next digest comes, and where it goes."""
    from cli.digested import DigestView

    _tell(lambda client: client.get(PATH, DigestView), as_json=as_json)


@app.command()
def preview(*, as_json: AsJson = False) -> None:
    """Show what the next digest would tell if it came now. Nothing is sent."""
    from cli.digested import PreviewView, show_preview

    found = ask(lambda client: client.get(f"{PATH}/preview", PreviewView))
    print_json(found) if as_json else show_preview(found)


@app.command("set")
def set_digest(
    cron: Annotated[str | None, typer.Option(help='When, as in cron: "0 7 * * MON-FRI".')] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone that the expression is meant in.")] = None,
    mail: Annotated[str | None, typer.Option(help="Address to send it to.")] = None,
    webhook: Annotated[str | None, typer.Option(help="URL to post it to.")] = None,
    *,
    feed: Annotated[bool, typer.Option("--feed", help="Send nothing: it has a feed of its own.")] = False,
    pause: Annotated[
        bool | None, typer.Option("--pause/--resume", show_default=False, help="Gather, but issue none; or go on.")
    ] = None,
) -> None:
    """Change when it comes or where it goes; what is left out stays.

    Example: playhead digest set --mail ann@example.com --cron "0 7 * * *" --timezone Europe/Berlin
    """
    from cli.digested import DigestView

    ways = {name: way for name, way in (("mail", mail), ("webhook", webhook), ("feed", feed)) if way}
    if len(ways) > 1:
        raise CommandError("Give one of --mail, --webhook and --feed.", exit_code=USAGE)
    asked: dict[str, Any] = {"cron": cron, "timezone": timezone, "paused": pause, "notify": ways or None}
    changes = {name: value for name, value in asked.items() if value is not None}
    _tell(lambda client: client.patch(PATH, DigestView, changes))


def _tell(question: Callable[[Client], Awaitable[DigestView]], *, as_json: bool = False) -> None:
    from cli.digested import show_digest

    async def whole(client: Client) -> DigestView:
        return (await question(client)).at(client.access.url)

    digest = ask(whole)
    print_json(digest) if as_json else show_digest(digest)
