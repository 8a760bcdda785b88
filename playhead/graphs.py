"""Graphs of jobs by names: judged before anything of them is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import BaseModel

from playhead.errors import InvalidError
from playhead.kind import Kind


@dataclass(frozen=True)
class Step:
    """One job of a graph.

    Attributes:
        takes: outputs of other jobs of the graph that it works on: where the request says so, the job's name, the
            output's.
        after: names of those that must succeed first.
    """

    kind: Kind[Any, Any]
    params: BaseModel
    takes: Collection[tuple[str, str, str]] = ()
    after: Collection[str] = ()

    @property
    def needs(self) -> set[str]:
        """The names of all that must succeed first."""
        return {*self.after, *(name for _, name, _ in self.takes)}


def ordered(steps: Mapping[str, Step]) -> list[str]:
    """The names, each after all that it needs.

    Raises:
        InvalidError: jobs wait for one another in a circle, or one cannot work on what another makes.
    """
    for name, step in steps.items():
        for field, maker, output in step.takes:
            _require_fitting(step, steps[maker], maker, output, field=f"jobs.{name}.{field}.output")
    try:
        return list(TopologicalSorter({name: step.needs for name, step in steps.items()}).static_order())
    except CycleError as error:
        circle = error.args[1]
        told = " needs ".join(reversed(circle))
        raise InvalidError(f"jobs wait for one another in a circle: {told}", field=f"jobs.{circle[0]}") from None


def _require_fitting(step: Step, maker: Step, name: str, output: str, *, field: str) -> None:
    made = maker.kind.makes(maker.params) if maker.kind.makes else None
    if made is None:
        return
    if output not in made:
        raise InvalidError(f"{name} makes no output {output!r}, but {', '.join(made) or 'none'}", field=field)
    if made[output] not in step.kind.accepts:
        takes = ", ".join(sorted(step.kind.accepts))
        raise InvalidError(f"{step.kind.name} takes {takes}; {output} of {name} is {made[output]}", field=field)
