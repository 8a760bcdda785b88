"""What a webhook is told of the document that it gets."""

from __future__ import annotations

import json

from playhead.kind import Given


def media_type_of(given: Given) -> str:
    """The document's; JSON where the words of a request are that. Reads them: call it in a thread."""
    return "application/json" if given.name is None and _is_json(given) else given.media_type


def _is_json(given: Given) -> bool:
    if given.media_type != "text/plain":
        return False
    try:
        return isinstance(json.loads(given.path.read_bytes()), dict | list)
    except (ValueError, RecursionError):
        return False
