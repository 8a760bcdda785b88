"""Owners, and the tiers that say whose jobs go ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import plainly
from playhead.errors import InvalidError, NotFoundError
from playhead.models import Owner

Bases = Mapping[str, int]
"""What each tier adds to the rank of its owners' jobs: :attr:`playhead.settings.Settings.tiers`."""

log = structlog.get_logger(__name__)

_TIER = select(Owner.tier).where(Owner.id == bindparam("owner_id"))


@dataclass(frozen=True)
class OwnerInfo:
    """An owner as a list shows them. ``base`` is what the tier adds; None for a tier that the settings do not know."""

    id: UUID
    name: str
    tier: str
    base: int | None
    created_at: datetime


async def list_owners(session: AsyncSession, tiers: Bases) -> list[OwnerInfo]:
    """All, by their names."""
    return [_info(owner, tiers) for owner in await session.scalars(select(Owner).order_by(Owner.name))]


async def set_tier(session: AsyncSession, name: str, tier: str, tiers: Bases) -> OwnerInfo:
    """Give the owner of this name this tier: from now on their jobs are submitted with its base.

    Raises:
        InvalidError: there is no such tier.
        NotFoundError: there is no such owner.
    """
    if tier not in tiers:
        raise InvalidError(f"there is no tier {tier!r}: PLAYHEAD_TIERS has {', '.join(tiers)}", field="tier")
    given = update(Owner).where(Owner.name == name).values(tier=tier).returning(Owner)
    owner = await session.scalar(given) if name.isprintable() else None
    if owner is None:
        raise NotFoundError(f"there is no owner {name!r}: see `playhead owners list`")
    return _info(owner, tiers)


async def base_of(session: AsyncSession, owner_id: UUID, tiers: Bases) -> int:
    """What the owner's tier adds to the rank of their jobs; 0 for a tier that the settings no longer know."""
    if not any(tiers.values()):
        return 0
    tier = (await plainly(session, _TIER, {"owner_id": owner_id})).scalar_one()
    if tier not in tiers:
        remedy = "add it to PLAYHEAD_TIERS, or give the owner another with `playhead owners tier`"
        log.warning("tier_unknown", owner_id=str(owner_id), tier=tier, remedy=remedy)
    return tiers.get(tier, 0)


def _info(owner: Owner, tiers: Bases) -> OwnerInfo:
    return OwnerInfo(owner.id, owner.name, owner.tier, tiers.get(owner.tier), owner.created_at)
