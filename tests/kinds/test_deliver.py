from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from playhead.engines import Letter, Mailed, Post
from playhead.errors import (
    MailRefusedError,
    MailServerUnavailableError,
    RecipientForbiddenError,
    UrlForbiddenError,
    UrlUnreachableError,
)
from playhead.kinds.deliver import KIND, Params, deliver
from playhead.registry import kinds
from playhead.settings import Settings
from playhead.summary import Chapter, Summary
from tests.kinds.memory import Memory
from worker.engines.stubs import StubEngines

MAIL = {"to": ["ann@example.com", "bob@example.org"]}
HOOK = {"url": "https://example.com/hooks/1"}
SUMMARY = Summary(
    title="The <bridge>",
    summary="It is closed. Ann & Bob know.",
    key_points=["Closed until *May*"],
    action_items=[],
    chapters=[Chapter(title="Closing", start=61.0, end=90.0, passage=0)],
    quotes=[],
    quotes_dropped=0,
    language="en",
    duration_seconds=90.0,
    windows=1,
    model="m",
)


@dataclass
class PostOffice:
    """Takes letters and posts; the next of them meet with ``fates``: an error, or what is said of some recipients."""

    letters: list[tuple[Letter, list[str]]] = field(default_factory=list)
    posts: list[tuple[Post, bytes]] = field(default_factory=list)
    fates: list[Any] = field(default_factory=list)

    async def send(self, letter: Letter, recipients: Sequence[str]) -> Mailed:
        fate = self.fates.pop(0) if self.fates else {}
        if isinstance(fate, Exception):
            raise fate
        said = {"deferred": fate.get("deferred", {}), "refused": fate.get("refused", {})}
        accepted = [one for one in recipients if one not in said["deferred"] | said["refused"]]
        if accepted:
            self.letters.append((letter, accepted))
        return Mailed(f"<{letter.id}@example.com>", accepted, **said)

    async def post(self, post: Post) -> None:
        if self.fates:
            raise self.fates.pop(0)
        self.posts.append((post, await asyncio.to_thread(post.body.read_bytes)))


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


def given(
    office: PostOffice, path: Path, content: str | bytes, name: str | None = None, media_type: str = ""
) -> Memory:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    engines = StubEngines(Settings(engines="stub"))
    engines.mailer = engines.poster = office
    return Memory(engines, [path], name=name, media_type=media_type or "text/plain")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input"


def params(**ways: Any) -> Params:
    return Params.model_validate(ways)


async def mailed(ctx: Memory, office: PostOffice, **more: Any) -> Letter:
    await deliver(ctx, params(mail=MAIL | more))
    return office.letters[-1][0]


async def test_a_summary_becomes_a_letter(office: PostOffice, file: Path) -> None:
    ctx = given(office, file, SUMMARY.model_dump_json(), "summary.json", "application/json")
    result = await deliver(ctx, params(mail=MAIL))

    letter, recipients = office.letters[0]
    assert letter.subject == "The <bridge>"
    assert letter.text == (
        "# The <bridge>\n\nIt is closed. Ann & Bob know.\n\n## Key points\n\n- Closed until *May*\n\n"
        "## Chapters\n\n- 1:01 Closing\n"
    )
    assert letter.html is not None
    assert ">The &lt;bridge&gt;</h1>" in letter.html
    assert "<li>1:01 Closing</li>" in letter.html
    assert letter.attachment is None
    assert recipients == MAIL["to"] == result.recipients
    assert (result.channel, result.message_id) == ("mail", f"<{ctx.job_id}@example.com>")
    assert ctx.outputs == {}


@pytest.mark.parametrize(
    ("name", "media_type"),
    [(None, "text/plain"), ("notes.MD", "text/plain"), ("notes", "text/markdown; charset=utf-8")],
)
async def test_so_does_markdown(office: PostOffice, file: Path, name: str | None, media_type: str) -> None:
    ctx = given(
        office, file, "Hello,\n\n## What was *said* ##\n\n[2](#source-2) [here](https://example.com)", name, media_type
    )
    letter = await mailed(ctx, office)
    assert letter.subject == "What was *said*"
    assert letter.text.endswith("[2] here: https://example.com")
    assert '<a href="https://example.com"' in (letter.html or "")
    assert ">What was <em>said</em></h2>" in (letter.html or "")


