"""The application, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from api import docs, errors, openapi
from api.metrics import Metrics
from api.middleware.body_limit import BodyLimit
from api.middleware.observe import Observe
from api.middleware.trace import Trace
from api.query import known_query
from api.routes import (
    adventures,
    batch_outputs,
    batches,
    bulk,
    catalog,
    deliveries,
    digest,
    events,
    feeds,
    files,
    jobs,
    opml,
    outputs,
    quarantine,
    queues,
    schedules,
    submit,
    subscriptions,
    system,
)
from api.services import opened
from api.upload import FORM_OVERHEAD_BYTES
from playhead import __version__, registry
from playhead.asking.job import request_model
from playhead.asking.requests import RequestTypes
from playhead.settings import Settings

LIMITS = {
    files.PATH: None,
    bulk.PATH: None,
    **dict.fromkeys((batches.PATH, schedules.PATH, f"{schedules.PATH}/"), batches.MAX_BODY_BYTES),
    opml.PATH: opml.MAX_BODY_BYTES + FORM_OVERHEAD_BYTES,
}
"""Bytes of a body, where they are not those of most paths."""


def create_app(settings: Settings) -> FastAPI:
    """The application for these settings. Nothing is opened before its lifespan begins.

    ``app.state.settings`` are what its next lifespan goes by, ``app.state.services`` inside of it its
    :class:`~api.services.Services`.

    Raises:
        ValueError: no database is set; raised when the lifespan begins.
    """
    app = FastAPI(
        title="Playhead",
        version=__version__,
        summary="Recordings go in, transcripts and subtitles come out, and nothing is lost.",
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    app.state.request_types = RequestTypes.of(registry.kinds())
    _add_routes(app)
    _add_layers(app, app.state.metrics)
    errors.install(app)
    openapi.install(app)
    docs.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with opened(app.state.settings, app.state.request_types) as services:
        app.state.services = services
        yield


def _add_routes(app: FastAPI) -> None:
    kinds = registry.kinds()
    request_type = request_model(kinds.values())
    single = (submit.router(kinds, request_type), bulk.router(kinds, request_type))
    types = app.state.request_types
    taking = (*single, batches.router(kinds), schedules.router(types), adventures.router(types))
    podcasts = (subscriptions, feeds, opml, deliveries, digest)
    programs = (schedules, *podcasts, adventures)
    resources = (batches, batch_outputs, *programs, files, jobs, events, outputs, catalog, queues, quarantine)
    for routes in (*taking, *(resource.routes for resource in resources)):
        app.include_router(routes, dependencies=[Depends(known_query)])
    app.include_router(system.routes)


def _add_layers(app: FastAPI, metrics: Metrics) -> None:
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, limits=LIMITS)
    app.add_middleware(Observe, requests=metrics.requests)
    app.add_middleware(Trace)
