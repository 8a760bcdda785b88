"""The recordings that a command was given: files and addresses."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from cli.failure import CommandError


@dataclass(frozen=True)
class Recording:
    """One recording.

    Attributes:
        source: the path or the URL, as it was given.
        name: what people call it, e.g. `talk.mp3`.
        stem: what its transcripts are called, unique among those of one invocation.
    """

    source: str
    name: str
    stem: str

    @property
    def is_url(self) -> bool:
        """Whether the server fetches it."""
        return _is_url(self.source)


def recordings(sources: Iterable[str]) -> list[Recording]:
    """The recordings in their order.

    Raises:
        CommandError: a file is not there or may not be read: better now than after an hour of others.
    """
    found: list[Recording] = []
    for source in sources:
        name = _url_name(source) if _is_url(source) else _file_name(source)
        found.append(Recording(source, name, _unique(Path(name).stem, {other.stem for other in found})))
    return found


def _is_url(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _url_name(source: str) -> str:
    parts = urlsplit(source)
    return PurePosixPath(unquote(parts.path)).name or parts.hostname or "recording"


def _file_name(source: str) -> str:
    path = Path(source)
    if not path.exists():
        raise CommandError(f"{source}: there is no such file.")
    if not path.is_file():
        raise CommandError(f"{source} is no file.", remedy="Name recordings one by one, e.g. folder/*.mp3.")
    if not os.access(path, os.R_OK):
        raise CommandError(f"{source}: you may not read it.", remedy=f"See `ls -l {source}`.")
    return path.name


def _unique(stem: str, taken: set[str]) -> str:
    number, name = 2, stem
    while name in taken:
        number, name = number + 1, f"{stem}-{number}"
    return name
