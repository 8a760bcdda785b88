"""API keys: ``ph_`` and 256 random bits. Shown once, at creation; kept as a SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import TEXT, Select, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import InvalidError, NotFoundError
from playhead.identity import new_id
from playhead.models import ADMIN_OWNER, Key, Owner

PREFIX_CHARACTERS = 11
"""Of a key, shown in lists to tell it from others: ``ph_`` and eight more, 48 bits of 256."""

_MAX_NAME = 200
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Identity:
    """Who asks.

    Attributes:
        owner_id: whose things they see and make.
        admin: whether they may do what concerns everyone, such as pausing a queue.
    """

    owner_id: UUID
    admin: bool


ADMIN = Identity(ADMIN_OWNER, admin=True)


@dataclass(frozen=True)
class KeyInfo:
    """A key as a list shows it. ``prefix`` is how the key begins."""

    id: UUID
    name: str
    owner: str
    prefix: str
    admin: bool
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class NewKey:
    """A key just made. ``token`` is the key itself, never to be seen again."""

    token: str
    info: KeyInfo


async def create(session: AsyncSession, name: str, *, owner: str | None = None, admin: bool = False) -> NewKey:
    """Make a key. Keys of one owner see the same jobs and files.

    Without ``owner`` an ordinary key belongs to an owner of the key's own name, an admin key to ``admin``.

    Raises:
        InvalidError: a name is empty, too long or not printable.
    """
    owner = owner or ("admin" if admin else name)
    for field, text in (("name", name), ("owner", owner)):
        _check_name(text, field)
    token = f"ph_{secrets.token_urlsafe(32)}"
    owner_id = await _owner_id(session, owner)
    key = Key(
        owner_id=owner_id, name=name, prefix=token[:PREFIX_CHARACTERS], digest=digest(token), admin=admin, id=new_id()
    )
    session.add(key)
    await session.flush()
    return NewKey(token, (await _infos(session, _listed().where(Key.id == key.id)))[0])


async def list_keys(session: AsyncSession) -> list[KeyInfo]:
    """Every key, revoked ones too, the oldest first."""
    return await _infos(session, _listed().order_by(Key.id))


async def revoke(session: AsyncSession, which: str) -> KeyInfo:
    """Make a key void, named by its id, its shown prefix or the key itself. It opens nothing five seconds later.

    Raises:
        NotFoundError: no valid key is meant.
        InvalidError: several have this prefix.
    """
    meant = or_(cast(Key.id, TEXT) == which, Key.prefix == which, Key.digest == digest(which))
    found = await _infos(session, _listed().where(meant, Key.revoked_at.is_(None))) if which.isprintable() else []
    if not found:
        raise NotFoundError("there is no such valid key: see `playhead keys list`")
    if len(found) > 1:
        raise InvalidError(f"{len(found)} keys begin so: give the id")
    await session.execute(update(Key).where(Key.id == found[0].id).values(revoked_at=func.now()))
    return (await _infos(session, _listed().where(Key.id == found[0].id)))[0]


async def verify(session: AsyncSession, token: str) -> Identity | None:
    """Whose key this is; None for one that is unknown or revoked. Notes its use, at most once a minute."""
    mine = select(Key.id, Key.owner_id, Key.admin).where(Key.digest == digest(token), Key.revoked_at.is_(None))
    found = (await session.execute(mine)).one_or_none()
    if found is None:
        return None
    stale = or_(Key.last_used_at.is_(None), Key.last_used_at < func.now() - _USED_EVERY)
    used = update(Key).where(Key.id == found.id, stale).values(last_used_at=func.now())
    await session.execute(used.execution_options(synchronize_session=False))
    return Identity(found.owner_id, admin=found.admin)


def is_admin_key(token: str, admin_key: SecretStr | None) -> bool:
    """Whether this is the key of the settings; an empty one there opens nothing."""
    wanted = admin_key.get_secret_value() if admin_key else ""
    return bool(wanted) and hmac.compare_digest(digest(token), digest(wanted))


def digest(token: str) -> bytes:
    """The SHA-256 under which a key is kept."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


async def _owner_id(session: AsyncSession, name: str) -> UUID:
    await session.execute(insert(Owner).values(id=new_id(), name=name).on_conflict_do_nothing())
    return (await session.scalars(select(Owner.id).where(Owner.name == name))).one()


def _listed() -> Select[Key, str]:
    return select(Key, Owner.name).join(Owner, Owner.id == Key.owner_id)


async def _infos(session: AsyncSession, wanted: Select[Key, str]) -> list[KeyInfo]:
    rows = await session.execute(wanted.execution_options(populate_existing=True))
    shown = ("id", "name", "prefix", "admin", "created_at", "last_used_at", "revoked_at")
    return [KeyInfo(owner=owner, **{name: getattr(key, name) for name in shown}) for key, owner in rows]


def _check_name(text: str, field: str) -> None:
    if not text.strip() or len(text) > _MAX_NAME or not text.isprintable():
        message = f"a name has 1 to {_MAX_NAME} printable characters, and not only spaces"
        raise InvalidError(message, field=field)
