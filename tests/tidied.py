from __future__ import annotations

import asyncio

from playhead.storage import tidying


async def tidied() -> None:
    """Wait until the storage has cleared up after what failed: nobody who is canceled waits for all of it."""
    while tidying._under_way:
        await asyncio.wait(set(tidying._under_way))
