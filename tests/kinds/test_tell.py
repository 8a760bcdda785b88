from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from playhead.documents import read_document
from playhead.errors import DocumentUnreadableError, InvalidError
from playhead.kinds import tell
from playhead.kinds.tell import KIND, Params
from playhead.registry import kinds
from playhead.story import LEVELS, Story
from playhead.telling.memory import MOST_LATELY
from tests.kinds.memory import Memory
from tests.llm.scripted import Asked, ScriptedEngines, ScriptedWriter

ENTRY = {
    "title": "The map",
    "text": "Ann found a map. It was old.\n\nShe took it home.",
    "choices": ["Go home.", "Follow the map.", "Burn the map."],
    "happened": "Ann found a map.",
}


class Narrator(ScriptedWriter):
    """Tells of a new thing in each entry, and condenses by leaving out all but the numbers of things."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(self._said, **changes)
        self.told = 0

    async def _said(self, asked: Asked) -> dict[str, Any]:
        if asked.form == "Gist":
            things = sorted(set(re.findall(r"thing \d+", asked.text)), key=lambda thing: int(thing.split()[1]))
            return {"title": "Before", "summary": f"There were {', '.join(things[:3])}.", "key_points": []}
        self.told += 1
        happened = f"Ann found thing {self.told} behind a very old door of the very old house of her very old aunt."
        return {**ENTRY, "title": f"Entry {self.told}", "happened": happened}

    @property
    def entries(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.form == "Entry"]


def narrated(said: dict[str, Any]) -> ScriptedWriter:
    async def answer(_: Asked) -> dict[str, Any]:
        return said

    return ScriptedWriter(answer)


def memory(tmp_path: Path, content: str, writer: ScriptedWriter) -> Memory:
    path = tmp_path / "input"
    path.write_text(content)
    return Memory(ScriptedEngines(writer), [path])


def params(**changes: Any) -> Params:
    return Params.model_validate({"language": "en", "level": "A1", **changes})


async def told(tmp_path: Path, content: str, writer: ScriptedWriter, **changes: Any) -> Story:
    return await tell.tell(memory(tmp_path, content, writer), params(**changes))


async def test_a_story_begins_with_a_theme(tmp_path: Path) -> None:
    writer = narrated(ENTRY)
    ctx = memory(tmp_path, " An old\nhouse. ", writer)

    story = await tell.tell(ctx, params(language="fr", level="B1", instructions="For children.", model="m"))

    [asked] = writer.asked
    for words in ("French", "level B1", "For children.", "about 150 words"):
        assert words in asked.instructions
    assert asked.text.startswith("Theme: An old house.\n")
    assert (asked.options.model, story.number, story.theme) == ("m", 1, "An old house.")
    assert (story.title, story.choices, story.language, story.level) == ("The map", ENTRY["choices"], "fr", "B1")
    assert story.memory.lately == ["Ann found a map."]
    assert ctx.input_tokens == 100


async def test_it_is_stored_to_go_on_from_and_to_be_read(tmp_path: Path) -> None:
    ctx = memory(tmp_path, "An old house", narrated(ENTRY))

    story = await tell.tell(ctx, params())

    assert {name: kind for name, (_, kind) in ctx.outputs.items()} == {
        "story.json": "application/json",
        "story.txt": "text/plain",
    }
    assert Story.model_validate_json(ctx.outputs["story.json"][0]) == story
    text = ctx.outputs["story.txt"][0].decode()
    assert text == "Ann found a map.\nIt was old.\n\nShe took it home.\n"
    (tmp_path / "story.txt").write_text(text)
    document = read_document(tmp_path / "story.txt")
    assert [passage.text for passage in document.passages] == ["Ann found a map. It was old.", "She took it home."]
    assert story.text == "\n\n".join(passage.text for passage in document.passages)


async def test_it_goes_on_with_a_choice(tmp_path: Path) -> None:
    writer = Narrator()
    first = await told(tmp_path, "An old house", writer)

    second = await told(tmp_path, first.model_dump_json(), writer, choice=2)

    assert (second.number, second.title, second.theme) == (2, "Entry 2", "An old house")
    asked = writer.asked[-1].text
    assert asked.startswith("Theme: An old house\n")
    assert asked.endswith("The reader chose: Follow the map.")
    assert "The last entry, Entry 1:\nAnn found a map." in asked
    assert second.memory.lately[1].startswith("Follow the map. Ann found thing 2 ")


async def test_what_is_asked_does_not_grow_with_the_story_and_its_beginning_is_not_forgotten(tmp_path: Path) -> None:
    writer = Narrator()
    story = await told(tmp_path, "An old house", writer)
    for _ in range(60):
        story = await told(tmp_path, story.model_dump_json(), writer, choice=1)

    lengths = [len(asked.text) for asked in writer.entries]
    sizes = max(lengths[10:30]), max(lengths[-20:])
    assert sizes[1] <= sizes[0] + len(" found thing 60") * MOST_LATELY
    assert len(story.model_dump_json()) < 4000
    assert all("thing 1," in asked.text for asked in writer.entries[20:]), "in the words of the model that condensed it"
    assert "thing 60 " in writer.entries[-1].text
    assert max(len(asked.text) for asked in writer.asked if asked.form == "Gist") < 2000


async def test_a_small_context_is_not_exceeded(tmp_path: Path) -> None:
    writer = Narrator(context_tokens=1200)
    story = await told(tmp_path, "An old house", writer, level="C2")
    for _ in range(12):
        story = await told(tmp_path, story.model_dump_json(), writer, choice=3, level="C2")
    asked = writer.entries[-1]
    assert writer.count_tokens(asked.instructions + asked.text) < 1200
    assert asked.text.endswith("The reader chose: Burn the map.")


@pytest.mark.parametrize("level", LEVELS)
async def test_the_stub_knows_every_level(tmp_path: Path, level: str) -> None:
    first = await told(tmp_path, "An old house", ScriptedWriter(), level=level)
    second = await told(tmp_path, first.model_dump_json(), ScriptedWriter(), level=level, choice=1)
    assert len(set(second.choices)) == 3


@pytest.mark.parametrize(
    ("content", "choice", "error"),
    [
        ("", None, DocumentUnreadableError),
        (" \n", None, DocumentUnreadableError),
        ("\0", None, DocumentUnreadableError),
        ('{"segments": []}', None, DocumentUnreadableError),
        ("{", None, DocumentUnreadableError),
        ("{" + " " * 20_000 + "}", None, DocumentUnreadableError),
        ("An old house", 1, InvalidError),
    ],
)
async def test_what_is_no_beginning_is_refused(
    tmp_path: Path, content: str, choice: int | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await told(tmp_path, content, ScriptedWriter(), choice=choice)


async def test_a_story_goes_on_with_no_choice_of_its_own(tmp_path: Path) -> None:
    story = await told(tmp_path, "An old house", ScriptedWriter())
    with pytest.raises(InvalidError) as caught:
        await told(tmp_path, story.model_dump_json(), ScriptedWriter())
    assert caught.value.field == "params.choice"


@pytest.mark.parametrize(
    "wrong", [{"language": "xx"}, {"level": "a1"}, {"choice": 0}, {"choice": 4}, {"choice": "1"}, {"title": "x"}]
)
def test_wrong_params_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        params(**wrong)


async def test_the_kind_registers_by_its_file() -> None:
    assert kinds()["tell"] is KIND
    assert KIND.accepts == {"text", "story"}
