"""Bytes, content-addressed: what is stored is named by its sha256, and the same bytes are stored once."""

from __future__ import annotations

from playhead.storage.reader import BlobReader
from playhead.storage.storage import Blob, Storage

__all__ = ["Blob", "BlobReader", "Storage"]
