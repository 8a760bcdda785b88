from __future__ import annotations

import asyncio
from collections.abc import Sequence

from playhead.engines import Translated, TranslationOptions
from playhead.errors import ModelUnavailableError
from playhead.settings import DeepLSettings


class StubTranslator:
    """A :class:`~playhead.engines.Translator` that says of every text which language it should be in."""

    name = "stub"

    def __init__(self, settings: DeepLSettings) -> None:
        self.available = settings.api_key is not None

    async def translate(self, texts: Sequence[str], options: TranslationOptions, *, context: str = "") -> Translated:
        """As :meth:`playhead.engines.Translator.translate`."""
        del context
        if not self.available:
            raise ModelUnavailableError("no key is set: PLAYHEAD_DEEPL__API_KEY")
        await asyncio.sleep(0)
        return Translated([f"{options.target}: {text}" for text in texts], options.source or "en")
