"""A writer without a model: its answers follow from the form and the text alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pydantic import ValidationError

from playhead.engines.writing import A, OnTokens, WritingOptions, Written
from playhead.errors import AnswerInvalidError
from playhead.settings import LLMSettings
from worker.engines.stubs.answers import make_answer
from worker.engines.writer.room import context_tokens, count_tokens, require_room

_TRANSLATOR = "You translate"
_VOWELS = str.maketrans("aeiouAEIOU", "eiouaEIOUA")
"""What comes back unchanged is not taken for translated."""


class StubWriter:
    """A :class:`~playhead.engines.Writer` that fills any form with the words it is given."""

    def __init__(self, settings: LLMSettings, seconds_per_answer: float = 0.0) -> None:
        self._settings = settings
        self._seconds_per_answer = seconds_per_answer

    @property
    def context_tokens(self) -> int:
        """As the settings say it."""
        return context_tokens(self._settings)

    def count_tokens(self, text: str) -> int:
        """As the real one counts."""
        return count_tokens(text)

    async def write(
        self,
        instructions: str,
        text: str,
        form: type[A],
        options: WritingOptions,
        *,
        on_text: Callable[[int], None] | None = None,
        on_tokens: OnTokens | None = None,
    ) -> Written[A]:
        """As :meth:`playhead.engines.Writer.write`."""
        asked = count_tokens(instructions) + count_tokens(text)
        require_room(self._settings, asked, options.max_tokens)
        await asyncio.sleep(self._seconds_per_answer)
        answer = _answer(form, text.translate(_VOWELS) if instructions.startswith(_TRANSLATOR) else text)
        written = answer.model_dump_json()
        output = count_tokens(written)
        if on_text:
            on_text(len(written))
        if on_tokens:
            on_tokens(input_tokens=asked, output_tokens=output)
        return Written(answer, f"stub:{options.model or self._settings.model or 'writer'}", asked, output)


def _answer(form: type[A], text: str) -> A:
    try:
        return form.model_validate(make_answer(form.model_json_schema(), text))
    except ValidationError as error:
        raise AnswerInvalidError(f"the stub knows no way to fill {form.__name__}: {error}") from None
