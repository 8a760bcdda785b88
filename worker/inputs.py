"""A job's input, brought to a local file."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from playhead.database import Database
from playhead.fetch import Fetched, fetch
from playhead.ledger.files import output_sha256
from playhead.ledger.inputs import Source, label, several
from playhead.ledger.run import Run
from playhead.settings import FetchSettings
from playhead.storage import Storage
from worker.retrying import ask

Progress = Callable[[int, int | None], Awaitable[None]]
Admit = Callable[[str], Awaitable[None]]


class Inputs:
    """Brings inputs from where they are: the storage, another job's outputs, the web."""

    def __init__(self, database: Database, storage: Storage, settings: FetchSettings) -> None:
        self._database = database
        self._storage = storage
        self._settings = settings
        self._fetched: dict[str, Fetched] = {}

    async def contents(self, run: Run) -> list[str | None]:
        """The sha256 of each of the run's inputs, as far as they are known by now."""
        if "all" not in run.input:
            return [run.input_sha256]
        return await ask(self._database, lambda connection: several(connection, run.job_id))

    async def bring(self, source: Source, sha256: str | None, target: Path, on_progress: Progress, admit: Admit) -> str:
        """Put an input at ``target``. Gives its sha256, which is asked about before anything is done with it.

        ``sha256`` is that of what lies in the storage, if it is known by now.

        Raises:
            InputQuarantinedError: by ``admit``.
            InputMissingError: the bytes are gone, or the other job made no such output.
            UrlForbiddenError, UrlRejectedError, UrlUnreachableError: the URL cannot be fetched.
            StorageError: the storage is away.
        """
        if "text" in source or "url" in source:
            await self._write(source, target, on_progress)
            brought = await asyncio.to_thread(_sha256, target)
            await admit(brought)
            return brought
        sha256 = sha256 or await self._made(source)
        await admit(sha256)
        await self._storage.download(sha256, target)
        return sha256

    async def called(self, source: Source) -> tuple[str | None, str]:
        """Name and media type of an input that was brought. What it came from may be forgotten by now."""
        if "text" in source:
            return None, "text/plain"
        if "url" in source:
            fetched = self._fetched[source["url"]]
            return fetched.name, fetched.media_type
        name, media_type = await ask(self._database, lambda connection: label(connection, source))
        return name, media_type or mimetypes.MimeTypes().guess_type(name or "")[0] or "application/octet-stream"

    async def _write(self, source: Source, target: Path, on_progress: Progress) -> None:
        if "url" in source:
            url = source["url"]
            self._fetched[url] = await fetch(url, target, self._settings, on_progress=on_progress)
        else:
            await asyncio.to_thread(target.write_text, source["text"], "utf-8", newline="")

    async def _made(self, source: Source) -> str:
        job_id, name = UUID(source["job"]), source["output"]
        return await ask(self._database, lambda connection: output_sha256(connection, job_id, name))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
