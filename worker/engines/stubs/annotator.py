"""An annotator without a model."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

from playhead.engines import AnnotationStep, Entity, Sentence, Token
from playhead.settings import AnnotationSettings
from worker.engines.annotation.cutting import bits
from worker.engines.annotation.demands import require_annotatable

MODEL = "stub"
LANGUAGES = ("de", "en", "es", "fr")

_SENTENCE = re.compile(r"\S(?:[^.!?]|[.!?](?=\S))*[.!?]*")
_TOKEN = re.compile(r"\w+|[^\w\s]")


class StubAnnotator:
    """A :class:`~playhead.engines.Annotator` by rules alone: capitals within a sentence make a name."""

    def __init__(self, settings: AnnotationSettings) -> None:
        self._settings = settings

    def languages(self) -> Sequence[str]:
        """As :meth:`playhead.engines.Annotator.languages`."""
        return LANGUAGES

    async def guess(self, text: str) -> str | None:
        """English where there is an English article."""
        return "en" if {"the", "a", "an"} & set(text.lower().split()) else None

    async def annotate(self, text: str, language: str) -> AsyncGenerator[AnnotationStep, None]:
        """As :meth:`playhead.engines.Annotator.annotate`."""
        require_annotatable(text, language, LANGUAGES, self._settings)
        for start, end in bits(text):
            found = _SENTENCE.finditer(text, start, end)
            sentences = [_sentence(text, one.start(), one.start() + len(one.group().rstrip())) for one in found]
            yield AnnotationStep(sentences=sentences, done=end, model=MODEL)


def _sentence(text: str, start: int, end: int) -> Sentence:
    tokens = [_token(one.group(), one.start()) for one in _TOKEN.finditer(text, start, end)]
    names = [one for one in tokens[1:] if one.pos == "PROPN"]
    entities = [Entity(text=one.text, start=one.start, end=one.end, label="NAME") for one in names]
    return Sentence(text=text[start:end], start=start, end=end, tokens=tokens, entities=entities)


def _token(text: str, start: int) -> Token:
    pos = "PUNCT" if not text[0].isalnum() else "NUM" if text.isdigit() else "PROPN" if text[0].isupper() else "X"
    return Token(text=text, start=start, end=start + len(text), lemma=text.lower(), pos=pos, tag=None)
