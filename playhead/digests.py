"""What makes two requests the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic_core import to_jsonable_python


def digest_of(asked: Any) -> bytes:
    """The SHA-256 of what can be written as JSON. Objects have no order: clients write the same one in any."""
    return hashlib.sha256(json.dumps(to_jsonable_python(asked), sort_keys=True).encode()).digest()
