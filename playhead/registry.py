"""The kinds there are: every module of :mod:`playhead.kinds` that names a ``KIND``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

import playhead.kinds
from playhead.kind import Kind

_added: list[Kind[Any, Any]] = []


@cache
def kinds() -> dict[str, Kind[Any, Any]]:
    """Every kind by name, in the order of the names."""
    modules = (
        importlib.import_module(f"{playhead.kinds.__name__}.{found.name}")
        for found in pkgutil.iter_modules(playhead.kinds.__path__)
    )
    found = [*(module.KIND for module in modules), *_added]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)}


def register(kind: Kind[Any, Any]) -> None:
    """Add a kind from elsewhere; for an entrypoint, before it builds an application or a worker.

    Raises:
        ValueError: there is a kind of this name.
    """
    if kind.name in kinds():
        message = f"there are two kinds {kind.name!r}"
        raise ValueError(message)
    _added.append(kind)
    kinds.cache_clear()
