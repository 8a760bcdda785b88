"""Graphs of jobs by names, put in order before anything of them is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from playhead.errors import InvalidError


def ordered(needs: Mapping[str, Collection[str]]) -> list[str]:
    """The names, each after all that it needs.

    Raises:
        InvalidError: jobs wait for one another in a circle.
    """
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = error.args[1]
        told = " needs ".join(reversed(circle))
        raise InvalidError(f"jobs wait for one another in a circle: {told}", field=f"jobs.{circle[0]}") from None
