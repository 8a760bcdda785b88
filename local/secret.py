"""Secrets that are made once and kept on this machine."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def kept_secret(path: Path, *, prefix: str = "") -> str:
    """The secret in the file ``path``, readable by its owner alone; made on first use.

    The file is complete or absent, and of two processes that make it at once both get the same.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(prefix + secrets.token_urlsafe(32))
            file.flush()
            os.fsync(handle)
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
