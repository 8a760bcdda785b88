"""File names as strangers give them: for people to read, never a path to write to."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from urllib.parse import unquote

MAX_CHARACTERS = 255


def cleaned(name: str | None) -> str | None:
    """The last part of a name without control characters, at most 255 characters; None where nothing is left."""
    if name is None:
        return None
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    return None if printable in {"", ".", ".."} else _shortened(printable)


def from_disposition(header: str | None) -> str | None:
    """The cleaned file name of a Content-Disposition header, RFC 8187's ``filename*`` included."""
    if not header:
        return None
    message = Message()
    message["Content-Disposition"] = header.replace("\r", " ").replace("\n", " ")
    try:
        return cleaned(message.get_filename())
    except (LookupError, ValueError):  # a charset that does not exist, or bytes that are not in it
        return None


def from_path(path: str) -> str | None:
    """The cleaned last segment of a URL's path."""
    return cleaned(unquote(path))


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if len(name) <= MAX_CHARACTERS or not stem or len(extension) > 16:  # noqa: PLR2004 - longer is no extension
        return name[:MAX_CHARACTERS]
    return stem[: MAX_CHARACTERS - len(extension) - 1] + dot + extension
