"""Several recordings, sent, watched and brought back side by side."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.board import STAGES, Board, show_news
from cli.client import Client
from cli.failure import CommandError
from cli.recordings import Recording
from cli.views import JobView

UPLOADS = 2
"""At a time: more would share the same line."""


@dataclass(frozen=True)
class Order:
    """What is wanted of every recording.

    Attributes:
        formats: of the transcripts, e.g. ``["srt", "txt"]``.
        folder: where they go; None prints the only one to stdout.
        params: of the jobs, as the API takes them.
        cache: whether what an earlier job made of the same will do.
    """

    formats: Sequence[str]
    folder: Path | None
    params: dict[str, Any]
    cache: bool = True


@dataclass
class Transcription:
    """One invocation. Repeated requests are known by ``key``, so that a cut connection makes no second job.

    Attributes:
        running: id of each job that has not ended, with the name of its recording.
        failures: one line for each recording that did not succeed.
        written: the files that were made.
    """

    client: Client
    board: Board
    order: Order
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)
    _uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS))

    async def run(self, recordings: Sequence[Recording]) -> None:
        """Transcribe them all; one that fails keeps no other from its end."""
        async with asyncio.TaskGroup() as group:
            for recording in recordings:
                group.create_task(self._survive(recording))

    async def cancel(self) -> None:
        """Cancel whatever still runs."""
        for job_id in list(self.running):
            await self.client.act(job_id, "cancel")
            self.running.pop(job_id, None)

    async def _survive(self, recording: Recording) -> None:
        try:
            await self._one(recording)
        except (CommandError, OSError) as error:
            self.board.show(recording.stem, "failed")
            self.failures.append(f"{recording.source}: {error}")

    async def _one(self, recording: Recording) -> None:
        body = {
            "kind": "transcribe",
            "input": await self._input(recording),
            "params": self.order.params,
            "metadata": {"recording": recording.name},
        }
        job = await self.client.submit(body, f"{self.key}-{recording.stem}", cache=self.order.cache)
        self.running[job.id] = recording.name
        self.board.show(recording.stem, STAGES.get(job.state, job.state), job.progress)
        job = await self.client.follow(job.id, lambda news: show_news(self.board, recording.stem, news))
        self.running.pop(job.id, None)
        demand_success(job)
        await self._bring(recording, job)
        self.board.show(recording.stem, "done", 1.0)

    async def _input(self, recording: Recording) -> dict[str, str]:
        if recording.is_url:
            return {"url": recording.source}
        path = Path(recording.source)
        size = max(path.stat().st_size, 1)  # noqa: ASYNC240 - a look at a local file
        async with self._uploads:
            uploaded = await self.client.upload(
                path, lambda sent: self.board.show(recording.stem, "uploading", min(sent / size, 1.0))
            )
        return {"file": uploaded.id}

    async def _bring(self, recording: Recording, job: JobView) -> None:
        for kind in self.order.formats:
            content = await self.client.output(job.id, f"transcript.{kind}")
            if self.order.folder is None:
                sys.stdout.buffer.write(content if content.endswith(b"\n") else content + b"\n")
                sys.stdout.buffer.flush()
            else:
                self.written.append(_write(self.order.folder / f"{recording.stem}.{kind}", content))


def demand_success(job: JobView) -> None:
    """Raise :class:`CommandError` with the cause, unless the job succeeded."""
    if job.state == "succeeded":
        return
    cause = f"{job.error.code}: {job.error.message}" if job.error else job.state
    raise CommandError(cause, remedy=f"See `playhead jobs show {job.id}`.")


def _write(path: Path, content: bytes) -> Path:
    """Complete or not at all: what is there may be from an earlier run."""
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_bytes(content)
    fresh.replace(path)
    return path
