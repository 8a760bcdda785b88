from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Span

from playhead.engines import Entity, Sentence, Token
from playhead.errors import ModelUnavailableError
from worker.engines.annotation.messages import Bit


def annotate(bits: list[Bit], model: str) -> list[Sentence]:
    """The sentences of some bits of a text."""
    docs = _loaded(model).pipe(bit.text for bit in bits)
    return [
        _sentence(inner, bit.start)
        for bit, doc in zip(bits, docs, strict=True)
        for span in doc.sents
        if (inner := _trimmed(span))
    ]


@lru_cache(2)
def _loaded(model: str) -> Language:
    """Two are kept: a model takes about 100 MB, and jobs come in any order."""
    try:
        loaded = spacy.load(model)
    except (OSError, ValueError, ImportError) as error:
        raise ModelUnavailableError(f"The spaCy model {Path(model).name!r} could not be loaded.") from error
    if not (loaded.has_pipe("parser") or loaded.has_pipe("senter") or loaded.has_pipe("sentencizer")):
        loaded.add_pipe("sentencizer")
    return loaded


def _trimmed(span: Span) -> Span | None:
    """A sentence without the white space that spaCy takes for tokens at its ends."""
    inner = [token.i for token in span if not token.is_space]
    return span.doc[inner[0] : inner[-1] + 1] if inner else None


def _sentence(span: Span, start: int) -> Sentence:
    return Sentence(
        text=span.text,
        start=start + span.start_char,
        end=start + span.end_char,
        tokens=[
            Token(
                text=one.text,
                start=start + one.idx,
                end=start + one.idx + len(one.text),
                lemma=one.lemma_ or one.text,
                pos=one.pos_ or None,
                tag=one.tag_ or None,
            )
            for one in span
            if not one.is_space
        ],
        entities=[
            Entity(text=one.text, start=start + one.start_char, end=start + one.end_char, label=one.label_)
            for one in span.ents
        ],
    )
