"""An embedded PostgreSQL: `with EmbeddedPostgres(folder) as server: connect(server.url)`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

from local import keeper
from local.account import Account
from local.binaries import binaries
from local.cluster import environment, make_cluster
from local.place import Place
from local.postmaster import end, end_orphans, is_ready, postmaster
from playhead.errors import UnavailableError

START_SECONDS = 60.0  # crash recovery of a large database takes its time
REAP_SECONDS = 10.0
POLL_SECONDS = 0.02
ATTEMPTS = 3  # another program may take the chosen port before the server does
SETTINGS = {"cluster_name": "playhead"}


class EmbeddedPostgres:
    """One owner of an embedded server. Any number of processes may own the same folder: they share one server.

    The first to start brings it up, the last to stop ends it; an owner that is killed counts as stopped. An instance
    belongs to one thread at a time. It blocks: from a coroutine, call it in :func:`asyncio.to_thread`.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        """Args: ``data_dir``, for this server alone; ``settings``, PostgreSQL's own, e.g. ``{"fsync": "off"}``."""
        self.place = Place(data_dir.absolute())
        self._settings = dict(settings or {})
        self._share: int | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is down."""
        process = postmaster(self.place.cluster)
        return process.pid if process else None

    def start(self) -> str:
        """Bring the server up unless it is; its URL. Call it again to bring back a server that died.

        The URL stays the same over restarts, unless the socket path is too long and another program took the port.

        Raises:
            UnavailableError: it does not come up; the message ends with its log.
        """
        with self._turn():
            self._join()
            self._settle()
            if not is_ready(self.place.cluster):
                self._bring_up()
            return self.place.url

    def stop(self) -> None:
        """Give the server up, and wait for its end if nobody else uses it."""
        if self._share is None:
            return
        with self._turn():
            os.close(self._share)
            self._share = None
            self._end_if_last()

    def restart(self) -> str:
        """End the server, whoever uses it, and bring it up again; its URL. Raises as :meth:`start` does."""
        with self._turn():
            self._join()
            self._end_server()
            self._bring_up()
            return self.place.url

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Owners start and stop one after the other."""
        self.place.data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(self.place.data_dir / "turn.lock", fcntl.LOCK_EX):
            yield

    def _join(self) -> None:
        if self._share is None:
            # Waits while a keeper is ending the server.
            self._share = _lock(self.place.owners, fcntl.LOCK_SH)

    def _end_if_last(self) -> None:
        try:
            with _locked(self.place.owners, fcntl.LOCK_EX | fcntl.LOCK_NB):
                self._end_server()
        except BlockingIOError:
            # Shared with other owners: granted at once. Held by the keeper: granted when the server has ended.
            os.close(_lock(self.place.owners, fcntl.LOCK_SH))
        if self.pid is None:
            self._reap()

    def _end_server(self) -> None:
        if process := postmaster(self.place.cluster):
            end(process)

    def _settle(self) -> None:
        """Let a server that is starting or stopping get there: its owner was killed in between."""
        self._until(lambda: self.pid is None or is_ready(self.place.cluster))

    def _bring_up(self) -> None:
        account = self.place.prepare()
        programs = binaries(account)
        make_cluster(programs, self.place.cluster, account, self.place.password)
        end_orphans(self.place.cluster)
        for _ in range(ATTEMPTS):
            self._reap()
            self._keeper = self._launch(programs, account)
            if self._until(lambda: self._keeper_ended() or is_ready(self.place.cluster)) and not self._keeper_ended():
                return
        message = f"PostgreSQL does not start; {self.place.log} ends with: {self._last_words()}"
        raise UnavailableError(message)

    def _launch(self, programs: Path, account: Account) -> subprocess.Popen[bytes]:
        if not self.place.by_socket:
            self.place.choose_port()
        options = {**SETTINGS, **self._settings, **self.place.options}
        spec = {
            "command": [
                str(programs / "postgres"),
                *("-D", str(self.place.cluster)),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            "drop": account.drop,
            "env": environment(),
            "life": str(self.place.life),
            "owners": str(self.place.owners),
            "pid_file": str(self.place.cluster / "postmaster.pid"),
        }
        command = [sys.executable, "-I", "-S", keeper.__file__, json.dumps(spec)]
        with self.place.open_log() as log:
            return subprocess.Popen(  # noqa: S603 - our own file
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _keeper_ended(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is not None

    def _reap(self) -> None:
        if self._keeper is not None:
            self._keeper.wait(REAP_SECONDS)
            self._keeper = None

    def _until(self, holds: Callable[[], bool]) -> bool:
        # The server announces its state in a file only.
        deadline = time.monotonic() + START_SECONDS
        while not (reached := holds()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return reached

    def _last_words(self) -> str:
        return " / ".join(self.place.log.read_text(errors="replace").splitlines()[-4:])


def _lock(path: Path, mode: int) -> int:
    """Open ``path`` and lock it; the lock lives as long as the handle, and no longer than the process."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextlib.contextmanager
def _locked(path: Path, mode: int) -> Iterator[None]:
    handle = _lock(path, mode)
    try:
        yield
    finally:
        os.close(handle)
