"""What is asked about all that is built from jobs: podcasts, schedules, adventures, wishes; and about owners."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead import keys, owners
from playhead.asking.requests import Requests, RequestTypes
from playhead.database import now
from playhead.kind import QUEUES
from playhead.models import Adventure, Schedule
from playhead.registry import kinds
from playhead.schedules import keeping, reading, system
from playhead.settings import Settings, WakeSettings
from playhead.stories import deciding
from playhead.stories import keeping as story_keeping
from playhead.stories import reading as story_reading
from playhead.stories.deciding import Decision
from playhead.waking import calls, wishing
from playhead.waking.calls import Call
from tests.plans import podcasts
from tests.plans.crowd import OWNER, id_of
from tests.plans.crowd_programs import STORY
from tests.plans.explaining import Question

TIERS = {"free": 0, "premium": 10}
WORK = {"kind": "annotate", "input": {"text": "So it is."}}


@functools.cache
def _requests() -> Requests:
    return Requests(RequestTypes.of(kinds()), Settings(engines="stub", admin_key=None))


async def _owners(session: AsyncSession) -> None:
    made = await keys.create(session, "a name")
    await keys.verify(session, made.token)
    await keys.list_keys(session)
    await keys.revoke(session, made.token)
    await owners.list_owners(session, TIERS)
    await owners.set_tier(session, "a name", "premium", TIERS)
    await owners.base_of(session, OWNER, TIERS)


async def _schedule(session: AsyncSession) -> None:
    at, requests = await now(session), _requests()
    wanted = Schedule(owner_id=OWNER, cron="0 3 * * *", timezone="UTC", request=WORK)
    wanted.idempotency_key, wanted.request_digest = "new", b""
    made = await keeping.create(session, requests, wanted, at)
    await keeping.change(session, requests, made, {"request": WORK}, at)
    await keeping.run_now(session, requests, made, "key")
    await keeping.find(session, OWNER, made.id, to_change=True)


async def _schedules(session: AsyncSession) -> None:
    page = await reading.list_schedules(session, OWNER, limit=50, before=None)
    await reading.list_schedules(session, OWNER, limit=50, before=page.next_before)
    await reading.list_runs(session, id_of("schedule", 1), limit=50, before=None)
    await system.last_turns(session)


async def _adventure(session: AsyncSession) -> None:
    about: Mapping[str, Any] = {"theme": "t", "language": "es", "level": "A1", "annotated": False}
    wanted = Adventure(owner_id=OWNER, **about, idempotency_key="new", request_digest=b"")
    made = await story_keeping.create(session, _requests(), wanted)
    view = await story_reading.find(session, OWNER, made.id, to_change=True)
    view.latest.status, view.latest.error = "error", {"step": "tell", "code": "internal", "message": "m"}
    await story_keeping.retry(session, _requests(), view)
    view.latest.status, view.latest.story = "complete", STORY.model_dump(mode="json")
    await session.flush()
    await deciding.decide(session, _requests(), view, Decision(1, after=1, key="new"))
    await story_keeping.remove(session, await story_reading.find(session, OWNER, made.id, to_change=True))


async def _adventures(session: AsyncSession) -> None:
    page = await story_reading.list_adventures(session, OWNER, limit=50, before=None)
    await story_reading.list_adventures(session, OWNER, limit=50, before=page.next_before)
    [entry] = await story_reading.entries(session, id_of("adventure", 1))
    await story_reading.find_entry(session, OWNER, entry.adventure_id, entry.number)
    await story_reading.files(session, entry)


async def _wishes(session: AsyncSession) -> None:
    hook = WakeSettings(queues=list(QUEUES), command="true")
    await calls.arm(session, hook, 15.0)
    await wishing.look(session)
    await calls.open_wishes(session)
    for queue in QUEUES:
        await calls.take(session, queue, OWNER, 1.0)
    await calls.keep(session, Call(OWNER, "gpu", 1, 1.0))
    await calls.roll_back(session, Call(OWNER, "cpu", 1, 1.0), "it broke", 5.0)
    await calls.states(session, hook)
    await session.execute(text("UPDATE wakes SET tries = 1, pending = false"))
    await calls.forget_tries(session)


QUESTIONS: Mapping[str, Question] = {
    "owners and their keys": _owners,
    "a schedule": _schedule,
    "schedules": _schedules,
    "old runs": lambda s: keeping.drop_old_runs(s, 1000 * 86_400.0),
    "an adventure": _adventure,
    "adventures": _adventures,
    "wishes": _wishes,
    **podcasts.QUESTIONS,
}
