"""The forms that a model fills: what it notes of a window, and what it makes of all notes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, create_model

from playhead.condensing.sizes import CHAPTER, OWNER, POINT, QUOTE, TASK, TITLE, Sizes
from playhead.engines.forms import line, number, prose, some


class Task(BaseModel):
    """Something to do."""

    task: str
    owner: str | None


class Heading(BaseModel):
    """Where a chapter begins, by the number of a passage."""

    passage: int
    title: str


class Saying(BaseModel):
    """A quote, by the number of its passage."""

    passage: int
    text: str


class Gist(BaseModel):
    """What something says, in short."""

    model_config = ConfigDict(frozen=True)

    title: str
    summary: str
    key_points: list[str]


class Notes(Gist):
    """The gist of a window, and what to find in it."""

    action_items: list[Task]
    chapters: list[Heading]
    quotes: list[Saying]


def gist_form(sizes: Sizes) -> type[Gist]:
    """A gist of this size."""
    return create_model(
        "Gist",
        __base__=Gist,
        title=(line(TITLE), ...),
        summary=(prose(sizes.summary), ...),
        key_points=(some(line(POINT), sizes.points), ...),
    )


def notes_form(sizes: Sizes, first: int, last: int) -> type[Notes]:
    """Notes of this size, of the passages from ``first`` to ``last``."""
    passage = number(first, last)
    task = create_model("Task", __base__=Task, task=(line(TASK), ...), owner=(line(OWNER) | None, ...))
    heading = create_model("Heading", __base__=Heading, passage=(passage, ...), title=(line(CHAPTER), ...))
    saying = create_model("Saying", __base__=Saying, passage=(passage, ...), text=(line(QUOTE), ...))
    return create_model(
        "Notes",
        __base__=Notes,
        title=(line(TITLE), ...),
        summary=(prose(sizes.summary), ...),
        key_points=(some(line(POINT), sizes.points), ...),
        action_items=(some(task, sizes.tasks), ...),
        chapters=(some(heading, sizes.chapters), ...),
        quotes=(some(saying, sizes.quotes), ...),
    )
