from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

_TYPES: dict[str, Any] = {
    "text": Annotated[str, StringConstraints(min_length=1, max_length=4000)],
    "texts": Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=200)]], Field(min_length=1, max_length=100)
    ],
}


class RecipeParam(BaseModel):
    """A param of a recipe. What a job makes of it is checked as that job's own param."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["text", "texts"]
    description: str
    required: bool = False
    example: Any = None


class Recipe(BaseModel):
    """A graph with blanks.

    ``jobs`` is as in ``POST /api/v1/batches``, but that ``"$name"`` stands for a param of that name, and is left out
    with it, and ``"$input"`` for the input. A job with ``each`` is made once for each value of that param, which
    ``$each`` stands for, in its name too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str
    params: dict[str, RecipeParam]
    jobs: dict[str, dict[str, Any]]

    def kinds(self) -> set[str]:
        """The kinds of its jobs."""
        return {job["kind"] for job in self.jobs.values()}

    def takers(self) -> list[str]:
        """The names of its jobs that work on the input itself."""
        return [name for name, job in self.jobs.items() if job["input"] == "$input"]

    def params_model(self) -> type[BaseModel]:
        """What its params must be."""
        fields: dict[str, Any] = {
            name: (
                _TYPES[param.type] if param.required else _TYPES[param.type] | None,
                Field(
                    ... if param.required else None,
                    description=param.description,
                    examples=None if param.example is None else [param.example],
                ),
            )
            for name, param in self.params.items()
        }
        model_name = f"{self.name.capitalize()}RecipeParams"
        return create_model(model_name, __config__=ConfigDict(extra="forbid"), **fields)

    def fill(self, given: Any, params: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The jobs of the graph, with this input and these params, those left out being None."""
        return dict(self._filled({**params, "input": given}))

    def _filled(self, values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, job in self.jobs.items():
            rest = {key: value for key, value in job.items() if key != "each"}
            if "each" not in job:
                yield name, _fill(rest, values)
                continue
            for one in dict.fromkeys(values[job["each"].removeprefix("$")]):
                yield name.replace("$each", one), _fill(rest, {**values, "each": one})


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str) and template.startswith("$"):
        return values[template.removeprefix("$")]
    if isinstance(template, dict):
        filled = {key: _fill(value, values) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not None}
    return template
