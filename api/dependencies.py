"""What routes ask for. All are coroutines: FastAPI would run plain functions in a thread."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.binding import is_local
from api.services import Services
from playhead.errors import ForbiddenError
from playhead.keys import Identity

_BEARER = HTTPBearer(auto_error=False, scheme_name="Bearer", description="`Authorization: Bearer KEY`")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="X-API-Key", description="The same key.")


async def services(request: Request) -> Services:
    """The application's parts."""
    return cast("Services", request.app.state.services)


Parts = Annotated[Services, Depends(services)]


async def caller(
    request: Request,
    parts: Parts,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    header: Annotated[str | None, Security(_HEADER)],
) -> Identity:
    """Who asks.

    Raises:
        UnauthorizedError: no key, or one that opens nothing.
        UnavailableError: the key is not known yet and the database is away.
    """
    return await parts.keyring.identify(bearer.credentials if bearer else header, local=is_local(request.headers))


Caller = Annotated[Identity, Depends(caller)]


async def admin(identity: Caller) -> Identity:
    """Who asks, if they may do what concerns everyone.

    Raises:
        ForbiddenError: they may not.
    """
    if not identity.admin:
        raise ForbiddenError("this needs an admin key: `playhead keys create NAME --admin`")
    return identity


Admin = Annotated[Identity, Depends(admin)]
