"""What of the protocol a server speaks: found out by asking, one refusal at a time."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Form = Literal["schema", "plain schema", "object", "prompt"]
_FORMS: tuple[Form, ...] = ("schema", "plain schema", "object", "prompt")
_LENGTHS = ("max_tokens", "max_completion_tokens", None)
_ABOUT_FORM = re.compile(r"response_format|json|schema|grammar|structured|guided", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a question is put.

    Attributes:
        form: how the answer is held to its form: by its JSON Schema, by one without bounds, to be any JSON object with
            the schema in the instructions, or by those alone.
        length: what the bound of the answer's length is called; None where it is not taken.
        temperature: it may be given.
        usage: a stream may be asked to end with the tokens that it took.
    """

    form: Form = "schema"
    length: str | None = "max_tokens"
    temperature: bool = True
    usage: bool = True

    def without(self, refusal: str) -> Dialect | None:
        """What to try after a server refused this one with these words; None where there is nothing left."""
        if self.usage and "stream_options" in refusal:
            return replace(self, usage=False)
        if self.temperature and "temperature" in refusal:
            return replace(self, temperature=False)
        if self.length and re.search(r"max_(completion_)?tokens", refusal):
            return replace(self, length=_LENGTHS[_LENGTHS.index(self.length) + 1])
        if self.form != "prompt":
            return replace(self, form=_FORMS[_FORMS.index(self.form) + 1])
        return self._least(refusal)

    def _least(self, refusal: str) -> Dialect | None:
        """Some servers refuse a field without naming it. What is said to be about the form is not about the others."""
        least = replace(self, usage=False, temperature=False)
        return least if least != self and not _ABOUT_FORM.search(refusal) else None


KNOWN_SECONDS = 3600.0
"""A server may learn, and a refusal may have been a mishap: after that the best dialect is tried again."""


class Dialects:
    """The dialects that were understood, by model and form: a schema may be too much for a server that takes others."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: dict[tuple[str, str], tuple[Dialect, float]] = {}

    def of(self, model: str, form: str) -> Dialect:
        """The one to begin with."""
        dialect, since = self._known.get((model, form), (Dialect(), math.inf))
        return dialect if self._now() - since < KNOWN_SECONDS else Dialect()

    def keep(self, model: str, form: str, dialect: Dialect) -> None:
        """This one was answered. A refusal alone teaches nothing: the question itself may have been its cause."""
        if self.of(model, form) != dialect:
            self._known[model, form] = dialect, self._now()
