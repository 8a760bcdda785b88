"""What a kind of job is, and what the work of one may use. A kind's file needs this module and the engines."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args
from uuid import UUID

from pydantic import BaseModel

from playhead.engines import Engines
from playhead.settings import Settings

P = TypeVar("P", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)

Queue = Literal["gpu", "llm", "cpu", "io"]
QUEUES: tuple[Queue, ...] = get_args(Queue)

Device = Literal["gpu", "cpu"]
DEVICES: Mapping[Queue, Device] = MappingProxyType({"gpu": "gpu", "llm": "cpu", "cpu": "cpu", "io": "cpu"})
"""What the work of each queue is done on, here: a language model is asked over the network."""

Form = Literal["media", "transcript", "subtitles", "text", "summary", "annotation", "midi", "notes", "story"]
"""What a file holds, as far as it matters to whoever is to work on it."""
FORMS: frozenset[Form] = frozenset(get_args(Form))


@dataclass(frozen=True)
class Taken:
    """An output of one job that another takes, as far as it is known before it is made.

    Attributes:
        name: of the file.
        form: what it will hold; None where nobody can know.
    """

    name: str
    form: Form | None


@dataclass(frozen=True)
class Given:
    """An input, and what it is called.

    Attributes:
        path: a local file; it lives as long as the run.
        name: of the file or output; None of a text in the request, and where nobody named it.
        media_type: as it was uploaded or made, or as its name says; ``text/plain`` of a text in the request.
    """

    path: Path
    name: str | None
    media_type: str


class Context(Protocol):
    """One run of one job, as its kind sees it.

    Every method raises :class:`~playhead.errors.LeaseLostError` once the run no longer holds its job. A cancellation
    arrives as :class:`asyncio.CancelledError`, as in any coroutine.
    """

    @property
    def engines(self) -> Engines:
        """The worker's engines."""
        ...

    @property
    def job_id(self) -> UUID:
        """The same in every attempt: work that reaches others calls itself by it, so that they know it again."""
        ...

    @property
    def priority(self) -> int:
        """Its rank among the jobs of its queue: of several in hand, engines serve those of more first."""
        ...

    async def input(self) -> Path:
        """The job's input as a local file, fetched on first use; the file lives as long as the run."""
        ...

    async def given(self) -> Given:
        """The same, and what it is called."""
        ...

    async def inputs(self) -> list[Path]:
        """All inputs of a kind that takes several, in the order in which they were given; else the one."""
        ...

    async def progress(self, fraction: float, *, stage: str | None = None, eta_seconds: float | None = None) -> None:
        """Say how far the work is: 0 to 1. Cheap: at most two writes a second reach the ledger."""
        ...

    async def emit(self, event: str, data: dict[str, Any] | list[dict[str, Any]]) -> None:
        """Append one event (or several of the same name) to what watchers of the job are told, e.g. ``segment``."""
        ...

    async def checkpoint(
        self, state: dict[str, Any], *, events: Mapping[str, list[dict[str, Any]]] | None = None
    ) -> None:
        """Keep ``state`` (JSON, replacing the one before) for a later attempt to go on from.

        ``events``, by name, are told as by :meth:`emit` and stored with the state: both, or neither. So work that
        tells what it made keeps a state of a few numbers, as often as it likes, and finds the rest with :meth:`told`.
        """
        ...

    async def stored(self) -> None:
        """Wait until all that was told and kept so far is stored, however long the database is away.

        It would be within a second, or when the run ends. This is for what must not be done again.
        """
        ...

    async def restore(self) -> dict[str, Any] | None:
        """The last state that this or an earlier attempt kept; None at the start."""
        ...

    def told(self, event: str) -> AsyncIterator[dict[str, Any]]:
        """The events of this name that earlier attempts told, in their order; read in small batches."""
        ...

    async def save_output(self, name: str, content: bytes | Path, media_type: str) -> None:
        """Store an output file. It becomes visible when the job settles, with all the others or not at all.

        Raises:
            InvalidError: ``name`` is no plain file name, or that of another output but for its case.
        """
        ...

    def account(
        self,
        *,
        device_seconds: float = 0.0,
        audio_seconds: float = 0.0,
        input_tokens: int = 0,
        output_tokens: int = 0,
    ) -> None:
        """Add to the cost of the job. Tokens are those of language models."""
        ...


@dataclass(frozen=True)
class Kind(Generic[P, R]):
    """A kind of job: what it takes, what it gives, and the work itself.

    Attributes:
        name: as in ``POST /api/v1/jobs {"kind": name}``; up to 32 small letters, digits and underscores.
        queue: where its jobs wait.
        summary: one line for people.
        params: model of ``params``; unknown fields are refused.
        result: model of the job's ``result``.
        run: the work.
        accepts: forms that its input may have.
        makes: the names of all outputs that it may make with these params, and their forms; None where nobody can
            know that beforehand.
        makes_of: the names of those of them that it may make of an output of another job; all, if left out.
        cached_by: of the settings of the server, what decides what comes out, beside the inputs and the params; a name
            that a param has too stands for what is in force where that is left out. With it, the same work is done
            once, and its result given to every job of the owner that asks for it. None is for work that is done anew
            for each job: because it acts on the world, or tells of more than its inputs.
        several: whether it takes a list of inputs as well.
        admit: refuses params that the settings of the server forbid, before the job is stored; the field of its error
            is one of the params. Workers may have other settings: what must not happen is refused there again.
    """

    name: str
    queue: Queue
    summary: str
    params: type[P]
    result: type[R]
    run: Callable[[Context, P], Awaitable[R]]
    accepts: frozenset[Form] = FORMS
    makes: Callable[[P], Mapping[str, Form]] | None = None
    makes_of: Callable[[Taken], Collection[str]] | None = None
    several: bool = False
    cached_by: Callable[[P, Settings], Mapping[str, Any]] | None = None
    admit: Callable[[P, Settings], None] | None = None

    def __post_init__(self) -> None:
        # PostgreSQL names channels in 63 bytes, and Procrastinate has one for each kind.
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", self.name):
            message = f"a kind cannot be called {self.name!r}: take up to 32 small letters, digits and underscores"
            raise ValueError(message)

    def outputs(self, params: P, taken: Taken | None = None) -> Mapping[str, Form] | None:
        """The names of all outputs that it may make of this one, and their forms; None where nobody can know."""
        made = self.makes(params) if self.makes else None
        if made is None or taken is None or self.makes_of is None:
            return made
        able = self.makes_of(taken)
        return {name: form for name, form in made.items() if name in able}
