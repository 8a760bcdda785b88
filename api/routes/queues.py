from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from api.dependencies import Admin, Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.catalog import DeviceInfo, QueueInfo, QueueList, WakeInfo
from playhead.errors import NotFoundError
from playhead.kind import DEVICES, QUEUES, Device, Queue
from playhead.ledger import queues, workers
from playhead.settings import Settings
from playhead.waking import calls

routes = APIRouter(prefix=f"{V1}/queues", tags=["operations"])


@routes.get("", summary="Queues", responses=documented())
async def list_queues(parts: Parts, _: Caller) -> QueueList:
    """How full each queue is, whether it is paused, how many workers serve it, and how others are woken for it."""
    async with parts.transaction() as session:
        items = await _infos(session, QUEUES, parts.settings)
    return QueueList(items=items, devices=_by_device(items))


@routes.post("/{name}/pause", summary="Pause a queue", responses=documented(403, 404))
async def pause_queue(name: str, parts: Parts, _: Admin) -> QueueInfo:
    """Begin no job of this queue until it is resumed; those running go on. Needs an admin key."""
    known = _known(name)
    async with parts.transaction() as session:
        await queues.pause(session, known)
        return (await _infos(session, [known], parts.settings))[0]


@routes.post("/{name}/resume", summary="Resume a queue", responses=documented(403, 404))
async def resume_queue(name: str, parts: Parts, _: Admin) -> QueueInfo:
    """Go on. Needs an admin key."""
    known = _known(name)
    async with parts.transaction() as session:
        await queues.resume(session, known)
        return (await _infos(session, [known], parts.settings))[0]


async def _infos(session: AsyncSession, names: Sequence[Queue], settings: Settings) -> list[QueueInfo]:
    alive = await workers.living(session, settings.worker.lost_after_seconds)
    wakes = await calls.states(session, settings.wake)
    statuses = {status.name: status for status in await queues.statuses(session)}
    return [
        QueueInfo(
            **vars(statuses[name]),
            device=DEVICES[name],
            workers=sum(name in worker.queues for worker in alive),
            wake=WakeInfo.model_validate(wakes[name]) if name in wakes else None,
        )
        for name in names
    ]


def _by_device(infos: Sequence[QueueInfo]) -> list[DeviceInfo]:
    of = {device: [info for info in infos if info.device == device] for device in get_args(Device)}
    return [
        DeviceInfo(device=device, depth=sum(info.depth for info in its), running=sum(info.running for info in its))
        for device, its in of.items()
    ]


def _known(name: str) -> Queue:
    for queue in QUEUES:
        if queue == name:
            return queue
    raise NotFoundError(f"there is no such queue; there are {', '.join(QUEUES)}")
