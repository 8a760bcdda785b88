"""Query parameters: those that a route has, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from playhead.errors import InvalidError


async def known_query(request: Request) -> None:
    """Refuse parameters that the route does not know: a misspelt filter would else give everything.

    Raises:
        InvalidError: naming the first.
    """
    if not request.query_params:
        return
    known = set(names(request.scope["route"].dependant))
    for name in request.query_params:
        if name not in known:
            there = f"; there are {', '.join(sorted(known))}" if known else ""
            raise InvalidError(f"there is no such parameter here{there}", field=name)


def names(dependant: Dependant) -> Iterator[str]:
    """The names of the query parameters of a route, and of what it depends on.

    They stand in the OpenAPI document too; but to make that takes a good part of a second, and no request should wait
    for it.
    """
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from (about.alias or name for name, about in annotation.model_fields.items())
        else:
            yield field.alias
    for inner in dependant.dependencies:
        yield from names(inner)
