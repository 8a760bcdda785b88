"""How the speech engine keeps memory that it will need again."""

from __future__ import annotations

from worker.engines.memory import usable_bytes

_SHARE = 16


def keeping() -> dict[str, str]:
    """For the environment of an engine's process, on a system with glibc; others take no notice.

    By itself glibc has large blocks from the system and gives them back at once, and the system fills each with zeros:
    the attention of one window is 54 MB even in the smallest model, in each layer, which was an eighth of all time.
    In one heap, blocks are had again as they are; more than a sixteenth of the memory is not kept free at its end.
    """
    return {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(usable_bytes() // _SHARE),
    }
