"""How an engine's process keeps memory that it will need again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_KEPT_BYTES = 256 * 1024 * 1024

KEEPING: Mapping[str, str] = MappingProxyType(
    {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(_KEPT_BYTES)}
)
"""For the environment of an engine on a system with glibc; others take no notice.

By itself glibc has large blocks from the system and gives them back at once, and the system fills each with zeros: the
attention of one window is 54 MB even in the smallest model, in each layer. That was an eighth of all processor time of
the speech engine. In one heap, blocks are had again as they are; no more than this is kept free at its end.
"""
