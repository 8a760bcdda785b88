from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from playhead.errors import DocumentUnreadableError, InvalidError
from playhead.kinds.annotate import KIND, Annotation, Params, Result, annotate
from playhead.registry import kinds
from playhead.settings import Settings
from playhead.transcript import Segment, Transcript
from tests.kinds.memory import Memory
from worker.engines import make_engines

SRT = "1\n00:00:00,000 --> 00:00:02,000\nThey went with Elinor\n\n2\n00:00:02,000 --> 00:00:03,000\nto the house.\n"


@pytest.fixture
def ctx(tmp_path: Path) -> Memory:
    return Memory(make_engines(Settings(engines="stub")), [tmp_path / "input"])


async def _run(ctx: Memory, content: str, params: Params | None = None) -> tuple[Result, Annotation, str]:
    ctx.files[0].write_text(content)
    result = await annotate(ctx, params or Params())
    assert {name: kind for name, (_, kind) in ctx.outputs.items()} == {
        "text.txt": "text/plain",
        "annotation.json": "application/json",
    }
    text = ctx.outputs["text.txt"][0].decode()
    annotation = Annotation.model_validate_json(ctx.outputs["annotation.json"][0])
    for sentence in annotation.sentences:
        assert text[sentence.start : sentence.end] == sentence.text
        assert all(text[one.start : one.end] == one.text for one in sentence.tokens)
        assert all(text[one.start : one.end] == one.text for one in sentence.entities)
    return result, annotation, text


def _transcript(language: str) -> str:
    figures = {"avg_logprob": 0.0, "no_speech_prob": 0.0, "compression_ratio": 1.0, "temperature": 0.0}
    texts = ["The house of", "Mrs Ferrars is old."]
    segments = [Segment(id=at, start=at, end=at + 1, text=text, **figures) for at, text in enumerate(texts)]
    whole = Transcript(
        text=" ".join(texts),
        language=language,
        language_probability=1,
        duration_seconds=2,
        segments=segments,
        model="m",
    )
    return whole.model_dump_json()


async def test_gives_figures_and_stores_the_text_with_its_annotation(ctx: Memory) -> None:
    result, annotation, text = await _run(ctx, "One goes to Bath.  Two\nstay.\n\n\nThree", Params(language="en"))
    assert text == "One goes to Bath. Two stay.\n\nThree"
    assert [sentence.text for sentence in annotation.sentences] == ["One goes to Bath.", "Two stay.", "Three"]
    assert (result.sentences, result.tokens, result.characters) == (3, 9, len(text))
    assert (result.language, result.language_from, result.model) == ("en", "params", "stub")
    assert result.entities == {"NAME": 1}
    assert sum(result.parts_of_speech.values()) == 9
    assert ctx.fractions == sorted(ctx.fractions)
    assert ctx.stages[-1] == "writing"


async def test_sentences_of_subtitles_go_on_from_cue_to_cue(ctx: Memory) -> None:
    result, annotation, _ = await _run(ctx, SRT)
    assert [sentence.text for sentence in annotation.sentences] == ["They went with Elinor to the house."]
    assert (result.language, result.language_from) == ("en", "guess")


async def test_a_transcript_says_its_language(ctx: Memory) -> None:
    result, annotation, text = await _run(ctx, _transcript("fr"))
    assert (result.language, result.language_from) == ("fr", "document")
    assert text == "The house of Mrs Ferrars is old."
    assert len(annotation.sentences) == 1
    assert (await _run(ctx, _transcript("und")))[0].language_from == "guess"
    assert (await _run(ctx, _transcript("fr"), Params(language="de")))[0].language == "de"


async def test_a_language_that_nobody_knows_is_asked_for(ctx: Memory) -> None:
    with pytest.raises(InvalidError, match="give its code") as raised:
        await _run(ctx, "Xqz zzgl.")
    assert raised.value.field == "params.language"


async def test_a_file_that_says_nothing_is_told(ctx: Memory) -> None:
    with pytest.raises(DocumentUnreadableError):
        await _run(ctx, " \n")


def test_bad_params_are_refused() -> None:
    for params in ({"language": "xx"}, {"model": "en_core_web_sm"}):
        with pytest.raises(ValidationError):
            Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["annotate"] is KIND
    assert KIND.makes is not None
    assert set(KIND.makes(Params())) == {"text.txt", "annotation.json"}
