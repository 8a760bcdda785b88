"""A job's input, brought to a local file."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from playhead.database import Database
from playhead.fetch import fetch
from playhead.ledger.files import output_sha256
from playhead.ledger.run import Run
from playhead.settings import FetchSettings
from playhead.storage import Storage
from worker.reading import read

Progress = Callable[[int, int | None], Awaitable[None]]
Admit = Callable[[str], Awaitable[None]]


class Inputs:
    """Brings inputs from where they are: the storage, another job's outputs, the web."""

    def __init__(self, database: Database, storage: Storage, settings: FetchSettings) -> None:
        self._database = database
        self._storage = storage
        self._settings = settings

    async def bring(self, run: Run, target: Path, on_progress: Progress, admit: Admit) -> str:
        """Put the run's input at ``target``. Gives its sha256, which is asked about before anything is done with it.

        Raises:
            InputQuarantinedError: by ``admit``.
            InputMissingError: the bytes are gone, or the other job made no such output.
            UrlForbiddenError, UrlRejectedError, UrlUnreachableError: the URL cannot be fetched.
            StorageError: the storage is away.
        """
        if "url" in run.input:
            await fetch(run.input["url"], target, self._settings, on_progress=on_progress)
            fetched = await asyncio.to_thread(_sha256, target)
            await admit(fetched)
            return fetched
        sha256 = run.input_sha256 or await self._made(run)
        await admit(sha256)
        await self._storage.download(sha256, target)
        return sha256

    async def _made(self, run: Run) -> str:
        source = UUID(run.input["job"]), run.input["output"]
        return await read(self._database, lambda session: output_sha256(session, *source))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
