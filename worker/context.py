"""What the work of one run may use: :class:`playhead.kind.Context` over the ledger and the storage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from playhead.database import Database
from playhead.engines import Engines
from playhead.filename import check_output
from playhead.kind import Given
from playhead.ledger import history, report
from playhead.ledger.inputs import sources
from playhead.ledger.quarantine import require_free
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Made
from playhead.storage import Storage
from worker.inputs import Inputs
from worker.reporter import Reporter
from worker.retrying import ask
from worker.sharing import Sharing

TOLD_AT_ONCE = 500


class JobContext:
    """One run of one job, as its kind sees it."""

    def __init__(
        self,
        run: Run,
        database: Database,
        storage: Storage,
        inputs: Inputs,
        engines: Engines,
        scratch: Path,
        sharing: Sharing,
    ) -> None:
        self.run = run
        self.engines = engines
        self.reporter = Reporter(database, run)
        self.made: dict[str, Made] = {}
        self.cost = Cost()
        self._database = database
        self._storage = storage
        self._inputs = inputs
        self._scratch = scratch
        self._sharing = sharing
        self._bringing = asyncio.Lock()
        self._brought: list[Path] = []

    @property
    def job_id(self) -> UUID:
        """The same in every attempt."""
        return self.run.job_id

    @property
    def priority(self) -> int:
        """Its rank among the jobs of its queue."""
        return self.run.priority

    async def input(self) -> Path:
        """The job's input as a local file, fetched on first use."""
        (only,) = await self.inputs()
        return only

    async def given(self) -> Given:
        """The job's input, and what it is called."""
        path = await self.input()
        (source,) = sources(self.run.input)
        name, media_type = await self._inputs.called(source)
        return Given(path, name, media_type)

    async def inputs(self) -> list[Path]:
        """All of the job's inputs as local files, fetched on first use."""
        async with self._bringing:
            if not self._brought:
                await asyncio.to_thread(self._scratch.mkdir, parents=True, exist_ok=True)
                self._brought = await self._bring()
        return list(self._brought)

    async def _bring(self) -> list[Path]:
        brought, hashes = [], []
        contents = await self._inputs.contents(self.run)
        await self._sharing.require_own(self.run, contents)
        for place, (source, known) in enumerate(zip(sources(self.run.input), contents, strict=True)):
            path = self._scratch / f"input-{place}"
            sha256 = await self._inputs.bring(source, known, path, self._fetched, self._admit)
            if "all" not in self.run.input:
                self.run = replace(self.run, input_sha256=sha256)  # So that settling knows what it was.
            hashes.append(sha256)
            brought.append(path)
        await self._sharing.require_own(self.run, hashes)  # Of an address it is known only now.
        return brought

    async def progress(self, fraction: float, *, stage: str | None = None, eta_seconds: float | None = None) -> None:
        """Say how far the work is: 0 to 1."""
        self.reporter.progress(fraction, stage, eta_seconds)

    async def emit(self, event: str, data: dict[str, Any] | list[dict[str, Any]]) -> None:
        """Append events to what watchers are told."""
        self.reporter.event(event, data if isinstance(data, list) else [data])

    async def checkpoint(
        self, state: dict[str, Any], *, events: Mapping[str, list[dict[str, Any]]] | None = None
    ) -> None:
        """Keep ``state`` for a later attempt to go on from, and tell the ``events`` with it."""
        for event, items in (events or {}).items():
            self.reporter.event(event, items)
        self.reporter.checkpoint(state)

    async def stored(self) -> None:
        """Wait until all that was told and kept so far is written."""
        await self.reporter.say_all()

    async def restore(self) -> dict[str, Any] | None:
        """The last state that this or an earlier attempt kept."""
        return await ask(self._database, lambda connection: report.load_checkpoint(connection, self.run))

    async def told(self, event: str) -> AsyncIterator[dict[str, Any]]:
        """The events of this name that earlier attempts told."""
        batch = await self._told(event, after=0)
        while batch:
            for _, data in batch:
                yield data
            batch = await self._told(event, after=batch[-1].id) if len(batch) == TOLD_AT_ONCE else ()

    async def save_output(self, name: str, content: bytes | Path, media_type: str) -> None:
        """Store an output file; it becomes visible when the job settles."""
        check_output(name, self.made)
        stored = self._storage.put_file(content) if isinstance(content, Path) else self._storage.put_bytes(content)
        blob = await stored
        self.made[name] = Made(name=name, sha256=blob.sha256, size_bytes=blob.size_bytes, media_type=media_type)

    def account(
        self,
        *,
        device_seconds: float = 0.0,
        audio_seconds: float = 0.0,
        input_tokens: int = 0,
        output_tokens: int = 0,
    ) -> None:
        """Add to the cost of the job."""
        self.cost += Cost(device_seconds, audio_seconds, input_tokens, output_tokens)

    async def _told(self, event: str, after: int) -> Sequence[Row[int, dict[str, Any]]]:
        about = {"after": after, "limit": TOLD_AT_ONCE}
        return await ask(self._database, lambda connection: history.told_before(connection, self.run, event, **about))

    async def _admit(self, sha256: str) -> None:
        await ask(self._database, lambda connection: require_free(connection, {(self.run.kind, sha256): None}))

    async def _fetched(self, done_bytes: int, total_bytes: int | None) -> None:
        self.reporter.progress(0.0, f"fetching {_share(done_bytes, total_bytes)}", None)


def _share(done_bytes: int, total_bytes: int | None) -> str:
    mebibyte = 1024 * 1024
    return (
        f"{done_bytes // mebibyte} of {total_bytes // mebibyte} MiB" if total_bytes else f"{done_bytes // mebibyte} MiB"
    )
