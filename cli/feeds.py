"""`playhead feeds`: podcasts, whose new episodes you are told of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.asking import ask
from cli.failure import USAGE, CommandError, Commands
from cli.options import AsJson, Limit, print_json

PATH = "/api/v1/subscriptions"
OPML = "/api/v1/opml"

SubscriptionId = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Id of the subscription, as in the list.")]

app = typer.Typer(
    name="feeds",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Subscribe to podcasts, and be told of their new episodes. Talks to PLAYHEAD_URL.",
)


@app.command("list")
def list_feeds(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List the feeds that you subscribe to, the newest first."""
    from cli.subscribed import SubscriptionPageView, show_subscriptions

    page = ask(lambda client: client.get(PATH, SubscriptionPageView, limit=limit))
    if page.items or as_json:
        print_json(page) if as_json else show_subscriptions(page)
    else:
        typer.echo("You subscribe to no feed: `playhead feeds add --help`.")


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Address of an RSS or Atom feed.")],
    keyword: Annotated[
        list[str] | None, typer.Option(help="Only episodes with this in title or description; may be repeated.")
    ] = None,
    newest: Annotated[int | None, typer.Option(min=1, max=50, help="Of those found at once only so many.")] = None,
    mail: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Be told by mail, of each by itself.")] = None,
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="Be told by a request to this address.")] = None,
) -> None:
    """Subscribe to a feed. Without --mail and --webhook its episodes are in your digest.

    Example: playhead feeds add https://example.com/feed.xml --keyword tides --newest 3
    """
    from cli.subscribed import SubscriptionView

    wishes = {"keywords": keyword or [], "newest": newest, "notify": _notify(mail, webhook)}
    made = ask(lambda client: client.post(PATH, SubscriptionView, {"url": url, **wishes}))
    typer.echo(f"{made.id} {made.feed.title or made.feed.url}")


@app.command()
def episodes(subscription: SubscriptionId, limit: Limit = 20, *, as_json: AsJson = False) -> None:
    """Show a feed's episodes, those first that were published last."""
    from cli.client import Client
    from cli.subscribed import EpisodePageView, SubscriptionView, show_episodes

    async def find(client: Client) -> EpisodePageView:
        found = await client.get(f"{PATH}/{subscription}", SubscriptionView)
        return await client.get(f"/api/v1/feeds/{found.feed.id}/episodes", EpisodePageView, limit=limit)

    page = ask(find)
    print_json(page) if as_json else show_episodes(page)


@app.command()
def opml(
    file: Annotated[Path | None, typer.Argument(help="List of feeds to import; left out, yours is printed.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Export your feeds as OPML, or import those of another program.

    Example: playhead feeds opml > feeds.opml; playhead feeds opml subscriptions.opml
    """
    from cli.subscribed import ImportView, show_import

    if file is None:
        typer.echo(ask(lambda client: client.download(OPML)), nl=False)
        return
    body = file.read_bytes()
    report = ask(lambda client: client.send(OPML, ImportView, body))
    print_json(report) if as_json else show_import(report.items)


@app.command()
def remove(subscription: SubscriptionId) -> None:
    """Be told no more. What was sent stays in your history."""
    ask(lambda client: client.delete(f"{PATH}/{subscription}"))
    typer.echo(f"Ended {subscription}.")


def _notify(mail: str | None, webhook: str | None) -> dict[str, Any]:
    if mail and webhook:
        raise CommandError("Give --mail or --webhook, not both.", exit_code=USAGE)
    if mail:
        return {"mail": mail}
    return {"webhook": webhook} if webhook else {"digest": True}
