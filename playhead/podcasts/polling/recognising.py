"""Which entries of a document are episodes that are known, and which are new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, delete, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.identity import new_id
from playhead.models import EpisodeIdentity
from playhead.podcasts.polling.entries import Entry
from playhead.podcasts.polling.identities import Identified

Known = Mapping[bytes, UUID | None]
"""Episodes by their identities; None for what tells nothing."""


@dataclass(frozen=True)
class Recognised:
    """An entry, and the episode that it is."""

    episode_id: UUID
    entry: Entry
    is_new: bool
    own: Sequence[bytes]
    """What it is known by from now on."""


async def recognise(session: AsyncSession, feed_id: UUID, found: Sequence[Identified]) -> list[Recognised]:
    """The episodes that these are, in their order. Ids of the new ones sort as feeds do: the first is the newest."""
    known = await _known(session, feed_id, found)
    claims = _claims(found, known)
    new = {place: new_id() for place in reversed(range(len(found))) if place not in claims}
    return [
        Recognised(claims.get(place) or new[place], one.entry, place in new, _telling(one, known))
        for place, one in enumerate(found)
    ]


async def _known(session: AsyncSession, feed_id: UUID, found: Sequence[Identified]) -> Known:
    digests = [identity.digest for one in found for identity in one.own]
    same = select(EpisodeIdentity.identity, EpisodeIdentity.episode_id).filter_by(feed_id=feed_id)
    rows = await session.execute(same.where(EpisodeIdentity.identity == any_(_digests(digests))))
    return {row.identity: row.episode_id for row in rows}


def _claims(found: Sequence[Identified], known: Known) -> dict[int, UUID]:
    """The known episodes, by the places of their entries. Each goes to the entry that is the surest to be it."""
    claims: dict[int, UUID] = {}
    taken: set[UUID] = set()
    for place, episode_id in _surest_first(found, known):
        if place not in claims and episode_id not in taken:
            claims[place] = episode_id
            taken.add(episode_id)
    return claims


def _surest_first(found: Sequence[Identified], known: Known) -> Iterator[tuple[int, UUID]]:
    all_of = ((identity.rank, place, identity.digest) for place, one in enumerate(found) for identity in one.own)
    for _, place, digest in sorted(all_of):
        if episode_id := known.get(digest):
            yield place, episode_id


def _telling(one: Identified, known: Known) -> list[bytes]:
    digests = [identity.digest for identity in one.own]
    return [digest for digest in digests if digest not in known or known[digest] is not None]


async def remember(
    session: AsyncSession, feed_id: UUID, found: Sequence[Identified], recognised: Sequence[Recognised]
) -> None:
    """Know the episodes by what they are known by now, and by nothing older: addresses may change with every poll."""
    wanted = {digest: one.episode_id for one in recognised for digest in one.own}
    known = await _known(session, feed_id, found)
    fresh = {digest: episode_id for digest, episode_id in wanted.items() if known.get(digest) != episode_id}
    await _forget(session, {*fresh.values()}, wanted)
    shared = dict.fromkeys(identity.digest for one in found for identity in one.shared)
    await _write(session, feed_id, {**fresh, **shared})


async def _forget(session: AsyncSession, episode_ids: set[UUID], current: Mapping[bytes, UUID]) -> None:
    if episode_ids:
        theirs = EpisodeIdentity.episode_id == any_(_ids(list(episode_ids)))
        kept = select(func.unnest(_digests(list(current))).label("identity")).subquery()
        stale = ~select(kept).where(kept.c.identity == EpisodeIdentity.identity).exists()
        await session.execute(delete(EpisodeIdentity).where(theirs, stale))


async def _write(session: AsyncSession, feed_id: UUID, rows: Mapping[bytes, UUID | None]) -> None:
    if not rows:
        return
    digests, ids = _digests(list(rows)), _ids(list(rows.values()))
    written = insert(EpisodeIdentity).from_select(
        ["feed_id", "identity", "episode_id"], select(literal(feed_id), func.unnest(digests), func.unnest(ids))
    )
    # What once told nothing never tells anything again: the feed gives the same to one episode after the other.
    await session.execute(
        written.on_conflict_do_update(
            index_elements=["feed_id", "identity"],
            set_={"episode_id": written.excluded.episode_id},
            where=EpisodeIdentity.episode_id.is_not(None),
        )
    )


def _digests(values: Sequence[bytes]) -> ColumnElement[Any]:
    return literal(values, ARRAY(BYTEA))


def _ids(values: Sequence[UUID | None]) -> ColumnElement[Any]:
    return literal(values, ARRAY(PG_UUID))
