"""`playhead adventures`: stories for learners of a language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from cli.asking import ask
from cli.failure import Commands
from cli.options import AsJson, Limit, print_json

if TYPE_CHECKING:
    from cli.client import Client
    from cli.storybook import AdventureView, EntryView

PATH = "/api/v1/adventures"

AdventureId = Annotated[str, typer.Argument(metavar="ADVENTURE", help="Id of the adventure.")]

app = typer.Typer(
    name="adventures",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read a story in the language that you learn, and decide how it goes on. Talks to PLAYHEAD_URL.",
)


@app.command()
def start(
    theme: Annotated[str, typer.Argument(help='What it is about: "A lighthouse keeper finds a map in a bottle."')],
    language: Annotated[str, typer.Option(help="Language of the story, as an ISO 639-1 code.")],
    level: Annotated[str, typer.Option(help="Your level in it: A1, A2, B1, B2, C1 or C2.")],
    native_language: Annotated[
        str | None, typer.Option(help="Language that each sentence is translated into; else none is.")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="Voice that speaks, e.g. en-us.")] = None,
    model: Annotated[str | None, typer.Option(help="Language model that writes.")] = None,
    *,
    annotated: Annotated[bool, typer.Option(help="Add the grammar of each entry, where it is known.")] = True,
) -> None:
    """Begin a story.

    Example: playhead adventures start "A map in a bottle" --language es --level A2 --native-language en
    """
    from cli.storybook import AdventureView

    wished = {"native_language": native_language, "voice": voice, "model": model, "annotated": annotated}
    body = {"theme": theme, "language": language, "level": level, **wished}
    made = ask(lambda client: client.post(PATH, AdventureView, body, key=str(uuid4())))
    typer.echo(f"{made.id} {made.status}: `playhead adventures show --wait 60 {made.id}`")


@app.command("list")
def list_adventures(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List adventures, the newest first."""
    from cli.storybook import AdventurePageView, show_adventures

    page = ask(lambda client: client.get(PATH, AdventurePageView, limit=limit))
    if as_json:
        print_json(page)
    elif page.items:
        show_adventures(page)
    else:
        typer.echo("There are no adventures: `playhead adventures start --help`.")


@app.command()
def show(
    adventure: AdventureId,
    entry: Annotated[int | None, typer.Option(min=1, help="Number of the entry; left out, the latest.")] = None,
    wait: Annotated[int, typer.Option(min=0, max=60, help="Seconds to wait for an entry that is being written.")] = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Read an entry: its text, its translation, and the choices."""
    from cli.storybook import show_entry

    found, told = ask(lambda client: _read(client, adventure, entry, wait))
    print_json(told) if as_json else show_entry(found, told)


@app.command()
def decide(
    adventure: AdventureId,
    choice: Annotated[str, typer.Argument(help="Number of a choice of the latest entry, or its words.")],
) -> None:
    """Choose what happens next."""
    from cli.storybook import EntryView

    body = {"choice": int(choice) if choice.isdecimal() else choice}
    made = ask(lambda client: client.post(f"{PATH}/{adventure}/decisions", EntryView, body, key=str(uuid4())))
    typer.echo(f"entry {made.number} {made.status}: {made.decision}")


@app.command()
def retry(adventure: AdventureId) -> None:
    """Try again to write an entry that could not be."""
    from cli.storybook import AdventureView

    typer.echo(ask(lambda client: client.post(f"{PATH}/{adventure}/retry", AdventureView)).status)


@app.command()
def remove(adventure: AdventureId) -> None:
    """Forget a story with all its entries."""
    ask(lambda client: client.delete(f"{PATH}/{adventure}"))
    typer.echo(f"Forgot {adventure}.")


async def _read(client: Client, adventure: str, number: int | None, wait: int) -> tuple[AdventureView, EntryView]:
    from cli.storybook import AdventureView, EntryView

    found = await client.get(f"{PATH}/{adventure}", AdventureView, wait=wait or None)
    return found, await client.get(f"{PATH}/{adventure}/entries/{number or found.latest}", EntryView)
