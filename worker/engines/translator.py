"""Translation by DeepL, through its own client."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING

from playhead.engines import Translated, TranslationOptions
from playhead.errors import (
    InvalidError,
    ModelUnavailableError,
    PlayheadError,
    QuotaExceededError,
    TooLongError,
    TranslatorUnavailableError,
)
from playhead.settings import DeepLSettings
from worker.engines.remote import header_key, without_key

if TYPE_CHECKING:
    import deepl

_VARIABLE = "PLAYHEAD_DEEPL__API_KEY"
CALLS_AT_ONCE = 4
TRIES = 4
TIMEOUT_SECONDS = 30.0
_MOST_CHARACTERS = 500
"""Of what DeepL says of a fault."""
_TARGETS = {"en": "EN-US", "pt": "PT-PT", "no": "NB"}
"""Languages that DeepL knows under other names, or in several forms of which one has to be named."""
_SOURCES = {"no": "NB"}
_FORMALITIES = {"formal": "prefer_more", "informal": "prefer_less", None: None}


class DeepLTranslator:
    """The real :class:`~playhead.engines.Translator`.

    Its client waits for answers in threads, which nothing can interrupt: of a canceled call nobody waits any longer,
    and its thread is free again when the answer comes, or its time is over.
    """

    name = "deepl"

    def __init__(self, settings: DeepLSettings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="deepl")
        self._making = Lock()
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def available(self) -> bool:
        """Whether there is a key."""
        return self._settings.api_key is not None

    async def translate(self, texts: Sequence[str], options: TranslationOptions, *, context: str = "") -> Translated:
        """As :meth:`playhead.engines.Translator.translate`."""
        call = partial(self._call, list(texts), options, context)
        for tries in range(1, TRIES + 1):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, call)
            except TranslatorUnavailableError:
                if tries == TRIES:
                    raise
            await self._sleep(random.uniform(0, 2**tries))  # noqa: S311 - spreads load
        raise AssertionError

    async def close(self) -> None:
        """Let calls under way end by themselves, and begin no other."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if "_client" in self.__dict__:
            self._client.close()  # type: ignore[no-untyped-call]

    @cached_property
    def _client(self) -> deepl.DeepLClient:
        import deepl

        # Waits between tries are ours: the client would sleep them in a thread, for minutes.
        deepl.http_client.max_network_retries = 0
        deepl.http_client.min_connection_timeout = TIMEOUT_SECONDS
        return deepl.DeepLClient(_key(self._settings), server_url=self._settings.server_url, send_platform_info=False)

    def _call(self, texts: list[str], options: TranslationOptions, context: str) -> Translated:
        import deepl

        with self._making:
            client = self._client
        try:
            results = client.translate_text(
                texts,
                target_lang=_TARGETS.get(options.target, options.target.upper()),
                source_lang=options.source and _SOURCES.get(options.source, options.source.upper()),
                context=context or None,
                formality=_FORMALITIES[options.formality],
                preserve_formatting=True,
            )
        except deepl.DeepLException as error:
            raise _judged(error, options, _key(self._settings)) from None
        return _translated(results, len(texts))


def _key(settings: DeepLSettings) -> str:
    key = header_key(settings.api_key, _VARIABLE)
    if not key:
        raise ModelUnavailableError(f"no key is set on this worker: {_VARIABLE}")
    return key


def _translated(results: object, count: int) -> Translated:
    if not isinstance(results, list) or len(results) != count:
        raise TranslatorUnavailableError(f"DeepL did not answer each of {count} texts")
    detected = str(results[0].detected_source_lang).partition("-")[0].lower()
    return Translated([str(one.text) for one in results], {"nb": "no"}.get(detected, detected) or None)


def _judged(error: deepl.DeepLException, options: TranslationOptions, key: str) -> PlayheadError:
    import deepl

    match error:
        case deepl.AuthorizationException():
            return ModelUnavailableError(f"DeepL refuses the key: check {_VARIABLE}")
        case deepl.QuotaExceededException():
            return QuotaExceededError("the characters of this DeepL account are used up for this period")
    status, said = error.http_status_code, " ".join(without_key(str(error), key)[:_MOST_CHARACTERS].split())
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLongError(f"the texts are too long for one request to DeepL: {said}")
    if status == HTTPStatus.NOT_FOUND:
        return ModelUnavailableError(f"there is no DeepL at PLAYHEAD_DEEPL__SERVER_URL: {said}")
    if status is None or status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TranslatorUnavailableError(f"DeepL did not answer: {said}")
    return InvalidError(f"DeepL does not translate to {options.target!r} like this: {said}", field="params.language")
