from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from playhead.documents import read_source
from playhead.errors import AnswerInvalidError, DocumentUnreadableError
from playhead.kinds import digest
from playhead.kinds.digest import Params, Section
from playhead.summary import Summary
from playhead.transcript import Transcript
from tests.kinds.memory import Memory
from tests.llm.scripted import Asked, ScriptedEngines, ScriptedWriter, nothing_else

SUMMARY = Summary(
    title="Budget",
    summary="The budget was spoken of.",
    key_points=["It is too high.", "Ann will cut it."],
    action_items=[],
    chapters=[],
    quotes=[],
    quotes_dropped=0,
    language="en",
    duration_seconds=60,
    windows=1,
    model="m",
)
HOSTILE = "<script>alert(1)</script> [click](javascript:alert(2)) <img src=x onerror=alert(3)> ![i](data:text/html,x)"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    contents = [
        SUMMARY.model_dump_json(),
        "1\n00:00:01,000 --> 00:00:02,500\nThe bridge is closed.\n",
        "A letter.\n\nIt says nothing new.",
    ]
    made = [tmp_path / str(number) for number in range(len(contents))]
    for path, content in zip(made, contents, strict=True):
        path.write_text(content)
    return made


def briefing(**changes: Any) -> dict[str, Any]:
    items = [
        {"text": "The bridge is closed. [2]", "sources": []},
        {"text": "The budget is too high.", "sources": [3, 1, 9]},
    ]
    return {"title": "The town", "overview": "A bridge and a budget.", "items": items} | changes


def brief_only(said: dict[str, Any]) -> ScriptedWriter:
    async def answer(asked: Asked) -> dict[str, Any] | None:
        return said if asked.form == "Brief" else None

    return ScriptedWriter(answer)


async def test_one_briefing_is_made_of_all(paths: list[Path]) -> None:
    writer = brief_only(briefing())
    ctx = Memory(ScriptedEngines(writer), paths)

    made = await digest.digest(ctx, Params())

    assert [asked.form for asked in writer.asked] == ["Notes", "Notes", "Brief"], "a summary is not summarised again"
    assert "## Budget [1]" in writer.asked[-1].text
    assert (made.title, made.model) == ("The town", "scripted")
    assert [item.sources for item in made.items] == [[2], [1, 3]], "numbers that no source has are dropped"
    assert [section.source for section in made.sections] == [1, 2, 3]
    assert made.sections[0] == Section(source=1, title="Budget", summary=SUMMARY.summary, key_points=SUMMARY.key_points)
    assert ctx.stages[-3:] == ["reading, 3 of 3 done", "merging", "writing"]
    assert ctx.fractions == sorted(ctx.fractions)
    assert ctx.input_tokens > 100


async def test_it_is_stored_for_readers_and_browsers(paths: list[Path]) -> None:
    ctx = Memory(ScriptedEngines(brief_only(briefing())), paths)

    await digest.digest(ctx, Params(language="fr"))

    assert {name: kind for name, (_, kind) in ctx.outputs.items()} == {
        "digest.md": "text/markdown",
        "digest.html": "text/html",
    }
    told = ctx.outputs["digest.md"][0].decode()
    assert told.startswith("# The town\n\nA bridge and a budget.\n\n- The bridge is closed. [2](#source-2)\n")
    shown = ctx.outputs["digest.html"][0].decode()
    assert '<html lang="fr">' in shown
    assert "<title>The town</title>" in shown
    assert '<a href="#source-2"' in shown
    assert '<h3 id="source-2">2. ' in shown


async def test_one_source_needs_no_briefing(paths: list[Path]) -> None:
    writer = ScriptedWriter()

    made = await digest.digest(Memory(ScriptedEngines(writer), paths[:1]), Params())

    assert writer.asked == []
    assert (made.title, made.language, made.model) == ("Budget", "en", "m")
    assert [item.text for item in made.items] == SUMMARY.key_points


async def test_many_sources_are_merged_in_batches_and_keep_their_numbers(tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(30)]
    for number, path in enumerate(paths):
        long = SUMMARY.model_copy(update={"title": f"Source {number + 1}", "summary": "All went well. " * 60})
        put(path, long.model_dump_json())

    async def answer(asked: Asked) -> dict[str, Any]:
        heads = [line for line in asked.text.splitlines() if line.startswith("## ")]
        about = sorted({int(one) for head in heads for one in head[head.index("[") + 1 : -1].split(",")})
        return briefing(items=[{"text": "All.", "sources": about[:5]}])

    writer = ScriptedWriter(answer, context_tokens=4096)
    made = await digest.digest(Memory(ScriptedEngines(writer), paths), Params())

    assert len(writer.asked) > 3
    assert made.items[0].sources == [1, 2, 3, 4, 5]
    assert "[1, 2, 3, 4, 5, 6" in writer.asked[-1].text
    assert len(made.sections) == 30


