"""The work of a bulk, and how it is known when it is asked for again: no key of a request's own says so.

An input is known by its content. An output that is still to be made has none yet, so whoever asks for work on it is
known by its name; and must be found by the content once that is there.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.digests import digest_of
from playhead.ledger.inputs import Source, sources

# Named with a job that makes an input: the others have had their key by content from the beginning.
_NAMED = text(
    """
    SELECT kind, input, idempotency_key AS key,
           CASE WHEN input ? 'all'
                THEN ARRAY(SELECT sha256 FROM job_inputs WHERE job_id = jobs.id ORDER BY place)
                ELSE ARRAY[input_sha256] END AS contents
    FROM jobs
    WHERE id IN (SELECT id FROM jobs WHERE input_sha256 = ANY(:contents)
                 UNION SELECT job_id FROM job_inputs WHERE sha256 = ANY(:contents))
      AND owner_id = :owner_id AND idempotency_key LIKE 'bulk %'
      AND (input ? 'job' OR jsonb_path_exists(input, '$.all[*].job'))
    """
)

_Before = defaultdict[tuple[str, tuple[str, ...]], defaultdict[tuple[str, ...], set[str]]]
"""The keys of what was asked for: by its kind and the contents of its inputs, and then by what these were called."""


@dataclass(frozen=True)
class Work:
    """A kind of job, done with these params on these inputs. ``contents`` are theirs, as far as they are known."""

    kind: str
    inputs: Sequence[Source]
    contents: Sequence[str | None]
    params: Any = None

    @classmethod
    def on(cls, kind: str, asked: Source, contents: Sequence[str | None], params: Any = None) -> Self:
        """Work on what one input, or several, name."""
        return cls(kind, sources(asked), contents, params)

    @cached_property
    def key(self) -> str:
        """What it is known by, for good: as an idempotency key, with a space, which no header's key has.

        While one of the outputs is still to be made, none counts by its content: it does not matter which are made.
        """
        made = all(known or "job" not in source for source, known in self._each())
        return self.key_of(self.by_content() if made else self.by_name())

    def key_of(self, inputs: Sequence[str]) -> str:
        """The key of the same work on inputs that are known so."""
        return f"bulk {digest_of([self.kind, inputs, self.params]).hex()}"

    def by_content(self) -> tuple[str, ...]:
        """What the inputs are known by: the SHA-256; an address, and an output that is still to be made, by itself."""
        return tuple(known or _named(source) for source, known in self._each())

    def by_name(self) -> tuple[str, ...]:
        """The same, but outputs by their names, as before they were made."""
        known = zip(self.inputs, self.by_content(), strict=True)
        return tuple(_named(source) if "job" in source else content for source, content in known)

    def _each(self) -> zip[tuple[Source, str | None]]:
        return zip(self.inputs, self.contents, strict=True)


def _named(source: Source) -> str:
    if "text" in source:
        return hashlib.sha256(source["text"].encode()).hexdigest()
    return to_json(dict(sorted(source.items()))).decode()


async def known_by_name(session: AsyncSession, owner_id: UUID, wanted: Sequence[Work]) -> set[str]:
    """The keys of those of this work that were asked for when some of what it is done on was still to be made.

    Whoever sees now that it is made sees them too: one who asks for work on an output holds its job until the commit.
    """
    contents = list({content for work in wanted for content in work.by_content()})
    before: _Before = defaultdict(lambda: defaultdict(set))
    for row in await session.execute(_NAMED, {"contents": contents, "owner_id": owner_id}):
        done = Work.on(row.kind, row.input, row.contents)
        before[done.kind, done.by_content()][done.by_name()].add(row.key)
    # Each once: a corpus may name thousands of outputs that are all the same, or ask a thousand things of one.
    once = {work.key: work for work in wanted}.items()
    return {key for key, work in once if _is_among(work, before.get((work.kind, work.by_content()), {}))}


def _is_among(work: Work, before: Mapping[tuple[str, ...], Collection[str]]) -> bool:
    """Whether one of these keys was made of the names before it and the same params."""
    return any(work.key_of(names) in keys for names, keys in before.items())