async def test_what_strangers_wrote_runs_and_loads_nothing(office: PostOffice, file: Path) -> None:
    hostile = "# a\r\nBcc: x\n\n<script>x</script> [a](javascript:x) ![i](http://tracker.example/i.png) <img src=x>"
    letter = await mailed(given(office, file, hostile), office)
    shown = (letter.html or "").partition("<body>")[2]
    assert "\r" not in letter.subject
    assert not [word for word in ("<script", "<img", 'href="javascript') if word in shown]


@pytest.mark.parametrize(
    ("content", "name", "media_type", "called"),
    [
        ("1\n00:00:01,000 --> 00:00:02,000\nHi\n", "a_b.srt", "application/x-subrip", "a_b.srt"),
        ("<html>", "digest.html", "text/html", "digest.html"),
        (b"\xff\xfe", "broken.md", "text/markdown", "broken.md"),
        ("a\0b", "nul.md", "text/markdown", "nul.md"),
        ("x" * 300_000, "long.md", "text/markdown", "long.md"),
        ('{"quotes_dropped": 1}', "summary.json", "application/json", "summary.json"),
        (b"%PDF", None, "application/pdf", "document.pdf"),
    ],
)
async def test_everything_else_is_attached(
    office: PostOffice, file: Path, content: str | bytes, name: str | None, media_type: str, called: str
) -> None:
    letter = await mailed(given(office, file, content, name, media_type), office)
    assert letter.attachment is not None
    assert (letter.attachment.name, letter.attachment.media_type) == (called, media_type)
    assert letter.text == f"Attached: {called}"
    assert letter.subject == (name or "A document")


async def test_what_the_sender_says_comes_first(office: PostOffice, file: Path) -> None:
    said = {"subject": "Größe: 1 * 2", "text": "Hello **Ann**,", "reply_to": "ann@example.com"}
    letter = await mailed(given(office, file, "# The rest"), office, **said)
    assert (letter.subject, letter.reply_to) == ("Größe: 1 * 2", "ann@example.com")
    assert letter.text == "Hello **Ann**,\n\n# The rest"
    assert "<strong>Ann</strong>" in (letter.html or "")


async def test_nothing_is_sent_again_by_a_later_attempt(office: PostOffice, file: Path) -> None:
    ctx = given(office, file, "Hi")
    first = await deliver(ctx, params(mail=MAIL))
    file.unlink()  # noqa: ASYNC240 - a few bytes
    assert await deliver(ctx.next_attempt(), params(mail=MAIL)) == first
    assert len(office.letters) == 1


async def test_only_those_who_do_not_have_it_get_it_later(office: PostOffice, file: Path) -> None:
    office.fates = [
        {"deferred": {"bob@example.org": "451 greylisted"}},
        {"refused": {"bob@example.org": "550 no such user"}},
    ]
    ctx = given(office, file, "Hi")
    with pytest.raises(MailServerUnavailableError, match=r"bob@example\.org \(451 greylisted\)") as later:
        await deliver(ctx, params(mail=MAIL))
    assert later.value.retry_after_seconds == 300
    ctx = ctx.next_attempt()
    with pytest.raises(MailRefusedError, match=r"bob@example\.org \(550 no such user\)"):
        await deliver(ctx, params(mail=MAIL))
    # Retried by hand, once the mailbox is there.
    result = await deliver(ctx.next_attempt(), params(mail=MAIL))
    assert [served for _, served in office.letters] == [["ann@example.com"], ["bob@example.org"]]
    assert len({letter.id for letter, _ in office.letters}) == 1
    assert result.recipients == MAIL["to"]


async def test_who_is_refused_is_named_beside_who_is_put_off(office: PostOffice, file: Path) -> None:
    office.fates = [{"deferred": {"ann@example.com": "451 a"}, "refused": {"bob@example.org": "550 b"}}]
    ctx = given(office, file, "Hi")
    with pytest.raises(MailServerUnavailableError, match=r"ann@.*451 a.*bob@.*550 b"):
        await deliver(ctx, params(mail=MAIL))
    assert ctx.state is None