async def test_an_attempt_after_a_crash_summarises_no_source_twice(paths: list[Path]) -> None:
    whole = await digest.digest(Memory(ScriptedEngines(brief_only(briefing())), paths), Params())
    writer = brief_only(briefing())
    broken = Memory(ScriptedEngines(writer), paths, dies_after=1)
    with pytest.raises(ConnectionError):
        await digest.digest(broken, Params())

    again = broken.next_attempt()
    again.history.append(("source", {"of": "another version"}))
    writer.asked.clear()

    assert await digest.digest(again, Params()) == whole
    assert [asked.form for asked in writer.asked] == ["Notes", "Brief"]


@pytest.mark.parametrize("words", [1, 2000])
async def test_sources_are_read_at_once_and_ask_no_more_than_one_would(tmp_path: Path, words: int) -> None:
    together = asyncio.Event()

    async def answer(_: Asked) -> None:
        if writer.at_once == 3:
            together.set()
        await together.wait()

    writer = ScriptedWriter(answer, context_tokens=4096)
    ctx = Memory(ScriptedEngines(writer), letters(tmp_path, 7, "word " * words))

    made = await digest.digest(ctx, Params(length="short"))

    assert writer.most_at_once == 3
    assert [section.source for section in made.sections] == [1, 2, 3, 4, 5, 6, 7]
    assert ctx.fractions == sorted(ctx.fractions)
    assert max(fraction for fraction, stage in zip(ctx.fractions, ctx.stages, strict=True) if stage != "writing") == 0.9


async def test_a_source_is_kept_while_others_are_still_read(tmp_path: Path) -> None:
    kept = asyncio.Event()

    async def answer(asked: Asked) -> None:
        if asked.text.startswith("[0] Letter 1."):
            await kept.wait()
            raise AnswerInvalidError("nonsense")

    writer = ScriptedWriter(answer)
    ctx = _Watched(ScriptedEngines(writer), letters(tmp_path, 4))
    ctx.checkpoints, ctx.enough = 6, kept  # Notes and a summary of each of three.

    with pytest.raises(AnswerInvalidError, match=r"^source 1: "):
        await digest.digest(ctx, Params())

    assert sorted(data["source"] for event, data in ctx.events if event == "source") == [1, 2, 3]
    writer.answer = nothing_else
    again, before = ctx.next_attempt(), len(writer.asked)
    made = await digest.digest(again, Params())
    assert [asked.text for asked in writer.asked[before:] if asked.form == "Notes"] == ["[0] Letter 1."]
    assert [section.source for section in made.sections] == [1, 2, 3, 4]


async def test_canceling_ends_every_source(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def answer(_: Asked) -> None:
        if writer.at_once == 3:
            begun.set()
        await asyncio.Event().wait()

    writer = ScriptedWriter(answer)
    ctx = Memory(ScriptedEngines(writer), letters(tmp_path, 5))
    job = asyncio.create_task(digest.digest(ctx, Params()))
    await begun.wait()

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    assert (writer.at_once, len(writer.asked)) == (0, 3)


@pytest.mark.parametrize(
    "hostile",
    [
        HOSTILE,
        f"# {HOSTILE}",
        f"\r\r# {HOSTILE}\r\n<b onclick=x>",
        f"[1]: javascript:x\n[1]\n{HOSTILE}",
        f"x\n\n    {HOSTILE}",
    ],
)
async def test_no_markup_of_a_model_or_a_source_survives(paths: list[Path], hostile: str) -> None:
    said = briefing(title=hostile, overview=f"{hostile}\n\n{hostile}", items=[{"text": hostile, "sources": [1]}])
    put(
        paths[0],
        SUMMARY.model_copy(update={"title": hostile, "summary": hostile, "key_points": [hostile]}).model_dump_json(),
    )
    ctx = Memory(ScriptedEngines(brief_only(said)), paths[:2])

    await digest.digest(ctx, Params())

    shown = _Shown(ctx.outputs["digest.html"][0].decode())
    assert shown.tags <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "a",
    }
    assert {name for _, name, _ in shown.attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "http-equiv",
        "href",
        "id",
        "rel",
    }
    assert {value for _, name, value in shown.attributes if name == "href"} <= {"#source-1", "#source-2"}
    assert "alert(1)" in shown.text, "it is shown, as text"


