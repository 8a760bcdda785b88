"""Which functions may be reached from others, by the names in their code: whatever branches are taken."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any

_SESSIONS = {"AsyncSession", "Executor"}
_OURS = {"playhead", "worker", "tests"}


def asking(package: ModuleType) -> set[FunctionType]:
    """The functions of a package that others may call with a session, to ask by it."""
    there = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    names = [name for name in there if not name.endswith(".__main__")]  # To import one is to run it.
    return {one for name in names for one in vars(import_module(name)).values() if _asks(one, name)}


def _asks(one: Any, module: str) -> bool:
    if not inspect.iscoroutinefunction(one) or one.__module__ != module or one.__name__.startswith("_"):
        return False
    first = next(iter(inspect.signature(one).parameters.values()), None)
    return first is not None and first.annotation in _SESSIONS


def reached(roots: Iterable[Any]) -> set[Any]:
    """These, whatever they name, and what that names: functions of ours, and classes with all their methods."""
    found: set[Any] = set()
    left = [_bare(one) for one in roots]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += [named for named in map(_bare, _named(one)) if _is_ours(named)]
    return found


def _bare(one: Any) -> Any:
    """The function that a decorator has changed, or that was given arguments."""
    if isinstance(one, functools.partial | functools.cached_property):
        return _bare(one.func)
    if isinstance(one, property):
        return _bare(one.fget)
    return inspect.unwrap(one) if callable(one) else one


def _named(one: Any) -> Iterator[Any]:
    if isinstance(one, type):
        yield from vars(one).values()
        return
    names = set(_names(one.__code__))
    for value in [one.__globals__.get(name) for name in names]:
        yield value
        if isinstance(value, ModuleType):
            yield from (getattr(value, name, None) for name in names)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for within in code.co_consts:
        if isinstance(within, CodeType):
            yield from _names(within)


def _is_ours(one: Any) -> bool:
    return isinstance(one, FunctionType | type) and one.__module__.partition(".")[0] in _OURS
