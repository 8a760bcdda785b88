"""Where things lie in the store."""

from __future__ import annotations

import re
import uuid

INCOMING = "incoming"
BLOBS = "blobs"

# Written before the first blob. Bytes that are missing from a store that also lacks its marker are not lost: a
# volume is not mounted or a bucket is misnamed, and jobs should wait for it instead of failing for good.
MARKER = "playhead-storage"

_SHA256 = re.compile(r"[0-9a-f]{64}")


def blob_key(sha256: str) -> str:
    """The key of the blob with this lower-case hexadecimal sha256; ValueError for anything else."""
    if not _SHA256.fullmatch(sha256):
        message = f"not a sha256: {sha256[:80]!r}"
        raise ValueError(message)
    return f"{BLOBS}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def blob_sha256(key: str) -> str | None:
    """The sha256 that a key under ``blobs/`` names; None where the key is no blob's."""
    name = key.rpartition("/")[2]
    return name if _SHA256.fullmatch(name) else None


def incoming_key() -> str:
    """A key of its own for an upload under way."""
    return f"{INCOMING}/{uuid.uuid4().hex}"