async def test_the_page_runs_and_loads_nothing(paths: list[Path]) -> None:
    ctx = Memory(ScriptedEngines(brief_only(briefing())), paths)

    await digest.digest(ctx, Params())

    shown = ctx.outputs["digest.html"][0].decode()
    assert "Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"" in shown
    assert "@media print" in shown


SILENCE = Transcript(text="", language="und", language_probability=0, duration_seconds=9, segments=[], model="m")


@pytest.mark.parametrize("silence", [SILENCE.model_dump_json(), "WEBVTT\n", "", " \n"])
async def test_a_source_that_says_nothing_is_left_out_and_told(paths: list[Path], silence: str) -> None:
    put(paths[1], silence)
    writer = brief_only(briefing(items=[{"text": "It is too high.", "sources": [1, 2, 3]}]))
    ctx = Memory(ScriptedEngines(writer), paths)

    made = await digest.digest(ctx, Params())

    assert (made.silent, [section.source for section in made.sections]) == ([2], [1, 3])
    assert made.items[0].sources == [1, 3]
    assert [asked.form for asked in writer.asked] == ["Notes", "Brief"]
    assert ctx.outputs["digest.md"][0].decode().endswith("\n\nNothing is said in source 2.\n")
    assert "<p>Nothing is said in source 2.</p>" in ctx.outputs["digest.html"][0].decode()
    assert ctx.fractions == sorted(ctx.fractions)


async def test_sources_that_all_say_nothing_give_no_digest(paths: list[Path]) -> None:
    for path in paths:
        put(path, SILENCE.model_dump_json())

    with pytest.raises(DocumentUnreadableError, match="none of the sources says anything") as refused:
        await digest.digest(Memory(ScriptedEngines(ScriptedWriter()), paths), Params())

    assert refused.value.field == "input"


async def test_an_error_of_a_source_says_which(paths: list[Path]) -> None:
    async def answer(asked: Asked) -> None:
        if "bridge" in asked.text:
            raise AnswerInvalidError("no JSON", retry_after_seconds=9)

    with pytest.raises(AnswerInvalidError, match=r"^source 2: no JSON$") as unanswered:
        await digest.digest(Memory(ScriptedEngines(ScriptedWriter(answer)), paths), Params())
    put(paths[1], "{")
    with pytest.raises(DocumentUnreadableError, match=r"^source 2: the document is JSON") as refused:
        await digest.digest(Memory(ScriptedEngines(ScriptedWriter()), paths), Params())

    assert (refused.value.field, unanswered.value.field) == ("input.all.1", "input.all.1")
    assert unanswered.value.retry_after_seconds == 9


async def test_an_error_of_the_only_source_is_told_as_it_is(paths: list[Path]) -> None:
    put(paths[0], "{")

    with pytest.raises(DocumentUnreadableError, match=r"^the document is JSON"):
        await digest.digest(Memory(ScriptedEngines(ScriptedWriter()), paths[:1]), Params())


@pytest.mark.parametrize("broken", ['{"quotes_dropped": 1}', "{"])
def test_a_broken_source_is_refused(paths: list[Path], broken: str) -> None:
    put(paths[0], broken)

    with pytest.raises(DocumentUnreadableError):
        read_source(paths[0])


@pytest.mark.parametrize("params", [{"language": "xx"}, {"length": "huge"}, {"instructions": ""}, {"mood": 1}])
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def letters(folder: Path, count: int, words: str = "") -> list[Path]:
    paths = [folder / f"letter {number}" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        put(path, f"Letter {number}. {words}")
    return paths


@dataclass
class _Watched(Memory):
    """One that tells when so many checkpoints are kept."""

    checkpoints: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def checkpoint(
        self, state: dict[str, Any], *, events: Mapping[str, list[dict[str, Any]]] | None = None
    ) -> None:
        await super().checkpoint(state, events=events)
        self.checkpoints -= 1
        if not self.checkpoints:
            self.enough.set()


def put(path: Path, content: str) -> None:
    path.write_text(content)


class _Shown(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data
