"""Making: the jobs that work on episodes of which somebody is to be told, one graph for each however many they are."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.asking.requests import Requests
from playhead.models import PODCASTS_OWNER, Delivery, Episode
from playhead.podcasts.graph import graph, offered_by_publisher
from playhead.states import Priority

AT_ONCE = 50
"""Episodes in one transaction: each is a savepoint, and of more than 64 PostgreSQL loses sight."""


async def make_wanted(session: AsyncSession, requests: Requests) -> int:
    """Submit the work on episodes that are wanted, some of them, those of validations first. Gives how many."""
    urgent = Episode.id.in_(select(Delivery.episode_id).where(Delivery.validation, Delivery.state == "pending"))
    wanted = select(Episode, urgent).where(Episode.state == "wanted").order_by(urgent.desc(), Episode.id)
    found = (await session.execute(wanted.limit(AT_ONCE).with_for_update(skip_locked=True, of=Episode))).all()
    for episode, first in found:
        await _make(session, requests, episode, Priority.URGENT if first else Priority.NORMAL)
    return len(found)


async def _make(session: AsyncSession, requests: Requests, episode: Episode, priority: Priority) -> None:
    asked = graph(episode, priority)
    try:
        async with session.begin_nested():
            [made] = await requests.submit(session, PODCASTS_OWNER, [requests.understand(asked)])
            episode.state, episode.batch_id = "making", made.batch_id
    except Exception as error:  # noqa: BLE001 - told apart there
        give_up(episode, refusal(error, episode_id=str(episode.id)))


def give_up(episode: Episode, error: dict[str, object]) -> None:
    """Go on without the publisher's transcript, where it was that which did not serve; else the episode has failed."""
    if offered_by_publisher(episode):
        episode.state, episode.transcribed, episode.batch_id = "wanted", True, None
    else:
        episode.state, episode.error = "failed", error
