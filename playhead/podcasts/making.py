"""Making: the jobs that work on episodes of which somebody is to be told, one graph for each however many they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.asking.requests import Requests
from playhead.models import PODCASTS_OWNER, Delivery, Episode, Owner
from playhead.podcasts.graph import graph, offered_by_publisher
from playhead.states import FIRST_BASE

AT_ONCE = 50
"""Episodes in one transaction: each is a savepoint, and of more than 64 PostgreSQL loses sight."""


async def make_wanted(session: AsyncSession, requests: Requests) -> int:
    """Submit the work on episodes that are wanted, some of them, those of validations first. Gives how many."""
    # Told apart by what the index of all that nothing sends yet tells apart: deliveries are kept, and become many.
    tried = select(Delivery.episode_id).where(
        Delivery.validation, Delivery.state == "pending", Delivery.job_id.is_(None)
    )
    urgent = Episode.id.in_(tried)
    wanted = select(Episode).where(Episode.state == "wanted").order_by(urgent.desc(), Episode.id).limit(AT_ONCE)
    found = (await session.scalars(wanted.with_for_update(skip_locked=True, of=Episode))).all()
    if not found:
        return 0
    bases = await _bases(session, found, requests.settings.tiers)
    for episode in found:
        await _make(session, requests, episode, bases.get(episode.id, 0))
    return len(found)


async def _bases(session: AsyncSession, episodes: Sequence[Episode], tiers: Mapping[str, int]) -> dict[UUID, int]:
    """What is added to the priority of each: the best that any of its subscribers has; of a validation, the most."""
    waiting = select(Delivery.episode_id, Delivery.validation, Owner.tier).join(Owner, Owner.id == Delivery.owner_id)
    mine = waiting.where(Delivery.episode_id.in_([one.id for one in episodes]), Delivery.state == "pending").distinct()
    bases: dict[UUID, int] = {}
    for episode_id, validation, tier in await session.execute(mine):
        base = FIRST_BASE if validation else tiers.get(tier, 0)
        bases[episode_id] = max(base, bases.get(episode_id, base))
    return bases


async def _make(session: AsyncSession, requests: Requests, episode: Episode, base: int) -> None:
    try:
        async with session.begin_nested():
            asked = requests.understand(graph(episode))
            [made] = await requests.submit(session, PODCASTS_OWNER, [asked], base=base)
            episode.state, episode.batch_id = "making", made.batch_id
    except Exception as error:  # noqa: BLE001 - told apart there
        give_up(episode, refusal(error, episode_id=str(episode.id)))


def give_up(episode: Episode, error: dict[str, object]) -> None:
    """Go on without the publisher's transcript, where it was that which did not serve; else the episode has failed."""
    if offered_by_publisher(episode):
        episode.state, episode.transcribed, episode.batch_id = "wanted", True, None
    else:
        episode.state, episode.error = "failed", error
