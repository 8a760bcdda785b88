"""What the ledger is asked about jobs, batches, files and workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import EngineCrashedError, EngineDiedError, MediaUnreadableError, PlayheadError
from playhead.identity import new_id
from playhead.ledger import (
    clearing,
    files,
    history,
    inputs,
    operate,
    quarantine,
    queues,
    read,
    report,
    retention,
    settle,
    sweep,
)
from playhead.ledger import workers as worker_rows
from playhead.ledger.batches import create as batch_create
from playhead.ledger.batches import operate as batch_operate
from playhead.ledger.batches import read as batch_read
from playhead.ledger.batches.create import BatchSubmission
from playhead.ledger.bulk import submit_bulk
from playhead.ledger.claim import claim, claim_free, find_claimed
from playhead.ledger.fitting import require_fitting
from playhead.ledger.hasten import hasten
from playhead.ledger.read import Filters
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Ended, Made
from playhead.ledger.sharing import boarding, landing
from playhead.ledger.sharing.answering import answer
from playhead.ledger.submit import Submission, find_known, submit, submit_all
from playhead.models import Job
from playhead.registry import kinds
from playhead.settings import RetrySettings
from playhead.states import FIRST_BASE, State
from playhead.storage import Blob
from tests.plans.crowd import ENDED, FILES, OWNER, RUNNING, WAITING, id_of, key_of, sha_of
from tests.plans.explaining import Question

WORKER = id_of("worker", 1)
OLD_SECONDS = 1000 * 86_400.0
"""Longer ago than anything ended: that is what retention finds on most days."""
BASE = Submission(OWNER, "transcribe", "gpu", {}, {"file": str(id_of("file", 51))}, 3, tiers={"free": 0, "premium": 10})
SUCCEEDED, FAILED, WAITS, QUEUED = 1, 91, ENDED + 41_001, WAITING + 51


async def confirm(_: object) -> None:
    """As a storage that has all bytes."""


async def _run(session: AsyncSession, number: int = RUNNING + 51) -> Run:
    job_id = id_of("job", number)
    run = await find_claimed(session, job_id, (await session.get_one(Job, job_id)).worker_id or WORKER)
    assert run is not None
    return run


async def _succeed(session: AsyncSession) -> None:
    made = Made("transcript.srt", sha_of(5), 5, "text/plain")
    await settle.succeed(session, await _run(session), {}, [made], Cost(), confirm)


async def _succeed_free(session: AsyncSession) -> None:
    runs = [await _run(session, RUNNING + number) for number in range(1, 40, 2)]  # Those that share nothing.
    assert len(await settle.succeed_free(session, [Ended(run, {}, Cost()) for run in runs])) == 20


async def _fail(session: AsyncSession, error: PlayheadError) -> None:
    await settle.fail(session, await _run(session), error, Cost(), RetrySettings())


async def _awaited(session: AsyncSession) -> Run:
    """A run for which a hundred jobs wait, and whose work a hundred others ask for."""
    numbers = range(ENDED + 1, ENDED + 200)
    waiting, following = ([id_of("job", n) for n in numbers[first::2]] for first in (0, 1))
    values = {"id": id_of("job", RUNNING + 52), "key": key_of(RUNNING + 52)}
    needs = "INSERT INTO job_dependencies (job_id, needs_id) SELECT unnest(CAST(:ids AS uuid[])), :id"
    await session.execute(text(needs), {"ids": waiting, "id": values["id"]})
    await session.execute(text("INSERT INTO flights (key, job_id) VALUES (:key, :id)"), values)
    same = "UPDATE jobs SET shares = true, follows = true, cache_key = :key, expires_at = NULL WHERE id = ANY(:ids)"
    await session.execute(text(same), {"ids": following, "key": values["key"]})
    return await _run(session, RUNNING + 52)


async def _succeed_awaited(session: AsyncSession) -> None:
    await settle.succeed(session, await _awaited(session), {}, [], Cost(), confirm)


async def _fail_awaited(session: AsyncSession) -> None:
    await settle.fail(session, await _awaited(session), MediaUnreadableError("no"), Cost(), RetrySettings())


async def _give_back(session: AsyncSession) -> None:
    await settle.give_back(session, await _run(session), Cost())


async def _report(session: AsyncSession) -> None:
    run = await _run(session)
    await report.report(session, run, report.Said((0.5, "half", 1.0), [("segment", [{"id": 1}])], {}))
    await report.count_events(session, run)


async def _resume(session: AsyncSession) -> None:
    run = await _run(session)
    await report.load_checkpoint(session, run)
    await history.told_before(session, run, "segment", after=0, limit=500)


async def _list(session: AsyncSession, **filters: Any) -> None:
    page = await read.list_jobs(session, OWNER, Filters(**filters), limit=50)
    if page.next_before:
        await read.list_jobs(session, OWNER, Filters(**filters), limit=50, before=page.next_before)


async def _clear(session: AsyncSession) -> None:
    await clearing.bury(session, await clearing.doom_strangers(session, [sha_of(FILES * 3)]))


async def _batch(session: AsyncSession) -> None:
    wanted = BatchSubmission(OWNER, [BASE] * 3, "t", idempotency_key="new")
    made = await batch_create.create(session, wanted)
    assert await batch_create.create(session, wanted) == made
    await hasten(session, made, FIRST_BASE)
    await batch_operate.cancel(session, OWNER, made)
    await batch_operate.remove(session, OWNER, made)


async def _arrive(session: AsyncSession) -> None:
    about: Any = {"name": "w", "device": "cpu", "queues": ["gpu"], "concurrency": {}}
    await worker_rows.arrive(session, new_id(), **about)


async def _keep(session: AsyncSession) -> None:
    about: Any = {"name": "n", "media_type": "audio/wav", "duration_seconds": 1.0, "expires_in_seconds": 1.0}
    await files.add_file(session, owner_id=OWNER, blob=Blob(sha_of(51), 51), **about)


async def _board(session: AsyncSession) -> None:
    await boarding.board(session, await _run(session, RUNNING + 2), key_of(RUNNING + 2))


QUESTIONS: Mapping[str, Question] = {
    "submit": lambda s: submit(s, BASE),
    "submit with a key": lambda s: submit(s, replace(BASE, idempotency_key="new", after=[id_of("job", WAITS)])),
    "find by its key": lambda s: find_known(s, replace(BASE, owner_id=id_of("owner", 5), idempotency_key="key 5")),
    "submit many": lambda s: submit_all(s, [BASE] * 100),
    "submit a bulk": lambda s: submit_bulk(s, [replace(BASE, params={"language": "de"})] * 20),
    "submit what another makes": lambda s: submit(
        s, replace(BASE, input={"job": str(id_of("job", SUCCEEDED)), "output": "transcript.txt"})
    ),
    "what fits": lambda s: require_fitting(
        s, kinds(), [replace(BASE, kind="fix_srt", input={"job": str(id_of("job", WAITS)), "output": "transcript.srt"})]
    ),
    "submit what was done before": lambda s: answer(s, {id_of("job", 8): key_of(8)}),
    "begin what may be shared": _board,
    "pass on what was shared": lambda s: landing.pass_on(s, [id_of("job", 6)]),
    "claim": lambda s: claim(s, id_of("job", QUEUED), WORKER),
    "claim several": lambda s: claim_free(s, [id_of("job", WAITING + n) for n in range(1, 21)], WORKER),
    "succeed": _succeed,
    "succeed, several": _succeed_free,
    "fail": lambda s: _fail(s, MediaUnreadableError("no")),
    "fail, transient": lambda s: _fail(s, EngineCrashedError("boom")),
    "fail, by the death of an engine": lambda s: _fail(s, EngineDiedError("boom")),
    "succeed, awaited": _succeed_awaited,
    "fail, awaited": _fail_awaited,
    "give back": _give_back,
    "report": _report,
    "resume": _resume,
    "one job": lambda s: read.find_job(s, OWNER, id_of("job", QUEUED)),
    "its state": lambda s: read.find_state(s, OWNER, id_of("job", QUEUED)),
    "its news": lambda s: read.news_since(s, OWNER, id_of("job", QUEUED), 0, 100),
    "its output": lambda s: read.find_output(s, id_of("owner", 1), id_of("job", 1), "transcript.txt"),
    "list": _list,
    "list by state": lambda s: _list(s, states=[State.FAILED]),
    "list by states": lambda s: _list(s, states=[State.QUEUED, State.RUNNING]),
    "list by kind": lambda s: _list(s, kind="transcribe"),
    "list by a rare kind": lambda s: _list(s, kind="notate"),
    "list by kind and state": lambda s: _list(s, kind="convert", states=[State.SUCCEEDED]),
    "list by batch": lambda s: _list(s, parent_id=id_of("batch", 1)),
    "list by metadata": lambda s: _list(s, metadata={"project": "p1"}),
    "list by all": lambda s: _list(s, kind="convert", states=[State.FAILED], metadata={"project": "p990"}),
    "counts of an owner": lambda s: read.counts(s, OWNER),
    "counts of all": read.counts,
    "queues": queues.statuses,
    "whether there is work": lambda s: queues.has_work(s, ["gpu", "cpu"], ["transcribe"]),
    "pause": lambda s: queues.pause(s, "gpu"),
    "go on with a queue": lambda s: queues.resume(s, "gpu"),
    "cancel": lambda s: operate.cancel(s, OWNER, id_of("job", QUEUED)),
    "skip": lambda s: operate.skip(s, OWNER, id_of("job", QUEUED), None),
    "retry": lambda s: operate.retry(s, id_of("owner", FAILED % 50), id_of("job", FAILED)),
    "remove": lambda s: operate.remove(s, OWNER, id_of("job", SUCCEEDED)),
    "one batch": lambda s: batch_read.find_batch(s, OWNER, id_of("batch", 1)),
    "list batches": lambda s: batch_read.list_batches(s, OWNER, limit=50),
    "outputs of a batch": lambda s: batch_read.outputs_after(s, id_of("batch", 1), None, names=[], limit=100),
    "children of a batch": lambda s: batch_read.children(s, id_of("batch", 1)),
    "a batch, from its begin to its end": _batch,
    "cancel a batch": lambda s: batch_operate.cancel(s, OWNER, id_of("batch", 1)),
    "retry a batch": lambda s: batch_operate.retry(s, OWNER, id_of("batch", 1)),
    "rescue of the dropped": lambda s: sweep.rescue_dropped(s, [RUNNING + 1, RUNNING + 2]),
    "a worker comes": _arrive,
    "heartbeat": lambda s: worker_rows.beat(s, WORKER, ""),
    "living workers": lambda s: worker_rows.living(s, 15.0),
    "a worker leaves": lambda s: worker_rows.leave(s, WORKER),
    "old jobs": lambda s: retention.drop_old_jobs(s, 86_400.0),
    "no old jobs": lambda s: retention.drop_old_jobs(s, OLD_SECONDS),
    "old batches": lambda s: retention.drop_old_batches(s, 86_400.0),
    "no old batches": lambda s: retention.drop_old_batches(s, OLD_SECONDS),
    "old deaths": lambda s: quarantine.drop_old(s, OLD_SECONDS),
    "what is in quarantine": lambda s: quarantine.quarantined(s, limit=100),
    "what is in quarantine for a kind": lambda s: quarantine.quarantined(s, "transcribe", limit=100),
    "what may not begin": lambda s: quarantine.require_free(
        s, {("transcribe", sha_of(n)): None for n in range(1, 2000)}
    ),
    "let out of quarantine": lambda s: quarantine.lift(s, "transcribe", sha_of(FILES + 100)),
    "let all out of quarantine": lambda s: quarantine.lift_all(s, "transcribe"),
    "how much is in quarantine": quarantine.counts,
    "bytes without a row": _clear,
    "a file": lambda s: files.find_file(s, OWNER, id_of("file", 51)),
    "keep a file": _keep,
    "remove a file": lambda s: files.remove_file(s, OWNER, id_of("file", 51)),
    "bytes of an output": lambda s: files.output_sha256(s, id_of("job", 1), "transcript.txt"),
    "bytes of several inputs": lambda s: inputs.several(s, id_of("job", 1)),
    "what an input is called": lambda s: inputs.label(s, {"file": str(id_of("file", 51))}),
}
