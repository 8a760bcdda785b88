from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from playhead.asking.terms import LABEL
from playhead.asking.text import storable
from playhead.errors import InvalidError
from playhead.ledger.read import Filters
from playhead.states import State

MAX_PAGE = 200
NextCursor = Annotated[str | None, Field(description="Give it as `cursor` for the following page; null at the end.")]

Pair = Annotated[str, StringConstraints(pattern=rf"{LABEL}:", max_length=565), AfterValidator(storable)]


class PageQuery(BaseModel):
    """A page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_PAGE, description="Entries on a page.")
    cursor: str | SkipJsonSchema[None] = Field(None, max_length=64, description="`next_cursor` of the page before.")


class JobQuery(PageQuery):
    """Which jobs a list holds."""

    state: list[State] = Field(default_factory=list, max_length=len(State), description="Any of these states.")
    kind: str | SkipJsonSchema[None] = Field(None, pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Only this kind.")
    # Not SkipJsonSchema: with a type that has to be parsed, it puts the branch of the union into an error's place.
    parent: Annotated[UUID | None, WithJsonSchema({"type": "string", "format": "uuid"})] = Field(
        None, description="Only the jobs of this batch."
    )
    metadata: list[Pair] = Field(
        default_factory=list,
        max_length=50,
        description="`name:value` that the job's metadata must hold; all of them where several.",
        examples=[["customer:42"]],
    )

    def filters(self) -> Filters:
        """As the ledger takes them.

        Raises:
            InvalidError: no job can hold all of the pairs.
        """
        pairs = dict(pair.split(":", 1) for pair in self.metadata)
        if len(pairs) < len(set(self.metadata)):
            raise InvalidError("a name has one value in a job's metadata: ask for each by itself", field="metadata")
        return Filters(states=self.state, kind=self.kind, parent_id=self.parent, metadata=pairs)
