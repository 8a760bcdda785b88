"""A process that owns an embedded server: `python -m tests.local.owner FOLDER [--as USER]`.

It says the URL once the server is up, and gives the server up when its standard input ends.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.postgres import EmbeddedPostgres
from playhead.errors import UnavailableError


@dataclass
class Owner:
    """The test's side."""

    process: subprocess.Popen[str]

    def says(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def stop(self) -> None:
        """Have it give up the server; returns when it has ended."""
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


def main() -> None:
    """The process's side."""
    if "--as" in sys.argv:
        become(sys.argv[sys.argv.index("--as") + 1])
    server = EmbeddedPostgres(Path(sys.argv[1]), {"fsync": "off"})
    try:
        print(server.start(), flush=True)  # noqa: T201 - read by the test
    except UnavailableError as error:
        print(f"error: {error.message}", flush=True)  # noqa: T201 - read by the test
        return
    sys.stdin.read()
    server.stop()


def become(name: str) -> None:
    """Go on as another user. After the imports: the interpreter may lie in a folder that is closed to that user."""
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    if not os.access(sys.executable, os.X_OK):
        # root's own interpreter is closed to that user, who has the system's; the keeper runs on any.
        sys.executable = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable


if __name__ == "__main__":
    main()
