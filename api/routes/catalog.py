from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.batch import RecipeInfo, RecipeList
from api.schemas.catalog import KindInfo, KindList, Stats, WorkerInfo, WorkerList
from playhead import registry
from playhead.ledger import read, workers
from playhead.recipes import cookable

routes = APIRouter(prefix=V1, tags=["operations"])


@routes.get("/kinds", summary="Kinds of jobs", responses=documented())
async def list_kinds(_: Caller) -> KindList:
    """What can be asked for, with the JSON Schemas of parameters and results."""
    return KindList(items=[KindInfo.of(kind) for kind in registry.kinds().values()])


@routes.get("/recipes", summary="Recipes", responses=documented())
async def list_recipes(_: Caller) -> RecipeList:
    """Graphs of jobs that ship with Playhead: `POST /api/v1/batches` makes one with a single request."""
    return RecipeList(items=[RecipeInfo.of(recipe) for recipe in cookable().values()])


@routes.get("/workers", summary="Living workers", responses=documented())
async def list_workers(parts: Parts, _: Caller) -> WorkerList:
    """Who is alive, and on what device."""
    async with parts.transaction() as session:
        alive = await workers.living(session, parts.settings.worker.lost_after_seconds)
    return WorkerList(items=[WorkerInfo.model_validate(worker) for worker in alive])


@routes.get("/stats", summary="Counts and costs", responses=documented())
async def get_stats(parts: Parts, identity: Caller) -> Stats:
    """Jobs by kind and state, with what they cost. Yours; with an admin key everyone's."""
    async with parts.transaction() as session:
        counts = await read.counts(session, None if identity.admin else identity.owner_id)
    return Stats.counted(counts)
