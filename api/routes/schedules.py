from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api import cursors
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.routes.batches import PATIENCE_SECONDS
from api.routes.submit import IdempotencyKey
from api.schemas.listing import PageQuery
from api.schemas.schedule import (
    RunInfo,
    RunPage,
    ScheduleChange,
    ScheduleInfo,
    SchedulePage,
    ScheduleRequest,
    SystemList,
    SystemTask,
    schedule_types,
)
from playhead.asking.requests import Requests, RequestTypes
from playhead.database import now
from playhead.digests import digest_of
from playhead.models import Schedule
from playhead.schedules import keeping, reading, system

PATH = f"{V1}/schedules"
_ONE = "/{schedule_id:uuid}"
"""Not ``{schedule_id}``: ``system`` is the id of none, and what that path does not take is told so."""

routes = APIRouter(prefix=PATH, tags=["schedules"])


def router(types: RequestTypes) -> APIRouter:
    """The routes that take what may be scheduled, and those that submit it."""
    taking = APIRouter(prefix=PATH, tags=["schedules"])
    created, changed = schedule_types(types.work)
    taking.post("", status_code=201, summary="Make a schedule", responses=documented(400, 413))(_make(types, created))
    taking.patch(_ONE, summary="Change a schedule", responses=documented(400, 404, 413))(_change(types, changed))
    taking.post(f"{_ONE}/run", status_code=202, summary="Run now", responses=documented(404))(_run(types))
    return taking


def _make(types: RequestTypes, body_type: type[ScheduleRequest]) -> Callable[..., Any]:
    async def make_schedule(
        body: ScheduleRequest,
        response: Response,
        parts: Parts,
        identity: Caller,
        idempotency_key: IdempotencyKey = None,
    ) -> ScheduleInfo:
        """Keep work, and the times at which to ask for it. What would be refused now is refused."""
        wanted = Schedule(
            owner_id=identity.owner_id,
            request=_as_sent(body.request),
            idempotency_key=idempotency_key,
            request_digest=digest_of(_as_sent(body)) if idempotency_key else None,
            **{name: getattr(body, name) for name in ("name", "cron", "timezone")},
        )
        async with parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
            at = await now(session)
            wanted.paused_at = at if body.paused else None
            made = await keeping.create(session, Requests(types, parts.settings), wanted, at)
            await session.refresh(made)
        response.headers["Location"] = f"{PATH}/{made.id}"
        return ScheduleInfo.of(made)

    # The body's type is known only once the kinds are: FastAPI reads it from here.
    make_schedule.__annotations__["body"] = body_type
    return make_schedule


def _change(types: RequestTypes, body_type: type[ScheduleChange]) -> Callable[..., Any]:
    async def change_schedule(schedule_id: UUID, body: ScheduleChange, parts: Parts, identity: Caller) -> ScheduleInfo:
        """Change what is given. The next run follows from it."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        if "request" in changes:
            changes["request"] = _as_sent(body.request)
        async with parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
            found = await keeping.find(session, identity.owner_id, schedule_id, to_change=True)
            await keeping.change(session, Requests(types, parts.settings), found, changes, await now(session))
        return ScheduleInfo.of(found)

    change_schedule.__annotations__["body"] = body_type
    return change_schedule


def _run(types: RequestTypes) -> Callable[..., Any]:
    async def run_schedule(
        schedule_id: UUID, parts: Parts, identity: Caller, idempotency_key: IdempotencyKey = None
    ) -> RunInfo:
        """Ask for the work at once, beside its times. The answer tells what that made, or why it was refused."""
        async with parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
            found = await keeping.find(session, identity.owner_id, schedule_id, to_change=True)
            run = await keeping.run_now(session, Requests(types, parts.settings), found, idempotency_key)
        return RunInfo.of(run)

    return run_schedule


@routes.get("", summary="List schedules", responses=documented())
async def list_schedules(parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]) -> SchedulePage:
    """Your schedules, the newest first."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await reading.list_schedules(session, identity.owner_id, limit=query.limit, before=before)
    items = [ScheduleInfo.of(row, with_request=False) for row in page.rows]
    return SchedulePage(items=items, next_cursor=cursors.encode(page.next_before))


@routes.get("/system", summary="The system's own", responses=documented())
async def list_system(parts: Parts, _: Caller) -> SystemList:
    """What the workers do by themselves, and when. Nobody can change it."""
    async with parts.transaction() as session:
        last, at = await system.last_turns(session), await now(session)
    items = [SystemTask.of(name, task, last.get(task.beat), at) for name, task in system.TASKS.items()]
    return SystemList(items=items)


@routes.get(_ONE, summary="One schedule", responses=documented(404))
async def get_schedule(schedule_id: UUID, parts: Parts, identity: Caller) -> ScheduleInfo:
    """The schedule, and when its next run is due."""
    async with parts.transaction() as session:
        return ScheduleInfo.of(await keeping.find(session, identity.owner_id, schedule_id))


@routes.get(f"{_ONE}/runs", summary="A schedule's history", responses=documented(404))
async def list_runs(schedule_id: UUID, parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]) -> RunPage:
    """Its runs, the newest first: what each made, or why it was refused."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        found = await keeping.find(session, identity.owner_id, schedule_id)
        page = await reading.list_runs(session, found.id, limit=query.limit, before=before)
    return RunPage(items=[RunInfo.of(row) for row in page.rows], next_cursor=cursors.encode(page.next_before))


@routes.post(f"{_ONE}/pause", summary="Pause a schedule", responses=documented(404))
async def pause_schedule(schedule_id: UUID, parts: Parts, identity: Caller) -> ScheduleInfo:
    """Let no run come until it is resumed. Jobs of earlier runs go on."""
    async with parts.transaction() as session:
        found = await keeping.find(session, identity.owner_id, schedule_id, to_change=True)
        keeping.pause(found, await now(session))
    return ScheduleInfo.of(found)


@routes.post(f"{_ONE}/resume", summary="Resume a schedule", responses=documented(404))
async def resume_schedule(schedule_id: UUID, parts: Parts, identity: Caller) -> ScheduleInfo:
    """Go on with its next time; those that passed meanwhile are not made up for."""
    async with parts.transaction() as session:
        found = await keeping.find(session, identity.owner_id, schedule_id, to_change=True)
        keeping.resume(found, await now(session))
    return ScheduleInfo.of(found)


@routes.delete(_ONE, status_code=204, summary="Forget a schedule", responses=documented(404))
async def remove_schedule(schedule_id: UUID, parts: Parts, identity: Caller) -> None:
    """Forget it and its history. What its runs made stays."""
    async with parts.transaction() as session:
        await session.delete(await keeping.find(session, identity.owner_id, schedule_id, to_change=True))


def _as_sent(asked: Any) -> dict[str, Any]:
    """As it was sent: a later version may have other defaults."""
    sent: dict[str, Any] = asked.model_dump(mode="json", exclude_unset=True)
    return sent
