"""A text goes in, its grammar comes out: sentences, words, lemmas, parts of speech and names."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from playhead.documents import Document, read_document
from playhead.engines import AnnotationStep, Sentence
from playhead.errors import InvalidError
from playhead.kind import Context, Kind
from playhead.languages import UNDETERMINED, Language, join_segments


class Params(BaseModel):
    """How a text is to be annotated."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = Field(
        None,
        description="Language of the text, as an ISO 639-1 code such as `en`; left out, it is the transcript's own, "
        "else guessed.",
        examples=["en"],
    )


class Head(BaseModel):
    """What was annotated, and by what."""

    language: str = Field(description="ISO 639-1 code.")
    language_from: Literal["params", "document", "guess"] = Field(description="What says that it is in this language.")
    model: str = Field(description="The spaCy model, or `simplemma`, which knows neither parts of speech nor names.")
    characters: int


class Result(Head):
    """The figures. The annotation itself is in the outputs."""

    sentences: int
    tokens: int
    parts_of_speech: dict[str, int] = Field(description="Tokens by universal part of speech.")
    entities: dict[str, int] = Field(description="Names, dates and the like by label.")


class Annotation(Head):
    """What `annotation.json` holds. Offsets are those of `text.txt`, in Unicode characters."""

    sentences: list[Sentence]


@dataclass
class _Found:
    """What was found so far. Sentences are kept as JSON: as objects they would take ten times the room."""

    model: str = ""
    sentences: list[str] = field(default_factory=list)
    tokens: int = 0
    parts_of_speech: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)

    def take(self, step: AnnotationStep) -> None:
        self.model = step.model
        for sentence in step.sentences:
            self.sentences.append(sentence.model_dump_json())
            self.tokens += len(sentence.tokens)
            self.parts_of_speech.update(token.pos for token in sentence.tokens if token.pos)
            self.entities.update(entity.label for entity in sentence.entities)


async def annotate(ctx: Context, params: Params) -> Result:
    """Annotate the job's input: plain text, a transcript or subtitles."""
    await ctx.progress(0.0, stage="fetching")
    document = await asyncio.to_thread(read_document, await ctx.input())
    text = _text(document)
    language, said_by = await _language(ctx, params, document, text)
    found = await _annotated(ctx, text, language)
    await ctx.progress(1.0, stage="writing")
    head = Head(language=language, language_from=said_by, model=found.model, characters=len(text))
    await ctx.save_output("text.txt", text.encode(), "text/plain")
    await ctx.save_output("annotation.json", await asyncio.to_thread(_json, head, found), "application/json")
    return Result(
        **head.model_dump(),
        sentences=len(found.sentences),
        tokens=found.tokens,
        parts_of_speech=dict(found.parts_of_speech.most_common()),
        entities=dict(found.entities.most_common()),
    )


KIND = Kind(
    name="annotate",
    queue="cpu",
    summary="Text to grammar: sentences, words, lemmas, parts of speech, names.",
    params=Params,
    result=Result,
    run=annotate,
    accepts=frozenset({"text", "transcript", "subtitles"}),
    makes=lambda _: {"text.txt": "text", "annotation.json": "annotation"},
    cached_by=lambda _, settings: settings.annotation.model_dump(include={"models", "guess_languages"}),
)


def _text(document: Document) -> str:
    """Running text: sentences of a transcript and of subtitles go on from passage to passage."""
    passages = [passage.text for passage in document.passages]
    if document.form == "text":
        return "\n\n".join(passages)
    return join_segments(passages, document.language or UNDETERMINED)


async def _language(
    ctx: Context, params: Params, document: Document, text: str
) -> tuple[str, Literal["params", "document", "guess"]]:
    if params.language:
        return params.language, "params"
    if document.language and document.language != UNDETERMINED:
        return document.language, "document"
    await ctx.progress(0.0, stage="guessing")
    guessed = await ctx.engines.annotator.guess(text)
    if guessed is None:
        message = "The text does not say its language, and it could not be guessed with certainty: give its code."
        raise InvalidError(message, field="params.language")
    return guessed, "guess"


async def _annotated(ctx: Context, text: str, language: str) -> _Found:
    await ctx.progress(0.0, stage="loading")
    found = _Found()
    async with aclosing(ctx.engines.annotator.annotate(text, language)) as steps:
        async for step in steps:
            found.take(step)
            await ctx.progress(step.done / len(text), stage="annotating")
    return found


def _json(head: Head, found: _Found) -> bytes:
    """An :class:`Annotation`."""
    return f'{head.model_dump_json()[:-1]},"sentences":[{",".join(found.sentences)}]}}'.encode()
