"""Whose request this is."""

from __future__ import annotations

import time
from collections import OrderedDict

from api.transactions import transaction
from playhead import keys
from playhead.database import Database
from playhead.errors import UnauthorizedError
from playhead.keys import ADMIN, Identity
from playhead.settings import Settings

REMEMBERED_SECONDS = 5.0
"""A key revoked elsewhere opens this process's doors for so long."""
REMEMBERED_KEYS = 10_000

_NO_KEY = "send `Authorization: Bearer KEY` or `X-API-Key: KEY`"
_OF_ANOTHER_SITE = (
    "PLAYHEAD_AUTH=off opens only what is asked for at a loopback address, such as http://127.0.0.1, and by no other "
    f"site's page: ask there, or {_NO_KEY}"
)


class Keyring:
    """Knows keys by their digest, and remembers them for five seconds, so that most requests cost no query for it."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._remembered: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()

    async def identify(self, token: str | None, *, local: bool) -> Identity:
        """Who holds this key. With ``AUTH=off`` nobody on this machine needs one; see :func:`api.binding.is_local`.

        Raises:
            UnauthorizedError: no key, or one that opens nothing.
            UnavailableError: it is not remembered, and the database is away.
        """
        if self._settings.auth == "off" and local:
            return ADMIN
        if not token:
            raise UnauthorizedError(_OF_ANOTHER_SITE if self._settings.auth == "off" else _NO_KEY)
        if keys.is_admin_key(token, self._settings.admin_key):
            return ADMIN
        digest = keys.digest(token)
        return self._recall(digest) or await self._look_up(token, digest)

    def _recall(self, digest: bytes) -> Identity | None:
        until, identity = self._remembered.get(digest, (0.0, None))
        return identity if time.monotonic() < until else None

    async def _look_up(self, token: str, digest: bytes) -> Identity:
        async with transaction(self._database) as session:
            identity = await keys.verify(session, token)
        if identity is None:
            # Not remembered: an attacker's guesses must not push the real keys out.
            self._remembered.pop(digest, None)
            raise UnauthorizedError("this key is unknown or was revoked")
        self._remembered[digest] = (time.monotonic() + REMEMBERED_SECONDS, identity)
        self._remembered.move_to_end(digest)
        while len(self._remembered) > REMEMBERED_KEYS:
            self._remembered.popitem(last=False)
        return identity
