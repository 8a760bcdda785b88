"""File names: those that strangers give, for people to read and never a path to write to; and those of outputs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import unquote

from playhead.errors import InvalidError

MAX_CHARACTERS = 255


def cleaned(name: str | None) -> str | None:
    """The last part of a name without control characters, at most 255 characters; None where nothing is left."""
    if name is None:
        return None
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    return None if printable in {"", ".", ".."} else _shortened(printable)


def from_disposition(header: str | None) -> str | None:
    """The cleaned file name of a Content-Disposition header; ``filename*`` wins over ``filename`` (RFC 6266)."""
    if not header:
        return None
    message = Message()
    message["Content-Disposition"] = header.replace("\r", " ").replace("\n", " ")
    try:
        params = message.get_params(failobj=[], header="Content-Disposition")
        names: list[str | tuple[str | None, str | None, str]] = [
            value for key, value in params if key.lower() == "filename"
        ]
        # A value that was in the extended notation is a tuple of charset, language and bytes.
        best = next((name for name in names if isinstance(name, tuple)), names[0] if names else None)
        return cleaned(collapse_rfc2231_value(best) if best is not None else None)
    except (LookupError, ValueError):  # a charset that does not exist, or bytes that are not in it
        return None


def from_path(path: str) -> str | None:
    """The cleaned last segment of a URL's path."""
    return cleaned(unquote(path))


def check_output(name: str, others: Iterable[str]) -> None:
    """Let a job call an output so, beside its other ones. They become paths in zip files, unpacked by anybody anywhere.

    Raises:
        InvalidError: it is no plain file name; or in some folders it would be one and the same file as another.
    """
    if cleaned(name) != name:
        rule = f"a plain file name of at most {MAX_CHARACTERS} characters, without slashes and control characters"
        raise InvalidError(f"an output cannot be called {name!r}: take {rule}")
    for other in others:
        if other != name and _folded(other) == _folded(name):
            raise InvalidError(f"an output cannot be called {name!r} beside {other!r}: many folders ignore case")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if len(name) <= MAX_CHARACTERS or not stem or len(extension) > 16:  # noqa: PLR2004 - longer is no extension
        return name[:MAX_CHARACTERS]
    return stem[: MAX_CHARACTERS - len(extension) - 1] + dot + extension