async def test_a_webhook_gets_the_bytes(office: PostOffice, file: Path) -> None:
    office.fates = [UrlUnreachableError("away")]
    ctx = given(office, file, b"\xff\0", "speech.mp3", "audio/mpeg")
    with pytest.raises(UrlUnreachableError):
        await deliver(ctx, params(webhook=HOOK))
    result = await deliver(ctx := ctx.next_attempt(), params(webhook=HOOK))

    ((post, body),) = office.posts
    assert (post.id, post.url, post.media_type, body) == (str(ctx.job_id), HOOK["url"], "audio/mpeg", b"\xff\0")
    assert (result.channel, result.message_id, result.recipients) == ("webhook", post.id, [post.url])
    assert await deliver(ctx.next_attempt(), params(webhook=HOOK)) == result
    assert len(office.posts) == 1


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        ('{"type": "episode.ready"}', None, "application/json"),
        ("[1]", None, "application/json"),
        ("[1](https://example.com)", None, "text/plain"),
        ("7", None, "text/plain"),
        ("[" * 100_000, None, "text/plain"),
        ('{"a": 1}', "notes.txt", "text/plain"),
    ],
)
async def test_words_of_a_request_that_are_json_go_as_that(
    office: PostOffice, file: Path, content: str, name: str | None, media_type: str
) -> None:
    await deliver(given(office, file, content, name), params(webhook=HOOK))
    assert office.posts[0][0].media_type == media_type


@pytest.mark.parametrize(
    "mail",
    [
        {"to": []},
        {"to": ["ann"]},
        {"to": ["Ann <ann@example.com>"]},
        {"to": ["ann@example.com\nBcc: eve@example.com"]},
        {"to": ["ann@example.com, eve@example.com"]},
        {"to": ["ann@example..com"]},
        {"to": ["=?utf-8?q?a=0d=0aBcc=3a_eve?=@example.com"]},
        {"to": [f"a{number}@example.com" for number in range(51)]},
        {"subject": "Hi\r\nBcc: eve@example.com"},
        {"subject": "Hi\u2028Bcc: eve@example.com"},
        {"subject": " "},
        {"subject": "x" * 251},
        {"reply_to": "ann@example.com\r\nX: y"},
        {"reply_to": "=?utf-8?q?a=0d=0aX=3a_y?=@example.com"},
        {"unsubscribe_url": "https://example.com/\r\nX: y"},
        {"unsubscribe_url": "https://example.com/>,<mailto:x@example.com"},
        {"unsubscribe_url": "javascript:alert(1)"},
        {"bcc": ["eve@example.com"]},
    ],
)
def test_nothing_can_be_slipped_into_a_letter(mail: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        params(mail=MAIL | mail)


@pytest.mark.parametrize("ways", [{}, {"mail": MAIL, "webhook": HOOK}, {"webhook": {}}, {"webhook": HOOK | {"x": 1}}])
def test_there_is_one_way(ways: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        params(**ways)


def test_an_address_is_written_to_once() -> None:
    mail = params(mail={"to": ["ann@example.com", "ann@EXAMPLE.com", "jörg@bücher.example", "root@nas.local"]}).mail
    assert mail is not None
    assert mail.to == ["ann@example.com", "jörg@bücher.example", "root@nas.local"]


def test_what_the_settings_forbid_is_not_admitted() -> None:
    assert KIND.admit is not None
    allowed = Settings.model_validate({"mail": {"allowed_recipients": ["*@example.com"]}})
    with pytest.raises(RecipientForbiddenError, match=r"bob@example\.org") as forbidden:
        KIND.admit(params(mail=MAIL), allowed)
    assert forbidden.value.field == "mail.to"
    KIND.admit(params(mail=MAIL), Settings())
    with pytest.raises(UrlForbiddenError) as private:
        KIND.admit(params(webhook={"url": "http://169.254.169.254/latest"}), Settings())
    assert private.value.field == "webhook.url"


def test_the_registry_knows_it() -> None:
    assert kinds()["deliver"] is KIND
    assert KIND.params.model_json_schema()["properties"].keys() == {"mail", "webhook"}
