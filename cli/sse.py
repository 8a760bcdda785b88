"""Server-Sent Events, read from lines as the HTML standard says (section 9.2.6)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from cli.views import News


async def parse(lines: AsyncIterator[str]) -> AsyncIterator[News]:
    """The events of a stream. Comments, which keep a quiet connection open, and events without data are left out."""
    event, event_id, data = "message", "", list[str]()
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value
        elif name == "id":
            event_id = value
        elif not line:
            if data:
                yield News(event_id, event, json.loads("\n".join(data)))
            event, event_id, data = "message", "", []
