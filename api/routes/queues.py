from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from api.dependencies import Admin, Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.catalog import QueueInfo, QueueList
from playhead.errors import NotFoundError
from playhead.kind import QUEUES
from playhead.ledger import queues, workers

routes = APIRouter(prefix=f"{V1}/queues", tags=["operations"])


@routes.get("", summary="Queues", responses=documented())
async def list_queues(parts: Parts, _: Caller) -> QueueList:
    """How full each queue is, whether it is paused, and how many workers serve it."""
    async with parts.transaction() as session:
        return QueueList(items=await _infos(session, QUEUES, parts.settings.worker.lost_after_seconds))


@routes.post("/{name}/pause", summary="Pause a queue", responses=documented(403, 404))
async def pause_queue(name: str, parts: Parts, _: Admin) -> QueueInfo:
    """Begin no job of this queue until it is resumed; those running go on. Needs an admin key."""
    known = _known(name)
    async with parts.transaction() as session:
        await queues.pause(session, known)
        return (await _infos(session, [known], parts.settings.worker.lost_after_seconds))[0]


@routes.post("/{name}/resume", summary="Resume a queue", responses=documented(403, 404))
async def resume_queue(name: str, parts: Parts, _: Admin) -> QueueInfo:
    """Go on. Needs an admin key."""
    known = _known(name)
    async with parts.transaction() as session:
        await queues.resume(session, known)
        return (await _infos(session, [known], parts.settings.worker.lost_after_seconds))[0]


async def _infos(session: AsyncSession, names: Sequence[str], lost_after_seconds: float) -> list[QueueInfo]:
    alive = await workers.living(session, lost_after_seconds)
    return [
        QueueInfo(**vars(status), workers=sum(status.name in worker.queues for worker in alive))
        for status in await queues.statuses(session)
        if status.name in names
    ]


def _known(name: str) -> str:
    if name not in QUEUES:
        raise NotFoundError(f"there is no such queue; there are {', '.join(QUEUES)}")
    return name
