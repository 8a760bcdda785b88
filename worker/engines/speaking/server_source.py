from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from playhead.engines.synthesis import Voice
from playhead.errors import InvalidError, ModelUnavailableError, PlayheadError, SpeakerUnavailableError
from playhead.settings import SpeakerSettings
from worker.engines.remote import header_key, server_address, without_key
from worker.engines.speaking.server_answer import samples
from worker.engines.speaking.source import Said

_CONNECT_SECONDS = 10.0
# A few sentences are some megabytes; whatever is beyond that is no speech.
_MOST_BYTES = 64 * 1024 * 1024
_LONGEST_COMPLAINT = 300
_AWAY = frozenset({408, 409, 425, 429})
_REFUSED_KEY = frozenset({401, 402, 403})


class ServerSource:
    """Speech by a server with OpenAI's ``POST /audio/speech``."""

    def __init__(self, settings: SpeakerSettings) -> None:
        self._settings = settings
        self._opened: httpx.AsyncClient | None = None

    def voices(self) -> Sequence[Voice]:
        """The voice of the settings: no server tells whom it has."""
        return [self.voice(None, "en")] if self._settings.base_url else []

    def voice(self, name: str | None, language: str) -> Voice:
        """As :meth:`~worker.engines.speaking.source.Source.voice`. The text alone tells a server its language."""
        if not self._settings.base_url:
            message = "This server knows no other that speaks: set SPEAKER__BASE_URL on the worker."
            raise InvalidError(message, field="params.engine")
        return Voice(engine="server", name=name or self._settings.voice, language=language)

    async def say(self, text: str, voice: Voice, speed: float, into: Path) -> Said:
        """As :meth:`~worker.engines.speaking.source.Source.say`; asks again where that may help.

        Raises:
            SpeakerUnavailableError: the server is away, however often it is asked.
            InvalidError: it refuses the request.
            ModelUnavailableError: it refuses the key, has no such model, or answers with something else than WAV.
        """
        body = {"model": self._settings.model, "voice": voice.name, "input": text, "response_format": "wav"}
        answer = await self._insisted(body if speed == 1 else {**body, "speed": speed})
        rate, sound = await asyncio.to_thread(samples, answer)
        await asyncio.to_thread(into.write_bytes, sound)
        return Said(sample_rate=rate)

    async def lost(self) -> None:
        """There is no process: wait for ever."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Close the connections."""
        if self._opened:
            await self._opened.aclose()

    async def _insisted(self, body: Mapping[str, object]) -> bytes:
        settings = self._settings
        wait = settings.retry_base_seconds
        for _ in range(settings.max_retries):
            try:
                return await self._asked(body)
            except SpeakerUnavailableError as error:
                asked_for = error.retry_after_seconds or 0.0
                if asked_for > settings.retry_cap_seconds:
                    raise
                await asyncio.sleep(max(asked_for, min(wait, settings.retry_cap_seconds)))
                wait *= 2
        return await self._asked(body)

    async def _asked(self, body: Mapping[str, object]) -> bytes:
        try:
            async with (
                asyncio.timeout(self._settings.timeout_seconds),
                self._client().stream("POST", "audio/speech", json=body) as response,
            ):
                content = await _read(response)
        except (httpx.HTTPError, TimeoutError) as error:
            said = without_key(str(error), self._key()) or type(error).__name__
            raise SpeakerUnavailableError(f"The speech server failed: {said[:_LONGEST_COMPLAINT]}") from error
        if not response.is_success:
            raise _refusal(response, without_key(content.decode(errors="replace"), self._key()))
        return content

    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            key = self._key()
            authorization = {"Authorization": f"Bearer {key}"} if key else {}
            address = server_address(self._settings.base_url, "PLAYHEAD_SPEAKER__BASE_URL")
            self._opened = httpx.AsyncClient(
                base_url=f"{address.rstrip('/')}/",
                headers={"Accept-Encoding": "identity", **authorization},
                timeout=httpx.Timeout(self._settings.timeout_seconds, connect=_CONNECT_SECONDS),
            )
        return self._opened

    def _key(self) -> str | None:
        return header_key(self._settings.api_key, "PLAYHEAD_SPEAKER__API_KEY")


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for part in response.aiter_raw():
        content += part
        if len(content) > _MOST_BYTES:
            raise ModelUnavailableError("The speech server answers without end: is SPEAKER__BASE_URL right?")
    return bytes(content)


def _refusal(response: httpx.Response, told: str) -> PlayheadError:
    status, said = response.status_code, " ".join(told.split())[:_LONGEST_COMPLAINT]
    if status in _AWAY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        after = response.headers.get("retry-after", "")
        seconds = float(after[:9]) if after.isascii() and after.isdigit() else None
        return SpeakerUnavailableError(
            f"The speech server is away or busy ({status}): {said}", retry_after_seconds=seconds
        )
    if status in _REFUSED_KEY:
        return ModelUnavailableError(f"The speech server refuses the key ({status}): set SPEAKER__API_KEY: {said}")
    if status in {httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED} or response.is_redirect:
        return ModelUnavailableError(
            f"The speech server does not speak ({status}): are SPEAKER__BASE_URL and SPEAKER__MODEL right? {said}"
        )
    return InvalidError(f"The speech server refuses the request ({status}): {said}", field="params.voice")
