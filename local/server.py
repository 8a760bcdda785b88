"""The server's processes: brought up and ended by whoever holds the turn to do so."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local import keeper
from local.account import Account
from local.binaries import binaries
from local.cluster import environment, make_cluster
from local.place import Place
from local.postmaster import end, end_orphans, is_ready, postmaster
from playhead.errors import UnavailableError

START_SECONDS = 300.0  # recovery after a crash takes its time
REAP_SECONDS = 10.0
POLL_SECONDS = 0.02
PORT_ATTEMPTS = 3  # another program may take the chosen port before the server does
SETTINGS = {"cluster_name": "playhead"}


class Server:
    """The server of one place."""

    def __init__(self, place: Place, settings: Mapping[str, str]) -> None:
        """Args: ``settings``, PostgreSQL's own, on top of ours."""
        self._place = place
        self._settings = settings
        self._keeper: subprocess.Popen[bytes] | None = None

    def up(self, account: Account) -> None:
        """Return when the server takes connections, started as ``account`` unless it runs already.

        Raises:
            UnavailableError: it does not come up.
        """
        # Starting or stopping: its owner was killed in between. It gets there by itself.
        self._until(lambda: postmaster(self._place.cluster) is None or self._is_ready())
        if self._is_ready():
            return
        programs = binaries(account, system_dir=self._place.system_dir)
        make_cluster(programs, self._place.cluster, account, self._place.reach.password)
        end_orphans(self._place.cluster)
        for _ in range(1 if self._place.reach.by_socket else PORT_ATTEMPTS):
            if self._try(programs, account):
                return
        message = f"PostgreSQL does not start; {self._place.log} ends with: {self._last_words()}"
        raise UnavailableError(message)

    def down(self) -> None:
        """End the server, if it runs, and wait for its end."""
        if process := postmaster(self._place.cluster):
            end(process)

    def reap(self) -> None:
        """Wait for the process that kept the server, if it is our child: it has nothing to do any more."""
        if self._keeper is not None:
            self._keeper.wait(REAP_SECONDS)
            self._keeper = None

    def _try(self, programs: Path, account: Account) -> bool:
        self.reap()
        process = self._keeper = self._launch(programs, account)
        self._until(lambda: process.poll() is not None or self._is_ready())
        if process.poll() is None and postmaster(self._place.cluster) is None:
            process.terminate()  # it still waits for processes of an earlier server to end
        return self._is_ready()

    def _launch(self, programs: Path, account: Account) -> subprocess.Popen[bytes]:
        if not self._place.reach.by_socket:
            self._place.reach.choose_port()
        options = {**SETTINGS, **self._settings, **self._place.reach.options}
        spec = {
            "command": [
                str(programs / "postgres"),
                *("-D", str(self._place.cluster)),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            "drop": account.drop,
            "env": environment(),
            "life": str(self._place.life),
            "owners": str(self._place.owners),
            "pid_file": str(self._place.cluster / "postmaster.pid"),
        }
        command = [sys.executable, "-I", "-S", keeper.__file__, json.dumps(spec)]
        with self._place.open_log() as log:
            return subprocess.Popen(  # noqa: S603 - our own file
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _is_ready(self) -> bool:
        return is_ready(self._place.cluster)

    def _until(self, holds: Callable[[], bool]) -> None:
        # The server announces its state in a file only.
        deadline = time.monotonic() + START_SECONDS
        while not holds() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _last_words(self) -> str:
        return " / ".join(self._place.log.read_text(errors="replace").splitlines()[-4:])
