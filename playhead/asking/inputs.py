"""The ``input`` of a job, as each kind takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, create_model

from playhead.asking.places import tag
from playhead.asking.text import OutputName
from playhead.kind import Kind

MAX_TEXT = 500_000
"""Characters of a text in a request; a longer one is uploaded as a file."""
MAX_INPUTS = 200

JobName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""A job's name within a graph; or an id, where that of another job may stand."""


class Strict(BaseModel):
    """A part of a request: what it does not know is an error."""

    model_config = ConfigDict(extra="forbid")


class FileInput(Strict):
    """A file that was uploaded to `/api/v1/files`."""

    file: UUID


class UrlInput(Strict):
    """An address on the web, fetched by the worker. Private addresses are refused (`url_forbidden`)."""

    url: str = Field(
        min_length=1,
        max_length=8192,
        examples=["https://example.com/talk.mp3"],
        json_schema_extra={"format": "uri"},
    )


class OutputInput(Strict):
    """An output of another job, which this one then waits for."""

    job: UUID
    output: OutputName


class NamedOutputInput(Strict):
    """An output of another job of the graph, by its name there, or of any job, by its id."""

    job: JobName
    output: OutputName


class TextInput(Strict):
    """A text that stands in the request itself."""

    text: str = Field(min_length=1, max_length=MAX_TEXT)


class SeveralInputs(Strict):
    """Several inputs, in their order."""

    all: list[Any]


Branches = Mapping[str, tuple[Any, str]]
"""Types of models by the field that tells them apart, each with an example."""

_FILE: Branches = {"file": (FileInput, '{"file": id}'), "url": (UrlInput, '{"url": address}')}
_JOB: Branches = {"job": (OutputInput, '{"job": id, "output": name}')}
_NAMED_JOB: Branches = {"job": (NamedOutputInput, '{"job": name, "output": name}')}
_TEXT: Branches = {"text": (TextInput, '{"text": words}')}


def input_type(kind: Kind[Any, Any] | None = None, *, named: bool = False) -> Any:
    """The type of the ``input`` of this kind: with a text only where it works on one, with several where it may.

    Without a kind, that of any. ``named`` is for a graph, whose jobs are called by their names.
    """
    takes_text = kind is None or "text" in kind.accepts
    alone = {**_FILE, **(_NAMED_JOB if named else _JOB), **(_TEXT if takes_text else {})}
    if kind is None or not kind.several:
        return told_apart(alone)
    one: Any = told_apart(alone)
    listed: Any = Annotated[list[one], Field(min_length=1, max_length=MAX_INPUTS)]
    name = f"{kind.name.capitalize()}{'Named' if named else ''}Inputs"
    several = create_model(name, __base__=SeveralInputs, __doc__=SeveralInputs.__doc__, all=(listed, ...))
    return told_apart({**alone, "all": (several, '{"all": [several of these]}')})


def each(given: BaseModel) -> Sequence[BaseModel]:
    """The inputs of a request, one or several."""
    return given.all if isinstance(given, SeveralInputs) else [given]


def placed(given: BaseModel, field: str) -> list[tuple[str, BaseModel]]:
    """The inputs of a request, each with the place where that has it: ``field`` itself for one alone."""
    if isinstance(given, SeveralInputs):
        return [(f"{field}.all.{place}", one) for place, one in enumerate(given.all)]
    return [(field, given)]


def told_apart(branches: Branches) -> Any:
    """A union told apart by which of these fields is there."""

    def branch(value: Any) -> str | None:
        fields = type(value).model_fields if isinstance(value, BaseModel) else value
        return next((tag(name) for name in branches if isinstance(fields, dict) and name in fields), None)

    models = [Annotated[model, Tag(tag(name))] for name, (model, _) in branches.items()]
    *others, last = [example for _, example in branches.values()]
    message = f"Give exactly one of {', '.join(others)} or {last}"
    by_field = Discriminator(branch, custom_error_type="input_needed", custom_error_message=message)
    return Annotated[reduce(or_, models), by_field]
