"""From one language to another: what is asked of a translator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

MOST_TEXTS = 50
MOST_BYTES = 64 * 1024
"""All texts of one call together, as JSON in ASCII: a letter of another script takes six. DeepL takes twice that."""


class TranslationOptions(BaseModel):
    """How texts are to be translated."""

    model_config = ConfigDict(frozen=True)

    target: str = Field(description="ISO 639-1 code of the language wanted, or BCP 47 tag of a variant.")
    source: str | None = Field(None, description="ISO 639-1 code of the language written; None has it detected.")
    formality: Literal["formal", "informal"] | None = Field(
        None, description="Where the language knows the difference."
    )


@dataclass(frozen=True)
class Translated:
    """What came back.

    Attributes:
        texts: one for each text given, in order.
        source: ISO 639-1 code of the language of the first; None where nobody can tell.
    """

    texts: Sequence[str]
    source: str | None


class Translator(Protocol):
    """A service that does nothing but translate."""

    @property
    def name(self) -> str:
        """The service, as results tell it."""
        ...

    @property
    def available(self) -> bool:
        """Whether this worker has what it takes to use it."""
        ...

    async def translate(self, texts: Sequence[str], options: TranslationOptions, *, context: str = "") -> Translated:
        """Translate some short texts, at most :data:`MOST_TEXTS` of :data:`MOST_BYTES` together.

        ``context`` is what stands around them: it is understood, not translated.

        Raises:
            InvalidError: the service does not know the language (permanent).
            ModelUnavailableError: no key is set on this worker, or it is refused (permanent).
            TooLongError: the texts are more than the service takes at once (permanent).
            QuotaExceededError: the account's characters are used up (permanent).
            TranslatorUnavailableError: the service is away, overloaded or slow beyond its time (transient).
        """
        ...
