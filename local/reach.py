"""How an embedded server is reached: a Unix socket, or TCP on the loopback where its path would be too long.

The socket comes first because its address never changes: after a crash clients find the server where it was, and no
other program can take the port meanwhile. The password is asked for either way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from local.cluster import DATABASE, ROLE
from local.ports import any_free, is_free
from local.secret import kept_secret

LOOPBACK = "127.0.0.1"
# The kernel's bound is 104 bytes (macOS) or 108, the name of the socket included.
SOCKET_PATH_BYTES = 100
PLAIN_PATH = re.compile(r"[\w./-]+", re.ASCII)  # drivers take `:` and `,` in a host for a port and a second host
PORT = 5432  # of a Unix socket it is only a part of the name


@dataclass(frozen=True)
class Reach:
    """The address of the server whose socket lies in ``sockets``; ``private`` keeps the password and the port."""

    private: Path
    sockets: Path

    @property
    def by_socket(self) -> bool:
        """Whether the server is reached by a Unix socket; else by TCP on the loopback."""
        path = f"{self.sockets}/.s.PGSQL.{PORT}"
        return len(path.encode()) <= SOCKET_PATH_BYTES and PLAIN_PATH.fullmatch(path) is not None

    @property
    def password(self) -> str:
        """The role's password."""
        return kept_secret(self.private / "password")

    @property
    def port(self) -> int:
        """The TCP port in use; 0 where none was chosen yet."""
        path = self.private / "port"
        return int(path.read_text()) if path.exists() else 0

    def choose_port(self) -> None:
        """Choose the last port again if it is free, so that clients find the server where it was; else another."""
        last = self.port
        chosen = last if last and is_free(LOOPBACK, last) else any_free(LOOPBACK)
        (self.private / "port").write_text(str(chosen))

    @property
    def url(self) -> str:
        """As SQLAlchemy, asyncpg and libpq understand it."""
        if self.by_socket:
            return f"postgresql://{ROLE}:{self.password}@/{DATABASE}?host={self.sockets}"
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

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
        return {"listen_addresses": LOOPBACK, "port": str(self.port), "unix_socket_directories": ""}
