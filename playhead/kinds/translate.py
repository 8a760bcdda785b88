"""A text, a transcript or subtitles go in, the same come out in another language; times stay."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from playhead.engines import TranslationOptions
from playhead.errors import AnswerInvalidError, TooLongError
from playhead.kind import Context, Kind
from playhead.languages import VARIANTS, Language, Variant, language_of, name_of
from playhead.rewriting import TOO_LONG, Check, Lengths, Rewritten, TranslatorAsk, WriterAsk, checks, rewrite
from playhead.rewriting.left import LeftRange, ranges
from playhead.rewriting.material import Files, endings_of, read_material

Term = Annotated[str, Field(min_length=1, max_length=100)]

_MANNER = (
    "what is meant, as people say it, at about the length that it has. Translate everything but names; explain nothing "
    "and add nothing."
)
_GROWTH = 2.5
"""Tokens of an answer for each of its passage: other scripts take more."""
LENGTHS = Lengths(0.2, 2.5, spare_more=40)
"""Of two languages one may need 2.2 times the letters of the other, as Finnish does of Thai, and a name that is spelled
out more: `NATO` is `Organisation du traité de l'Atlantique nord`."""


class Params(BaseModel):
    """What is to be translated into what, and how."""

    model_config = ConfigDict(extra="forbid")

    language: Variant = Field(
        description=f"Language wanted, as an ISO 639-1 code such as `fr`, or as one of {', '.join(VARIANTS)}.",
        examples=["fr"],
    )
    source: Language | None = Field(None, description="Language of the input; left out, it is found out.")
    engine: Literal["auto", "llm", "deepl"] = Field(
        "auto",
        description="`auto` takes DeepL where its key is set and `model`, `instructions` and `glossary` are left out, "
        "else the language model.",
    )
    formality: Literal["formal", "informal"] | None = Field(
        None, description="How people are spoken to, where the language knows the difference."
    )
    model: str | None = Field(None, min_length=1, max_length=200, description="Language model instead of the server's.")
    instructions: str | None = Field(
        None, max_length=4000, description="What else to mind, in plain words. For language models."
    )
    glossary: dict[Term, Term] = Field(
        default_factory=dict,
        max_length=500,
        description="How terms and names are to be translated. For language models.",
        examples=[{"Norland Park": "Norland Park", "sensibility": "sensibilité"}],
    )

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.source == self.language:
            message = "source and language are the same"
            raise ValueError(message)
        if self.engine == "deepl" and self.for_a_model:
            message = "model, instructions and glossary are for language models: leave them out, or choose engine llm"
            raise ValueError(message)
        return self

    @property
    def for_a_model(self) -> bool:
        """Whether it asks for what a translation service cannot do."""
        return bool(self.model or self.instructions or self.glossary)


class Result(BaseModel):
    """What was done."""

    language: str = Field(description="Language of the translation.")
    source: str | None = Field(description="Language of the input, where it was given or found out.")
    engine: Literal["llm", "deepl"]
    model: str | None = Field(description="What translated; null where there was nothing to translate.")
    passages: int = Field(description="Cues, segments or lines with words in them; of long lines, groups of sentences.")
    windows: int = Field(description="Questions that they were put in.")
    left: list[LeftRange] = Field(
        description="Cues, segments or lines that no useful answer was given for; they are as they were."
    )


async def translate(ctx: Context, params: Params) -> Result:
    """Translate the job's input and store it in the forms that suit it.

    Raises:
        AnswerInvalidError: none of it could be translated.
        TooLongError: none of it fits into one question.
    """
    await ctx.progress(0.0, stage="fetching")
    engine = _engine(ctx, params)
    ask = _service(ctx, params) if engine == "deepl" else _model(ctx, params)
    material = await asyncio.to_thread(read_material, await ctx.input(), ask)
    made = await rewrite(ctx, material.texts, ask, _check(engine, params), stage="translating")
    _require_some(made)
    await _save(ctx, await asyncio.to_thread(material.files, made.texts, params.language))
    found = ask.source if isinstance(ask, TranslatorAsk) else None
    return Result(
        language=params.language,
        source=params.source or found,
        engine=engine,
        model=made.model,
        passages=made.asked,
        windows=made.windows,
        left=ranges(made.left, material.places),
    )


KIND = Kind(
    name="translate",
    queue="llm",
    summary="Text, transcript or subtitles to another language, times kept: by a language model or DeepL.",
    params=Params,
    result=Result,
    run=translate,
    accepts=frozenset({"text", "transcript", "subtitles"}),
    makes=lambda _: {
        "translation.json": "transcript",
        "translation.txt": "text",
        "translation.srt": "subtitles",
        "translation.vtt": "subtitles",
    },
    makes_of=lambda taken: [f"translation.{ending}" for ending in endings_of(taken)],
    cached_by=lambda params, settings: {
        **settings.llm.deciding(params.model),
        "deepl": settings.deepl.api_key is not None,
    },
)


def _engine(ctx: Context, params: Params) -> Literal["llm", "deepl"]:
    if params.engine != "auto":
        return params.engine
    return "deepl" if ctx.engines.translator.available and not params.for_a_model else "llm"


def _check(engine: Literal["llm", "deepl"], params: Params) -> Check:
    if engine == "deepl":
        return checks.worded  # It does not ramble, and what it says is paid for.
    likely = checks.first_of(checks.worded, LENGTHS)
    return likely if _may_stay(params) else checks.first_of(likely, checks.translated)


def _may_stay(params: Params) -> bool:
    """Whether much may stay as it is: from a language to a variant of it, also where nobody tells the language."""
    return params.language in VARIANTS and params.source in {None, language_of(params.language)}


def _service(ctx: Context, params: Params) -> TranslatorAsk:
    options = TranslationOptions(target=params.language, source=params.source, formality=params.formality)
    return TranslatorAsk(ctx.engines.translator, options)


def _model(ctx: Context, params: Params) -> WriterAsk:
    return WriterAsk(ctx, _instructions(params), model=params.model, growth=_GROWTH, lengths=LENGTHS)


def _instructions(params: Params) -> str:
    source = f" from {name_of(params.source)}" if params.source else ""
    task = f"You translate{source} into {name_of(params.language)}: {_MANNER}"
    manner = f"Speak to people in the {params.formality} way." if params.formality else None
    terms = [f"{term}: {to}" for term, to in params.glossary.items()]
    glossary = "\n".join(["Terms are translated like this:", *terms]) if terms else None
    return "\n\n".join(filter(None, [task, manner, glossary, params.instructions]))


def _require_some(made: Rewritten) -> None:
    if not made.asked or len(made.left) < made.asked:
        return
    if all(one.reason == TOO_LONG for one in made.left):
        raise TooLongError(
            "no passage fits into one question: cut them, or raise PLAYHEAD_LLM__CONTEXT_TOKENS if the model holds more"
        )
    raise AnswerInvalidError(f"nothing could be translated; of the first passage: {made.left[0].reason}")


async def _save(ctx: Context, files: Files) -> None:
    for form, (content, media_type) in files.items():
        await ctx.save_output(f"translation.{form}", content.encode(), media_type)
