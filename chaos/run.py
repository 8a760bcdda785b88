"""One run: up, load and faults, healed, drained, down, checked."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import psutil

from chaos import history, logs, plan, report
from chaos.apis import Apis
from chaos.batches import BatchUser, check_batches
from chaos.causes import Causes
from chaos.checks import jobs, processes
from chaos.checks.jobs import Seen
from chaos.checks.processes import Lost
from chaos.checks.storage import check_bytes
from chaos.diary import Diary
from chaos.drain import drain, heed_backlog, leftover_tickets
from chaos.evidence import keep_histories
from chaos.figures import Figures
from chaos.history import Job
from chaos.lag import Lag
from chaos.load import Load
from chaos.monkey import Monkey
from chaos.outcome import Options, Outcome
from chaos.process import Life
from chaos.stack import Stack
from chaos.user import User
from chaos.verdict import Verdict
from playhead.storage import Storage

RECOVERY_SECONDS = 180.0
BATCH_SECONDS = 8.0
"""Between what users do to whole batches, on average."""


async def run(options: Options, tell: Callable[[str], None]) -> Outcome:
    """Run, and check; the figures are in ``figures.json`` then. ``tell`` hears what happens, line by line."""
    data, log_folder = _folders(options.out)
    plan.save(list(options.faults), options.out / "plan.json")
    stack = Stack(data, log_folder)
    try:
        async with stack:
            tell(f"up: PostgreSQL, {', '.join(stack.processes)}")
            return await _Trial(options, stack, tell).run()
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(stack.server.log, log_folder)
        shutil.rmtree(data, ignore_errors=True)


def _lost(job: Job, causes: Causes) -> Iterator[Lost]:
    """The runs of this job that were lost, where it is known with whom."""
    for run in job.runs():
        _, life = causes.worker(job.id, run)
        if life and run.end and run.fate == "lost":
            yield Lost(job.id, run.lease, run.end.at, life)


def _folders(out: Path) -> tuple[Path, Path]:
    # As root, PostgreSQL runs as another user, who must be able to enter.
    data = Path(tempfile.mkdtemp(prefix="playhead-chaos-"))
    data.chmod(0o711)
    log_folder = out / "logs"
    log_folder.mkdir(parents=True, exist_ok=True)
    return data, log_folder


class _Trial:
    def __init__(self, options: Options, stack: Stack, tell: Callable[[str], None]) -> None:
        self._options = options
        self._stack = stack
        self._tell = tell
        self._diary = Diary()
        self._verdict = Verdict()
        self._lag = Lag()

    async def run(self) -> Outcome:
        measuring = asyncio.create_task(self._lag.measure())
        try:
            seconds = await self._try()
        finally:
            measuring.cancel()
        self._tell("down: reading the history")
        return await self._checked(seconds)

    async def _try(self) -> dict[str, float]:
        """All but the check; gives how long the parts of it took."""
        stack, options = self._stack, self._options
        async with Apis(stack.urls, stack.key, self._diary) as apis:
            load = Load(apis, self._diary, options.seed, jobs_per_second=options.jobs_per_second)
            self._monkey = Monkey(stack, load.poison, options.seed, self._tell)
            began = time.monotonic()
            self._verdict.note("harness", await self._disturb(apis, load))
            healed = time.monotonic()
            self._tell("healed: the rest must end now")
            self._verdict.note("recovery", await self._recover(load))
            self._verdict.note("stuck", await drain(stack.server, apis, self._tell))
            self._verdict.note("batches", await check_batches(apis, self._diary), count=len(self._diary.batches))
            drained = time.monotonic()
            self._verdict.note("tickets", await leftover_tickets(stack.server))
        await stack.stop()
        return {"disturbed": round(healed - began, 1), "drained": round(drained - healed, 1)}

    async def _recover(self, load: Load) -> list[str]:
        """Wait until all processes serve again, and every request is answered; gives what does not come back."""
        try:
            async with asyncio.timeout(RECOVERY_SECONDS):
                await self._stack.ready()
                await load.finish()
        except TimeoutError:
            return [f"{RECOVERY_SECONDS:.0f} s after the last fault, not all processes serve again"]
        return []

    async def _disturb(self, apis: Apis, load: Load) -> list[str]:
        """Load and faults; gives what broke of the harness itself, which ends neither."""
        user = User(apis, self._diary, load.recent, self._options.seed)
        works = {
            "load": load.run(),
            "user": user.run(2.5 / self._options.jobs_per_second),
            "user of batches": BatchUser(apis, self._diary, load.recent_batches, self._options.seed).run(BATCH_SECONDS),
            "backlog": heed_backlog(self._stack.server, load.open, self._options.max_open),
        }
        broken: list[str] = []
        bearing = [asyncio.create_task(self._bear(name, work, broken)) for name, work in works.items()]
        try:
            await asyncio.gather(self._monkey.run(self._options.faults), asyncio.sleep(self._options.seconds))
        finally:
            for work in bearing:
                work.cancel()
            await asyncio.gather(*bearing, return_exceptions=True)
        return [*self._monkey.failed, *broken]

    async def _bear(self, name: str, work: Coroutine[Any, Any, None], broken: list[str]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the faults go on: what they did so far is to be checked
            broken.append(f"{name}: {error!r}")
            self._tell(broken[-1])

    async def _checked(self, seconds: dict[str, float]) -> Outcome:
        began = time.monotonic()
        counted = Figures()
        seen = dict[UUID, Seen]()
        lost: list[Lost] = []
        lives = {name: process.lives for name, process in self._stack.processes.items()}
        causes = Causes(self._monkey.done, lives)
        async with self._stack.server.connection() as connection:
            async for job, one in jobs.check_jobs(history.read(connection), self._diary, self._verdict):
                seen[job.id] = one
                counted.add(job, causes)
                lost += _lost(job, causes)
            pointed_at = await history.read_bytes(connection)
            await check_bytes(Storage.from_url(self._stack.storage_url), pointed_at, self._verdict)
            self._check_all(seen, lives)
            processes.check_given_back(lost, self._monkey.done, self._lag, self._verdict)
            processes.check_unexplained(counted.unexplained, counted.fates["lost"], self._lag, self._verdict)
            seconds["checked"] = round(time.monotonic() - began, 1)
            outcome = Outcome(self._options, self._verdict, self._figures(counted, lives), seconds)
            (self._options.out / "figures.json").write_text(report.as_json(outcome))
            await self._keep(connection, [job_id for _, job_id in counted.slowest])
        return outcome

    async def _keep(self, connection: asyncpg.Connection, slow: list[UUID]) -> None:
        """Keep the evidence, if it can be kept: the verdict stands without it."""
        try:
            await keep_histories(connection, self._verdict, self._diary, self._options.out, slow)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no reason to lose the verdict
            self._tell(f"not all of the evidence could be kept: {error!r}")

    def _check_all(self, seen: dict[UUID, Seen], lives: dict[str, list[Life]]) -> None:
        for check in (jobs.check_accepted, jobs.check_asked, jobs.check_refused, jobs.check_order, jobs.check_pauses):
            check(seen, self._diary, self._verdict)
        processes.check_lives(lives, self._verdict)
        self._verdict.note("answers", self._diary.surprises, count=sum(self._diary.answers.values()))

    def _figures(self, counted: Figures, lives: dict[str, list[Life]]) -> dict[str, Any]:
        return {
            "faults": dict(Counter(done.fault.name for done in self._monkey.done)),
            **counted.told_as(),
            "harness_lag_seconds": round(self._lag.worst_seconds, 2),
            "harness_mebibytes": psutil.Process().memory_info().rss // 2**20,
            "answers": self._diary.answers,
            "lives": {name: len(own) for name, own in lives.items()},
            "swept": dict(logs.sweeps(lives)),
            "log_errors": dict(logs.troubles(lives)),
        }
