from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead import keys
from playhead.database import Database
from playhead.errors import InvalidError, NotFoundError
from playhead.models import ADMIN_OWNER, Key


@pytest_asyncio.fixture(loop_scope="session")
async def session(database_url: str) -> AsyncIterator[AsyncSession]:
    database = Database(database_url)
    async with database.transaction() as session:
        yield session
    await database.close()


async def test_a_key_opens_what_its_owner_has_and_is_kept_only_as_a_digest(session: AsyncSession) -> None:
    made = await keys.create(session, "laptop", owner="alice")
    row = (await session.scalars(select(Key))).one()
    assert made.token.startswith("ph_")
    assert len(made.token) == len("ph_") + 43, "256 bits in base64"
    assert made.token not in repr(vars(row))
    assert await keys.verify(session, made.token) == keys.Identity(row.owner_id, admin=False)
    assert (made.info.owner, made.info.prefix) == ("alice", made.token[:11])


async def test_keys_of_one_owner_share_it_and_others_do_not(session: AsyncSession) -> None:
    mine = [await keys.create(session, name, owner="alice") for name in ("laptop", "server")]
    other = await keys.create(session, "bob")
    owners = [(await keys.verify(session, made.token)) for made in [*mine, other]]
    assert owners[0] == owners[1] != owners[2]


async def test_an_admin_key_belongs_to_the_admin(session: AsyncSession) -> None:
    made = await keys.create(session, "ops", admin=True)
    assert await keys.verify(session, made.token) == keys.Identity(ADMIN_OWNER, admin=True)


@pytest.mark.parametrize("token", ["", "ph_", "ph_nonsense", "\udcff", "\0"])
async def test_what_is_no_key_opens_nothing(session: AsyncSession, token: str) -> None:
    await keys.create(session, "laptop")
    assert await keys.verify(session, token) is None


@pytest.mark.parametrize("named_by", ["id", "prefix", "token"])
async def test_a_revoked_key_opens_nothing(session: AsyncSession, named_by: str) -> None:
    made = await keys.create(session, "laptop")
    which = {"id": str(made.info.id), "prefix": made.info.prefix, "token": made.token}[named_by]
    assert (await keys.revoke(session, which)).revoked_at is not None
    assert await keys.verify(session, made.token) is None
    with pytest.raises(NotFoundError):
        await keys.revoke(session, which)


@pytest.mark.parametrize("which", ["", "ph_", "\0", "no such key"])
async def test_nothing_is_revoked_by_a_guess(session: AsyncSession, which: str) -> None:
    await keys.create(session, "laptop")
    with pytest.raises(NotFoundError):
        await keys.revoke(session, which)
    assert [info.revoked_at for info in await keys.list_keys(session)] == [None]


async def test_use_is_noted_at_most_once_a_minute(session: AsyncSession) -> None:
    made = await keys.create(session, "laptop")
    assert made.info.last_used_at is None

    async def used_ago(ago: timedelta) -> bool:
        """Whether a use now is noted, the last one being this long ago."""
        await session.execute(update(Key).values(last_used_at=func.now() - ago))
        before = (await keys.list_keys(session))[0].last_used_at
        await keys.verify(session, made.token)
        return (await keys.list_keys(session))[0].last_used_at != before

    assert not await used_ago(timedelta(seconds=59))
    assert await used_ago(timedelta(seconds=61))


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "a\nb", "x" * 201])
async def test_a_name_must_be_readable(session: AsyncSession, name: str) -> None:
    with pytest.raises(InvalidError) as caught:
        await keys.create(session, name)
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("token", "admin_key", "is_admin"),
    [("secret", "secret", True), ("secre", "secret", False), ("", "", False), ("", None, False), ("x", None, False)],
)
def test_the_admin_key_of_the_settings(token: str, admin_key: str | None, is_admin: bool) -> None:  # noqa: FBT001
    assert keys.is_admin_key(token, SecretStr(admin_key) if admin_key is not None else None) is is_admin
