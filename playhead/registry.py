"""The kinds there are: every module of :mod:`playhead.kinds` that names a ``KIND``."""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
from functools import cache
from pathlib import Path
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


def add_folder(folder: Path) -> None:
    """Add the kinds of a folder: of each Python file there whose name does not begin with an underscore.

    Raises:
        ValueError: a file is no kind, or breaks; or there is a kind of this name. The message names the file.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    for path in sorted(folder.glob("[!_]*.py")):
        if _module_name(path) not in sys.modules:
            register(_load(path))


def _module_name(path: Path) -> str:
    return f"playhead_kind_{path.stem}"


def _load(path: Path) -> Kind[Any, Any]:
    name = _module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # noqa: S101 - it ends in .py
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Pydantic looks names in annotations up there.
    try:
        spec.loader.exec_module(module)
        kind = module.KIND
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"{path} is no kind: {type(error).__name__}: {error}") from error
    if not isinstance(kind, Kind):
        raise ValueError(f"{path} is no kind: its KIND is a {type(kind).__name__}")  # noqa: TRY004 - of the file
    return kind


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
