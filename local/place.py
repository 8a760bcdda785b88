"""Where an embedded server keeps what."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from local.account import Account, account_for
from local.reach import Reach

LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class Place:
    """The files of one embedded server.

    `data_dir` stays with whoever calls, the log included: root writes through no link that the server could have put
    there. `server` in it belongs to the user that the server runs as. Where that user may
    not enter `data_dir` (root's home, say), `server` is a link to a folder under `system_dir`: nobody's permissions
    are widened.
    """

    data_dir: Path
    system_dir: Path

    def prepare(self) -> Account:
        """Make the folders; the user that owns them.

        Raises:
            UnavailableError: there is no fitting user.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        account = account_for(self._server_link)
        if not self._server_link.exists():
            self._make_server_folder(account)
        if not self.sockets.exists():
            self.sockets.mkdir(mode=0o700)
            account.owns(self.sockets)
        return account

    def _make_server_folder(self, account: Account) -> None:
        self._server_link.unlink(missing_ok=True)  # a link whose target was removed
        if account.reaches(self.data_dir):
            folder = self._server_link
            folder.mkdir(mode=0o700)
        else:
            self.system_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
            folder = Path(tempfile.mkdtemp(prefix="server-", dir=self.system_dir))
            self._server_link.symlink_to(folder)
        account.owns(folder)

    @property
    def _server_link(self) -> Path:
        return self.data_dir / "server"

    @property
    def server(self) -> Path:
        """The folder of the server's user. Resolved: processes are told apart by the folder that they work in."""
        return self._server_link.resolve()

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.server / "cluster"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket, closed to other users."""
        return self.server / "socket"

    @property
    def owners(self) -> Path:
        """Locked, shared, by every process that uses the server."""
        return self.server / "owners.lock"

    @property
    def life(self) -> Path:
        """Locked by every process of the server."""
        return self.server / "life.lock"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.data_dir / "postgres.log"

    def open_log(self) -> BinaryIO:
        """The log, to append to; one that grew large is put aside first, in place of the one put aside before."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.rename(self.log.with_suffix(".log.1"))
        return self.log.open("ab")

    @property
    def reach(self) -> Reach:
        """How the server is reached."""
        return Reach(self.data_dir, self.sockets)
