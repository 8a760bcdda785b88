from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic.json_schema import SkipJsonSchema

from api.dependencies import Admin, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.quarantine import Lifted, QuarantinedInput, QuarantineList
from playhead.ledger import quarantine

MAX_LISTED = 1000

NAME = r"^[A-Za-z0-9_.-]{1,64}$"

KindName = Annotated[str, Path(pattern=NAME, description="Kind of the jobs.", examples=["transcribe"])]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the input, as the list has it.")]

OfKind = Annotated[str | SkipJsonSchema[None], Query(pattern=NAME, description="Only of this kind.")]

routes = APIRouter(prefix=f"{V1}/quarantine", tags=["operations"])


@routes.get("", summary="Inputs in quarantine", responses=documented(403))
async def list_quarantine(
    parts: Parts,
    _: Admin,
    kind: OfKind = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED, description="Inputs listed.")] = 50,
) -> QuarantineList:
    """Content that killed engines: jobs that ask for it are refused. The latest first. Needs an admin key."""
    async with parts.transaction() as session:
        rows = await quarantine.quarantined(session, kind, limit=limit)
        counts = await quarantine.counts(session)
    total = sum(counts.values()) if kind is None else counts.get(kind, 0)
    return QuarantineList(items=[QuarantinedInput.of(row) for row in rows], total=total)


@routes.delete("", summary="Lift every quarantine", responses=documented(403))
async def lift_all(parts: Parts, _: Admin, kind: OfKind = None) -> Lifted:
    """Let all of this content be tried again: it was the engine, and that is mended. For an admin key."""
    async with parts.transaction() as session:
        return Lifted(lifted=await quarantine.lift_all(session, kind))


@routes.delete("/{kind}/{sha256}", status_code=204, summary="Lift a quarantine", responses=documented(403, 404))
async def lift_quarantine(kind: KindName, sha256: Sha256, parts: Parts, _: Admin) -> None:
    """Let this content be tried again, its deaths counted anew; jobs that it ended can be retried. For an admin key."""
    async with parts.transaction() as session:
        await quarantine.lift(session, kind, sha256)
