"""What the clients did and saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

WISHES = ("cancel", "retry", "skip", "delete")
"""What a user may want to be done to a job."""
REFUSED = {404, 409}
EXPECTED = {200, 204, *REFUSED}


@dataclass(slots=True)
class Asked:
    """A job that a client asks for, under one idempotency key.

    Attributes:
        key: the idempotency key.
        content: number of the uploaded content that it works on; None where it is an output of another job.
        needs: keys of the jobs that must succeed first.
        needed: their ids, as the request named them.
        takes: key of the job and name of the output that it works on.
        job_id: as the API accepted it.
        refused: the code of the error, if the API refused it.
        unheard: whether a request for it got no answer: that may be done after another for it was refused.
    """

    key: str
    kind: str
    params: dict[str, Any]
    content: int | None
    needs: tuple[str, ...] = ()
    takes: tuple[str, str] | None = None
    priority: str = "normal"
    max_attempts: int | None = None
    run_at: float | None = None
    expires_in_seconds: float | None = None
    needed: tuple[UUID, ...] = ()
    job_id: UUID | None = None
    refused: str | None = None
    unheard: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether no answer but a refusal ever came: the same request may be refused and then accepted."""
        return self.refused is not None and self.job_id is None


@dataclass(slots=True)
class Batch:
    """A graph that a client asks for: jobs that build on one another, in one request.

    Attributes:
        key: the idempotency key.
        jobs: each is named by its own key.
        batch_id: as the API accepted it.
        deleted: whether a user may have deleted it.
    """

    key: str
    jobs: tuple[Asked, ...]
    batch_id: UUID | None = None
    deleted: bool = False

    @property
    def job_ids(self) -> set[UUID]:
        """Of the jobs, once they are accepted."""
        return {one.job_id for one in self.jobs if one.job_id}


@dataclass
class Pause:
    """A queue was paused for certain from one POSIX time to the other."""

    queue: str
    since: float
    until: float


@dataclass
class Diary:
    """All clients' together.

    Attributes:
        asked: by idempotency key; those of a batch by their names in it.
        wished: by wish, the jobs that it may have been done to, and how many requests may have done it: they were
            sent, and not refused for certain.
        confirmed: how often which wish for which job was answered as done.
        succeeded: jobs that a client saw succeeded.
        batches: those that were asked for.
        surprises: answers that nobody should ever get.
        answers: how often which status came, ``no answer`` included.
    """

    asked: dict[str, Asked] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    wished: dict[str, Counter[UUID]] = field(default_factory=lambda: {wish: Counter() for wish in WISHES})
    confirmed: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    succeeded: set[UUID] = field(default_factory=set)
    pauses: list[Pause] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)

    def wish(self, wish: str, *job_ids: UUID) -> None:
        """A request is sent that this be done to these jobs."""
        self.wished[wish].update(job_ids)

    def refuse(self, wish: str, job_id: UUID) -> None:
        """One of the requests was refused for certain. Another's may be why, and stands."""
        self.wished[wish] -= Counter([job_id])

    def count(self, answer: str) -> None:
        """Note an answer."""
        self.answers[answer] = self.answers.get(answer, 0) + 1

    def surprise(self, request: str, answer: httpx.Response) -> None:
        """Note an answer that nobody should ever get."""
        self.surprises.append(f"{request}: {answer.status_code} {answer.text[:500]}")

    def look(self, request: str, answer: httpx.Response, *, may_be_gone: bool) -> None:
        """Note an answer to a user if it is a surprise, as that what he asks for is not there, where it must be."""
        missed = answer.status_code == httpx.codes.NOT_FOUND and not may_be_gone
        if missed or answer.status_code not in EXPECTED:
            self.surprise(request, answer)

    def accept(self, asked: Asked, job_id: UUID) -> None:
        """The API accepted it: by the same key it must be the same job whenever it is asked for."""
        if asked.job_id not in {None, job_id} and asked.job_id not in self.wished["delete"]:
            self.surprises.append(f"key {asked.key} gave job {asked.job_id}, and later {job_id}")
        asked.job_id = job_id
