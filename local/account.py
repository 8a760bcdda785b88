"""Under which user the embedded server runs: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from playhead.errors import UnavailableError

# `postgres` first: `nobody` is shared by whatever else runs unprivileged on the machine.
CANDIDATES = ("postgres", "nobody")


class Drop(TypedDict, total=False):
    """Arguments of :class:`subprocess.Popen` that start a process as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A user that a process is started as."""

    uid: int
    gid: int

    @property
    def drop(self) -> Drop:
        """What to give to :mod:`subprocess`. Empty where there is nothing to drop: only root may ask for it."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, path: Path) -> None:
        """Give ``path`` to this user."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def reaches(self, folder: Path) -> bool:
        """Whether this user may enter ``folder``, every folder above it included."""
        # Tried, not computed: access lists and security modules have a say beside the mode bits.
        attempt = subprocess.run(  # noqa: S603 - a fixed command
            ["/bin/sh", "-c", 'cd "$0"', str(folder)], check=False, capture_output=True, cwd="/", **self.drop
        )
        return attempt.returncode == 0


def account_for(server: Path) -> Account:
    """The user for the server whose files are, or will be, in ``server``.

    Whoever owns the files goes on owning them: installing a `postgres` user later must not orphan a database.

    Raises:
        UnavailableError: the files belong to somebody else, or root finds nobody to drop to.
    """
    owner = Account(found.st_uid, found.st_gid) if (found := _stat(server)) else None
    if os.geteuid() == 0:
        return owner or _unprivileged()
    if owner and owner.uid != os.geteuid():
        message = f"{server} belongs to user id {owner.uid}: run as that user, as root, or set PLAYHEAD_DATA_DIR"
        raise UnavailableError(message, field="data_dir")
    return Account(os.geteuid(), os.getegid())


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _unprivileged() -> Account:
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    message = f"PostgreSQL does not run as root, and there is no user {' or '.join(CANDIDATES)}: run as another user"
    raise UnavailableError(message)
