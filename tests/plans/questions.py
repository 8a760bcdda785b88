"""All that the ledger is asked, as it is asked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead import keys, owners
from playhead.errors import EngineCrashedError, MediaUnreadableError, PlayheadError
from playhead.kind import QUEUES
from playhead.ledger import clearing, files, inputs, operate, quarantine, queues, read, report, retention, settle, sweep
from playhead.ledger import workers as worker_rows
from playhead.ledger.batches import operate as batch_operate
from playhead.ledger.batches import read as batch_read
from playhead.ledger.bulk import submit_bulk
from playhead.ledger.claim import claim, claim_free, find_claimed
from playhead.ledger.fitting import require_fitting
from playhead.ledger.read import Filters
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Ended, Made
from playhead.ledger.sharing import boarding, landing
from playhead.ledger.sharing.answering import answer
from playhead.ledger.submit import Submission, find_known, submit, submit_all
from playhead.models import Delivery, DigestIssue, Job
from playhead.podcasts import finishing
from playhead.podcasts.telling import deliveries, expiring, following
from playhead.registry import kinds
from playhead.schedules import keeping, reading
from playhead.settings import RetrySettings, WakeSettings
from playhead.states import State
from playhead.waking import calls, wishing
from tests.plans.crowd import ENDED, FILES, RUNNING, WAITING, id_of, key_of, sha_of
from worker.tickets_table import FETCH

Question = Callable[[AsyncSession], Awaitable[Any]]
OWNER, WORKER = id_of("owner", 1), id_of("worker", 1)
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


async def _give_back(session: AsyncSession) -> None:
    await settle.give_back(session, await _run(session), Cost())


async def _report(session: AsyncSession) -> None:
    run = await _run(session)
    await report.report(session, run, report.Said((0.5, "half", 1.0), [("segment", [{"id": 1}])], {}))
    await report.count_events(session, run)
    await report.load_checkpoint(session, run)


async def _list(session: AsyncSession, **filters: Any) -> None:
    page = await read.list_jobs(session, OWNER, Filters(**filters), limit=50)
    if page.next_before:
        await read.list_jobs(session, OWNER, Filters(**filters), limit=50, before=page.next_before)


async def _clear(session: AsyncSession) -> None:
    await clearing.bury(session, await clearing.doom_orphans(session, 86_400.0))
    await clearing.bury(session, await clearing.doom_strangers(session, [sha_of(FILES * 3)]))


async def _due(session: AsyncSession) -> None:
    late = "UPDATE jobs SET run_at = now() WHERE id = ANY(:ids)"
    await session.execute(text(late), {"ids": [id_of("job", ENDED + 2 * number) for number in range(1, 20)]})
    assert await sweep.queue_due(session)


async def _late(session: AsyncSession) -> None:
    late = "UPDATE jobs SET expires_at = now() WHERE id = ANY(:ids)"
    await session.execute(text(late), {"ids": [id_of("job", WAITING + number) for number in range(1, 20)]})
    assert await sweep.expire_late(session)


async def _lost(session: AsyncSession) -> None:
    await session.execute(text("UPDATE workers SET stopped_at = now()"))
    assert await sweep.rescue_lost(session, 15.0)


async def _stranded(session: AsyncSession) -> None:
    taken = "UPDATE procrastinate_jobs SET status = 'doing' WHERE id <= 10"
    await session.execute(text(taken))
    assert await sweep.reissue_stranded(session, 15.0)


async def _wishes(session: AsyncSession) -> None:
    await calls.arm(session, WakeSettings(queues=list(QUEUES)), 15.0)
    await wishing.look(session)
    for queue in QUEUES:
        await calls.take(session, queue, OWNER, 1.0)
    await calls.forget_tries(session)


async def _schedule(session: AsyncSession) -> None:
    found = await keeping.find(session, OWNER, id_of("schedule", 1))
    await reading.list_schedules(session, OWNER, limit=50, before=None)
    await reading.list_runs(session, found.id, limit=50, before=None)


async def _board(session: AsyncSession) -> None:
    await boarding.board(session, await _run(session, RUNNING + 2), key_of(RUNNING + 2))


async def _fetch(session: AsyncSession) -> None:
    """As the worker does, through another driver: that comes to plans for any values."""
    await session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    queues = ["gpu", "gpu/transcribe", "io", "io/deliver"]
    wanted = {"queues": queues, "oldest": 2, "near": 120, "most": 20, "loop": None}
    await session.execute(text(re.sub(r"%\((\w+)\)s", r":\1", FETCH)), wanted)


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
    "land what was left": landing.land_left,
    "tier": lambda s: owners.base_of(s, OWNER, {"free": 0, "premium": 10}),
    "fetch tickets": _fetch,
    "claim": lambda s: claim(s, id_of("job", QUEUED), WORKER),
    "claim several": lambda s: claim_free(s, [id_of("job", WAITING + n) for n in range(1, 21)], WORKER),
    "succeed": _succeed,
    "succeed, several": _succeed_free,
    "fail": lambda s: _fail(s, MediaUnreadableError("no")),
    "fail, transient": lambda s: _fail(s, EngineCrashedError("boom")),
    "give back": _give_back,
    "report": _report,
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
    "resume": lambda s: queues.resume(s, "gpu"),
    "cancel": lambda s: operate.cancel(s, OWNER, id_of("job", QUEUED)),
    "skip": lambda s: operate.skip(s, OWNER, id_of("job", QUEUED), None),
    "retry": lambda s: operate.retry(s, id_of("owner", FAILED % 50), id_of("job", FAILED)),
    "remove": lambda s: operate.remove(s, OWNER, id_of("job", SUCCEEDED)),
    "one batch": lambda s: batch_read.find_batch(s, OWNER, id_of("batch", 1)),
    "list batches": lambda s: batch_read.list_batches(s, OWNER, limit=50),
    "outputs of a batch": lambda s: batch_read.outputs_after(s, id_of("batch", 1), None, names=[], limit=100),
    "cancel a batch": lambda s: batch_operate.cancel(s, OWNER, id_of("batch", 1)),
    "retry a batch": lambda s: batch_operate.retry(s, OWNER, id_of("batch", 1)),
    "due": _due,
    "late": _late,
    "rescue of the lost": _lost,
    "rescue of the dropped": lambda s: sweep.rescue_dropped(s, [RUNNING + 1, RUNNING + 2]),
    "rescue of the overdue": lambda s: sweep.rescue_overdue(s, 20.0),
    "stranded tickets": _stranded,
    "missing tickets": sweep.reissue_missing,
    "heartbeat": lambda s: worker_rows.beat(s, WORKER, ""),
    "living workers": lambda s: worker_rows.living(s, 15.0),
    "a worker leaves": lambda s: worker_rows.leave(s, WORKER),
    "expired files": retention.drop_expired_files,
    "old jobs": lambda s: retention.drop_old_jobs(s, 86_400.0),
    "no old jobs": lambda s: retention.drop_old_jobs(s, OLD_SECONDS),
    "old batches": lambda s: retention.drop_old_batches(s, 86_400.0),
    "no old batches": lambda s: retention.drop_old_batches(s, OLD_SECONDS),
    "old workers": retention.drop_old_workers,
    "old deaths": lambda s: quarantine.drop_old(s, OLD_SECONDS),
    "what is in quarantine": lambda s: quarantine.quarantined(s, limit=100),
    "how much is in quarantine": quarantine.counts,
    "orphans": _clear,
    "a file": lambda s: files.find_file(s, OWNER, id_of("file", 51)),
    "remove a file": lambda s: files.remove_file(s, OWNER, id_of("file", 51)),
    "what an input is called": lambda s: inputs.label(s, {"file": str(id_of("file", 51))}),
    "key": lambda s: keys.verify(s, "ph_none"),
    "wishes": _wishes,
    "a schedule": _schedule,
    "old runs": lambda s: keeping.drop_old_runs(s, OLD_SECONDS),
    "episodes that are made": finishing.finish_made,
    "deliveries to follow": lambda s: following.follow(s, Delivery),
    "digests to follow": lambda s: following.follow(s, DigestIssue),
    "late deliveries": expiring.expire_late,
    "hopeless deliveries": expiring.fail_hopeless,
    "list deliveries": lambda s: deliveries.page(s, OWNER, state=None, limit=50, before=None),
    "list failed deliveries": lambda s: deliveries.page(s, OWNER, state="failed", limit=50, before=None),
}
