"""A small client of Playhead's HTTP API that outlives restarts of the server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar, cast
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from cli import sse
from cli.access import Access
from cli.answers import check, refusal, retry_after_seconds
from cli.failure import CommandError
from cli.views import TERMINAL, FileView, JobView, LiftedView, News, PageView, QuarantineView
from playhead.cancellation import end_if_canceled

PATIENCE_SECONDS = 120.0
LONGEST_PAUSE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 30
BUSY = frozenset({429, 502, 503, 504})  # 502 and 504: a proxy whose server restarts
TIMEOUT = httpx.Timeout(connect=5, read=60, write=60, pool=60)

M = TypeVar("M", bound=BaseModel)


class Client:
    """``async with Client(access) as client``. A method waits for a server that is away, up to ``patience_seconds``.

    Every method raises :class:`CommandError` with what the server said when it refuses, or with where it was looked
    for when it stays away.
    """

    def __init__(self, access: Access, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.access = access
        self._patience_seconds = patience_seconds
        headers = {"Authorization": f"Bearer {access.key}"} if access.key else {}
        # The proxies of the environment are for the world outside; a server that was named is reached directly.
        self._http = httpx.AsyncClient(base_url=access.url, headers=headers, timeout=TIMEOUT, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def answers(self) -> bool:
        """Whether a server is there, asked once."""
        try:
            return (await self._http.get("/healthz")).is_success
        except httpx.TransportError:
            return False

    async def demand(self) -> None:
        """Make sure that a server is there, before anything is asked of it with patience."""
        if not await self.answers():
            raise self._gone("connection refused or silent")

    async def upload(self, path: Path, sent: Callable[[int], None]) -> FileView:
        """Upload a recording, read as it goes; ``sent`` hears of the bytes gone so far."""

        async def attempt() -> httpx.Response:
            with path.open("rb") as file:
                counted = cast("BinaryIO", _Counted(file, sent))
                return await self._http.post("/api/v1/files", files={"file": (path.name, counted)})

        return await self._ask(attempt, FileView)

    async def submit(self, body: dict[str, Any], idempotency_key: str, *, cache: bool = True) -> JobView:
        """Submit a job: once, however often the attempt has to be repeated.

        ``cache``: whether what another job made of the same will do.
        """
        path = "/api/v1/jobs" if cache else "/api/v1/jobs?cache=false"
        return await self.post(path, JobView, body, key=idempotency_key)

    async def job(self, job_id: str, *, wait_seconds: int = 0) -> JobView:
        """The job; with ``wait_seconds`` (up to 60) as soon as it has ended."""
        params = {"wait": wait_seconds} if wait_seconds else {}
        return await self._ask(lambda: self._http.get(f"/api/v1/jobs/{job_id}", params=params), JobView)

    async def jobs(self, **filters: str | int | None) -> PageView:
        """Jobs, the newest first: ``state``, ``kind``, ``limit``, ``cursor``."""
        return await self.get("/api/v1/jobs", PageView, **filters)

    async def act(self, job_id: str, action: str) -> JobView:
        """``cancel`` or ``retry`` a job."""
        return await self.post(f"/api/v1/jobs/{job_id}/{action}", JobView)

    async def quarantine(self, **filters: str | int | None) -> QuarantineView:
        """Inputs in quarantine, the latest first: ``kind``, ``limit``."""
        return await self.get("/api/v1/quarantine", QuarantineView, **filters)

    async def lift(self, kind: str, sha256: str) -> None:
        """Let an input be tried again."""
        await self.delete(f"/api/v1/quarantine/{quote(kind, safe='')}/{quote(sha256, safe='')}")

    async def lift_all(self, kind: str | None) -> LiftedView:
        """Let every input be tried again, or every one of a kind."""
        params = {} if kind is None else {"kind": kind}
        return await self._ask(lambda: self._http.delete("/api/v1/quarantine", params=params), LiftedView)

    async def get(self, path: str, model: type[M], **params: str | int | None) -> M:
        """What is at a path of the API; params that are None are left out."""
        given = {name: value for name, value in params.items() if value is not None}
        return await self._ask(lambda: self._http.get(path, params=given), model)

    async def post(self, path: str, model: type[M], body: dict[str, Any] | None = None, *, key: str = "") -> M:
        """What the API answers to this at a path. Sent again where no answer comes: done once, with a ``key``."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self._ask(lambda: self._http.post(path, json=body, headers=headers), model)

    async def patch(self, path: str, model: type[M], body: dict[str, Any]) -> M:
        """Change what is there."""
        return await self._ask(lambda: self._http.patch(path, json=body), model)

    async def send(self, path: str, model: type[M], body: bytes) -> M:
        """What the API answers to these bytes at a path, where to send them again does no harm."""
        return await self._ask(lambda: self._http.post(path, content=body), model)

    async def download(self, path: str) -> str:
        """The text that is at a path of the API."""
        return (await self._patiently(lambda: self._http.get(path))).text

    async def delete(self, path: str) -> None:
        """Forget what is at a path of the API."""
        await self._patiently(lambda: self._http.delete(path))

    async def output(self, job_id: str, name: str) -> bytes:
        """An output of a job: transcripts are small."""
        answer = await self._patiently(lambda: self._http.get(f"/api/v1/jobs/{job_id}/outputs/{name}"))
        return answer.content

    async def follow(self, job_id: str, heard: Callable[[News], None]) -> JobView:
        """Tell ``heard`` the news of a job until it has ended; goes on where it was when the server restarts.

        Where the stream of news is cut again and again, by a proxy say, the job is asked for with `?wait=` instead.
        """
        last_id, wait_seconds = "", 0
        while not (job := await self.job(job_id, wait_seconds=wait_seconds)).ended:
            end_if_canceled()
            end_if_canceled()
            wait_seconds = min(wait_seconds * 2 or 1, LONGEST_WAIT_SECONDS)
            with contextlib.suppress(httpx.HTTPError):
                async for news in self._stream(job_id, last_id):
                    last_id, wait_seconds = news.id or last_id, 0
                    heard(news)
        return job

    async def _stream(self, job_id: str, last_id: str) -> AsyncIterator[News]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with self._http.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=headers) as answer:
            answer.raise_for_status()
            async for news in sse.parse(answer.aiter_lines()):
                yield news
                if news.event == "state" and news.data.get("state") in TERMINAL:
                    return

    async def _ask(self, attempt: Callable[[], Awaitable[httpx.Response]], model: type[M]) -> M:
        answer = await self._patiently(attempt)
        try:
            return model.model_validate_json(answer.content)
        except ValidationError:
            raise CommandError(
                f"What answers at {self.access.url} is no Playhead of this version.", remedy="Check PLAYHEAD_URL."
            ) from None

    async def _patiently(self, attempt: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        deadline = time.monotonic() + self._patience_seconds
        pause_seconds = 0.25
        while True:
            answer, cause = await _outcome(attempt)
            if answer is not None and answer.status_code not in BUSY:
                return check(answer)
            wait_seconds = (answer is not None and retry_after_seconds(answer)) or pause_seconds
            if time.monotonic() + wait_seconds > deadline:
                raise self._gone(cause) if answer is None else refusal(answer)
            await asyncio.sleep(wait_seconds)
            pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)

    def _gone(self, cause: str) -> CommandError:
        return CommandError(
            f"No server answers at {self.access.url} ({cause}).",
            remedy="Run `playhead up` first, or set PLAYHEAD_URL to where it runs.",
        )


async def _outcome(attempt: Callable[[], Awaitable[httpx.Response]]) -> tuple[httpx.Response | None, str]:
    try:
        return await attempt(), ""
    except httpx.TransportError as error:
        return None, str(error) or type(error).__name__


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, sent: Callable[[int], None]) -> None:
        self._file = file
        self._sent = sent

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._sent(self._file.tell())
        return piece

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def fileno(self) -> int:
        return self._file.fileno()
