"""What the workers do for podcasts each second: small transactions, each of which goes on where another died."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.models import Delivery, DigestIssue
from playhead.podcasts.finishing import finish_made
from playhead.podcasts.making import make_wanted
from playhead.podcasts.telling.expiring import expire_late, fail_hopeless
from playhead.podcasts.telling.following import follow
from playhead.podcasts.telling.sending import send_ready


async def work_on_episodes(session: AsyncSession, requests: Requests, _: datetime) -> int:
    """Keep what was made of some, and submit the work on others. Gives how many there were."""
    return await finish_made(session) + await make_wanted(session, requests)


async def deliver(session: AsyncSession, requests: Requests, _: datetime) -> int:
    """Bring some to where their jobs are, end those that come to nothing, and send others. Gives how many."""
    followed = await follow(session, Delivery) + await follow(session, DigestIssue)
    ended = await expire_late(session) + await fail_hopeless(session)
    return followed + ended + await send_ready(session, requests)
