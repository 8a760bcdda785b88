"""Passages rewritten by a translation service."""

from __future__ import annotations

import json

from playhead.engines import TranslationOptions, Translator
from playhead.engines.translation import MOST_BYTES, MOST_TEXTS
from playhead.rewriting.asking import Asked, Question

_MOST_SHOWN = 400


class TranslatorAsk:
    """The :class:`~playhead.rewriting.asking.Ask` of a :class:`~playhead.engines.Translator`.

    Attributes:
        source: the language that it found the first passages to be in; None before it was asked.
    """

    most = MOST_TEXTS
    room = limit = MOST_BYTES
    joint = False
    tries = 1  # The same question would get the same answer, for the same price.

    def __init__(self, translator: Translator, options: TranslationOptions) -> None:
        self._translator = translator
        self._options = options
        self.source: str | None = None

    def cost(self, text: str) -> int:
        """Bytes as JSON."""
        return len(json.dumps(text))

    async def ask(self, question: Question) -> Asked:
        """As :meth:`playhead.rewriting.asking.Ask.ask`."""
        flat = [" ".join(text.split()) for text in question.passages.values()]
        # Neighbours may be of any length; what stands next to the passages says most.
        before = [text[-_MOST_SHOWN:] for text in question.before]
        around = "\n".join([*before, *(text[:_MOST_SHOWN] for text in question.after)])
        made = await self._translator.translate(flat, self._options, context=around)
        self.source = self.source or made.source
        return Asked(list(zip(question.passages, made.texts, strict=True)), self._translator.name)
