from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Response
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic_core import to_json

from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.services import Services
from playhead.errors import PlayheadError
from playhead.ledger import read
from playhead.ledger.read import News
from playhead.models import Event, Job
from playhead.states import TERMINAL, State

log = structlog.get_logger(__name__)

BATCH = 500
KEEP_ALIVE_SECONDS = 15.0
MAX_EVENT_ID = 2**63 - 1

routes = APIRouter(prefix=f"{V1}/jobs/{{job_id}}/events", tags=["jobs"])

# As FastAPI itself documents streams, after OpenAPI 3.2.
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "description": "`state`, `progress`, `segment`, or what a kind calls its own."},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string", "pattern": "^[0-9]+$"},
    },
}

_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The events. The stream ends after the one that ends the job.",
        "content": {
            "text/event-stream": {
                "itemSchema": _EVENT,
                "example": 'event: state\ndata: {"state":"running","attempt":1}\nid: 7\n\n'
                'event: progress\ndata: {"progress":0.25,"stage":"transcribing","eta_seconds":12.5}\n\n'
                'event: segment\ndata: {"id":0,"start":0.0,"end":2.1,"text":"Hello."}\nid: 8\n\n',
            }
        },
    },
    204: {"description": "The job has ended and there is nothing after `Last-Event-ID`: an EventSource stops asking."},
    **documented(404),
}

LastEventId = Annotated[
    str,
    Header(alias="Last-Event-ID", pattern=r"^[0-9]{0,19}$", description="`id` of the last event seen; go on after it."),
]


@routes.get("", summary="Watch a job", response_class=Response, responses=_DOCUMENTED)
async def watch_job(job_id: UUID, parts: Parts, identity: Caller, last_event_id: LastEventId = "") -> Response:
    """What happens to a job, as Server-Sent Events, from its beginning or after `Last-Event-ID`.

    `state` and `segment` events have ids and are told to everyone who watches, in order; `progress` is passing, has no
    id, and is left out while nobody watches. A segment told again, with the same number, replaces the one before.
    """
    stream = _Stream(parts, identity.owner_id, job_id, min(int(last_event_id or 0), MAX_EVENT_ID))
    news = await stream.look()
    if last_event_id and stream.is_over(news) and not news.events:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return EventSourceResponse(stream.run(), headers=headers)


@dataclass
class _Stream:
    """One client's view of one job; ``last_id`` is the last event told."""

    parts: Services
    owner_id: UUID
    job_id: UUID
    last_id: int
    progress: bytes = b""

    async def run(self) -> AsyncIterator[bytes]:
        """The stream's bytes. Between looks it holds no connection."""
        with self.parts.watchers.of(self.job_id) as watch:
            try:
                while True:
                    news = await self.look()
                    for told in self._told(news):
                        yield told
                    if self.is_over(news) or watch.closing:
                        return
                    if len(news.events) < BATCH and not await watch.changed(KEEP_ALIVE_SECONDS):
                        yield format_sse_event(comment="still here")
            except PlayheadError as error:
                # The answer has begun: ending it makes the client ask again, with the id of the last event.
                log.info("watch_ended", job_id=str(self.job_id), error=error.code)

    async def look(self) -> News:
        async with self.parts.look() as session:
            return await read.news_since(session, self.owner_id, self.job_id, self.last_id, BATCH)

    def is_over(self, news: News) -> bool:
        return State(news.job.state) in TERMINAL and len(news.events) < BATCH

    def _told(self, news: News) -> list[bytes]:
        told = [_event(event) for event in news.events]
        self.last_id = news.events[-1].id if news.events else self.last_id
        if news.job.state == State.RUNNING and (progress := _progress(news.job)) != self.progress:
            self.progress = progress
            told.append(progress)
        return told


def _event(event: Event) -> bytes:
    data = {**event.data, "attempt": event.attempt} if event.type == "state" else event.data
    return format_sse_event(event=event.type, data_str=to_json(data).decode(), id=str(event.id))


def _progress(job: Job) -> bytes:
    data = {"progress": job.progress, "stage": job.stage, "eta_seconds": job.eta_seconds}
    return format_sse_event(event="progress", data_str=to_json(data).decode())
