"""Where an embedded server keeps what, and how it is reached."""

from __future__ import annotations

import re
import secrets
import socket
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from local.account import Account, account_for
from local.binaries import SYSTEM_DIR
from local.cluster import DATABASE, ROLE

# The kernel's bound is 104 bytes (macOS) or 108, the name of the socket included.
SOCKET_PATH_BYTES = 100
PLAIN_PATH = re.compile(r"[\w./-]+", re.ASCII)  # drivers take `:` and `,` in a host for a port and a second host
LOG_BYTES = 10_000_000
PORT = 5432  # of a Unix socket it is only a part of the name


@dataclass(frozen=True)
class Place:
    """The files of one embedded server.

    `data_dir` stays with whoever calls, locks and log included: root follows no link that the server could have put
    there. `server` in it belongs to the user that the server runs as. Where that user may
    not enter `data_dir` (root's home, say), `server` is a link to a folder under `system_dir`: nobody's permissions
    are widened.
    """

    data_dir: Path
    system_dir: Path = SYSTEM_DIR

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
        return self.data_dir / "owners.lock"

    @property
    def life(self) -> Path:
        """Locked by every process of the server."""
        return self.data_dir / "life.lock"

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
    def by_socket(self) -> bool:
        """Whether the server is reached by a Unix socket; else by TCP on the loopback."""
        path = f"{self.sockets}/.s.PGSQL.{PORT}"
        return len(path.encode()) <= SOCKET_PATH_BYTES and PLAIN_PATH.fullmatch(path) is not None

    @cached_property
    def password(self) -> str:
        """The role's password, made once, readable by its owner alone."""
        path = self.data_dir / "password"
        if not path.exists():
            fresh = path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(24))
            fresh.rename(path)
        return path.read_text().strip()

    @property
    def port(self) -> int:
        """The TCP port in use; 0 where none was chosen yet."""
        path = self.data_dir / "port"
        return int(path.read_text()) if path.exists() else 0

    def choose_port(self) -> None:
        """Choose the last port again if it is free, so that clients find the server where it was; else another."""
        path = self.data_dir / "port"
        path.write_text(str(_free_port(self.port)))

    @property
    def url(self) -> str:
        """As SQLAlchemy, asyncpg and libpq understand it."""
        if self.by_socket:
            return f"postgresql://{ROLE}:{self.password}@/{DATABASE}?host={self.sockets}"
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def options(self) -> dict[str, str]:
        """The server's settings that make it reachable in this one way and no other."""
        if self.by_socket:
            return {
                "listen_addresses": "",
                "port": str(PORT),
                "unix_socket_directories": str(self.sockets),
                "unix_socket_permissions": "0700",
            }
        return {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted
