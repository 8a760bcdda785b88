"""Every setting as the environment names it, read off the code: for docs/settings.md, `doctor` and typing errors."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from playhead.settings import Settings

PREFIX = "PLAYHEAD_"
CLIENT: Mapping[str, str] = {
    "PLAYHEAD_URL": "Server that `playhead transcribe` and `playhead jobs` talk to. Default: `http://127.0.0.1:8000`.",
    "PLAYHEAD_API_KEY": "Key that they send. Without it they take `PLAYHEAD_ADMIN_KEY`, and for a server on this "
    "machine the key that `playhead up` keeps in `DATA_DIR/admin.key`.",
}
"""What the commands that talk to a server read besides the settings."""

TOLD = frozenset(f"PLAYHEAD_WAKE_{name}" for name in ("QUEUE", "WAITING", "OLDEST_AGE_SECONDS"))
"""What a command that wakes a worker is told; the worker has it in its environment then."""
MASK = "********"
WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "integer",
    float: "number",
    Path: "path",
    SecretStr: "secret",
    list: "JSON list",
    dict: "JSON object",
}
FOR_TESTS = frozenset({"PLAYHEAD_TEST_DATABASE_URL"})


@dataclass(frozen=True)
class Entry:
    """One setting.

    Attributes:
        name: of the environment variable.
        path: of the value in :class:`Settings`, e.g. ``("speech", "model")``.
        group: the first part of a nested path; empty for the rest.
        type: as a person writes it.
        default: as the environment would write it; empty where there is none.
        description: a sentence or two.
    """

    name: str
    path: tuple[str, ...]
    group: str
    type: str
    default: str
    description: str

    def value(self, settings: Settings) -> str:
        """The value in force, as the environment would write it; a secret is masked."""
        found: Any = settings
        for name in self.path:
            found = getattr(found, name)
        return MASK if isinstance(found, SecretStr) else masked(written(found))


def entries(model: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[Entry]:
    """Every setting, in the order of the code, those without a group first."""
    nested = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            nested.append((kind, (*path, name)))
        else:
            yield _entry((*path, name), field)
    for kind, inner in nested:
        yield from entries(kind, inner)


def groups() -> Iterator[tuple[str, str]]:
    """Name and purpose of each group of settings."""
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, (field.annotation.__doc__ or "").strip()


def unknown(environment: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Variables of our prefix that nothing reads, each with the nearest known name, if one is near."""
    known = {entry.name for entry in entries()} | CLIENT.keys() | TOLD | FOR_TESTS
    whole_groups = {PREFIX + name.upper() for name, _ in groups()}
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known | whole_groups:
            # Compared without the prefix: it would make any two names look alike.
            rests = [known_name.removeprefix(PREFIX) for known_name in known]
            nearest = difflib.get_close_matches(name.upper().removeprefix(PREFIX), rests, n=1)
            yield name, PREFIX + nearest[0] if nearest else None


def masked(text: str) -> str:
    """``text`` with the password of a URL hidden."""
    return re.sub(r"(?<=://)([^:/@\s]*):\S*@", rf"\1:{MASK}@", text)


def written(value: Any) -> str:
    """A value as the environment would write it."""
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = to_jsonable_python(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _entry(path: tuple[str, ...], field: FieldInfo) -> Entry:
    default = field.get_default(call_default_factory=True, validated_data={})
    return Entry(
        name=PREFIX + "__".join(path).upper(),
        path=path,
        group=path[0] if len(path) > 1 else "",
        type=_type(field),
        default=written(default),
        description=field.description or "",
    )


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    if get_origin(annotation) is UnionType:
        annotation = next(kind for kind in get_args(annotation) if kind is not type(None))
    if get_origin(annotation) is Literal:
        return " or ".join(get_args(annotation))
    return WORDS.get(get_origin(annotation) or annotation, "text")
