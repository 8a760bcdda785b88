"""Podcasts from a feed to the mail that tells of them, with real speech, real mail and a real small language model."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
import time
from email.message import EmailMessage
from pathlib import Path

from pydantic import BaseModel

from cli.access import Access, kept_key
from cli.client import Client
from cli.failure import FAILED, INTERRUPTED, CommandError, warn
from cli.serving import own_server
from demo.inbox import Inbox, inbox
from demo.language_model import served
from demo.models import CONTEXT_TOKENS, small_models
from demo.publisher import publishing

HERE = Path(__file__).parent
DATA_DIR = HERE.parent / ".playhead" / "demo-podcast"
RECORDING = HERE / "sense-and-sensibility.opus"
FEEDS = {
    "austen": ("Jane Austen aloud", "Sense and Sensibility, chapter 1"),
    "classics": ("A classic each day", "The Dashwoods of Sussex"),
}
PATIENCE_SECONDS = 110
DIGEST_CRON = "*/5 * * * * *"
"""Each five seconds, where nobody wants to wait for the night."""
NEXT = """\
Next:
  .venv/bin/playhead feeds add URL --mail you@example.com   subscribes to a podcast
  .venv/bin/playhead digest preview                         shows what the next digest would tell
  docs/podcasts.md                                          has all of it
The words are those of a very small model: docs/llm.md has better ones."""


class Known(BaseModel):
    """What the demo has to know of an answer: nothing."""


def main() -> int:
    """Run the demo; its exit code."""
    try:
        asyncio.run(_demo())
    except CommandError as error:
        warn(f"Error: {error}")
        return FAILED
    except KeyboardInterrupt:
        warn("Stopped. Nothing is left running.")
        return INTERRUPTED
    return 0


async def _demo() -> None:
    began = time.monotonic()
    _say("Starting PostgreSQL, the API, a worker, a language model, a publisher and a mail server ...")
    with publishing(RECORDING, FEEDS) as publisher, served(CONTEXT_TOKENS) as model:
        async with inbox() as (letters, port), own_server(DATA_DIR, _log(), _environment(model, port)) as url:
            _say(f"Ready after {time.monotonic() - began:.1f} s. The log is in {_log().relative_to(HERE.parent)}.")
            async with Client(Access(url, kept_key(DATA_DIR), chosen=True)) as client:
                await _subscribe(client, publisher)
            for letter in await _two(letters):
                _show(letter)
    _say(f"\nFrom the start to the second letter: {time.monotonic() - began:.0f} s.\n\n{NEXT}")


async def _subscribe(client: Client, publisher: str) -> None:
    """To one feed for a letter of each episode, to the other for a digest."""
    each, gathered = FEEDS
    _say(f"Ann subscribes to {FEEDS[each][0]!r} by mail, and to {FEEDS[gathered][0]!r} for a digest.")
    digest = {"cron": DIGEST_CRON, "notify": {"mail": "ann@example.com"}}
    await client.patch("/api/v1/digest", Known, digest)
    for feed, notify in ((each, {"mail": "ann@example.com"}), (gathered, {"digest": True})):
        asked = {"url": f"{publisher}/{feed}.xml", "notify": notify}
        await client.post("/api/v1/subscriptions", Known, asked)
    _say("Each new episode is fetched, transcribed and summarised, once for all who hear of it ...")


async def _two(letters: Inbox) -> list[EmailMessage]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [await letters.letters.get() for _ in FEEDS]
    except TimeoutError:
        raise CommandError(f"No mail came within {PATIENCE_SECONDS} s.", remedy=f"Look into {_log()}.") from None


def _show(letter: EmailMessage) -> None:
    body = letter.get_body(("plain",))
    text = body.get_content() if body else ""
    _say(f"\nTo: {letter['To']}\nSubject: {letter['Subject']}\n")
    _say(textwrap.indent("\n".join(textwrap.fill(line, 96) for line in text.splitlines()), "  "))


def _environment(model: str, mail_port: int) -> dict[str, str]:
    """That of a user who set nothing but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PLAYHEAD_")}
    settings = {
        **small_models(model),
        "LLM__ANSWER_TOKENS": "400",
        "MAIL__HOST": "127.0.0.1",
        "MAIL__PORT": str(mail_port),
        "MAIL__SECURITY": "none",
        "MAIL__SENDER": "Playhead <playhead@example.com>",
        "FETCH__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
    }
    return clean | {f"PLAYHEAD_{name}": value for name, value in settings.items()}


def _log() -> Path:
    return DATA_DIR / "demo.log"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program that speaks


if __name__ == "__main__":
    sys.exit(main())
